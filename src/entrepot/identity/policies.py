"""The policies of identities: those that belong to one of them, and those that are attached to many."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from entrepot.domain.errors import (
    DeleteConflict,
    EntityExists,
    EntityNotFound,
    InputInvalid,
    QuotaExceeded,
)
from entrepot.domain.identities import (
    POLICY_ID_PREFIX,
    IdentityKind,
    ManagedPolicy,
    PolicyVersion,
    policy_arn,
)
from entrepot.domain.policy.documents import Kind
from entrepot.identity.auditing import tell
from entrepot.identity.aws_policies import AWS_ACCOUNT, AWS_POLICIES, AwsPolicy
from entrepot.identity.directory import check_attachable, get_identity
from entrepot.identity.documents import INLINE_LIMITS, MANAGED_LIMIT, check_document, size_of
from entrepot.ports.clock import Clock
from entrepot.ports.identities import Attached
from entrepot.ports.records import Records, Store

POLICIES_AN_IDENTITY = 10
VERSIONS_A_POLICY = 5


class IdentityPolicies:
    """Puts policies on users, groups and roles, and takes them off."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, account: str, kind: IdentityKind, name: str, policy: str, document: str) -> None:
        """Add or replace an inline policy; QuotaExceeded where they are too long together."""
        check_document(document, Kind.IDENTITY)

        async def body(records: Records) -> None:
            identity = await get_identity(records, account, kind, name)
            texts = {**await records.inline_policies.of(identity.id), policy: document}
            if sum(map(size_of, texts.values())) > INLINE_LIMITS[kind]:
                raise QuotaExceeded(f"{kind.capitalize()}PolicySize", INLINE_LIMITS[kind])
            await records.inline_policies.put(identity.id, policy, document)

        await self._store.write(body)

    async def of(self, account: str, kind: IdentityKind, name: str) -> dict[str, str]:
        """The identity's inline policies by name."""

        async def body(records: Records) -> dict[str, str]:
            identity = await get_identity(records, account, kind, name)
            return await records.inline_policies.of(identity.id)

        return await self._store.read(body)

    async def delete(self, account: str, kind: IdentityKind, name: str, policy: str) -> None:
        """Remove an inline policy, or EntityNotFound."""

        async def body(records: Records) -> None:
            identity = await get_identity(records, account, kind, name)
            if not await records.inline_policies.remove(identity.id, policy):
                raise EntityNotFound(f"{kind} policy", policy)

        await self._store.write(body)

    async def attach(self, account: str, kind: IdentityKind, name: str, arn: str) -> None:
        """Let a managed policy count for the identity; may be repeated."""

        async def body(records: Records) -> None:
            identity = await get_identity(records, account, kind, name)
            await check_attachable(records, account, arn)
            attached = await records.policy_attachments.of(identity.id)
            if arn not in attached and len(attached) >= POLICIES_AN_IDENTITY:
                raise QuotaExceeded(f"PoliciesPer{kind.capitalize()}", POLICIES_AN_IDENTITY)
            await records.policy_attachments.add(identity.id, arn, account)

        await self._store.write(body)

    async def detach(self, account: str, kind: IdentityKind, name: str, arn: str) -> None:
        """Take it off again, or EntityNotFound."""

        async def body(records: Records) -> None:
            identity = await get_identity(records, account, kind, name)
            if not await records.policy_attachments.remove(identity.id, arn):
                raise EntityNotFound("policy", arn)

        await self._store.write(body)

    async def attached(self, account: str, kind: IdentityKind, name: str) -> list[str]:
        """ARNs of what is attached, in order."""

        async def body(records: Records) -> list[str]:
            identity = await get_identity(records, account, kind, name)
            return await records.policy_attachments.of(identity.id)

        return await self._store.read(body)


