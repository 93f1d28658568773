"""The policy simulator: what policies would say of a request that nobody made."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from entrepot.aws.operations import Call
from entrepot.domain.errors import EntityNotFound, InputInvalid, NotOffered, PolicyMalformed
from entrepot.domain.policy.decisions import Decision
from entrepot.domain.policy.documents import Kind
from entrepot.domain.policy.evaluation import decide
from entrepot.domain.policy.policies import Applicable, Policies
from entrepot.domain.policy.requests import Caller, Context, ContextValue, Request, iam_user
from entrepot.identity.authorities import Authorities, compile_policies
from entrepot.identity.directory import Directory
from entrepot.identity.documents import check_document
from entrepot.services.iam.pages import asked, cut_all
from entrepot.services.iam.shapes import Member

if TYPE_CHECKING:
    from types_boto3_iam import type_defs as iam

_MOST_QUESTIONS = 1000
_NOT_OFFERED = ("ResourcePolicy", "ResourceHandlingOption", "OrderedOrganizationPolicyInputList")


class SimulationOperations:
    """SimulatePrincipalPolicy and SimulateCustomPolicy."""

    def __init__(self, directory: Directory, authorities: Authorities) -> None:
        self._directory = directory
        self._authorities = authorities

    async def principal(self, call: Call, params: "iam.SimulatePrincipalPolicyRequestTypeDef") -> Member:
        """SimulatePrincipalPolicy: a user, group or role of the account, with further policies."""
        arn = params["PolicySourceArn"]
        identity = await self._directory.find_by_arn(arn)
        if identity is None or identity.account != call.account:
            raise EntityNotFound("principal", arn)
        authority = await self._authorities.of_identity(identity)
        further = _policies(params, "PolicyInputList", Kind.IDENTITY)
        held = authority.applicable.identity.policies
        applicable = Applicable(
            Policies([*held, *(further.policies if further else ())]),
            boundary=_policies(params, "PermissionsBoundaryPolicyInputList", Kind.BOUNDARY)
            or authority.applicable.boundary,
        )
        return _answer(call, params, replace(authority.caller, arn=params.get("CallerArn", arn)), applicable)

    async def custom(self, call: Call, params: "iam.SimulateCustomPolicyRequestTypeDef") -> Member:
        """SimulateCustomPolicy: policies that nobody has."""
        arn = params.get("CallerArn", f"arn:aws:iam::{call.account}:user/simulated")
        applicable = Applicable(
            _policies(params, "PolicyInputList", Kind.IDENTITY) or Policies(()),
            boundary=_policies(params, "PermissionsBoundaryPolicyInputList", Kind.BOUNDARY),
        )
        return _answer(call, params, iam_user(arn, account=call.account), applicable)


def _answer(call: Call, params: Mapping[str, Any], caller: Caller, applicable: Applicable) -> Member:
    for name in _NOT_OFFERED:
        if params.get(name):
            raise NotOffered(f"{call.operation} with {name}")
    actions: Sequence[str] = params["ActionNames"]
    resources: Sequence[str] = params.get("ResourceArns") or ["*"]
    if len(actions) * len(resources) > _MOST_QUESTIONS:
        raise InputInvalid(f"At most {_MOST_QUESTIONS} actions on resources can be simulated at once.")
    context = Context(now=call.received_at, others=_entries(params))
    questions = {
        f"{n:04}": Request(caller, action, resource, call.account, context)
        for n, (action, resource) in enumerate((a, r) for a in actions for r in resources)
    }
    part = cut_all([*questions], asked(params), str)
    results = [_result(questions[number], applicable) for number in part.entries]
    return {"EvaluationResults": results, **part.members}


def _result(request: Request, applicable: Applicable) -> Member:
    decision = decide(request, applicable)
    boundary = None
    if applicable.boundary is not None:
        inside = decide(request, Applicable(applicable.boundary))
        boundary = {"AllowedByPermissionsBoundary": inside.is_allowed}
    return {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": decision.outcome.value,
        "MatchedStatements": _matched(decision),
        "MissingContextValues": [],
        "PermissionsBoundaryDecisionDetail": boundary,
    }


def _matched(decision: Decision) -> list[Member]:
    """The statement that decided, by the name of its policy."""
    placed = decision.decided_by
    if placed is None:
        return []
    return [{"SourcePolicyId": placed.policy.name, "SourcePolicyType": "IAM Policy"}]


def _policies(params: Mapping[str, Any], member: str, kind: Kind) -> Policies | None:
    """The documents of a list, named as IAM names them; None where the list is not given."""
    texts: Sequence[str] | None = params.get(member)
    if not texts:
        return None
    for text in texts:
        try:
            check_document(text, kind)
        except PolicyMalformed as cause:
            raise InputInvalid(cause.reason) from cause
    return compile_policies(kind, ((f"{member}.{n}", text) for n, text in enumerate(texts, start=1)))


def _entries(params: Mapping[str, Any]) -> dict[str, ContextValue]:
    """Condition keys that the caller sets, in lower case."""
    entries = cast("Sequence[Mapping[str, Any]]", params.get("ContextEntries", ()))
    found: dict[str, ContextValue] = {}
    for entry in entries:
        values = tuple(str(value) for value in entry.get("ContextKeyValues", ()))
        is_list = str(entry.get("ContextKeyType", "string")).endswith("List")
        if values:
            found[str(entry.get("ContextKeyName", "")).lower()] = values if is_list else values[0]
    return found
