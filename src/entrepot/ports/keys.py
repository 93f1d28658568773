"""What the use cases ask of keys: sealing small secrets, and data keys for bytes at rest."""

from typing import Protocol


class Sealer(Protocol):
    """Seals secrets that live in rows under the root key ring."""

    def seal(self, plaintext: bytes, purpose: bytes) -> bytes:
        """The sealed secret; it opens only for the same purpose."""

    def open(self, sealed: bytes, purpose: bytes) -> bytes:
        """The secret; raises when it was altered, or sealed for another purpose or by another ring."""


class DataKeys(Protocol):
    """One key for each blob and manifest, wrapped so that it may lie in a row."""

    async def new(self, name: str) -> tuple[bytes, bytes]:
        """(key, wrapped key); the wrapped key opens only under the same name."""

    async def open(self, wrapped: bytes, name: str) -> bytes: ...
