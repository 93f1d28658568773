"""`entrepot why`: may somebody do something, and which statement says so."""

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from entrepot.administration.connection import NotAnswered, connect


def why(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """0 where the answer is yes, 1 where it is no."""
    answer = connect(parsed, environment).ask(
        "explain_access",
        principal=parsed.principal,
        action=parsed.action,
        resource=parsed.resource,
        context=[*_context(parsed.context or [])] or None,
    )
    print(json.dumps(answer, indent=2) if parsed.json else "\n".join(sentences(answer)))
    return 0 if answer["decision"] == "allowed" else 1


def _context(given: list[str]) -> Iterator[Mapping[str, object]]:
    """Keys with all the values that were given for each."""
    values: dict[str, list[str]] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise NotAnswered(f"--context {text}: must be KEY=VALUE")
        values.setdefault(key, []).append(value)
    for key, held in values.items():
        yield {"key": key, "values": held}


def sentences(answer: Mapping[str, Any]) -> Iterator[str]:
    """The answer as a person reads it, line by line."""
    verb = "may" if answer["decision"] == "allowed" else "may not"
    yield f"{answer['principalArn']}"
    yield f"{verb} {answer['action']} on {answer['resource']}: {_reason(answer['because'])}."
    yield from (f"But {note}." for note in answer["notes"])
    if not answer["policies"]:
        yield "No policy says anything about it."
    decided = answer.get("decidedBy")
    for number, policy in enumerate(answer["policies"], start=1):
        yield ""
        name = "" if policy["name"] == policy["type"] else f" {policy['name']}"
        yield f"{number}. {policy['type']}{name}"
        for statement in policy["statements"]:
            yield f"   {_statement(policy, statement, decided)}"


def _reason(because: str) -> str:
    return f"it is refused {because}" if because.startswith("with ") else because


def _statement(
    policy: Mapping[str, Any], statement: Mapping[str, Any], decided: Mapping[str, Any] | None
) -> str:
    sid = f" ({statement['sid']})" if statement.get("sid") else ""
    head = f"statement {statement['index']}{sid}, {statement['effect']}"
    if not statement["fits"]:
        return f"{head}: does not fit, {statement['because']}"
    place = (policy["name"], policy["type"], statement["index"])
    is_decisive = decided is not None and place == (
        decided["policyName"],
        decided["policyType"],
        decided["index"],
    )
    return f"{head}: fits, and decided" if is_decisive else f"{head}: fits"
