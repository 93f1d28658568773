"""Ends what keys have opened: sessions, and the registry tokens that were made with them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.domain.arns import account_of
from entrepot.domain.errors import EntityNotFound
from entrepot.domain.identities import IdentityKind
from entrepot.domain.principals import root_arn
from entrepot.identity.auditing import tell
from entrepot.identity.documents import find_identity
from entrepot.ports.clock import Clock
from entrepot.ports.records import (
    AccessKey,
    KeyScope,
    KeysOf,
    KeysOfAccount,
    OneKey,
    Records,
    Revoked,
    Store,
)


@dataclass(frozen=True, slots=True)
class Revocation:
    """What was ended, and when."""

    at: datetime
    revoked: Revoked


class Revocations:
    """Lists sessions and ends them; an end is seen by every process within a second.

    No clock decides what is old: each revocation gives the keys a new random number, which tokens made
    later carry, and removes the sessions that are there.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def sessions(
        self, scope: KeysOf | KeysOfAccount, *, after: tuple[str, str], limit: int
    ) -> Sequence[AccessKey]:
        """Sessions that have not ended, by principal and key, behind the one that `after` names."""
        now = self._clock()
        return await self._store.read(
            lambda records: records.access_keys.sessions(scope, now=now, after=after, limit=limit)
        )

    async def scope_of(self, account: str, principal_arn: str) -> KeysOf:
        """All keys of a principal of the account; EntityNotFound where there is no such user or role."""
        return await self._store.read(lambda records: _scope_of(records, account, principal_arn))

    async def owner(self, account: str, access_key_id: str) -> str | None:
        """Whose key it is, None for one that the account does not have."""
        key = await self._store.read(lambda records: records.access_keys.find(access_key_id))
        return key.principal.arn if key is not None and key.principal.account == account else None

    async def end_session(self, account: str, access_key_id: str) -> None:
        """End a session of the account, with those made in it; EntityNotFound where there is none."""

        async def body(records: Records) -> None:
            key = await records.access_keys.find(access_key_id)
            if key is None or key.principal.account != account or key.principal.expires_at is None:
                raise EntityNotFound("session", access_key_id)
            await records.access_keys.remove(access_key_id)

        await self._store.write(body)

    async def revoke(self, account: str, scope: KeyScope) -> Revocation:
        """End every session in the scope, and every registry token that was made with a key of it."""
        at, number = self._clock(), secrets.randbits(62) + 1

        async def body(records: Records) -> Revoked:
            if isinstance(scope, OneKey):
                key = await records.access_keys.find(scope.access_key_id)
                if key is None or key.principal.account != account:
                    raise EntityNotFound("access key", scope.access_key_id)
            revoked = await records.access_keys.revoke(scope, number)
            tell(keyCount=revoked.keys, sessionCount=revoked.sessions)
            return revoked

        return Revocation(at, await self._store.write(body))


async def _scope_of(records: Records, account: str, arn: str) -> KeysOf:
    if account_of(arn) != account:
        raise EntityNotFound("principal", arn)
    if arn == root_arn(account):
        return KeysOf(arn)
    service, _, rest = arn.partition(f"::{account}:")
    kind, _, name = rest.partition("/")
    if service == "arn:aws:sts" and kind in ("assumed-role", "federated-user") and name:
        return KeysOf(arn)  # of a session there is nothing but its keys
    identity = await find_identity(records, arn)
    if identity is None or identity.kind is IdentityKind.GROUP:
        raise EntityNotFound("principal", arn)
    if identity.kind is IdentityKind.ROLE:
        return KeysOf(f"arn:aws:sts::{account}:assumed-role/{identity.name}/")
    return KeysOf(arn)
