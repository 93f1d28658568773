"""The users, groups and roles of an account."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from entrepot.domain.errors import (
    DeleteConflict,
    EntityExists,
    EntityNotFound,
    PolicyMalformed,
    QuotaExceeded,
)
from entrepot.domain.identities import Identity, IdentityKind, RoleTerms
from entrepot.domain.policy.documents import Kind
from entrepot.domain.policy.shared_issuers import find_open_door
from entrepot.identity.auditing import tell
from entrepot.identity.aws_policies import AWS_POLICIES
from entrepot.identity.documents import TRUST_LIMIT, check_document, check_principals, find_identity
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store

GROUPS_A_USER = 10
TAGS_AN_IDENTITY = 50


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """What a caller says of an identity that is to be made; `terms` for roles alone."""

    account: str
    kind: IdentityKind
    name: str
    path: str = "/"
    tags: Mapping[str, str] | None = None
    boundary: str | None = None
    terms: RoleTerms | None = None


class Directory:
    """Makes, finds, changes and removes identities; each refusal is IAM's."""

    def __init__(self, store: Store, clock: Clock, new_unique_id: Callable[[str], str]) -> None:
        """`new_unique_id` makes an id in AWS's form that begins as it is told."""
        self._store = store
        self._clock = clock
        self._new_unique_id = new_unique_id

    async def create(self, asked: NewIdentity) -> Identity:
        """The new identity; EntityExists where the name is taken in any case."""
        identity = Identity(
            id=self._new_unique_id(asked.kind.id_prefix),
            account=asked.account,
            kind=asked.kind,
            path=asked.path,
            name=asked.name,
            created_at=self._clock(),
            tags=dict(asked.tags or {}),
            boundary=asked.boundary,
            terms=asked.terms,
        )
        _check_tags(identity)

        async def body(records: Records) -> None:
            if identity.boundary is not None:
                await check_attachable(records, identity.account, identity.boundary)
            if identity.terms is not None:
                await _check_trust(records, identity.terms.trust_policy)
            if not await records.identities.add(identity):
                raise EntityExists(identity.kind.capitalize(), identity.name)

        tell(**{identity.kind: {"arn": identity.arn, f"{identity.kind}Id": identity.id}})
        await self._store.write(body)
        return identity

    async def get(self, account: str, kind: IdentityKind, name: str) -> Identity:
        """The identity, or EntityNotFound."""
        return await self._store.read(lambda records: get_identity(records, account, kind, name))

    async def find_by_arn(self, arn: str) -> Identity | None:
        """The identity of this very ARN."""
        return await self._store.read(lambda records: find_identity(records, arn))

    async def find(self, account: str, kind: IdentityKind, name: str) -> Identity | None:
        """The identity, None where there is none."""
        return await self._store.read(lambda records: records.identities.find(account, kind, name))

    async def page(
        self, account: str, kind: IdentityKind, *, path_prefix: str, after: str, limit: int
    ) -> list[Identity]:
        """By name."""
        return await self._store.read(
            lambda records: records.identities.page(
                account, kind, path_prefix=path_prefix, after=after, limit=limit
            )
        )

    async def rename(
        self, account: str, kind: IdentityKind, name: str, *, new_name: str | None, new_path: str | None
    ) -> None:
        """Another name, path or both; the keys of a user then speak for the new name."""

        async def body(records: Records) -> None:
            identity = await get_identity(records, account, kind, name)
            renamed = replace(identity, name=new_name or identity.name, path=new_path or identity.path)
            taken = await records.identities.find(account, kind, renamed.name)
            if taken is not None and taken.id != identity.id:
                raise EntityExists(kind.capitalize(), renamed.name)
            await records.identities.change(renamed)
            await records.access_keys.rename_principal(identity.arn, renamed.arn)

        await self._store.write(body)

    async def change_role(
        self,
        account: str,
        name: str,
        *,
        trust_policy: str | None = None,
        max_session: timedelta | None = None,
        description: str | None = None,
    ) -> Identity:
        """The role with other terms; None leaves one as it is."""

        async def body(records: Records) -> Identity:
            role = await get_identity(records, account, IdentityKind.ROLE, name)
            if trust_policy is not None:
                await _check_trust(records, trust_policy)
            old = role.terms or RoleTerms("")
            terms = RoleTerms(
                old.trust_policy if trust_policy is None else trust_policy,
                max_session or old.max_session,
                old.description if description is None else description,
            )
            changed = replace(role, terms=terms)
            await records.identities.change(changed)
            return changed

        return await self._store.write(body)

    async def set_boundary(self, account: str, kind: IdentityKind, name: str, policy_arn: str | None) -> None:
        """Limit the identity by a managed policy, or by none."""

        async def body(records: Records) -> None:
            identity = await get_identity(records, account, kind, name)
            if policy_arn is not None:
                await check_attachable(records, account, policy_arn)
            await records.identities.change(replace(identity, boundary=policy_arn))

        await self._store.write(body)

    async def tag(self, account: str, kind: IdentityKind, name: str, tags: Mapping[str, str]) -> None:
        """Add these tags, or give them new values."""

        async def body(records: Records) -> None:
            identity = await get_identity(records, account, kind, name)
            changed = replace(identity, tags={**identity.tags, **tags})
            _check_tags(changed)
            await records.identities.change(changed)

        await self._store.write(body)

    async def untag(self, account: str, kind: IdentityKind, name: str, keys: Iterable[str]) -> None:
        """Remove these tags, where they are there."""
        gone = frozenset(keys)

        async def body(records: Records) -> None:
            identity = await get_identity(records, account, kind, name)
            kept = {key: value for key, value in identity.tags.items() if key not in gone}
            await records.identities.change(replace(identity, tags=kept))

        await self._store.write(body)

    async def delete(self, account: str, kind: IdentityKind, name: str) -> None:
        """Remove the identity; DeleteConflict while it has keys, policies, groups or members."""

        async def body(records: Records) -> None:
            identity = await get_identity(records, account, kind, name)
            await _check_unused(records, identity)
            await records.identities.remove(identity.id)

        await self._store.write(body)

    async def join(self, account: str, user: str, group: str) -> None:
        """Put the user into the group; may be repeated."""

        async def body(records: Records) -> None:
            member = await get_identity(records, account, IdentityKind.USER, user)
            joined = await get_identity(records, account, IdentityKind.GROUP, group)
            known = {each.id for each in await records.memberships.groups_of(member.id)}
            if joined.id not in known and len(known) >= GROUPS_A_USER:
                raise QuotaExceeded("GroupsPerUser", GROUPS_A_USER)
            await records.memberships.add(member.id, joined.id)

        await self._store.write(body)

    async def leave(self, account: str, user: str, group: str) -> None:
        """Take the user out of the group; may be repeated."""

        async def body(records: Records) -> None:
            member = await get_identity(records, account, IdentityKind.USER, user)
            left = await get_identity(records, account, IdentityKind.GROUP, group)
            await records.memberships.remove(member.id, left.id)

        await self._store.write(body)

    async def groups_of(self, account: str, user: str) -> list[Identity]:
        """The user's groups, by name."""

        async def body(records: Records) -> list[Identity]:
            member = await get_identity(records, account, IdentityKind.USER, user)
            return await records.memberships.groups_of(member.id)

        return await self._store.read(body)

    async def users_in(
        self, account: str, group: str, *, after: str, limit: int
    ) -> tuple[Identity, list[Identity]]:
        """The group and some of its users, by id."""

        async def body(records: Records) -> tuple[Identity, list[Identity]]:
            found = await get_identity(records, account, IdentityKind.GROUP, group)
            return found, await records.memberships.users_in(found.id, after=after, limit=limit)

        return await self._store.read(body)


