"""The bytes of an archive, whatever packs it: gzip, zstd or nothing, told by how it begins."""

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from entrepot.decoding.budget import Budget, damaged

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE_BYTES = 256 << 10
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = bytes(range(0x50, 0x60))  # first bytes of a frame that zstd:chunked puts anywhere; then 2a 4d 18
_WINDOW_LOG = 27  # 128 MiB, the most that libzstd takes unless somebody insists (RFC 8878, section 3.1.1.1.2)

Read = Callable[[int], bytes]


class Archive:
    """A stream of unpacked bytes that only goes forward."""

    def __init__(self, read: Read, budget: Budget) -> None:
        """`read` gives at most as many bytes as it is asked for, none at the end."""
        self._pieces = _unpacked(read, budget)
        self._piece = memoryview(b"")

    def read(self, size: int) -> bytes:
        """So many bytes, fewer only at the end."""
        parts: list[memoryview] = []
        while size:
            if not self._piece and not self._advance():
                break
            parts.append(self._piece[:size])
            self._piece = self._piece[size:]
            size -= len(parts[-1])
        return b"".join(parts)

    def skip(self, size: int) -> bool:
        """Go so many bytes forward; False where the end comes first."""
        while size > len(self._piece):
            size -= len(self._piece)
            if not self._advance():
                return False
        self._piece = self._piece[size:]
        return True

    def _advance(self) -> bool:
        self._piece = memoryview(next(self._pieces, b""))
        return len(self._piece) > 0


def _unpacked(read: Read, budget: Budget) -> Iterator[bytes]:
    """Pieces that are never empty."""
    packed = _packed(read, budget)
    first = next(packed, b"")
    pieces = _through(first, packed)
    if first.startswith(_GZIP):
        pieces = _unpack(pieces, _Inflater)
    elif first.startswith(_ZSTD) or (first[:1] in _SKIPPABLE and first[1:4] == b"\x2a\x4d\x18"):
        pieces = _unpack(pieces, _zstd)
    for piece in pieces:
        if piece:
            budget.spend_unpacked(len(piece))
            yield piece
        else:
            budget.look_at_time()


def _packed(read: Read, budget: Budget) -> Iterator[bytes]:
    """What is read; a pipe may give few bytes at once, and the first must tell what packs them."""
    first = read(PIECE_BYTES)
    while 0 < len(first) < 4 and (more := read(PIECE_BYTES)):
        first += more
    piece = first
    while piece:
        budget.spend_packed(len(piece))
        yield piece
        piece = read(PIECE_BYTES)


def _through(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


class _Unpacker(Protocol):
    """One member of a gzip file, or one frame of zstd."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Inflater:
    """zlib's reader in the form of the others."""

    def __init__(self) -> None:
        self._reader = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._reader.eof

    @property
    def needs_input(self) -> bool:
        return not self._reader.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._reader.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._reader.decompress(data or self._reader.unconsumed_tail, max_length)


def _zstd() -> _Unpacker:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


def _unpack(packed: Iterator[bytes], begin: Callable[[], _Unpacker]) -> Iterator[bytes]:
    """Members or frames one behind the other; zeros behind the last are padding, as for gzip's own reader."""
    unpacker, is_begun = begin(), False
    for piece in packed:
        rest = piece
        while rest or not unpacker.needs_input:
            if not is_begun:
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                is_begun = True
            yield _decompress(unpacker, rest)
            rest = b""
            if unpacker.eof:
                rest = unpacker.unused_data
                unpacker, is_begun = begin(), False
                if not rest:
                    break
    if is_begun:
        raise damaged()


def _decompress(unpacker: _Unpacker, data: bytes) -> bytes:
    try:
        return unpacker.decompress(data, PIECE_BYTES)
    except (zlib.error, zstd.ZstdError, EOFError) as cause:
        raise damaged() from cause
