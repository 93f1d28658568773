"""The operation that tells why somebody may or may not do something."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from entrepot.aws.operations import Call
from entrepot.domain.errors import InvalidParameter
from entrepot.domain.policy.decisions import Decision
from entrepot.domain.policy.explanations import Look
from entrepot.domain.policy.keys import ValueType, find_key
from entrepot.domain.policy.requests import Context, ContextValue
from entrepot.identity.explanations import Explanation, Explanations
from entrepot.services.access import OPEN_TO_ALL, refusal_of_session
from entrepot.services.entrepot.questions import OF_ONESELF
from entrepot.services.entrepot.shapes import Member, Params

_ASKED_BY_STS = "sts:AssumeRole"  # open at the door, and decided by the role's trust policy behind it


class ExplanationOperations:
    """ExplainAccess."""

    def __init__(self, explanations: Explanations) -> None:
        self._explanations = explanations

    async def explain(self, call: Call, params: Params) -> Member:
        """ExplainAccess."""
        action, resource = str(params["action"]), str(params["resource"])
        context = _context(cast("Sequence[Mapping[str, object]]", params.get("context", ())))
        if context.region is None and resource == "*":
            context = replace(context, region=call.region)
        found = await self._explanations.explain(
            call.account, str(params["principal"]), action, resource, context
        )
        return {
            "principalArn": found.principal_arn,
            "action": action,
            "resource": resource,
            "decision": found.decision.outcome.value,
            "because": _because(found.decision),
            "decidedBy": _place(found.decision),
            "policies": [_policy(looks) for looks in found.policies()],
            "notes": _notes(found, action, resource),
        }


def _context(entries: Sequence[Mapping[str, object]]) -> Context:
    """What the caller says of the request; keys in lower case, as the evaluator looks them up."""
    others: dict[str, ContextValue] = {}
    for entry in entries:
        name, values = str(entry["key"]), tuple(cast("Sequence[str]", entry["values"]))
        key = find_key(name)
        is_list = len(values) > 1 or (key is not None and key.type is ValueType.STRING_LIST)
        others[name.lower()] = values if is_list else values[0]
    region, now = others.pop("aws:requestedregion", None), others.pop("aws:currenttime", None)
    return Context(
        region=str(region) if region is not None else None,
        now=_instant(str(now)) if now is not None else None,
        others=others,
    )


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidParameter("context", "aws:CurrentTime must be a time such as 2026-11-25T12:00:00Z")
    return moment


def _because(decision: Decision) -> str:
    if not decision.is_allowed:
        return decision.because
    if decision.decided_by is None:
        return "the account's root needs no policy that allows it"
    kind = decision.decided_by.policy.document.kind.value
    return f"a statement of the {kind} {decision.decided_by.policy.name} allows it"


def _place(decision: Decision) -> Member | None:
    placed = decision.decided_by
    if placed is None:
        return None
    statement = placed.statement
    return {
        "policyName": placed.policy.name,
        "policyType": placed.policy.document.kind.value,
        "index": statement.index + 1,
        "sid": statement.sid or None,
        "effect": statement.effect.value,
    }


def _policy(looks: Sequence[Look]) -> Member:
    statements = [
        {
            "index": look.index + 1,
            "sid": look.sid or None,
            "effect": look.effect.value,
            "fits": look.mismatch is None,
            "because": look.why or None,
        }
        for look in looks
    ]
    return {"name": looks[0].policy, "type": looks[0].kind.value, "statements": statements}


def _notes(found: Explanation, action: str, resource: str) -> list[str]:
    """What the doors do beside asking the policies."""
    notes: list[str] = []
    if found.session is not None and refusal_of_session(found.session, action) is not None:
        notes.append("whatever the policies say, a session of this kind may not call it")
    if action in OPEN_TO_ALL and action != _ASKED_BY_STS:
        notes.append("whatever the policies say, every caller may do it")
    if action in OF_ONESELF and resource == found.principal_arn:
        notes.append("unless a policy denies it, everybody may do this to itself")
    return notes