async def get_identity(records: Records, account: str, kind: IdentityKind, name: str) -> Identity:
    """The identity, or EntityNotFound."""
    identity = await records.identities.find(account, kind, name)
    if identity is None:
        raise EntityNotFound(kind.value, name)
    return identity


async def check_attachable(records: Records, account: str, policy_arn: str) -> None:
    """Raises EntityNotFound unless this is a policy of the account, or one that every account has."""
    if policy_arn in AWS_POLICIES:
        return
    policy = await records.managed_policies.find(policy_arn)
    if policy is None or policy.account != account:
        raise EntityNotFound("policy", policy_arn)


async def _check_trust(records: Records, text: str) -> None:
    document = check_document(text, Kind.TRUST, limit=TRUST_LIMIT, quota="AssumeRolePolicySize")
    await check_principals(records, document)
    missing = find_open_door(document)
    if missing is not None:
        raise PolicyMalformed(
            f"The trust policy must limit {missing}, for anybody can have the issuer's tokens"
        )


def _check_tags(identity: Identity) -> None:
    if len(identity.tags) > TAGS_AN_IDENTITY:
        raise QuotaExceeded("TagsPerResource", TAGS_AN_IDENTITY)


async def _check_unused(records: Records, identity: Identity) -> None:
    if await records.policy_attachments.of(identity.id):
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if await records.inline_policies.of(identity.id):
        raise DeleteConflict("Cannot delete entity, must delete policies first.")
    if identity.kind is IdentityKind.GROUP:
        if await records.memberships.users_in(identity.id, after="", limit=1):
            raise DeleteConflict("Cannot delete entity, must remove users from group first.")
    elif identity.kind is IdentityKind.USER:
        if await records.memberships.groups_of(identity.id):
            raise DeleteConflict("Cannot delete entity, must remove user from groups first.")
        if any(
            key.principal.expires_at is None for key in await records.access_keys.of_principal(identity.arn)
        ):
            raise DeleteConflict("Cannot delete entity, must delete access keys first.")
