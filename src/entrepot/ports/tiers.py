"""What moving blobs between the standard tier and the archive tier asks of the stores of both."""

from collections.abc import AsyncIterator
from typing import Protocol

from entrepot.ports.blobs import StoredBlob


class Tiers(Protocol):
    """Both tiers. A copy lies under a key of its own, sealed by a data key of its own."""

    def chunks(self, blob: StoredBlob, start: int, length: int) -> AsyncIterator[bytes]:
        """Plaintext from wherever the blob lies; raises BlobMissing or BlobDamaged."""

    async def archive(self, blob: StoredBlob, key: str, data_key: bytes | None) -> StoredBlob:
        """Copy the blob into the archive tier, packed where that pays; durable when this returns."""

    async def bring_back(self, blob: StoredBlob, key: str, data_key: bytes | None) -> StoredBlob:
        """Copy the blob into the standard tier, as it was pushed; durable when this returns."""
