"""The CloudTrail service: which of its operations are offered, and who performs them."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from entrepot.aws.endpoint import Service, offer
from entrepot.aws.operations import AnyHandler, Call, Operations
from entrepot.aws.refusals import WireFault
from entrepot.domain.audit import ATTRIBUTES, AuditEvent, Lookup, kind_of, name_of
from entrepot.identity.audit_trail import AuditTrail
from entrepot.services.contexts import Question, context_of

if TYPE_CHECKING:
    from datetime import datetime

Member = Mapping[str, object]

_MOST_RESULTS = 50  # CloudTrail API, LookupEvents: the default too
_LONGEST_VALUE = 2000  # the same page
_LONGEST_TOKEN = 512


class LookupOperations:
    """Every operation of CloudTrail that is offered."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail

    async def look_up(self, call: Call, params: Mapping[str, object]) -> Member:
        """LookupEvents: those of the caller's account in the region of the signature, newest first."""
        limit = _limit(params.get("MaxResults"))
        category = params.get("EventCategory")
        if category not in (None, "insight"):
            raise _invalid("EventCategory", "The event category that you specified is not valid.")
        lookup = _lookup(call, params)
        token = params.get("NextToken")
        before = _position(call, lookup, cast("str", token)) if token is not None else None
        if category is not None:  # there are no insights here
            return {"Events": []}
        events, more = await self._trail.look_up(call.account, lookup, before=before, limit=limit)
        next_token = _token(call, lookup, more) if more is not None else None
        return {"Events": [_member(event) for event in events], "NextToken": next_token}


def _limit(asked: object) -> int:
    if asked is None:
        return _MOST_RESULTS
    if not isinstance(asked, int) or not 1 <= asked <= _MOST_RESULTS:
        raise _invalid(
            "MaxResults", f"A max results value of {asked} is invalid. Specify max results between 1 and 50."
        )
    return asked


def _lookup(call: Call, params: Mapping[str, object]) -> Lookup:
    since, until = (
        cast("datetime | None", params.get("StartTime")),
        cast("datetime | None", params.get("EndTime")),
    )
    if since is not None and until is not None and since > until:
        raise _invalid("TimeRange", "The start time must not be after the end time.")
    attributes = cast("Sequence[Mapping[str, str]]", params.get("LookupAttributes", ()))
    if len(attributes) > 1:
        raise _invalid("LookupAttributes", "You can only use one lookup attribute at a time.")
    for attribute in attributes:
        key, value = attribute["AttributeKey"], attribute["AttributeValue"]
        if key not in ATTRIBUTES or not 1 <= len(value) <= _LONGEST_VALUE:
            raise _invalid("LookupAttributes", "The lookup attribute that you specified is not valid.")
        return Lookup(call.region, since, until, (key, value))
    return Lookup(call.region, since, until)


def _invalid(what: str, sentence: str) -> WireFault:
    return WireFault(f"Invalid{what}Exception", 400, sentence)


def _token(call: Call, lookup: Lookup, before: str) -> str:
    """Where to go on, and of which question: a token goes with no other."""
    return base64.urlsafe_b64encode(f"{_mark(call, lookup)}.{before}".encode("ascii")).decode("ascii")


def _position(call: Call, lookup: Lookup, token: str) -> str:
    try:
        text = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        text = ""
    mark, _, before = text.partition(".")
    if len(token) > _LONGEST_TOKEN or mark != _mark(call, lookup) or not before.isprintable():
        raise _invalid("NextToken", "The token that you specified is not valid for this request.")
    return before


def _mark(call: Call, lookup: Lookup) -> str:
    asked = [call.account, lookup.region, str(lookup.since), str(lookup.until), lookup.attribute]
    return sha256(json.dumps(asked).encode("ascii")).hexdigest()[:32]


def _member(event: AuditEvent) -> Member:
    return {
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": str(event.is_read_only).lower(),
        "AccessKeyId": event.access_key_id or None,
        "EventTime": event.at,
        "EventSource": event.source,
        "Username": event.username or None,
        "Resources": [
            {"ResourceType": kind_of(arn) or None, "ResourceName": name_of(arn)} for arn in event.resources
        ],
        "CloudTrailEvent": event.document,
    }


async def cloudtrail_questions(call: Call, action: str, _params: Mapping[str, object]) -> Sequence[Question]:
    """LookupEvents is about the account as a whole."""
    return [Question(action, call.account, "*", context_of(call))]


CLOUDTRAIL_OFFERED: Mapping[str, Callable[[LookupOperations], AnyHandler]] = {
    "LookupEvents": lambda cloudtrail: cloudtrail.look_up,
}
"""The offered operations; a table of its own, so that it can be read without a database."""


def cloudtrail_service(lookups: LookupOperations) -> Service:
    """CloudTrail, with every operation that is offered."""
    return offer(
        "cloudtrail", Operations({name: performer(lookups) for name, performer in CLOUDTRAIL_OFFERED.items()})
    )
