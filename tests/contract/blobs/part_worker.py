"""A program: one process of two that an upload moves between, part by part.

Reads commands, one JSON object a line, and answers each with one: the row as it is now, and the bytes
that this process has hashed, read and written so far.
"""

import asyncio
import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from entrepot.ports.blobs import Upload
from entrepot.storage.blobs.filesystem import FilesystemBlobs


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


async def serve(root: Path) -> None:
    work: Counter[str] = Counter()

    def count(kind: str, size_bytes: int) -> None:
        work[kind] += size_bytes

    with ThreadPoolExecutor(2) as pool:
        store = FilesystemBlobs(root, pool=pool, meter=count)
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
    asyncio.run(serve(Path(sys.argv[1])))
