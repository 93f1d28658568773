"""What an upload's row remembers of its bytes in a bucket: the adapter's `store_state`.

    version (1) ‖ zlib of JSON {"id": multipart upload or null, "parts": [[number, etag, size], …],
                                "tail": [name, size] or null, "past": [name, …]}

`tail` is the object with what follows the parts. `past` are tails that the row no longer needs: they
may be deleted by whoever reads it there, for it was committed.
"""

import json
import zlib
from dataclasses import dataclass

from entrepot.ports.blobs import BlobDamaged
from entrepot.storage.blobs.s3.bucket import Part

_VERSION = b"\x01"


@dataclass(frozen=True, slots=True)
class Tail:
    """An object with the end of an unfinished upload."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Note:
    """Where an upload's acknowledged bytes are."""

    upload_id: str | None = None
    parts: tuple[Part, ...] = ()
    tail: Tail | None = None
    past: tuple[str, ...] = ()

    def pack(self) -> bytes:
        document = {
            "id": self.upload_id,
            "parts": [[part.number, part.etag, part.size_bytes] for part in self.parts],
            "tail": None if self.tail is None else [self.tail.name, self.tail.size_bytes],
            "past": self.past,
        }
        return _VERSION + zlib.compress(json.dumps(document, separators=(",", ":")).encode())


def unpack(packed: bytes) -> Note:
    """The note in a row; an upload that has acknowledged nothing yet has none."""
    if not packed:
        return Note()
    if packed[:1] != _VERSION:
        raise BlobDamaged("the upload's row was written by a newer version or for another store")
    document = json.loads(zlib.decompress(packed[1:]))
    tail = document["tail"]
    return Note(
        upload_id=document["id"],
        parts=tuple(Part(*part) for part in document["parts"]),
        tail=None if tail is None else Tail(*tail),
        past=tuple(document["past"]),
    )
