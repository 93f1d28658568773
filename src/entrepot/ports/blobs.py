"""Where the bytes of blobs live: what uploads and downloads ask of a store.

A blob lies under a random key, made by the caller; which key counts for a digest is a row's
business (design, section 6). Nothing here knows digests of finished blobs, repositories or users.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from entrepot.domain.layers import InArchive


@dataclass(frozen=True, slots=True)
class Upload:
    """Content on its way in, as its row remembers it between requests, processes and nodes.

    `data_key` is the plain 32-byte AES key that seals it, or None where the storage encrypts by
    itself. `sha256_state` is the running digest's tagged midstate after `offset_bytes`, empty when
    this build cannot save one. `store_state` is the adapter's own note, opaque to everyone else.
    """

    key: str
    data_key: bytes | None
    offset_bytes: int
    sha256_state: bytes
    store_state: bytes


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A finished blob, as its row describes it; `in_archive` where it lies in the archive tier.

    A store that knows of no tiers gives what lies under the key, whatever `in_archive` says.
    """

    key: str
    data_key: bytes | None
    size_bytes: int
    in_archive: InArchive | None = None


class UploadBusy(Exception):
    """Another request, process or node is writing to this upload now."""


class BlobWriter(Protocol):
    """One request's exclusive hold on an upload, from its offset onward."""

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. They may be in memory, in flight or on disk afterwards; memory is bounded."""

    async def flush(self) -> Upload:
        """Make everything written durable; the answer is the row to keep, with its new offset."""


class BlobUploads(Protocol):
    """Content on its way in; invisible to readers until its blob row exists."""

    async def begin(self, key: str, data_key: bytes | None) -> Upload:
        """Make room for an upload; nothing needs to be durable yet."""

    def resume(self, upload: Upload) -> AbstractAsyncContextManager[BlobWriter]:
        """Hold the upload for writing at its offset, or raise UploadBusy where another keeps it.

        Bytes beyond the offset, left by a request whose row was never advanced, are overwritten and never
        served. Acknowledged bytes that are gone raise BlobMissing here or when they are needed. Leaving
        the context without `flush` keeps only what the row says.
        """

    async def digest(self, upload: Upload, algorithm: str) -> str:
        """`algorithm:hex` of the bytes so far: from the midstate where there is one, else by one read.

        That read may need the upload to end: only `finish` may follow.
        """

    async def finish(self, upload: Upload) -> StoredBlob:
        """Make the bytes a durable blob under their key; may be repeated, by any process, after a crash."""


class BlobReader(Protocol):
    """An open finished blob; plaintext by position. Blocking calls, for threads that move bytes."""

    @property
    def size_bytes(self) -> int:
        """Length of the plaintext."""

    def read_into(self, position: int, buffer: memoryview) -> int:
        """Fill the buffer with plaintext from `position`; the count, 0 only at the end.

        Cheapest when `position` and the buffer's length are multiples of 1 MiB. Raises BlobDamaged
        when the bytes at rest fail authentication or are short.
        """

    def close(self) -> None:
        """Let go of files and keys."""


class BlobDamaged(Exception):
    """The bytes at rest are not the bytes that were stored: an outage, never an answer."""


class Blobs(Protocol):
    """Finished blobs."""

    async def open(self, blob: StoredBlob) -> BlobReader:
        """A reader; raises BlobMissing when the bytes are gone.

        One that is open while its blob is deleted goes on, or raises BlobMissing.
        """

    def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncIterator[bytes]:
        """Plaintext from `start`, `length` bytes in pieces of up to 1 MiB, at most one read ahead."""

    async def delete(self, key: str) -> None:
        """Remove the bytes of a blob or of an unfinished upload; absent is fine, may be repeated."""

    async def delete_all(self, keys: Sequence[str]) -> None:
        """The same for many, all of them gone for good when this returns; raises when one could not go."""


class BlobPlace(Protocol):
    """The extra power of a store that can tell whether it is there."""

    async def check(self) -> None:
        """Return where the store can be used, else raise what stands in the way; cheap."""


class BlobMissing(Exception):
    """A row says the bytes are there and they are not: an outage, never an answer."""


class BlobLinks(Protocol):
    """The extra power of a store that clients can reach: addresses of finished, plain blobs."""

    async def link(self, key: str, *, headers: dict[str, str]) -> str:
        """A URL that gives the blob, or a range of it, to whoever has it, for five minutes.

        The answer then has these headers; only those are offered that S3 can override.
        """


class Leftovers(Protocol):
    """The extra power of a store in which unfinished uploads lie apart: what they left can be listed."""

    async def stale_leftovers(self, before: datetime) -> list[str]:
        """Keys of uploads that left something before then; some of them may still be under way."""

    async def clear_leftovers(self, key: str) -> None:
        """Remove what an ended upload left, never a finished blob; may be repeated."""


class PlainFile(Protocol):
    """The extra power of a reader whose bytes lie plain in a local file: the kernel can send them."""

    def fileno(self) -> int:
        """The descriptor; the plaintext starts at offset 0 of the file."""


class Stage(StrEnum):
    """Which of its two forms the bytes under a key have."""

    BLOB = "blob"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class BytesAtRest:
    """What a store keeps under one key.

    Of a blob, `size_bytes` is the exact length at rest; of an upload it is what the store can tell
    without reading, perhaps 0. `changed_at` is when the last of it was written.
    """

    key: str
    size_bytes: int
    changed_at: datetime


class Listing(Protocol):
    """The extra power of a store to say what it keeps, whatever the rows say."""

    async def page(self, stage: Stage, *, after: str, limit: int) -> list[BytesAtRest]:
        """One entry a key, bytewise by key, from behind `after`; "" begins.

        There are fewer than `limit` only at the end. What comes or goes meanwhile may be among them
        or not; what stays is never left out.
        """

    async def find(self, stage: Stage, key: str) -> BytesAtRest | None:
        """What lies under the key now, or None."""

    def size_at_rest(self, size_bytes: int, *, is_sealed: bool) -> int:
        """Length at rest of a finished blob of so many bytes."""


class BlobStore(BlobUploads, Blobs, BlobPlace, Listing, Protocol):
    """A whole store: content on its way in, and finished, whether it is there, and what it keeps."""
