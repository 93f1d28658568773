"""Every value that is sealed under the root key ring, whatever its table."""

from entrepot.ports.records import SealedRow, SealedSubject
from entrepot.storage.metadata.subject import Subject

_PAGES = {
    SealedSubject.ACCESS_KEY: (
        "SELECT '' AS owner, id, sealed_secret AS sealed FROM access_key WHERE id > $1 ORDER BY id LIMIT $2"
    ),
    SealedSubject.SIGNING_KEY: (
        "SELECT '' AS owner, kid AS id, sealed_secret AS sealed FROM signing_key"
        " WHERE kid > $1 ORDER BY kid LIMIT $2"
    ),
    SealedSubject.BLOB: (
        "SELECT '' AS owner, blob_key AS id, wrapped_key AS sealed FROM blob"
        " WHERE blob_key > $1 AND wrapped_key IS NOT NULL ORDER BY blob_key LIMIT $2"
    ),
    SealedSubject.UPLOAD: (
        "SELECT '' AS owner, blob_key AS id, wrapped_key AS sealed FROM upload"
        " WHERE blob_key > $1 AND wrapped_key IS NOT NULL ORDER BY blob_key LIMIT $2"
    ),
    SealedSubject.MANIFEST: (
        "SELECT repository_id AS owner, digest AS id, wrapped_key AS sealed FROM manifest"
        " WHERE (repository_id, digest) > ($1, $2) ORDER BY repository_id, digest LIMIT $3"
    ),
}
_REPLACEMENTS = {
    SealedSubject.ACCESS_KEY: (
        "UPDATE access_key SET sealed_secret = $1 WHERE sealed_secret = $2 AND id = $3"
    ),
    SealedSubject.SIGNING_KEY: (
        "UPDATE signing_key SET sealed_secret = $1 WHERE sealed_secret = $2 AND kid = $3"
    ),
    SealedSubject.BLOB: "UPDATE blob SET wrapped_key = $1 WHERE wrapped_key = $2 AND blob_key = $3",
    SealedSubject.UPLOAD: "UPDATE upload SET wrapped_key = $1 WHERE wrapped_key = $2 AND blob_key = $3",
    SealedSubject.MANIFEST: (
        "UPDATE manifest SET wrapped_key = $1 WHERE wrapped_key = $2 AND digest = $3 AND repository_id = $4"
    ),
}


class SqlSealedRows(Subject):
    """The sealed columns of five tables; only manifests need their owner to be found."""

    __slots__ = ()

    async def page(self, subject: SealedSubject, *, after: tuple[str, str], limit: int) -> list[SealedRow]:
        place = after if subject is SealedSubject.MANIFEST else after[1:]
        rows = await self._connection.rows(_PAGES[subject], *place, limit)
        return [SealedRow(row["owner"], row["id"], row["sealed"]) for row in rows]

    async def replace(self, subject: SealedSubject, row: SealedRow, sealed: bytes) -> bool:
        place = (row.id, row.owner) if subject is SealedSubject.MANIFEST else (row.id,)
        return await self._connection.run(_REPLACEMENTS[subject], sealed, row.sealed, *place) > 0
