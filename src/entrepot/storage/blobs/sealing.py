"""The sealed form of a blob: AES-256-GCM in segments, so that any range can be read by arithmetic.

Drawn in full, for a plaintext of n bytes, with S = 1 MiB and k = n // S:

    offset 0                    header: "ENTREPOT" ‖ format version (1) ‖ zeros (7)
    offset 16 + i·(S + 28)      segment i, for i = 0 … k:
                                    nonce (12, random) ‖ ciphertext ‖ tag (16)
                                    associated data: version (1) ‖ i (8, big-endian) ‖ last (1) ‖ blob key

Segments 0 … k-1 are full, with last = 0. Segment k is short, n mod S bytes and possibly none, with
last = 1. So what a flushed upload leaves at rest is a whole blob already, and going on from a
segment's boundary reseals nothing. A nonce is drawn each time a segment is sealed: an upload that is
resumed, crashes or races seals the same segment again with other content. Cut, extended, reordered
or foreign segments fail authentication; the true length stands in the blob's row.
"""

import os
import struct
from collections.abc import Callable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from entrepot.ports.blobs import BlobDamaged

SEGMENT_BYTES = 1 << 20
NONCE_BYTES = 12
OVERHEAD_BYTES = NONCE_BYTES + 16
STORED_SEGMENT_BYTES = SEGMENT_BYTES + OVERHEAD_BYTES

_VERSION = 1
HEADER = b"ENTREPOT" + bytes([_VERSION]) + bytes(7)

NonceSource = Callable[[], bytes]


def random_nonce() -> bytes:
    """96 random bits: under one blob's key, no upload seals anywhere near 2^32 segments."""
    return os.urandom(NONCE_BYTES)


def sealed_size(plain_bytes: int) -> int:
    """Length at rest of a sealed blob of so many bytes."""
    return len(HEADER) + plain_bytes + (plain_bytes // SEGMENT_BYTES + 1) * OVERHEAD_BYTES


def segment_of(position: int) -> int:
    """Index of the segment that holds, or would hold, the plaintext's byte at `position`."""
    return position // SEGMENT_BYTES


def segment_start(index: int) -> int:
    """Offset at rest of a segment."""
    return len(HEADER) + index * STORED_SEGMENT_BYTES


def pieces(start: int, length: int) -> Iterator[tuple[int, int]]:
    """Position and size of each segment's share of a range of plaintext."""
    position, end = start, start + length
    while position < end:
        size = min(end, (segment_of(position) + 1) * SEGMENT_BYTES) - position
        yield position, size
        position += size


class Sealer:
    """Seals and opens the segments of one blob with its data key; holds no buffer, any thread may call."""

    def __init__(self, *, blob_key: str, data_key: bytes, nonce_source: NonceSource = random_nonce) -> None:
        if len(data_key) != 32:
            raise ValueError("a data key has 32 bytes")
        self._cipher = AESGCM(data_key)
        self._blob_key = blob_key.encode("ascii")
        self._nonce_source = nonce_source

    def seal_into(self, index: int, plain: memoryview, sealed: memoryview) -> int:
        """Write `nonce ‖ ciphertext ‖ tag` to the front of `sealed`; its length."""
        nonce = self._nonce_source()
        size = len(plain) + OVERHEAD_BYTES
        sealed[:NONCE_BYTES] = nonce
        self._cipher.encrypt_into(nonce, plain, self._associated(index, plain), sealed[NONCE_BYTES:size])
        return size

    def open_into(self, index: int, sealed: memoryview, plain: memoryview) -> None:
        """Fill `plain`, exactly as long as the content, or raise BlobDamaged and leave it undefined."""
        associated = self._associated(index, plain)
        if len(sealed) != len(plain) + OVERHEAD_BYTES:
            raise BlobDamaged(f"segment {index} of blob {self._blob_key!r} is cut short")
        try:
            self._cipher.decrypt_into(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated, plain)
        except InvalidTag as cause:
            raise BlobDamaged(f"segment {index} of blob {self._blob_key!r} fails authentication") from cause

    def _associated(self, index: int, plain: memoryview) -> bytes:
        is_last = len(plain) < SEGMENT_BYTES
        return struct.pack(">BQB", _VERSION, index, is_last) + self._blob_key
