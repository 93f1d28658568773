"""Users, groups and roles of an account, and the policies that are kept for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class IdentityKind(StrEnum):
    """What policies can be attached to; the value is the word in its ARN."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"

    @property
    def id_prefix(self) -> str:
        """How AWS begins the unique ids of this kind."""
        return {"user": "AIDA", "group": "AGPA", "role": "AROA"}[self.value]


POLICY_ID_PREFIX = "ANPA"


@dataclass(frozen=True, slots=True)
class RoleTerms:
    """What only a role has: who may assume it, and for how long."""

    trust_policy: str
    max_session: timedelta = timedelta(hours=1)
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A user, group or role; `id` stays when it is renamed and never comes back after it was deleted.

    `boundary` is the ARN of the managed policy that limits it, None where nothing does; `terms` is there for
    roles alone.
    """

    id: str
    account: str
    kind: IdentityKind
    path: str
    name: str
    created_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    boundary: str | None = None
    terms: RoleTerms | None = None

    @property
    def arn(self) -> str:
        """The name that policies and AWS's clients have for it."""
        return identity_arn(self.account, self.kind, self.name, path=self.path)


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A policy of its own, with up to five versions, of which the default one counts."""

    arn: str
    id: str
    account: str
    path: str
    name: str
    description: str | None
    default_version: int
    newest_version: int
    created_at: datetime
    updated_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One text of a managed policy; numbers are never used again."""

    number: int
    document: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """An issuer of identity tokens that roles may trust; `url` has no scheme."""

    account: str
    url: str
    client_ids: tuple[str, ...]
    thumbprints: tuple[str, ...]
    created_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The name that trust policies have for it."""
        return f"arn:aws:iam::{self.account}:oidc-provider/{self.url}"


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """What a session of a role or a federated user is allowed, beside its access key.

    `identity_id` is the role's or the user's, "" for the account's root. Where `is_limited`, `policies`
    (documents) and `policy_arns` together must allow what the session asks; else they are empty.
    """

    access_key_id: str
    identity_id: str
    expires_at: datetime
    is_limited: bool = False
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyUse:
    """When and where an access key last signed a request."""

    access_key_id: str
    used_at: datetime
    service: str
    region: str


def identity_arn(account: str, kind: IdentityKind, name: str, *, path: str = "/") -> str:
    """The ARN of an identity, which may not exist."""
    return f"arn:aws:iam::{account}:{kind}{path}{name}"


def policy_arn(account: str, name: str, *, path: str = "/") -> str:
    """The ARN of a managed policy; those that every account has belong to the account `aws`."""
    return f"arn:aws:iam::{account}:policy{path}{name}"
