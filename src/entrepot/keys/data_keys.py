"""Data keys: one for each blob and manifest, wrapped by the root key ring so that it may lie in a row."""

import secrets

from entrepot.keys.ring import KeyRing, version_of

_KEY_BYTES = 32


class DataKeys:
    """Makes, opens and rewraps data keys. A key service may answer one day, hence `async`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def new(self, name: str) -> tuple[bytes, bytes]:
        """(key, wrapped key); the wrapped key opens only under the same name."""
        key = secrets.token_bytes(_KEY_BYTES)
        return key, self._ring.seal(key, _purpose(name))

    async def open(self, wrapped: bytes, name: str) -> bytes:
        """The key; raises KeyRingError for another name, another ring or altered bytes."""
        return self._ring.open(wrapped, _purpose(name))

    async def rewrap(self, wrapped: bytes, name: str) -> bytes:
        """The same key under the newest version of the ring."""
        return self._ring.seal(await self.open(wrapped, name), _purpose(name))

    async def is_current(self, wrapped: bytes) -> bool:
        """Whether the newest version wraps it already."""
        return version_of(wrapped) == self._ring.newest_version


def _purpose(name: str) -> bytes:
    return b"data key of " + name.encode()
