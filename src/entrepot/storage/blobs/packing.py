"""Making blobs smaller for the archive tier, and back again byte for byte.

Only zstd over the bytes as they are. A layer that is compressed already, as gzip layers are, gains nothing
from it and is kept as it is: to compress what is inside one would mean to make the very same gzip stream
again when it comes back, and no well-kept library does that from Python (decision 0030).
"""

import sys
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from functools import partial

from entrepot.ports.blobs import BlobDamaged, BlobReader
from entrepot.storage.blobs.sealing import SEGMENT_BYTES
from entrepot.storage.blobs.threads import run

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdCompressor, ZstdDecompressor, ZstdError, compress
else:
    from backports.zstd import DecompressionParameter, ZstdCompressor, ZstdDecompressor, ZstdError, compress

# A seventh less than level 3 in four times its time; 19 takes twenty times that (decision 0030).
LEVEL = 9
WORTH = 0.95  # of the size before: what is larger than that is not worth unpacking it again
SAMPLE_BYTES = SEGMENT_BYTES
SAMPLES = 4  # from the beginning, and evenly over the rest
_WINDOW_LOG = 23  # 8 MiB, which LEVEL needs at most: what asks for more was not packed here
_KEPT_BYTES = 4 * SEGMENT_BYTES  # that a reader may go back


def pays(sample: bytes) -> bool:
    """Whether a part of a blob becomes so much smaller that the rest is worth the work."""
    return len(compress(sample, LEVEL)) <= WORTH * len(sample)


async def packed(pieces: AsyncIterator[bytes], *, pool: Executor) -> AsyncIterator[bytes]:
    """The pieces as one zstd frame; the work is done on the pool."""
    compressor = ZstdCompressor(LEVEL)
    async for piece in pieces:
        made = await run(pool, partial(compressor.compress, piece))
        if made:
            yield made
    yield await run(pool, compressor.flush)


class UnpackingReader:
    """The plaintext of a packed blob, by position; cheap forward, and a little way back.

    Further back it begins anew. One thread at a time.
    """

    def __init__(self, packed_blob: BlobReader, size_bytes: int) -> None:
        """Own the reader of the packed bytes; `size_bytes` is the length of what they unpack to."""
        self._packed = packed_blob
        self._size_bytes = size_bytes
        self._begin()

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read_into(self, position: int, buffer: memoryview) -> int:
        wanted = max(0, min(len(buffer), self._size_bytes - position))
        done = 0
        while done < wanted:
            at = position + done
            if at < self._start:
                self._begin()
            end = self._start + len(self._kept)
            if at < end:
                piece = self._kept[at - self._start : at - self._start + wanted - done]
                buffer[done : done + len(piece)] = piece
                done += len(piece)
            else:
                self._unpack_more()
        return done

    def close(self) -> None:
        self._kept = bytearray()
        self._packed.close()

    def _begin(self) -> None:
        self._unpacking = ZstdDecompressor(options={DecompressionParameter.window_log_max: _WINDOW_LOG})
        self._read_bytes = 0
        self._kept = bytearray()
        self._start = 0  # of what is kept

    def _unpack_more(self) -> None:
        """Keep the next plaintext, and let go of the oldest; raises BlobDamaged where there is none."""
        try:
            while not (piece := self._unpacking.decompress(self._more(), SEGMENT_BYTES)):
                pass
        except (ZstdError, EOFError) as cause:
            raise BlobDamaged("the packed bytes cannot be unpacked") from cause
        self._kept += piece
        if len(self._kept) > _KEPT_BYTES:
            dropped = len(self._kept) - _KEPT_BYTES
            del self._kept[:dropped]
            self._start += dropped

    def _more(self) -> bytes:
        """The next packed bytes, none while the last ones still give something."""
        if self._unpacking.eof:
            raise EOFError
        if not self._unpacking.needs_input:
            return b""
        piece = bytearray(min(SEGMENT_BYTES, self._packed.size_bytes - self._read_bytes))
        if not piece:
            raise EOFError
        self._packed.read_into(self._read_bytes, memoryview(piece))
        self._read_bytes += len(piece)
        return bytes(piece)
