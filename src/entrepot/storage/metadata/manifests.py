"""The bytes of manifests, found with their images in one statement."""

from entrepot.domain.digests import Digest
from entrepot.domain.images import Image
from entrepot.domain.names import Tag
from entrepot.ports.records import SealedManifest
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.images import BY_DIGEST, BY_TAG, SELECT_IMAGE, to_image
from entrepot.storage.metadata.subject import Subject

_MANIFEST = f"""{SELECT_IMAGE}
     , m.wrapped_key, m.sealed
  FROM image AS i
  JOIN manifest AS m ON m.repository_id = i.repository_id AND m.digest = i.digest
"""
_FIND = f"{_MANIFEST} {BY_DIGEST}"
_FIND_TAGGED = f"{_MANIFEST} {BY_TAG}"
_PUT = """
INSERT INTO manifest (repository_id, digest, wrapped_key, sealed) VALUES ($1, $2, $3, $4)
ON CONFLICT (repository_id, digest) DO UPDATE
   SET wrapped_key = excluded.wrapped_key, sealed = excluded.sealed
"""


class SqlManifests(Subject):
    """The `manifest` table."""

    __slots__ = ()

    async def find(self, repository_id: str, digest: Digest) -> tuple[Image, SealedManifest] | None:
        return _to_manifest(await self._connection.row(_FIND, repository_id, digest))

    async def find_tagged(self, repository_id: str, tag: Tag) -> tuple[Image, SealedManifest] | None:
        return _to_manifest(await self._connection.row(_FIND_TAGGED, repository_id, tag))

    async def put(self, repository_id: str, digest: Digest, manifest: SealedManifest) -> None:
        await self._connection.run(_PUT, repository_id, digest, manifest.wrapped_key, manifest.sealed)


def _to_manifest(row: Row | None) -> tuple[Image, SealedManifest] | None:
    return None if row is None else (to_image(row), SealedManifest(row["wrapped_key"], row["sealed"]))
