"""May this principal do that? Every door asks here, and gets a decision with its reason."""

from dataclasses import dataclass, replace

from entrepot.domain.errors import AccessDenied, InvalidParameter, TokenRejected
from entrepot.domain.identities import Identity
from entrepot.domain.names import parse_repository_arn
from entrepot.domain.policy.decisions import Decision
from entrepot.domain.policy.documents import Kind
from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.requests import Caller, CallerKind, Context, Request
from entrepot.domain.principals import Principal
from entrepot.domain.versioned import Versioned
from entrepot.identity.authorities import Authorities, Authority, compile_policies, held_version
from entrepot.identity.resource_policies import ResourcePolicies
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store

_PLAIN = Context()
_LONGEST_AGENT = 256  # characters: of contexts with a longer one no decision is kept

# What the account's root may do whatever its repositories and registries say: nobody locks an account out.
_KEPT_BY_THE_ROOT = frozenset(
    f"ecr:{verb}{what}Policy"
    for what, verbs in (
        ("Repository", ("Get", "Set", "Delete")),
        ("Registry", ("Get", "Put", "Delete")),
    )
    for verb in verbs
)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A decision, and the context in which it was made."""

    context: Context
    decision: Decision


class Decisions:
    """Decides requests by the policies of whoever asks, and of the repository and registry asked for.

    A user without policies, whom no repository or registry names, may do nothing. What a client asks again
    and again is decided once, until something is written that may change the answer.
    """

    def __init__(self, store: Store, authorities: Authorities, clock: Clock) -> None:
        self._store = store
        self._authorities = authorities
        self._resource_policies = ResourcePolicies(store)
        self._clock = clock
        self._kept = Versioned[tuple[object, ...], _Kept]()

    async def decide(
        self,
        principal: Principal,
        action: str,
        *,
        account: str,
        resource: str,
        context: Context = _PLAIN,
        role: Identity | None = None,
        proposed_policy: str | None = None,
        as_good: str | None = None,
    ) -> Decision:
        """The decision on `action` (such as `ecr:PutImage`) on an ARN or `*` that `account` owns.

        `context` is what the door knows of the request; time, the age of the session and the tags of a
        repository are filled in here. `role` is the one to be assumed, whose trust policy then counts.
        `proposed_policy` stands in place of the repository's own, to see what it would do. `as_good` is an
        action whose permission does as well; where neither is allowed, the decision is that on `action`.
        """
        version = held_version(self._store)
        asked = action, as_good, account, resource
        key = principal.access_key_id, asked, context.image_tag, context.source_ip
        is_plain = role is None and proposed_policy is None
        kept = self._kept.find(key, version) if is_plain else None
        if kept is not None and (kept.context is context or kept.context == context):
            return kept.decision
        authority = await self._authorities.of(principal)
        decision, is_lasting = await self._judge(
            authority,
            action,
            account=account,
            resource=resource,
            context=context,
            role=role,
            proposed_policy=proposed_policy,
            as_good=as_good,
        )
        if is_plain and is_lasting and len(context.user_agent or "") <= _LONGEST_AGENT:
            self._kept.keep(key, version, _Kept(context, decision))
        return decision

    async def judge(
        self,
        authority: Authority,
        action: str,
        *,
        account: str,
        resource: str,
        context: Context = _PLAIN,
        role: Identity | None = None,
    ) -> Decision:
        """The same decision for whoever is at hand; a time that the context has stands."""
        decision, _ = await self._judge(
            authority, action, account=account, resource=resource, context=context, role=role
        )
        return decision

    async def _judge(
        self,
        authority: Authority,
        action: str,
        *,
        account: str,
        resource: str,
        context: Context,
        role: Identity | None,
        proposed_policy: str | None = None,
        as_good: str | None = None,
    ) -> tuple[Decision, bool]:
        """The decision, and whether it is the same for the same request until policies change."""
        applicable, tags = authority.applicable, context.resource_tags
        if _is_about_the_registry(action, resource) and not _is_kept(authority.caller, action, account):
            side = await self._resource_policies.of(
                resource, account=account, region=context.region, proposed=proposed_policy
            )
            policies = side.policies_on(action)
            if policies:
                applicable = replace(applicable, resource=policies)
        if role is not None and role.terms is not None:
            trust = compile_policies(Kind.TRUST, [("trust policy", role.terms.trust_policy)])
            applicable = replace(applicable, trust=trust)
        reads_tags = applicable.reads_resource_tags
        if reads_tags and tags is None:
            tags = await self._tags(resource)
        if applicable.has_statements:
            now = context.now or self._clock()
            context = replace(context, now=now, issued_at=authority.issued_at, resource_tags=tags)
        request = Request(authority.caller, action, resource, account, context)
        decision = decide(request, applicable)
        if as_good is not None and not decision.is_allowed:
            other = decide(replace(request, action=as_good), applicable)
            decision = other if other.is_allowed else decision
        return decision, not (applicable.reads_time or reads_tags)

    async def allows(
        self, principal: Principal, action: str, *, account: str, resource: str, context: Context = _PLAIN
    ) -> bool:
        """Whether the decision is yes; it is no for a principal that has gone meanwhile."""
        try:
            decision = await self.decide(
                principal, action, account=account, resource=resource, context=context
            )
        except TokenRejected:
            return False
        return decision.is_allowed

    async def allows_of_many(
        self, principal: Principal, action: str, *, account: str, resource: str, context: Context = _PLAIN
    ) -> bool:
        """Whether it is yes for one of very many resources: kept, their decisions would drive others out."""
        authority = await self._authorities.of(principal)
        decision = await self.judge(authority, action, account=account, resource=resource, context=context)
        return decision.is_allowed

    async def require(
        self,
        principal: Principal,
        action: str,
        *,
        account: str,
        resource: str,
        context: Context = _PLAIN,
        role: Identity | None = None,
        as_good: str | None = None,
    ) -> None:
        """Raises AccessDenied unless the decision is yes."""
        decision = await self.decide(
            principal, action, account=account, resource=resource, context=context, role=role, as_good=as_good
        )
        if not decision.is_allowed:
            raise AccessDenied(principal.arn, action, resource, decision.because)

    async def _tags(self, resource: str) -> dict[str, str]:
        """The tags of a repository; none of anything else."""
        try:
            registry, name = parse_repository_arn(resource)
        except InvalidParameter:
            return {}

        async def body(records: Records) -> dict[str, str]:
            repository = await records.repositories.find(registry, name)
            return await records.resource_tags.of(repository.id) if repository is not None else {}

        return await self._store.read(body)


def _is_about_the_registry(action: str, resource: str) -> bool:
    """Whether repositories and registries have a say: of ECR's actions always, of ours on a repository."""
    return action.startswith("ecr:") or (
        action.startswith("entrepot:") and resource.split(":", 3)[2:3] == ["ecr"]
    )


def _is_kept(caller: Caller, action: str, account: str) -> bool:
    is_root = caller.kind is CallerKind.ROOT and caller.account == account
    return is_root and action in _KEPT_BY_THE_ROOT
