"""The long-lived access keys of users."""

from entrepot.domain.errors import EntityNotFound, QuotaExceeded
from entrepot.domain.identities import Identity, KeyUse
from entrepot.domain.principals import Principal
from entrepot.identity.auditing import tell
from entrepot.identity.credentials import Credentials, IssuedKey, new_key
from entrepot.ports.records import AccessKey, Records, Store

KEYS_A_USER = 2


class UserKeys:
    """Makes, lists, switches and removes keys; an end is seen by every process within a second."""

    def __init__(self, store: Store, credentials: Credentials) -> None:
        self._store = store
        self._credentials = credentials

    async def create(self, user: Identity) -> tuple[IssuedKey, AccessKey]:
        """A new key, whose secret is told this once; QuotaExceeded where the user has two."""
        issued = new_key()
        principal = Principal(user.account, user.arn, user.id, issued.access_key_id)
        row = self._credentials.row(principal, issued)

        async def body(records: Records) -> None:
            if await records.identities.find_by_id(user.id) != user:
                raise EntityNotFound("user", user.name)  # renamed or deleted meanwhile
            if len(await _keys_of(records, user.arn)) >= KEYS_A_USER:
                raise QuotaExceeded("AccessKeysPerUser", KEYS_A_USER)
            await records.access_keys.add(row)

        tell(accessKey={"userName": user.name, "accessKeyId": issued.access_key_id, "status": "Active"})
        await self._store.write(body)
        return issued, row

    async def of(self, principal_arn: str) -> list[AccessKey]:
        """The keys of a user, or of an account's root; oldest first."""
        return await self._store.read(lambda records: _keys_of(records, principal_arn))

    async def set_active(self, user: Identity, access_key_id: str, *, is_active: bool) -> None:
        """Switch a key of this user; a deactivated one ends the sessions and tokens made with it."""

        async def body(records: Records) -> None:
            await _check_owned(records, user, access_key_id)
            await records.access_keys.set_active(access_key_id, is_active=is_active)

        await self._store.write(body)

    async def delete(self, user: Identity, access_key_id: str) -> None:
        """Remove a key of this user, with the sessions and tokens made with it."""

        async def body(records: Records) -> None:
            await _check_owned(records, user, access_key_id)
            await records.access_keys.remove(access_key_id)
            await records.key_uses.forget(access_key_id)

        await self._store.write(body)

    async def last_use(self, account: str, access_key_id: str) -> tuple[AccessKey, KeyUse | None]:
        """A long-lived key of the account and when it was last used; EntityNotFound where there is none."""

        async def body(records: Records) -> tuple[AccessKey, KeyUse | None]:
            key = await records.access_keys.find(access_key_id)
            if key is None or key.principal.account != account or key.principal.expires_at is not None:
                raise EntityNotFound("Access Key", access_key_id)
            return key, await records.key_uses.find(access_key_id)

        return await self._store.read(body)


async def _keys_of(records: Records, principal_arn: str) -> list[AccessKey]:
    keys = await records.access_keys.of_principal(principal_arn)
    return [key for key in keys if key.principal.expires_at is None]


async def _check_owned(records: Records, user: Identity, access_key_id: str) -> None:
    key = await records.access_keys.find(access_key_id)
    if key is None or key.principal.user_id != user.id or key.principal.expires_at is not None:
        raise EntityNotFound("Access Key", access_key_id)