class PolicyLibrary:
    """The managed policies of an account, each with its versions; AWS's own are in every account."""

    def __init__(self, store: Store, clock: Clock, new_unique_id: Callable[[str], str]) -> None:
        self._store = store
        self._clock = clock
        self._new_unique_id = new_unique_id

    async def create(
        self,
        account: str,
        name: str,
        document: str,
        *,
        path: str = "/",
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> ManagedPolicy:
        """The new policy with its version 1."""
        _check_managed(document)
        now = self._clock()
        policy = ManagedPolicy(
            arn=policy_arn(account, name, path=path),
            id=self._new_unique_id(POLICY_ID_PREFIX),
            account=account,
            path=path,
            name=name,
            description=description,
            default_version=1,
            newest_version=1,
            created_at=now,
            updated_at=now,
            tags=dict(tags or {}),
        )

        async def body(records: Records) -> None:
            if not await records.managed_policies.add(policy):
                raise EntityExists("A policy", name)
            await records.managed_policies.add_version(policy.arn, PolicyVersion(1, document, now))

        tell(policy={"arn": policy.arn, "policyId": policy.id})
        await self._store.write(body)
        return policy

    async def get(self, account: str, arn: str) -> ManagedPolicy:
        """A policy of the account or of AWS, or EntityNotFound."""
        return await self._store.read(lambda records: _get(records, account, arn))

    async def page(self, account: str, *, path_prefix: str, after: str, limit: int) -> list[ManagedPolicy]:
        """The account's own, by name."""
        return await self._store.read(
            lambda records: records.managed_policies.page(
                account, path_prefix=path_prefix, after=after, limit=limit
            )
        )

    async def versions(self, account: str, arn: str) -> tuple[ManagedPolicy, list[PolicyVersion]]:
        """The policy and its versions, newest first."""

        async def body(records: Records) -> tuple[ManagedPolicy, list[PolicyVersion]]:
            policy = await _get(records, account, arn)
            if arn in AWS_POLICIES:
                own = AWS_POLICIES[arn]
                return policy, [PolicyVersion(own.version, own.document, own.created_at)]
            return policy, await records.managed_policies.versions(arn)

        return await self._store.read(body)

    async def add_version(
        self, account: str, arn: str, document: str, *, is_default: bool
    ) -> tuple[ManagedPolicy, PolicyVersion]:
        """Another text; QuotaExceeded where there are five."""
        _check_managed(document)
        now = self._clock()

        async def body(records: Records) -> tuple[ManagedPolicy, PolicyVersion]:
            policy = await _get_own(records, account, arn)
            if len(await records.managed_policies.versions(arn)) >= VERSIONS_A_POLICY:
                raise QuotaExceeded("VersionsPerPolicy", VERSIONS_A_POLICY)
            version = PolicyVersion(policy.newest_version + 1, document, now)
            default = version.number if is_default else policy.default_version
            changed = replace(policy, default_version=default, newest_version=version.number, updated_at=now)
            await records.managed_policies.add_version(arn, version)
            await records.managed_policies.change(changed)
            tell(policyVersion={"versionId": f"v{version.number}", "isDefaultVersion": is_default})
            return changed, version

        return await self._store.write(body)

    async def set_default(self, account: str, arn: str, number: int) -> None:
        """Let another version count."""

        async def body(records: Records) -> None:
            policy = await _get_own(records, account, arn)
            await _check_version(records, arn, number)
            changed = replace(policy, default_version=number, updated_at=self._clock())
            await records.managed_policies.change(changed)

        await self._store.write(body)

    async def delete_version(self, account: str, arn: str, number: int) -> None:
        """Remove a version that is not the default one."""

        async def body(records: Records) -> None:
            policy = await _get_own(records, account, arn)
            await _check_version(records, arn, number)
            if policy.default_version == number:
                raise DeleteConflict("Cannot delete the default version of a policy.")
            await records.managed_policies.remove_version(arn, number)

        await self._store.write(body)

    async def tag(self, account: str, arn: str, tags: Mapping[str, str], *, without: frozenset[str]) -> None:
        """Add tags, and remove others."""

        async def body(records: Records) -> None:
            policy = await _get_own(records, account, arn)
            kept = {key: value for key, value in {**policy.tags, **tags}.items() if key not in without}
            await records.managed_policies.change(replace(policy, tags=kept))

        await self._store.write(body)

    async def delete(self, account: str, arn: str) -> None:
        """Remove a policy that nobody uses and that has no other version than the default one."""

        async def body(records: Records) -> None:
            await _get_own(records, account, arn)
            if len(await records.managed_policies.versions(arn)) > 1:
                raise DeleteConflict(
                    "This policy has more than one version. Before you delete a policy, you must delete the "
                    "policy's versions. The default version is deleted with the policy."
                )
            attached = await records.policy_attachments.identities(account, arn, after="", limit=1)
            if attached or await records.identities.bounded_by(account, arn, after="", limit=1):
                raise DeleteConflict("Cannot delete a policy attached to entities.")
            await records.managed_policies.remove(arn)

        await self._store.write(body)

    async def users_of(self, account: str, arn: str, *, after: str, limit: int) -> list[Attached]:
        """What the policy is attached to in the account, by id."""

        async def body(records: Records) -> list[Attached]:
            await _get(records, account, arn)
            return await records.policy_attachments.identities(account, arn, after=after, limit=limit)

        return await self._store.read(body)

    async def bounded_by(self, account: str, arn: str, *, after: str, limit: int) -> list[Attached]:
        """Whose boundary the policy is in the account, by id."""

        async def body(records: Records) -> list[Attached]:
            await _get(records, account, arn)
            found = await records.identities.bounded_by(account, arn, after=after, limit=limit)
            return [Attached(each.id, each.kind, each.name, each.path) for each in found]

        return await self._store.read(body)


async def _get(records: Records, account: str, arn: str) -> ManagedPolicy:
    if arn in AWS_POLICIES:
        return of_aws(AWS_POLICIES[arn])
    policy = await records.managed_policies.find(arn)
    if policy is None or policy.account != account:
        raise EntityNotFound("policy", arn)
    return policy


async def _get_own(records: Records, account: str, arn: str) -> ManagedPolicy:
    policy = await _get(records, account, arn)
    if policy.account != account:
        raise InputInvalid(f"Policy {arn} belongs to AWS and cannot be changed.")
    return policy


async def _check_version(records: Records, arn: str, number: int) -> None:
    if all(version.number != number for version in await records.managed_policies.versions(arn)):
        raise EntityNotFound("policy version", f"v{number}")


def _check_managed(document: str) -> None:
    check_document(document, Kind.IDENTITY, limit=MANAGED_LIMIT, quota="PolicySize")


def of_aws(policy: AwsPolicy) -> ManagedPolicy:
    """One of AWS's policies as those of accounts are."""
    return ManagedPolicy(
        arn=policy.arn,
        id=policy.id,
        account=AWS_ACCOUNT,
        path="/",
        name=policy.name,
        description=None,
        default_version=policy.version,
        newest_version=policy.version,
        created_at=policy.created_at,
        updated_at=policy.created_at,
    )
