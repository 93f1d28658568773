"""A SHA-256 that can be put down in one process and taken up in another.

hashlib cannot save a half-done digest; libcrypto's own SHA256_CTX can be copied (design, section 6).
A saved state, drawn in full:

    bytes done (8, big-endian) ‖ digest of them (32) ‖ tag length (1) ‖ tag ‖ SHA256_CTX (112)

The tag names the library's version, the size and the byte order of the context. Another library's
context is never loaded; the digest beside it still serves whoever has nothing to add. Where no
libcrypto can be trusted, hashlib does the work, and tag and context are absent.
"""

import _hashlib
import ctypes
import ctypes.util
import hashlib
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Protocol

_HEAD = struct.Struct(">Q32sB")
# h[8], Nl, Nh, data[64 bytes], num, md_len of openssl/sha.h: 32-bit words in the machine's byte order
_CONTEXT = struct.Struct("=8I2I64s2I")


class Sha256(Protocol):
    """A running SHA-256; used by one thread at a time."""

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes, without the GIL where they are many."""

    def hexdigest(self) -> str:
        """The digest of the bytes so far; more may follow."""

    def save(self) -> bytes:
        """The state, for `resume_sha256` and `saved_digest`."""


def new_sha256() -> Sha256:
    """A fresh digest: libcrypto's where its contexts can be trusted, else hashlib's."""
    library = _trusted_library()
    return _OfHashlib() if library is None else _OfLibcrypto(library, library.new_context(), 0)


def resume_sha256(saved: bytes, size_bytes: int) -> Sha256 | None:
    """Go on from a state saved after exactly `size_bytes`; None where that cannot be: rehash at the end."""
    if size_bytes == 0:
        return new_sha256()
    library = _trusted_library()
    state = _parse(saved)
    if library is None or state is None or state.tag != library.tag:
        return None
    if state.size_bytes != size_bytes or not _is_sound(state.context, size_bytes):
        return None
    return _OfLibcrypto(library, library.new_context(state.context), size_bytes)


def saved_digest(saved: bytes, size_bytes: int) -> str | None:
    """The hex digest in a state saved after exactly `size_bytes`, whichever library wrote it."""
    state = _parse(saved)
    return state.digest.hex() if state is not None and state.size_bytes == size_bytes else None


@dataclass(frozen=True, slots=True)
class _State:
    size_bytes: int
    digest: bytes
    tag: bytes
    context: bytes


def _parse(saved: bytes) -> _State | None:
    if len(saved) < _HEAD.size:
        return None
    size_bytes, digest, tag_length = _HEAD.unpack_from(saved)
    tag, context = saved[_HEAD.size :][:tag_length], saved[_HEAD.size + tag_length :]
    if len(tag) != tag_length or len(context) != (_CONTEXT.size if tag else 0):
        return None
    return _State(size_bytes, digest, tag, context)


def _is_sound(context: bytes, size_bytes: int) -> bool:
    """Whether libcrypto may safely go on: it trusts `num` as an index into its 64-byte block."""
    if len(context) != _CONTEXT.size:
        return False
    low, high, _block, num, digest_length = _CONTEXT.unpack(context)[8:]
    return bool((high << 32 | low) == size_bytes * 8 and num == size_bytes % 64 and digest_length == 32)


class _OfHashlib:
    """Saves its digest only: enough to finish, not to go on."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._size_bytes = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        self._hash.update(data)
        self._size_bytes += len(data)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def save(self) -> bytes:
        return _HEAD.pack(self._size_bytes, self._hash.digest(), 0)


class _Libcrypto:
    """SHA-256 in one libcrypto, and the tag that its contexts carry."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Raises AttributeError when the library lacks a function."""
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        self.init = ctypes.CFUNCTYPE(ctypes.c_int, pointer)(("SHA256_Init", library))
        self.update = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer, size)(("SHA256_Update", library))
        self.final = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer)(("SHA256_Final", library))
        version = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_int)(("OpenSSL_version", library))(0)
        self.tag = b"%s/%d/%s" % (version[:128], _CONTEXT.size, sys.byteorder.encode())

    def new_context(self, saved: bytes = b"") -> ctypes.Array[ctypes.c_char]:
        # twice the room: a library with a larger context fails the self-test and corrupts nothing
        context = ctypes.create_string_buffer(saved, 2 * _CONTEXT.size)
        if not saved:
            self.init(context)
        return context


class _OfLibcrypto:
    """A context in memory of ours, in libcrypto's hands during calls only."""

    def __init__(self, library: _Libcrypto, context: ctypes.Array[ctypes.c_char], size_bytes: int) -> None:
        self._library = library
        self._context = context
        self._size_bytes = size_bytes

    def update(self, data: bytes | bytearray | memoryview) -> None:
        self._library.update(self._context, _pointer(data), len(data))
        self._size_bytes += len(data)

    def hexdigest(self) -> str:
        return self._digest().hex()

    def save(self) -> bytes:
        tag = self._library.tag
        head = _HEAD.pack(self._size_bytes, self._digest(), len(tag))
        return head + tag + self._context.raw[: _CONTEXT.size]

    def _digest(self) -> bytes:
        copy = self._library.new_context(self._context.raw)
        digest = ctypes.create_string_buffer(32)
        self._library.final(digest, copy)
        return digest.raw


def _pointer(data: bytes | bytearray | memoryview) -> bytes | ctypes.Array[ctypes.c_char]:
    """What ctypes passes as an address: writable memory in place, bytes as they are, other views copied."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, memoryview) and data.readonly:
        return bytes(data)
    return (ctypes.c_char * len(data)).from_buffer(data)


@cache
def _trusted_library() -> _Libcrypto | None:
    """The first libcrypto whose digests survive being moved, or None."""
    return next((library for library in _libraries() if _can_move(library)), None)


def _libraries() -> Iterator[_Libcrypto]:
    # hashlib's own extension first: a symbol looked up in it is that of the libcrypto it is linked to
    for name in (getattr(_hashlib, "__file__", None), ctypes.util.find_library("crypto"), "libcrypto.so.3"):
        try:
            if name:
                yield _Libcrypto(ctypes.CDLL(name))
        except (OSError, AttributeError):
            continue


def _can_move(library: _Libcrypto) -> bool:
    """Hash a text in two halves with a move between them, at odd places, and compare with hashlib."""
    text = bytes(range(251)) * 3
    for cut in (1, 64, 200):
        first = _OfLibcrypto(library, library.new_context(), 0)
        first.update(text[:cut])
        state = _parse(first.save())
        if state is None or not _is_sound(state.context, cut):
            return False
        second = _OfLibcrypto(library, library.new_context(state.context), cut)
        second.update(text[cut:])
        if second.hexdigest() != hashlib.sha256(text).hexdigest():
            return False
    return True
