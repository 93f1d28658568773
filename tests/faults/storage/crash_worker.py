"""A program that pushes one blob through the object storage, and may be killed at any of its requests.

Reads one JSON object: where the bucket is, the row to go on from, the content to add in two flushes.
Prints each row as it is committed, then the digest, then `finished`: what was printed is what the
database would have, whatever happens next.
"""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from entrepot.ports.blobs import UploadBusy
from entrepot.storage.blobs.locations import Bucket as Location
from entrepot.storage.blobs.locations import parse_location
from entrepot.storage.blobs.memory_holds import MemoryHolds
from entrepot.storage.blobs.s3.bucket import Bucket
from entrepot.storage.blobs.s3.store import S3Blobs
from tests.contract.blobs.part_worker import from_json, to_json


def say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def push(command: dict[str, Any]) -> None:
    location = parse_location(command["blobs"])
    assert isinstance(location, Location)
    content, row = bytes.fromhex(command["content"]), from_json(command["row"])
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
                say(row=to_json(row))
        say(digest=await store.digest(row, "sha256"))
        await store.finish(row)
        say(finished=True)


if __name__ == "__main__":
    asyncio.run(push(json.loads(sys.stdin.readline())))
