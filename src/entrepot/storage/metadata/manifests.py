"""The bytes of manifests."""

from entrepot.domain.digests import Digest
from entrepot.ports.records import SealedManifest
from entrepot.storage.metadata.subject import Subject

_FIND = "SELECT wrapped_key, sealed FROM manifest WHERE repository_id = $1 AND digest = $2"
_PUT = """
INSERT INTO manifest (repository_id, digest, wrapped_key, sealed) VALUES ($1, $2, $3, $4)
ON CONFLICT (repository_id, digest) DO UPDATE
   SET wrapped_key = excluded.wrapped_key, sealed = excluded.sealed
"""


class SqlManifests(Subject):
    """The `manifest` table."""

    __slots__ = ()

    async def find(self, repository_id: str, digest: Digest) -> SealedManifest | None:
        row = await self._connection.row(_FIND, repository_id, digest)
        return None if row is None else SealedManifest(row["wrapped_key"], row["sealed"])

    async def put(self, repository_id: str, digest: Digest, manifest: SealedManifest) -> None:
        await self._connection.run(_PUT, repository_id, digest, manifest.wrapped_key, manifest.sealed)
