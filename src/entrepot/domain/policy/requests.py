"""A request as policies see it: who asks, for what, and what is known beside that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from entrepot.domain.principals import root_arn

ContextValue = str | tuple[str, ...]
"""What a condition key holds: one text, or a tuple where the key is a multivalued one."""


class CallerKind(StrEnum):
    """Kinds of caller, by the names that `aws:PrincipalType` gives them."""

    ROOT = "Account"
    USER = "User"
    ROLE_SESSION = "AssumedRole"
    FEDERATED_SESSION = "FederatedUser"
    WEB_IDENTITY = "WebIdentity"
    SERVICE = "Service"
    ANYONE = "Anonymous"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. Made by the functions below, one a kind.

    `arn` is what STS GetCallerIdentity says, a service's name, or an identity provider's ARN. `issuer_arn` is
    the role that was assumed or the user who made the federated session, with its path; None for the others.
    `account` is None where no account's policies speak for the caller.
    """

    kind: CallerKind
    arn: str
    account: str | None = None
    user_id: str = ""
    issuer_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def account_root(account: str) -> Caller:
    """The account itself, which needs no identity-based policy for anything in it."""
    return Caller(CallerKind.ROOT, root_arn(account), account, account)


def iam_user(arn: str, *, account: str, user_id: str = "", tags: Mapping[str, str] | None = None) -> Caller:
    """A user, with long-lived keys or those of GetSessionToken."""
    return Caller(CallerKind.USER, arn, account, user_id, tags=tags or {})


def role_session(
    arn: str, *, role_arn: str, account: str, user_id: str = "", tags: Mapping[str, str] | None = None
) -> Caller:
    """Somebody who assumed a role; the tags are the role's with the session's over them."""
    return Caller(CallerKind.ROLE_SESSION, arn, account, user_id, role_arn, tags or {})


def federated_session(
    arn: str, *, user_arn: str, account: str, user_id: str = "", tags: Mapping[str, str] | None = None
) -> Caller:
    """A session of GetFederationToken; its identity-based policies are the user's."""
    return Caller(CallerKind.FEDERATED_SESSION, arn, account, user_id, user_arn, tags or {})


def web_identity(provider_arn: str) -> Caller:
    """The holder of an identity provider's token, who is nobody yet but may assume a role."""
    return Caller(CallerKind.WEB_IDENTITY, provider_arn)


def service(name: str) -> Caller:
    """A part of Entrepot that acts by itself, such as `replication.ecr.amazonaws.com`."""
    return Caller(CallerKind.SERVICE, name)


def anyone() -> Caller:
    """A caller without credentials."""
    return Caller(CallerKind.ANYONE, "")


@dataclass(frozen=True, slots=True)
class Context:
    """What condition keys can tell of a request; None or an absent name means that the key is not there.

    `image_tag` is the one tag that is pushed, pulled, deleted or moved: a door that handles several asks once
    for each, because what is said of one tag must hold for all of them. `resource_tags` is None where whoever
    decides is to find them: those of the repository that has the resource's name. `others` are keys by
    lower-case name: claims of an identity token, what STS adds to AssumeRole, what a simulation sets.
    """

    now: datetime | None = None
    source_ip: IPv4Address | IPv6Address | None = None
    is_secure: bool | None = None
    user_agent: str | None = None
    region: str | None = None
    issued_at: datetime | None = None
    resource_tags: Mapping[str, str] | None = None
    request_tags: Mapping[str, str] = field(default_factory=dict)
    tag_keys: tuple[str, ...] | None = None
    image_tag: str | None = None
    account_setting: str | None = None
    source_arn: str | None = None
    source_account: str | None = None
    others: Mapping[str, ContextValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One question: may the caller take the action on the resource, an ARN or `*` that the account owns?"""

    caller: Caller
    action: str
    resource: str
    account: str
    context: Context = field(default_factory=Context)
