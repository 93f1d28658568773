"""A program: one process of two that an upload moves between, part by part.

Reads commands, one JSON object a line, and answers each with one: the row as it is now, and the bytes
that this process has hashed, read and written so far.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from typing import Any

from entrepot.app import now
from entrepot.ports.blobs import Upload
from entrepot.registry.upload_holds import RowHolds
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.locations import Folder, parse_location
from entrepot.storage.blobs.s3.bucket import Bucket
from entrepot.storage.blobs.s3.store import S3Blobs
from entrepot.storage.blobs.segments import Meter
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.store import SqlStore


def to_json(upload: Upload) -> dict[str, str | int]:
    return {
        "key": upload.key,
        "data_key": (upload.data_key or b"").hex(),
        "offset_bytes": upload.offset_bytes,
        "sha256_state": upload.sha256_state.hex(),
        "store_state": upload.store_state.hex(),
    }


def from_json(row: dict[str, Any]) -> Upload:
    return Upload(
        key=row["key"],
        data_key=bytes.fromhex(row["data_key"]) or None,
        offset_bytes=row["offset_bytes"],
        sha256_state=bytes.fromhex(row["sha256_state"]),
        store_state=bytes.fromhex(row["store_state"]),
    )


@asynccontextmanager
async def open_store(blobs: str, database: str, meter: Meter) -> AsyncIterator[FilesystemBlobs | S3Blobs]:
    """The store at a location; what it holds in a bucket, it holds by rows of the database."""
    location = parse_location(blobs)
    with ThreadPoolExecutor(2) as pool:
        if isinstance(location, Folder):
            yield FilesystemBlobs(location.path, pool=pool, meter=meter)
            return
        rows = await connect(database)
        try:
            with closing(Bucket(location)) as bucket:
                yield S3Blobs(bucket, RowHolds(SqlStore(rows), now), pool=pool, meter=meter)
        finally:
            await rows.close()


async def serve(blobs: str, database: str) -> None:
    work: Counter[str] = Counter()

    def count(kind: str, size_bytes: int) -> None:
        work[kind] += size_bytes

    async with open_store(blobs, database, count) as store:
        for line in sys.stdin:
            command = json.loads(line)
            upload = from_json(command["row"])
            async with store.resume(upload) as writer:
                await writer.write(bytes.fromhex(command["bytes"]))
                upload = await writer.flush()
            answer = {"row": to_json(upload), "work": work}
            if command["finish"]:
                answer |= {"digest": await store.digest(upload, "sha256")}
                await store.finish(upload)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
