"""Why somebody may or may not do something: the decision of a request that nobody made, with all of it."""

from dataclasses import dataclass, replace
from itertools import groupby

from entrepot.domain.arns import account_of, region_of
from entrepot.domain.errors import EntityNotFound, InvalidParameter, TokenRejected
from entrepot.domain.identities import Identity, IdentityKind
from entrepot.domain.policy.decisions import Decision
from entrepot.domain.policy.explanations import Look
from entrepot.domain.policy.requests import Context
from entrepot.domain.principals import Principal, root_arn
from entrepot.identity.authorities import Authorities, Authority
from entrepot.identity.decisions import Decisions
from entrepot.identity.directory import Directory
from entrepot.ports.clock import Clock
from entrepot.ports.records import AccessKey, KeysOf, Records, Store

_IMAGINED = "explained"  # the name of a session that a role is explained by
_NEWEST_OF = 1000


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with who was taken to ask; `session` is the key that stood for it, None for no session."""

    principal_arn: str
    session: Principal | None
    decision: Decision

    def policies(self) -> list[tuple[Look, ...]]:
        """The looks at each policy, in the order in which the evaluator takes them."""
        looks = self.decision.looks()
        number, numbered = 0, []
        for before, look in zip((None, *looks), looks, strict=False):
            is_next = before is not None and (
                (before.policy, before.kind) != (look.policy, look.kind) or look.index <= before.index
            )
            number += is_next
            numbered.append((number, look))
        groups = groupby(numbered, key=lambda each: each[0])
        return [tuple(look for _, look in group) for _, group in groups]


class Explanations:
    """Decides as the doors do, from the same policies, for principals and resources of one account."""

    def __init__(self, store: Store, directory: Directory, decisions: Decisions, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._authorities = Authorities(store)
        self._decisions = decisions
        self._clock = clock

    async def explain(
        self, account: str, principal: str, action: str, resource: str, context: Context
    ) -> Explanation:
        """The decision on a principal's request; a role asks in a session that begins now.

        `principal` is an ARN or the id of an access key. Raises EntityNotFound where the account has none
        such, InvalidParameter for a resource of another account.
        """
        if (account_of(resource) or account) != account:
            raise InvalidParameter("resource", "must be of your own account")
        region = region_of(resource)
        if region and context.region is None:
            context = replace(context, region=region)
        session, authority = await self._find(account, principal)
        role = await self._assumed(action, resource)
        decision = await self._decisions.judge(
            authority, action, account=account, resource=resource, context=context, role=role
        )
        return Explanation(authority.caller.arn, session, decision)

    async def _assumed(self, action: str, resource: str) -> Identity | None:
        """The role whose trust policy has a say."""
        if action.lower() != "sts:assumerole":
            return None
        role = await self._directory.find_by_arn(resource)
        return role if role is not None and role.kind is IdentityKind.ROLE else None

    async def _find(self, account: str, principal: str) -> tuple[Principal | None, Authority]:
        if not principal.startswith("arn:"):
            key = await self._store.read(lambda records: records.access_keys.find(principal))
            if key is None or key.principal.account != account:
                raise EntityNotFound("access key", principal)
            return key.principal, await self._of_key(key)
        if account_of(principal) != account:
            raise EntityNotFound("principal", principal)
        if principal == root_arn(account):
            return None, self._authorities.of_root(account)
        if principal.startswith("arn:aws:sts:"):
            return await self._find_session(account, principal)
        identity = await self._directory.find_by_arn(principal)
        if identity is None or identity.kind is IdentityKind.GROUP:
            raise EntityNotFound("principal", principal)
        if identity.kind is IdentityKind.ROLE:
            return None, await self._authorities.of_role(identity, _IMAGINED, self._clock())
        return None, await self._authorities.of_identity(identity)

    async def _find_session(self, account: str, arn: str) -> tuple[Principal | None, Authority]:
        """The newest session of this ARN; where there is none, one of its role that begins now."""
        now = self._clock()

        async def body(records: Records) -> list[AccessKey]:
            return await records.access_keys.sessions(KeysOf(arn), now=now, after=("", ""), limit=_NEWEST_OF)

        held = await self._store.read(body) if not arn.endswith("/") else []
        if held:
            newest = max(held, key=lambda key: key.created_at)
            return newest.principal, await self._of_key(newest)
        kind, _, rest = arn.rpartition(":")[2].partition("/")
        name, _, session_name = rest.partition("/")
        role = await self._directory.find(account, IdentityKind.ROLE, name)
        if kind != "assumed-role" or not session_name or role is None:
            raise EntityNotFound("principal", arn)
        return None, await self._authorities.of_role(role, session_name, now)

    async def _of_key(self, key: AccessKey) -> Authority:
        try:
            return await self._authorities.of(key.principal)
        except TokenRejected as cause:
            raise EntityNotFound("principal", key.principal.arn) from cause
