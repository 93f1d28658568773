"""What manifests refer to: layers, and the children of indexes."""

from collections.abc import Mapping, Sequence
from itertools import chain

from entrepot.domain.digests import Digest
from entrepot.storage.metadata.batches import batches, placeholders, text_rows, value_rows
from entrepot.storage.metadata.subject import Subject

_ADD_LAYERS = """
INSERT INTO image_layer (repository_id, digest, blob_digest, media_type) VALUES …
ON CONFLICT (repository_id, digest, blob_digest) DO NOTHING
"""
_ADD_CHILDREN = """
INSERT INTO image_child (repository_id, digest, child_digest) VALUES …
ON CONFLICT (repository_id, digest, child_digest) DO NOTHING
"""
_USERS = """
SELECT digest FROM image_layer WHERE repository_id = $1 AND blob_digest = $2 ORDER BY digest LIMIT $3
"""
# One index entry a blob: a base layer may have a hundred thousand users.
_MEDIA_TYPES = """
WITH wanted (digest) AS (VALUES …)
SELECT w.digest,
       (SELECT l.media_type FROM image_layer AS l
         WHERE l.repository_id = $1 AND l.blob_digest = w.digest
         ORDER BY l.digest LIMIT 1) AS media_type
  FROM wanted AS w
"""
_PARENTS = """
SELECT digest FROM image_child WHERE repository_id = $1 AND child_digest = $2 ORDER BY digest LIMIT $3
"""
_CHILDREN = """
SELECT digest, child_digest FROM image_child
 WHERE repository_id = $1 AND (digest, child_digest) > ($2, $3)
 ORDER BY digest, child_digest
 LIMIT $4
"""
_CHILDREN_OF = """
SELECT digest, child_digest FROM image_child
 WHERE repository_id = $1 AND digest IN (…)
 ORDER BY digest, child_digest
"""
_LAYERS = """
SELECT digest, blob_digest FROM image_layer
 WHERE repository_id = $1 AND (digest, blob_digest) > ($2, $3)
 ORDER BY digest, blob_digest
 LIMIT $4
"""


class SqlReferences(Subject):
    """The tables `image_layer` and `image_child`."""

    __slots__ = ()

    async def add(
        self, repository_id: str, digest: Digest, *, layers: Mapping[Digest, str], children: Sequence[Digest]
    ) -> None:
        for batch in batches(list(layers.items())):
            statement = _ADD_LAYERS.replace("…", value_rows(len(batch), shared=2, own=2))
            await self._connection.run(statement, repository_id, digest, *chain.from_iterable(batch))
        for some in batches(children):
            statement = _ADD_CHILDREN.replace("…", value_rows(len(some), shared=2, own=1))
            await self._connection.run(statement, repository_id, digest, *some)

    async def users(self, repository_id: str, layer: Digest, limit: int) -> list[Digest]:
        rows = await self._connection.rows(_USERS, repository_id, layer, limit)
        return [Digest(row["digest"]) for row in rows]

    async def media_types(self, repository_id: str, layers: Sequence[Digest]) -> dict[Digest, str]:
        types: dict[Digest, str] = {}
        for batch in batches(layers):
            statement = _MEDIA_TYPES.replace("…", text_rows(2, len(batch)))
            rows = await self._connection.rows(statement, repository_id, *batch)
            types |= {row["digest"]: row["media_type"] for row in rows if row["media_type"] is not None}
        return types

    async def parents(self, repository_id: str, child: Digest, limit: int) -> list[Digest]:
        rows = await self._connection.rows(_PARENTS, repository_id, child, limit)
        return [Digest(row["digest"]) for row in rows]

    async def children(
        self, repository_id: str, *, after: tuple[str, str], limit: int
    ) -> list[tuple[Digest, Digest]]:
        rows = await self._connection.rows(_CHILDREN, repository_id, *after, limit)
        return [(row["digest"], row["child_digest"]) for row in rows]

    async def children_of(self, repository_id: str, digests: Sequence[Digest]) -> dict[Digest, list[Digest]]:
        found: dict[Digest, list[Digest]] = {}
        for batch in batches(digests):
            statement = _CHILDREN_OF.replace("…", placeholders(2, len(batch)))
            for row in await self._connection.rows(statement, repository_id, *batch):
                found.setdefault(Digest(row["digest"]), []).append(Digest(row["child_digest"]))
        return found

    async def layers(
        self, repository_id: str, *, after: tuple[str, str], limit: int
    ) -> list[tuple[Digest, Digest]]:
        rows = await self._connection.rows(_LAYERS, repository_id, *after, limit)
        return [(row["digest"], row["blob_digest"]) for row in rows]
