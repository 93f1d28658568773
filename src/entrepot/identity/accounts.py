"""The accounts of the server, each with a root credential."""

import secrets

from entrepot.domain.errors import EntityExists
from entrepot.identity.credentials import Credentials, IssuedKey, new_key
from entrepot.ports.clock import Clock
from entrepot.ports.records import Account, Store

__all__ = ["Account", "Accounts"]


class Accounts:
    """Makes accounts and lists them; one that was made stays."""

    def __init__(self, store: Store, credentials: Credentials, clock: Clock) -> None:
        self._store = store
        self._credentials = credentials
        self._clock = clock

    async def create(self, account: str | None) -> tuple[Account, IssuedKey]:
        """An account of this number, or of a free one, and its root key; EntityExists where it is taken."""
        at, key = self._clock(), new_key()
        number = account or _number()
        while not await self._credentials.add_first_root_key(number, key):
            if account is not None:
                raise EntityExists("Account", account)
            number = _number()
        return Account(number, at), key

    async def page(self, *, after: str, limit: int) -> list[Account]:
        """By number."""
        return await self._store.read(lambda records: records.accounts.page(after=after, limit=limit))


def _number() -> str:
    return str(secrets.randbelow(900_000_000_000) + 100_000_000_000)
