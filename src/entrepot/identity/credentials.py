"""Access keys: long-lived ones, and the temporary ones of sessions."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from entrepot.domain.errors import TokenRejected
from entrepot.domain.identities import OidcProvider, SessionTerms
from entrepot.domain.principals import Principal, root_arn
from entrepot.domain.versioned import Versioned
from entrepot.identity.auditing import tell, undone
from entrepot.ports.clock import Clock
from entrepot.ports.keys import Sealer
from entrepot.ports.records import AccessKey, Records, Store

_SWEPT_AT_ONCE = 500
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request is verified against; the secret is in the clear only here."""

    principal: Principal
    secret: str
    session_token_sha256: bytes | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key at the only moment its secret may be shown; `session_token` is None for a long-lived one."""

    access_key_id: str
    secret: str
    session_token: str | None
    expires_at: datetime | None


class Credentials:
    """Finds, makes and removes access keys; secrets lie in rows sealed under the root key ring."""

    def __init__(self, store: Store, sealer: Sealer, clock: Clock) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._keys = Versioned[str, AccessKey]()

    async def find(self, access_key_id: str) -> Credential | None:
        """The key's secret and owner; None when there is none, or its session has ended and was swept."""
        key = await self._key(access_key_id)
        if key is None:
            return None
        secret = self._sealer.open(key.sealed_secret, secret_purpose(access_key_id)).decode("ascii")
        return Credential(key.principal, secret, key.session_token_sha256, key.is_active)

    async def principal(self, access_key_id: str) -> Principal | None:
        """The owner of a key that may be used now; None when it is unknown, inactive or past its end."""
        key = await self._usable(access_key_id)
        return None if key is None else key.principal

    async def holder(self, access_key_id: str, token_number: int) -> Principal | None:
        """The owner of a key that may be used now, and whose tokens carry this number; else None."""
        key = await self._usable(access_key_id)
        if key is not None and key.token_number != token_number:
            # Perhaps another node has just given it this number, and made a token that is good here too.
            self._keys.forget(access_key_id)
            key = await self._usable(access_key_id)
        return None if key is None or key.token_number != token_number else key.principal

    async def token_number(self, access_key_id: str, *, is_fresh: bool = False) -> int:
        """What tokens made with the key now have to carry; TokenRejected when it has gone meanwhile.

        `is_fresh` asks the database, so that a token made in the second after a revocation is a good one.
        """
        key = await (self._read(access_key_id) if is_fresh else self._key(access_key_id))
        if key is None or not key.is_active:
            raise TokenRejected
        return key.token_number

    async def _usable(self, access_key_id: str) -> AccessKey | None:
        key = await self._key(access_key_id)
        if key is None or not key.is_active:
            return None
        ends = key.principal.expires_at
        return None if ends is not None and ends <= self._clock() else key

    async def _key(self, access_key_id: str) -> AccessKey | None:
        version = self._store.version()
        key = self._keys.find(access_key_id, version)
        if key is None:
            key = await self._read(access_key_id)
            if key is not None:
                self._keys.keep(access_key_id, version, key)
        return key

    async def _read(self, access_key_id: str) -> AccessKey | None:
        return await self._store.read(lambda records: records.access_keys.find(access_key_id))

    async def has_account(self, account: str) -> bool:
        """Whether the account exists."""
        return await self._store.read(lambda records: records.accounts.exists(account))

    async def issue_session(self, caller: Principal, duration: timedelta) -> IssuedKey:
        """Temporary keys for the caller itself, as STS GetSessionToken gives them.

        They end when the caller's own session does, if that is sooner; TokenRejected when the key
        that they are asked with has gone meanwhile.
        """
        ends = self._clock() + duration
        issued = new_session_key(min(ends, caller.expires_at or ends))
        principal = replace(caller, access_key_id=issued.access_key_id, expires_at=issued.expires_at)
        await self.add_session(caller, principal, issued)
        return issued

    async def add_session(
        self, caller: Principal, principal: Principal, issued: IssuedKey, terms: SessionTerms | None = None
    ) -> None:
        """Keep a session that the caller began; it ends with the caller's key, if not before.

        TokenRejected when that key has gone meanwhile.
        """
        row = self.row(principal, issued, issued_by=caller.access_key_id)

        async def body(records: Records) -> None:
            issuer = await records.access_keys.find(caller.access_key_id)
            if issuer is None or not issuer.is_active:
                raise TokenRejected
            await records.access_keys.add(row)
            if terms is not None:
                await records.sessions.add(terms)

        _tell_of(issued, principal)
        await self._store.write(body)

    async def add_web_session(
        self, provider: OidcProvider, principal: Principal, issued: IssuedKey, terms: SessionTerms
    ) -> None:
        """Keep a session that a provider's token began; it ends with the provider, if not before.

        TokenRejected when the provider has gone meanwhile.
        """
        row = self.row(principal, issued, issued_by=provider.arn)

        async def body(records: Records) -> None:
            if await records.oidc_providers.find(provider.account, provider.url) is None:
                raise TokenRejected
            await records.access_keys.add(row)
            await records.sessions.add(terms)

        _tell_of(issued, principal)
        await self._store.write(body)

    async def set_root_key(self, account: str, issued: IssuedKey) -> None:
        """Make this the account's only root key, and the account where it does not exist."""
        row = self.row(root_principal(account, issued.access_key_id), issued)

        async def body(records: Records) -> None:
            await records.accounts.add(account, row.created_at)
            for key in await records.access_keys.of_principal(root_arn(account)):
                await records.access_keys.remove(key.principal.access_key_id)
            await records.access_keys.add(row)

        tell(accessKeyId=issued.access_key_id)
        await self._store.write(body)

    async def add_first_root_key(self, account: str, issued: IssuedKey) -> bool:
        """Make the account with this root key; False, and nothing written, when either exists.

        One transaction, so that of two first starts at once only one makes a credential.
        """
        row = self.row(root_principal(account, issued.access_key_id), issued)

        async def body(records: Records) -> bool:
            if await records.accounts.exists(account) or not await records.access_keys.add(row):
                undone()
                return False
            return await records.accounts.add(account, row.created_at)

        tell(accountId=account, accessKeyId=issued.access_key_id)
        return await self._store.write(body)

    async def remove_expired(self) -> int:
        """Sweep the keys of sessions that have ended; how many there were."""
        removed, now = 0, self._clock()
        while step := await self._store.write(
            lambda records: records.access_keys.remove_expired(now, _SWEPT_AT_ONCE)
        ):
            removed += step
        while await self._store.write(lambda records: records.sessions.remove_expired(now, _SWEPT_AT_ONCE)):
            pass
        return removed

    def row(self, principal: Principal, issued: IssuedKey, issued_by: str | None = None) -> AccessKey:
        """The key as it may be stored."""
        token, purpose = issued.session_token, secret_purpose(issued.access_key_id)
        return AccessKey(
            principal=principal,
            sealed_secret=self._sealer.seal(issued.secret.encode("ascii"), purpose),
            session_token_sha256=hashlib.sha256(token.encode()).digest() if token else None,
            is_active=True,
            created_at=self._clock(),
            issued_by=issued_by,
        )


