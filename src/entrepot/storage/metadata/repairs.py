"""What only the repair of damaged rows reads and writes."""

from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.images import Image
from entrepot.domain.names import Registry
from entrepot.domain.recycling import Deletion
from entrepot.domain.repositories import Repository
from entrepot.ports.records import SealedManifest
from entrepot.storage.metadata.columns import to_column, to_json
from entrepot.storage.metadata.repositories import REPOSITORY, to_repository
from entrepot.storage.metadata.subject import Subject

_HELD_BY = "SELECT blob_key FROM held_layer WHERE repository_id = $1 AND digest = $2"
_UPLOAD_OF = "SELECT id FROM upload WHERE blob_key = $1"
_MANIFEST = "SELECT wrapped_key, sealed FROM manifest WHERE repository_id = $1 AND digest = $2"
_REMOVE_MANIFEST = "DELETE FROM manifest WHERE repository_id = $1 AND digest = $2"
_REMOVE_REFERENCES = (
    "DELETE FROM image_layer WHERE repository_id = $1 AND digest = $2",
    "DELETE FROM image_child WHERE repository_id = $1 AND digest = $2",
)
_SET_FACTS = """
UPDATE image
   SET media_type = $3, artifact_type = $4, manifest_bytes = $5, subject_digest = $6, annotations = $7
 WHERE repository_id = $1 AND digest = $2
"""
_UNMARK = """
UPDATE blob SET marked_at = NULL
 WHERE blob_key = $1
   AND (SELECT 1 FROM held_layer AS h WHERE h.blob_key = blob.blob_key LIMIT 1) IS NOT NULL
"""
_DELETED_REPOSITORY = f"{REPOSITORY.replace('FROM repository', 'FROM deleted_repository')} WHERE r.id = $1"
_REMOVE_DELETION = "DELETE FROM deleted_image WHERE repository_id = $1 AND digest = $2"
_ADD_DELETION = """
INSERT INTO deleted_image (repository_id, digest, account, region, tags, deleted_at, kept_until)
VALUES ($1, $2, $3, $4, '[]', $5, $6)
ON CONFLICT (repository_id, digest) DO NOTHING
"""
_REMOVE_JOB = "DELETE FROM job WHERE id = $1"
_FREE_JOB = "UPDATE job SET lease = NULL, leased_until = NULL WHERE id = $1 AND leased_until < $2"


class SqlRepairs(Subject):
    """Rows of several tables, whether others that should be there are or not."""

    __slots__ = ()

    async def held_by(self, repository_id: str, digest: Digest) -> str | None:
        row = await self._connection.row(_HELD_BY, repository_id, digest)
        return None if row is None else row["blob_key"]

    async def upload_of(self, blob_key: str) -> str | None:
        row = await self._connection.row(_UPLOAD_OF, blob_key)
        return None if row is None else row["id"]

    async def manifest(self, repository_id: str, digest: Digest) -> SealedManifest | None:
        row = await self._connection.row(_MANIFEST, repository_id, digest)
        return None if row is None else SealedManifest(row["wrapped_key"], row["sealed"])

    async def remove_manifest(self, repository_id: str, digest: Digest) -> None:
        await self._connection.run(_REMOVE_MANIFEST, repository_id, digest)

    async def remove_references(self, repository_id: str, digest: Digest) -> None:
        for statement in _REMOVE_REFERENCES:
            await self._connection.run(statement, repository_id, digest)

    async def set_facts(self, repository_id: str, image: Image) -> None:
        await self._connection.run(
            _SET_FACTS,
            repository_id,
            image.digest,
            image.media_type,
            image.artifact_type,
            image.manifest_bytes,
            image.subject_digest,
            to_json(image.annotations),
        )

    async def unmark(self, blob_key: str) -> None:
        await self._connection.run(_UNMARK, blob_key)

    async def deleted_repository(self, repository_id: str) -> Repository | None:
        row = await self._connection.row(_DELETED_REPOSITORY, repository_id)
        return None if row is None else to_repository(row)

    async def remove_deletion(self, place: str, digest: Digest) -> None:
        await self._connection.run(_REMOVE_DELETION, place, digest)

    async def add_deletion(self, place: str, digest: Digest, registry: Registry, deletion: Deletion) -> None:
        await self._connection.run(
            _ADD_DELETION,
            place,
            digest,
            registry.account,
            registry.region,
            to_column(deletion.at),
            to_column(deletion.until),
        )

    async def remove_job(self, job_id: str) -> None:
        await self._connection.run(_REMOVE_JOB, job_id)

    async def free_job(self, job_id: str, ended_before: datetime) -> None:
        await self._connection.run(_FREE_JOB, job_id, to_column(ended_before))
