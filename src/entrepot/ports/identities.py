"""Rows of users, groups, roles, policies, providers and sessions, one protocol a subject.

As in `records`, every method belongs to one transaction, and lists are ordered bytewise by the name they
are paged on: `after` is the last one already seen, "" at the start. Names of identities and policies are
the same whatever their case, and are ordered in lower case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from entrepot.domain.identities import (
    Identity,
    IdentityKind,
    KeyUse,
    ManagedPolicy,
    OidcProvider,
    PolicyVersion,
    SessionTerms,
)


class Identities(Protocol):
    """Users, groups and roles."""

    async def find(self, account: str, kind: IdentityKind, name: str) -> Identity | None: ...

    async def find_by_id(self, identity_id: str) -> Identity | None: ...

    async def page(
        self, account: str, kind: IdentityKind, *, path_prefix: str, after: str, limit: int
    ) -> list[Identity]: ...

    async def add(self, identity: Identity) -> bool:
        """False, and nothing written, when the name is taken."""

    async def change(self, identity: Identity) -> None:
        """Write everything but id, account, kind and time of creation; the name must be free."""

    async def remove(self, identity_id: str) -> None: ...

    async def bounded_by(self, account: str, policy_arn: str, *, after: str, limit: int) -> list[Identity]:
        """Identities of the account whose boundary is this policy, by id."""


class Memberships(Protocol):
    """Which users are in which groups."""

    async def add(self, user_id: str, group_id: str) -> None:
        """May be repeated."""

    async def remove(self, user_id: str, group_id: str) -> None: ...

    async def groups_of(self, user_id: str) -> list[Identity]:
        """By name; a user is in ten groups at most."""

    async def users_in(self, group_id: str, *, after: str, limit: int) -> list[Identity]:
        """Paged by the user's id."""


class InlinePolicies(Protocol):
    """Documents that belong to one identity, by name."""

    async def of(self, identity_id: str) -> dict[str, str]:
        """By name; an identity's documents have a few thousand characters together."""

    async def put(self, identity_id: str, name: str, document: str) -> None: ...

    async def remove(self, identity_id: str, name: str) -> bool:
        """False when there was none."""


class ManagedPolicies(Protocol):
    """Policies of an account, and their versions."""

    async def find(self, arn: str) -> ManagedPolicy | None: ...

    async def page(
        self, account: str, *, path_prefix: str, after: str, limit: int
    ) -> list[ManagedPolicy]: ...

    async def add(self, policy: ManagedPolicy) -> bool:
        """False, and nothing written, when the name is taken."""

    async def change(self, policy: ManagedPolicy) -> None:
        """Write versions, time of change and tags."""

    async def remove(self, arn: str) -> None:
        """Remove the policy with its versions."""

    async def versions(self, arn: str) -> list[PolicyVersion]:
        """Newest first."""

    async def add_version(self, arn: str, version: PolicyVersion) -> None: ...

    async def remove_version(self, arn: str, number: int) -> None: ...

    async def documents(self, arns: Sequence[str]) -> dict[str, str]:
        """The default version of each; no entry for a policy that does not exist."""


@dataclass(frozen=True, slots=True)
class Attached:
    """An identity that a policy is attached to, or whose boundary it is."""

    identity_id: str
    kind: IdentityKind
    name: str
    path: str


class PolicyAttachments(Protocol):
    """Which managed policies count for which identities."""

    async def of(self, identity_id: str) -> list[str]:
        """ARNs."""

    async def add(self, identity_id: str, policy_arn: str, account: str) -> None:
        """May be repeated."""

    async def remove(self, identity_id: str, policy_arn: str) -> bool:
        """False when it was not attached."""

    async def identities(self, account: str, policy_arn: str, *, after: str, limit: int) -> list[Attached]:
        """Identities of one account, paged by id."""


class OidcProviders(Protocol):
    """Issuers of identity tokens."""

    async def find(self, account: str, url: str) -> OidcProvider | None: ...

    async def all(self, account: str) -> list[OidcProvider]: ...

    async def put(self, provider: OidcProvider) -> None: ...

    async def remove(self, account: str, url: str) -> None: ...


class Sessions(Protocol):
    """What sessions of roles and federated users may do."""

    async def find(self, access_key_id: str) -> SessionTerms | None: ...

    async def add(self, terms: SessionTerms) -> None: ...

    async def remove_expired(self, before: datetime, limit: int) -> int: ...


class KeyUses(Protocol):
    """When access keys were last used."""

    async def find(self, access_key_id: str) -> KeyUse | None: ...

    async def note(self, uses: Iterable[KeyUse]) -> None:
        """Write down those that are newer than what is known."""

    async def forget(self, access_key_id: str) -> None: ...
