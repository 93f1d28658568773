"""A process that pushes one blob through the object storage, and may be killed at any of its requests.

It tells each row as it is committed, then the digest, then that it finished: what was told is what the
database would have, whatever happens next.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing.connection import Connection

from entrepot.ports.blobs import Upload, UploadBusy
from entrepot.storage.blobs.locations import Bucket as Location
from entrepot.storage.blobs.locations import parse_location
from entrepot.storage.blobs.memory_holds import MemoryHolds
from entrepot.storage.blobs.s3.bucket import Bucket
from entrepot.storage.blobs.s3.store import S3Blobs

FINISHED = "finished"


def push(environment: Mapping[str, str], blobs: str, row: Upload, content: bytes, told: Connection) -> None:
    """Go on from the row: two flushes, digest, finish. The keys to the storage are in the environment."""
    os.environ.update(environment)
    asyncio.run(_push(blobs, row, content, told.send))


async def _push(blobs: str, row: Upload, content: bytes, tell: Callable[[object], None]) -> None:
    location = parse_location(blobs)
    assert isinstance(location, Location)
    half = len(content) // 2
    with ThreadPoolExecutor(2) as pool, closing(Bucket(location)) as bucket:
        store = S3Blobs(bucket, MemoryHolds(), pool=pool)
        async with store.resume(row) as writer:
            for part in (content[:half], content[half:]):
                try:
                    await writer.write(part)
                    row = await writer.flush()
                except UploadBusy:
                    break  # its finish came to its end before its worker did
                tell(row)
        tell(await store.digest(row, "sha256"))
        await store.finish(row)
        tell(FINISHED)
