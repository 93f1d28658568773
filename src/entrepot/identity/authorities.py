"""What stands behind a principal: the policies that speak for it, read once and kept while they are true."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from entrepot.domain.errors import TokenRejected
from entrepot.domain.identities import Identity, IdentityKind, SessionTerms
from entrepot.domain.policy.documents import Document, Kind
from entrepot.domain.policy.policies import Applicable, Policies
from entrepot.domain.policy.requests import Caller, account_root, federated_session, iam_user, role_session
from entrepot.domain.principals import Principal, root_arn
from entrepot.domain.versioned import Versioned
from entrepot.identity.aws_policies import AWS_POLICIES
from entrepot.identity.shelf import PolicyShelf
from entrepot.ports.records import Records, Store

_NONE = Policies(())
_SHELF = PolicyShelf()  # of the whole process: texts mean the same to everybody


@dataclass(frozen=True, slots=True)
class Authority:
    """A principal as the evaluator sees it; `issued_at` is when its session began, None for lasting keys."""

    caller: Caller
    applicable: Applicable
    issued_at: datetime | None = None


class Authorities:
    """Finds the authority of each principal."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = Versioned[str, Authority]()

    async def of(self, principal: Principal) -> Authority:
        """The principal's authority; TokenRejected where its user or role does not exist any more."""
        version = held_version(self._store)
        found = self._known.find(principal.access_key_id, version)
        if found is None:
            found = await self._store.read(lambda records: _authority(records, principal))
            self._known.keep(principal.access_key_id, version, found)
        return found

    async def of_identity(self, identity: Identity) -> Authority:
        """What a user or role may do by itself, for a simulation."""
        caller = iam_user(
            identity.arn, account=identity.account, user_id=identity.id, tags=dict(identity.tags)
        )
        return await self._store.read(lambda records: _limited(records, caller, identity, None))

    async def of_role(self, role: Identity, session_name: str, begun_at: datetime) -> Authority:
        """What a session of the role may do that nothing limits further, for an explanation."""
        caller = role_session(
            f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session_name}",
            role_arn=role.arn,
            account=role.account,
            user_id=f"{role.id}:{session_name}",
            tags=dict(role.tags),
        )
        found = await self._store.read(lambda records: _limited(records, caller, role, None))
        return replace(found, issued_at=begun_at)

    def of_root(self, account: str) -> Authority:
        """The account itself."""
        return Authority(account_root(account), Applicable(_NONE))


def held_version(store: Store) -> tuple[int, int] | None:
    """As long as this stays, what was read of policies holds and may be held; None where it may not."""
    version = store.version()
    return None if version is None else (version, _SHELF.generation)


def compile_document(text: str, kind: Kind) -> Document:
    """The parsed document; raises MalformedPolicy. Documents repeat, so that many are parsed once."""
    return _SHELF.document(text, kind)


def compile_policies(kind: Kind, named: Iterable[tuple[str, str]]) -> Policies:
    """Policies by name and text, that count together."""
    return _SHELF.policies(kind, named)


async def _authority(records: Records, principal: Principal) -> Authority:
    key = await records.access_keys.find(principal.access_key_id)
    is_session = key is not None and key.principal.expires_at is not None
    issued_at = key.created_at if key is not None and is_session else None
    if principal.is_root:
        return Authority(account_root(principal.account), Applicable(_NONE), issued_at)
    if key is None:
        raise TokenRejected
    terms = await records.sessions.find(principal.access_key_id)
    identity_id = principal.user_id if terms is None else terms.identity_id
    identity = await records.identities.find_by_id(identity_id) if identity_id else None
    if identity is None and (terms is None or identity_id):
        raise TokenRejected
    caller = _caller(principal, identity, terms)
    return replace(await _limited(records, caller, identity, terms), issued_at=issued_at)


def _caller(principal: Principal, identity: Identity | None, terms: SessionTerms | None) -> Caller:
    """Who asks; without an identity it is a session that the root made for a federated user."""
    arn, account, user_id = principal.arn, principal.account, principal.user_id
    own = dict(identity.tags) if identity is not None else {}
    if terms is None:
        return iam_user(arn, account=account, user_id=user_id, tags=own)
    if identity is not None and identity.kind is IdentityKind.ROLE:
        tags = own | dict(terms.tags)
        return role_session(arn, role_arn=identity.arn, account=account, user_id=user_id, tags=tags)
    issuer = identity.arn if identity is not None else root_arn(account)
    return federated_session(arn, user_arn=issuer, account=account, user_id=user_id, tags=dict(terms.tags))


async def _limited(
    records: Records, caller: Caller, identity: Identity | None, terms: SessionTerms | None
) -> Authority:
    """The caller with the identity's policies, inside its boundary and the session's policies."""
    own = await identity_policies(records, identity) if identity is not None else ()
    boundary = limit = None
    if identity is not None and identity.boundary is not None:
        boundary = await _managed(records, [identity.boundary])
    if terms is not None and terms.is_limited:
        inline = tuple((f"session policy {n}", text) for n, text in enumerate(terms.policies))
        limit = inline + await _managed(records, terms.policy_arns)
    applicable = Applicable(
        identity=compile_policies(Kind.IDENTITY, own),
        boundary=None if boundary is None else compile_policies(Kind.BOUNDARY, boundary),
        session=None if limit is None else compile_policies(Kind.SESSION, limit),
    )
    return Authority(caller, applicable)


async def identity_policies(records: Records, identity: Identity) -> tuple[tuple[str, str], ...]:
    """Name and text of everything attached to an identity and, for a user, to its groups."""
    holders = [identity]
    if identity.kind is IdentityKind.USER:
        holders += await records.memberships.groups_of(identity.id)
    named: list[tuple[str, str]] = []
    for holder in holders:
        inline = await records.inline_policies.of(holder.id)
        of_group = f" of group {holder.name}" if holder.kind is IdentityKind.GROUP else ""
        named += ((name + of_group, text) for name, text in inline.items())
        named += await _managed(records, await records.policy_attachments.of(holder.id))
    return tuple(named)


async def _managed(records: Records, arns: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The texts of managed policies that exist; one that does not allows nothing."""
    wanted = list(arns)
    documents = await records.managed_policies.documents([arn for arn in wanted if arn not in AWS_POLICIES])
    documents |= {arn: AWS_POLICIES[arn].document for arn in wanted if arn in AWS_POLICIES}
    return tuple((arn, documents[arn]) for arn in wanted if arn in documents)
