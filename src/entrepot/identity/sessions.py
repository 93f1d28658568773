"""Sessions that are somebody else than their caller: assumed roles, and federated users."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from entrepot.domain.errors import (
    AccessDenied,
    InvalidParameter,
    PolicyTooLarge,
    QuotaExceeded,
    SessionRefused,
)
from entrepot.domain.identities import Identity, IdentityKind, OidcProvider, SessionTerms
from entrepot.domain.policy.documents import Kind
from entrepot.domain.policy.requests import Context
from entrepot.domain.principals import Principal, SessionKind
from entrepot.identity.credentials import Credentials, IssuedKey, new_session_key
from entrepot.identity.decisions import Decisions
from entrepot.identity.directory import check_attachable
from entrepot.identity.documents import check_document, find_identity
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store

_ROLE_LIFE = timedelta(hours=1)  # the default, and the most for a role that a role assumes
_FEDERATED_LIFE = timedelta(hours=12)
_ROOT_LIFE = timedelta(hours=1)
_POLICY_ARNS = 10
_TAGS = 50
_POLICY_CHARACTERS = 2048
_PACKED_BYTES = 4096  # AWS does not say how it packs; compressed JSON in this many bytes is our measure


@dataclass(frozen=True, slots=True)
class AskedSession:
    """What a caller says of a session that is to begin; `duration` is None where it leaves that open."""

    name: str
    duration: timedelta | None = None
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive_tags: tuple[str, ...] = ()
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class BegunSession:
    """The keys of a new session, who it is, and how much of the room its policies and tags take."""

    issued: IssuedKey
    principal: Principal
    packed_percent: int | None


class Sessions:
    """Begins sessions; each refusal is STS's."""

    def __init__(self, store: Store, credentials: Credentials, decisions: Decisions, clock: Clock) -> None:
        self._store = store
        self._credentials = credentials
        self._decisions = decisions
        self._clock = clock

    async def assume_role(
        self, caller: Principal, role_arn: str, asked: AskedSession, context: Context
    ) -> BegunSession:
        """A session of the role, if its trust policy and the caller's own policies allow it."""
        if caller.is_root:
            raise SessionRefused("Roles may not be assumed by root accounts.")
        role = await self._store.read(lambda records: find_identity(records, role_arn))
        inherited = await self._inherited(caller)
        tags = {**asked.tags, **inherited}
        if set(asked.tags) & set(inherited):
            raise InvalidParameter("tags", "must not give a transitive tag of the calling session again")
        await self._check_allowed(caller, role, role_arn, asked, context)
        if role is None:
            raise LookupError("only roles can be allowed to be assumed")
        transitive = tuple(sorted({*asked.transitive_tags, *inherited}))
        life = _role_life(role, asked, is_chained=caller.is_role_session)
        session = self._of_role(role, replace(asked, tags=tags, transitive_tags=transitive), life)
        return await self._begin(caller, *session)

    async def begin_for_provider(
        self, provider: OidcProvider, role: Identity, asked: AskedSession
    ) -> BegunSession:
        """A session of the role for somebody whom the provider vouches for, and whom the role trusts."""
        life = _role_life(role, asked, is_chained=False)
        issued, principal, terms = self._of_role(role, asked, life)
        percent = await self._check_terms(principal.account, terms)
        await self._credentials.add_web_session(provider, principal, issued, terms)
        return BegunSession(issued, principal, percent)

    async def federate(self, caller: Principal, user_id: str, asked: AskedSession) -> BegunSession:
        """A session of a federated user, who may do what both the caller and the session's policies allow.

        `user_id` is the caller's, "" for the root. Without policies the session may do nothing.
        """
        longest = _ROOT_LIFE if caller.is_root else asked.duration or _FEDERATED_LIFE
        issued = new_session_key(self._clock() + min(asked.duration or longest, longest))
        principal = Principal(
            caller.account,
            f"arn:aws:sts::{caller.account}:federated-user/{asked.name}",
            f"{caller.account}:{asked.name}",
            issued.access_key_id,
            issued.expires_at,
        )
        return await self._begin(caller, issued, principal, _terms(asked, principal, user_id, limited=True))

    async def open_console(self, caller: Principal, duration: timedelta) -> BegunSession:
        """A session for the console that is its caller, with what it may do and nothing more.

        It ends when the caller's own session does, if that is sooner, and remembers credentials of
        GetSessionToken: who finds those must not get to IAM with them, where lasting ones are made.
        """
        ends = self._clock() + duration
        issued = new_session_key(min(ends, caller.expires_at or ends))
        principal = replace(
            caller,
            access_key_id=issued.access_key_id,
            expires_at=issued.expires_at,
            is_console=True,
            is_of_token=caller.is_of_token or caller.session_kind is SessionKind.TOKEN,
        )
        terms = await self._store.read(lambda records: records.sessions.find(caller.access_key_id))
        if terms is not None:
            terms = replace(terms, access_key_id=issued.access_key_id, expires_at=_end(principal))
        await self._credentials.add_session(caller, principal, issued, terms)
        return BegunSession(issued, principal, packed_percent=None)

    def _of_role(
        self, role: Identity, asked: AskedSession, life: timedelta
    ) -> tuple[IssuedKey, Principal, SessionTerms]:
        issued = new_session_key(self._clock() + life)
        principal = Principal(
            role.account,
            f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{asked.name}",
            f"{role.id}:{asked.name}",
            issued.access_key_id,
            issued.expires_at,
        )
        return issued, principal, _terms(asked, principal, role.id, limited=False)

    async def _begin(
        self, caller: Principal, issued: IssuedKey, principal: Principal, terms: SessionTerms
    ) -> BegunSession:
        percent = await self._check_terms(principal.account, terms)
        await self._credentials.add_session(caller, principal, issued, terms)
        return BegunSession(issued, principal, percent)

    async def _inherited(self, caller: Principal) -> dict[str, str]:
        """The transitive tags of the session that asks, which the next one keeps."""
        found = await self._store.read(lambda records: records.sessions.find(caller.access_key_id))
        if found is None:
            return {}
        return {key: value for key, value in found.tags.items() if key in found.transitive_tags}

    async def _check_allowed(
        self, caller: Principal, role: Identity | None, arn: str, asked: AskedSession, context: Context
    ) -> None:
        """Raises AccessDenied, in the same words for a role that does not exist."""
        others: dict[str, str | tuple[str, ...]] = {"sts:rolesessionname": asked.name}
        if asked.external_id is not None:
            others["sts:externalid"] = asked.external_id
        if asked.transitive_tags:
            others["sts:transitivetagkeys"] = asked.transitive_tags
        context = replace(context, request_tags=asked.tags, tag_keys=tuple(asked.tags), others=others)
        actions = ["sts:AssumeRole", *(["sts:TagSession"] if asked.tags else [])]
        for action in actions:
            allowed = role is not None and role.kind is IdentityKind.ROLE
            if allowed and role is not None:
                decision = await self._decisions.decide(
                    caller, action, account=role.account, resource=arn, context=context, role=role
                )
                allowed = decision.is_allowed
            if not allowed:
                raise AccessDenied(caller.arn, action, arn, because="")

    async def _check_terms(self, account: str, terms: SessionTerms) -> int | None:
        """How many percent of the room are taken, None of nothing; raises what STS says of bad policies."""
        for text in terms.policies:
            if len(text) > _POLICY_CHARACTERS:
                raise PolicyTooLarge(-(-len(text) * 100 // _POLICY_CHARACTERS))
            check_document(text, Kind.SESSION)
        if len(terms.policy_arns) > _POLICY_ARNS:
            raise QuotaExceeded("SessionPolicyArns", _POLICY_ARNS)
        if len(terms.tags) > _TAGS:
            raise QuotaExceeded("TagsPerSession", _TAGS)

        async def body(records: Records) -> None:
            for arn in terms.policy_arns:
                await check_attachable(records, account, arn)

        await self._store.read(body)
        if not (terms.policies or terms.policy_arns or terms.tags):
            return None
        packed = zlib.compress(
            json.dumps([terms.policies, terms.policy_arns, dict(terms.tags)]).encode(), level=9
        )
        percent = -(-len(packed) * 100 // _PACKED_BYTES)
        if percent > 100:
            raise PolicyTooLarge(percent)
        return percent


def _role_life(role: Identity, asked: AskedSession, *, is_chained: bool) -> timedelta:
    if role.terms is None:
        raise LookupError("only roles can be assumed")
    duration = asked.duration or _ROLE_LIFE
    if duration > role.terms.max_session:
        raise InvalidParameter("durationSeconds", "must not exceed the MaxSessionDuration set for this role")
    if is_chained and duration > _ROLE_LIFE:
        raise InvalidParameter(
            "durationSeconds", "must not exceed the 1 hour session limit for roles assumed by role chaining"
        )
    return duration


def _terms(asked: AskedSession, principal: Principal, identity_id: str, *, limited: bool) -> SessionTerms:
    return SessionTerms(
        access_key_id=principal.access_key_id,
        identity_id=identity_id,
        expires_at=_end(principal),
        is_limited=limited or bool(asked.policies or asked.policy_arns),
        policies=asked.policies,
        policy_arns=asked.policy_arns,
        tags=dict(asked.tags),
        transitive_tags=asked.transitive_tags,
    )


def _end(principal: Principal) -> datetime:
    if principal.expires_at is None:
        raise ValueError("a session has an end")
    return principal.expires_at