def _tell_of(issued: IssuedKey, principal: Principal) -> None:
    """Tell the audit which session begins."""
    session = {"accessKeyId": issued.access_key_id, "expiration": issued.expires_at}
    tell(credentials=session, sessionOf={"arn": principal.arn, "principalId": principal.user_id})


def new_key() -> IssuedKey:
    """A long-lived key in AWS's form: 20 and 40 characters."""
    return IssuedKey(_key_id("AKIA"), secrets.token_urlsafe(30), session_token=None, expires_at=None)


def new_session_key(expires_at: datetime) -> IssuedKey:
    """A temporary key with its session token."""
    return IssuedKey(_key_id("ASIA"), secrets.token_urlsafe(30), secrets.token_urlsafe(96), expires_at)


def root_principal(account: str, access_key_id: str) -> Principal:
    """The account itself, whose user id is its number (STS GetCallerIdentity)."""
    return Principal(account=account, arn=root_arn(account), user_id=account, access_key_id=access_key_id)


def new_unique_id(prefix: str) -> str:
    """An id in the form that IAM gives users, groups, roles and policies: 21 characters."""
    return prefix + _letters(17)


def _key_id(prefix: str) -> str:
    return prefix + _letters(16)


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(count))


def secret_purpose(access_key_id: str) -> bytes:
    """What an access key's secret is sealed for."""
    return b"access-key:" + access_key_id.encode("ascii", "replace")
