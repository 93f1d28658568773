"""May this caller do that? The one evaluator: every door asks here.

The order is AWS's ("Policy evaluation logic", IAM user guide). A Deny that fits, in any policy, ends it. Then
within one account a resource's policy that names the very user or session, or everyone, is enough; one that
names the role behind a session counts as an Allow of the role's own policies; one that names the account
leaves it to them. From another account both sides must allow. A boundary and a session's policies must
allow whatever an identity's policies, or a grant to the role behind a session, allow.
"""

from entrepot.domain.policy.decisions import Decision, Outcome, denied_by, not_allowed_by
from entrepot.domain.policy.documents import Effect, Kind
from entrepot.domain.policy.policies import Applicable, Placed, Policies
from entrepot.domain.policy.principals import Nearness
from entrepot.domain.policy.requests import Caller, CallerKind, Request
from entrepot.domain.principals import root_arn


def decide(request: Request, applicable: Applicable) -> Decision:
    """The decision on the request, which depends on nothing but these two."""
    action, is_bounded = request.action.lower(), applicable.boundary is not None
    for policies in applicable.all():
        for placed in policies.candidates(Effect.DENY, action, request.resource):
            if placed.mismatch(request, is_bounded=is_bounded) is None:
                clause = denied_by(placed.policy.document.kind)
                return Decision(Outcome.EXPLICIT_DENY, clause, placed, request, applicable)
    allow, wanting = _allow(request, applicable, action)
    if wanting is None:
        return Decision(Outcome.ALLOWED, "", allow, request, applicable)
    return Decision(Outcome.IMPLICIT_DENY, not_allowed_by(wanting, request.action), None, request, applicable)


def _allow(request: Request, applicable: Applicable, action: str) -> tuple[Placed | None, Kind | None]:
    """The statement that allows, or the kind of policy that would have to; both None for the root."""
    caller = request.caller
    is_local = caller.account is not None and caller.account == request.account
    grant, nearness = _grant(request, applicable, action)
    if nearness is Nearness.DIRECT and (is_local or caller.account is None):
        return grant, None
    # A role is assumed by nobody whom its trust policy does not name, in its own account or not.
    if nearness is Nearness.NOT and (not is_local or applicable.trust is not None):
        return None, Kind.REPOSITORY if applicable.trust is None else Kind.TRUST
    own = _first(applicable.identity, action, request)
    if own is None and is_local and nearness is Nearness.ISSUER:
        own = grant
    if own is None and not _is_root(caller):
        return None, Kind.IDENTITY
    for policies, kind in ((applicable.boundary, Kind.BOUNDARY), (applicable.session, Kind.SESSION)):
        if policies is not None and _first(policies, action, request) is None:
            return None, kind
    return own or grant, None


def _is_root(caller: Caller) -> bool:
    """Whether all of its account is the caller's: the root itself, or a federated session that it made."""
    return caller.kind is CallerKind.ROOT or (
        caller.issuer_arn is not None and caller.issuer_arn == root_arn(caller.account or "")
    )


def _first(policies: Policies, action: str, request: Request) -> Placed | None:
    for placed in policies.candidates(Effect.ALLOW, action, request.resource):
        if placed.mismatch(request, is_bounded=False) is None:
            return placed
    return None


def _grant(request: Request, applicable: Applicable, action: str) -> tuple[Placed | None, Nearness]:
    """The Allow on the resource's side that comes nearest to the caller."""
    best: Placed | None = None
    nearest = Nearness.NOT
    sides = applicable.resource if applicable.trust is None else (*applicable.resource, applicable.trust)
    for policies in sides:
        for placed in policies.candidates(Effect.ALLOW, action, request.resource):
            if not _may_grant(placed, request.caller):
                continue
            nearness = placed.nearness(request, is_bounded=False)
            if nearness > nearest and placed.mismatch(request, is_bounded=False) is None:
                best, nearest = placed, nearness
                if nearness is Nearness.DIRECT:
                    return best, nearest
    return best, nearest


def _may_grant(placed: Placed, caller: Caller) -> bool:
    """Everyone, `*`, is everyone of AWS: who has an issuer's token is let in where the issuer is named."""
    principals = placed.statement.principals
    if caller.kind is not CallerKind.WEB_IDENTITY or principals is None:
        return True
    return caller.arn in principals.providers
