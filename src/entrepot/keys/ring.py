"""The root key ring: the versioned keys under which every secret at rest is sealed.

A sealed value, drawn in full:

    format (1 byte, 1) ‖ key version (4, big-endian) ‖ nonce (12, random) ‖ ciphertext ‖ tag (16)

with `format ‖ key version ‖ purpose` as associated data. Nonces are random: a version is good for some
2^32 seals, far beyond the rows of any registry. Whoever loses the ring loses everything sealed by it.
"""

import hashlib
import hmac
import os
import struct
from collections.abc import Callable
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from entrepot.keys.ring_text import KeyRingError, RootKey, parse_ring

_FORMAT = 1
_HEAD = struct.Struct(">BI12s")
_LABEL_BYTES = 5  # format and version
_TAG_BYTES = 16


class KeyRing:
    """Seals and opens small secrets: the newest version seals, every version opens. Any thread may call."""

    def __init__(
        self, keys: tuple[RootKey, ...], *, reload: Callable[[], tuple[RootKey, ...]] | None = None
    ) -> None:
        """`reload` gives the keys as they are now, asked when a version is met that came after `keys`."""
        self._reload = reload
        self._take(keys)

    @classmethod
    def from_bytes(cls, text: bytes) -> Self:
        """A ring given as a secret, say by the environment; raises KeyRingError."""
        return cls(parse_ring(text))

    @property
    def newest_version(self) -> int:
        """The version that seals."""
        return self._newest

    def seal(self, plaintext: bytes, purpose: bytes) -> bytes:
        """The sealed secret; it opens only for the same purpose."""
        newest = self._newest
        head = _HEAD.pack(_FORMAT, newest, os.urandom(12))
        label, nonce = head[:_LABEL_BYTES], head[_LABEL_BYTES:]
        return head + self._ciphers[newest].encrypt(nonce, plaintext, label + purpose)

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        """The secret; KeyRingError when altered, or sealed for another purpose or by another ring."""
        version = version_of(sealed)
        self._learn(version)
        if version not in self._ciphers:
            raise KeyRingError(f"the ring has no version {version}")
        label, nonce = sealed[:_LABEL_BYTES], sealed[_LABEL_BYTES : _HEAD.size]
        try:
            return self._ciphers[version].decrypt(nonce, sealed[_HEAD.size :], label + purpose)
        except InvalidTag as cause:
            raise KeyRingError("altered, or sealed for another purpose or by another ring") from cause

    def check_value(self) -> tuple[int, bytes]:
        """The newest version, and a value that tells its key from any other and gives nothing away."""
        return self._newest, self._checks[self._newest]

    def matches(self, check: tuple[int, bytes]) -> bool:
        """Whether this ring holds the very key that the check value came from."""
        version, value = check
        self._learn(version)
        return version in self._checks and hmac.compare_digest(self._checks[version], value)

    def _learn(self, version: int) -> None:
        """Another node may have rotated the ring and sealed with what we have not read yet."""
        if version > self._newest and self._reload is not None:
            self._take(self._reload())

    def _take(self, keys: tuple[RootKey, ...]) -> None:
        self._ciphers = {key.version: AESGCM(key.key) for key in keys}
        self._checks = {key.version: _check_value(key) for key in keys}
        self._newest = max(self._ciphers)


def version_of(sealed: bytes) -> int:
    """The version that sealed it; KeyRingError unless it has the form of a sealed value."""
    if len(sealed) < _HEAD.size + _TAG_BYTES or sealed[0] != _FORMAT:
        raise KeyRingError("not a sealed value")
    version: int = _HEAD.unpack_from(sealed)[1]
    return version


def _check_value(key: RootKey) -> bytes:
    return hmac.digest(key.key, b"entrepot root key check", hashlib.sha256)[:16]
