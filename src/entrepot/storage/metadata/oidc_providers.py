"""Issuers of identity tokens."""

from entrepot.domain.identities import OidcProvider
from entrepot.storage.metadata.columns import to_column, to_json, to_list, to_map, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.revisions import RevisedSubject

_PROVIDER = """
SELECT p.account, p.url, p.client_ids, p.thumbprints, p.created_at, p.tags FROM oidc_provider AS p
"""
_FIND = f"{_PROVIDER} WHERE p.account = $1 AND p.url = $2"
_ALL = f"{_PROVIDER} WHERE p.account = $1 ORDER BY p.url"
_PUT = """
INSERT INTO oidc_provider (account, url, client_ids, thumbprints, created_at, tags)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (account, url) DO UPDATE
   SET client_ids = excluded.client_ids, thumbprints = excluded.thumbprints, tags = excluded.tags
"""
_REMOVE = "DELETE FROM oidc_provider WHERE account = $1 AND url = $2"


class SqlOidcProviders(RevisedSubject):
    """The `oidc_provider` table."""

    __slots__ = ()

    async def find(self, account: str, url: str) -> OidcProvider | None:
        row = await self._connection.row(_FIND, account, url)
        return None if row is None else _to_provider(row)

    async def all(self, account: str) -> list[OidcProvider]:
        return [_to_provider(row) for row in await self._connection.rows(_ALL, account)]

    async def put(self, provider: OidcProvider) -> None:
        await self._connection.run(
            _PUT,
            provider.account,
            provider.url,
            to_json(provider.client_ids),
            to_json(provider.thumbprints),
            to_column(provider.created_at),
            to_json(provider.tags),
        )
        await self._revision.change()

    async def remove(self, account: str, url: str) -> None:
        await self._connection.run(_REMOVE, account, url)
        await self._revision.change()


def _to_provider(row: Row) -> OidcProvider:
    return OidcProvider(
        account=row["account"],
        url=row["url"],
        client_ids=tuple(to_list(row["client_ids"])),
        thumbprints=tuple(to_list(row["thumbprints"])),
        created_at=to_time(row["created_at"]),
        tags=to_map(row["tags"]),
    )
