"""Audit events: what is kept of a change or a refusal, in the form of AWS CloudTrail's records.

An event's id is a UUID of version 7 (RFC 9562) whose time goes to the microsecond: ids sort as their
events happened, and a span of time is a span of ids.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from entrepot.domain.names import is_account
from entrepot.domain.principals import Principal

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"  # CloudTrail's own words
NOISE_BITS = 62
POLICY_EXECUTION = "PolicyExecutionEvent"  # what a lifecycle policy did
DRY_RUN = "DryRunEvent"  # what a preview says that one would do
IMAGE_ACTIVATION = "ImageActivationEvent"  # an image is back from the archive
OURS = "entrepot"  # the service that an event of the program's own work is said to come from

_VERSION = "1.11"  # of CloudTrail's record format
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_GLOBAL = frozenset({"iam", "sts"})  # no region of their own, so every region shows their events
_READS = re.compile(
    r"(?:BatchCheck|BatchGet|Describe|Estimate|Evaluate|Explain|Get|List|Lookup|Preview|Simulate|Validate)[A-Z]"
)
_SECRET = re.compile(
    r"secret|password|passphrase|private_?key|(?:session|authorization|webidentity|id)_?token"
    r"|assertion|token_?code|authenticationcode",
    re.IGNORECASE,
)
_LEFT_OUT = frozenset({"imageManifest", "layerPartBlob"})  # large, and found by their digests
_LONGEST_TEXT = 32 * 1024  # over any policy's length
_LONGEST_LIST = 1000
_LONGEST_AGENT = 512
_LONGEST_DOCUMENT = 128 * 1024


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: as events are looked up, and `described` as CloudTrail's userIdentity.

    The account is "" of somebody who has proven nothing.
    """

    account: str
    username: str
    access_key_id: str
    described: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that an event is about; `kind` is CloudFormation's name of its type."""

    arn: str
    account: str

    @property
    def kind(self) -> str:
        """Such as AWS::ECR::Repository; "" where the ARN does not tell."""
        return kind_of(self.arn)

    @property
    def name(self) -> str:
        """The repository's whole name, of others the name without its path."""
        return name_of(self.arn)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event in the audit of one account; `region` is "" where every region shows it.

    `document` is the CloudTrail record: JSON in ASCII, without control characters.
    """

    id: str
    account: str
    region: str
    source: str
    name: str
    username: str
    access_key_id: str
    is_read_only: bool
    resources: tuple[str, ...]
    document: str

    @property
    def at(self) -> datetime:
        """When it happened."""
        return time_of(self.id)


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody sets out to do by one request; `service` is the prefix of its actions.

    `resources` are what it is done to, `elements` what it made that the parameters do not name. What no
    request asked for, but a job or a command on the server itself, `is_call` not.
    """

    actor: Actor
    service: str
    name: str
    region: str
    address: str
    agent: str
    request_id: str
    parameters: Json = None
    resources: tuple[Resource, ...] = ()
    elements: Mapping[str, Json] = field(default_factory=dict)
    is_call: bool = True

    def done(self, at: datetime, noises: Sequence[int]) -> list[AuditEvent]:
        """Its events: in the actor's account, and in each other that owns what it was done to.

        Each takes one of the noises; where there are several, they share the first one's id.
        """
        owners = [resource.account for resource in self.resources]
        accounts = [each for each in dict.fromkeys([self.actor.account, *owners]) if is_account(each)]
        ids = [event_id(at, noise) for noise in noises[: len(accounts)]]
        shared = {"sharedEventID": ids[0]} if len(accounts) > 1 else {}
        return [self._event(id_, account, shared) for id_, account in zip(ids, accounts, strict=True)]

    def refused(self, at: datetime, noise: int, code: str, message: str) -> AuditEvent:
        """The event of a refusal, in the actor's account alone: no stranger fills another's audit."""
        said = {"errorCode": code, "errorMessage": _cut(message, 4 * _LONGEST_AGENT)}
        return self._event(event_id(at, noise), self.actor.account, said)

    def _event(self, id_: str, account: str, others: Mapping[str, Json]) -> AuditEvent:
        source, is_read_only = source_of(self.service), is_read(self.service, self.name)
        record: dict[str, Json] = {
            "eventVersion": _VERSION,
            "userIdentity": self.actor.described,
            "eventTime": _instant(time_of(id_)),
            "eventSource": source,
            "eventName": self.name,
            "awsRegion": self.region,
            "sourceIPAddress": self.address or source,
            "userAgent": _cut(self.agent, _LONGEST_AGENT) if self.is_call or self.agent else source,
            **others,
            **(self._of_call() if self.is_call else self._of_service()),
            "eventID": id_,
            "readOnly": is_read_only,
            "resources": [_described(resource) for resource in self.resources],
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
        }
        return AuditEvent(
            id=id_,
            account=account,
            region="" if self.service in _GLOBAL else self.region,
            source=source,
            name=self.name,
            username=self.actor.username,
            access_key_id=self.actor.access_key_id,
            is_read_only=is_read_only,
            resources=tuple(resource.arn for resource in self.resources),
            document=_document(record),
        )

    def _of_call(self) -> dict[str, Json]:
        return {
            "requestParameters": self.parameters or None,
            "responseElements": dict(self.elements) or None,
            "requestID": self.request_id,
            "eventType": "AwsApiCall",
        }

    def _of_service(self) -> dict[str, Json]:
        details = self.parameters if isinstance(self.parameters, Mapping) else {}
        return {
            "requestParameters": None,
            "responseElements": None,
            "eventType": "AwsServiceEvent",
            "serviceEventDetails": {**details, **self.elements},
        }


@dataclass(frozen=True, slots=True)
class FailedProofs:
    """Signatures that failed within one minute, of one address and access key.

    `account` is the key's, "" of a key that does not exist.
    """

    address: str
    access_key_id: str
    account: str
    count: int
    first_at: datetime
    last_at: datetime

    def event(self, noise: int) -> AuditEvent:
        """Their one event, at the time of the last; every region shows it."""
        details: dict[str, Json] = {
            "count": self.count,
            "firstAt": _instant(self.first_at),
            "lastAt": _instant(self.last_at),
        }
        described = {"type": "Unknown", "accountId": self.account, "accessKeyId": self.access_key_id}
        actor = Actor(self.account, "", self.access_key_id, described)
        deed = replace(own_deed(actor, "SignaturesRefused", **details), address=self.address)
        return deed.refused(self.last_at, noise, "SignatureDoesNotMatch", "")


def own_deed(actor: Actor, name: str, **details: object) -> Deed:
    """What the program does by itself, or at an operator's command; every region shows it."""
    return Deed(actor, OURS, name, "", "", "", "", shown(details), is_call=False)


def actor_of(principal: Principal) -> Actor:
    """Who a principal is, in CloudTrail's words."""
    account, arn = principal.account, principal.arn
    described: dict[str, Json] = {
        "type": "IAMUser",
        "principalId": principal.user_id,
        "arn": arn,
        "accountId": account,
        "accessKeyId": principal.access_key_id,
    }
    if not account:
        return Actor("", "", "", {"type": "Unknown"})
    if principal.expires_at is not None:
        described["sessionContext"] = {"attributes": {"mfaAuthenticated": "false"}}
    if principal.is_root:
        return Actor(account, "root", principal.access_key_id, described | {"type": "Root"})
    name = arn.rpartition("/")[2]
    if principal.is_role_session:
        issuer: dict[str, Json] = {
            "type": "Role",
            "principalId": principal.user_id.partition(":")[0],
            "accountId": account,
            "userName": arn.split("/")[1],
        }
        context: dict[str, Json] = {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}
        described |= {"type": "AssumedRole", "sessionContext": context}
    elif principal.is_federated:
        described |= {"type": "FederatedUser"}
    else:
        described["userName"] = name
    return Actor(account, name, principal.access_key_id, described)


def arn_of(actor: Actor) -> str | None:
    """The actor's ARN; None of somebody who has proven nothing, and of the server itself."""
    arn = actor.described.get("arn")
    return arn if isinstance(arn, str) else None


def web_identity(*, provider: str, audience: str, subject: str) -> Actor:
    """Somebody whom an OIDC provider vouches for; events are in the account of the role to be assumed."""
    subject = "".join(c if c.isprintable() else "?" for c in subject)[:_LONGEST_AGENT]
    described: dict[str, Json] = {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:{audience}:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }
    return Actor("", subject, "", described)


def operator(account: str, command: str) -> Actor:
    """Whoever runs a command on the server itself, or the server's own workers; events are the account's."""
    return Actor(account, "", "", {"accountId": account, "invokedBy": command})


def is_read(service: str, name: str) -> bool:
    """What CloudTrail would call read-only: there a session that begins is, and what a policy did."""
    return service == "sts" or name in (POLICY_EXECUTION, DRY_RUN) or _READS.match(name) is not None


def source_of(service: str) -> str:
    """What CloudTrail calls a service."""
    return f"{service}.amazonaws.com"


def event_id(at: datetime, noise: int) -> str:
    """The id of an event at this time; `noise` is NOISE_BITS of randomness."""
    milliseconds, rest = divmod((at - _EPOCH) // _MICROSECOND, 1000)
    high = milliseconds << 16 | 0x7000 | rest * 4096 // 1000
    text = f"{high << 64 | 0b10 << NOISE_BITS | noise:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def first_id(at: datetime) -> str:
    """What every event at this time or later has an id of, or over."""
    return event_id(at, 0)


def time_of(id_: str) -> datetime:
    """The time that an id was made of, to the microsecond."""
    number = int(id_.replace("-", ""), 16)
    milliseconds, fraction = number >> 80, (number >> 64) & 0xFFF
    return _EPOCH + (milliseconds * 1000 + -(-fraction * 1000 // 4096)) * _MICROSECOND


def name_of(arn: str) -> str:
    """The name in a resource's ARN: a repository's is whole, of others the last part counts."""
    rest = arn.split(":", 5)[-1]
    kind, _, path = rest.partition("/")
    return path if kind == "repository" else rest.rpartition("/")[2]


_KINDS = {
    "ecr:repository": "AWS::ECR::Repository",
    "iam:group": "AWS::IAM::Group",
    "iam:oidc-provider": "AWS::IAM::OIDCProvider",
    "iam:policy": "AWS::IAM::Policy",
    "iam:role": "AWS::IAM::Role",
    "iam:user": "AWS::IAM::User",
    "sts:assumed-role": "AWS::STS::AssumedRole",
    "sts:federated-user": "AWS::STS::FederatedUser",
}


def kind_of(arn: str) -> str:
    """CloudFormation's name of the type of what an ARN names, "" where it has none."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return ""
    return _KINDS.get(f"{parts[2]}:{parts[5].partition('/')[0]}", "")


def shown(value: object) -> Json:
    """Any value as events may show it: members named as in CloudTrail, and nothing that is secret.

    Bytes and manifests are left out, long texts are cut.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return _cut(value, _LONGEST_TEXT)
        case datetime():
            return _instant(value)
        case Mapping():
            return shown_members(value)
        case bytes() | bytearray() | memoryview():
            return f"{len(value)} bytes"
        case Iterable():
            return [shown(item) for item in list(value)[:_LONGEST_LIST]]
        case _:
            return _cut(str(value), _LONGEST_TEXT)


def shown_members(value: Mapping[str, object]) -> dict[str, Json]:
    """The same of named members, which their names may make secret."""
    members = {f"{name[:1].lower()}{name[1:]}": member for name, member in value.items()}
    return {name: _member(name, member) for name, member in members.items() if name not in _LEFT_OUT}


def _member(name: str, value: object) -> Json:
    return HIDDEN if _SECRET.search(name) and value is not None else shown(value)


def _described(resource: Resource) -> Json:
    kind = {"type": resource.kind} if resource.kind else {}
    return {"ARN": resource.arn, "accountId": resource.account, **kind}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _document(record: Mapping[str, Json]) -> str:
    """ASCII alone: control characters, lone surrogates and NUL become JSON's escapes."""
    text = json.dumps(record, separators=(",", ":")).replace("\x7f", "\\u007f")
    if len(text) <= _LONGEST_DOCUMENT:
        return text
    return _document({**record, "requestParameters": None, "additionalEventData": {"omitted": "too large"}})


@dataclass(frozen=True, slots=True)
class Lookup:
    """Which events are asked for: those of a time, both ends included, and perhaps with one attribute.

    The attribute is CloudTrail's name of it and its value; `region` is where the question is asked.
    """

    region: str
    since: datetime | None = None
    until: datetime | None = None
    attribute: tuple[str, str] | None = None

    @property
    def first(self) -> str:
        """The least id of an event that can match."""
        if self._event_id is not None:
            return self._event_id
        return first_id(self.since) if self.since is not None and self.since > _EPOCH else ""

    @property
    def beyond(self) -> str:
        """An id over those of all events that can match."""
        if self._event_id is not None:
            return f"{self._event_id}0"
        if self.until is None or self.until >= _FAR:
            return "g"
        return first_id(max(self.until, _EPOCH) + _MICROSECOND)

    @property
    def _event_id(self) -> str | None:
        """The one id that is asked for, "" for one that no event has."""
        if self.attribute is None or self.attribute[0] != "EventId":
            return None
        return self.attribute[1] if _ID.fullmatch(self.attribute[1]) else ""

    def matches(self, event: AuditEvent) -> bool:
        """Whether the event is one of them; the ids above have told about its time, but not for EventId."""
        if event.region not in ("", self.region):
            return False
        if (self.since is not None and event.at < self.since) or (
            self.until is not None and event.at > self.until
        ):
            return False
        if self.attribute is None:
            return True
        key, value = self.attribute
        return value in _ATTRIBUTES[key](event)


_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FAR = datetime(9000, 1, 1, tzinfo=UTC)
_ATTRIBUTES: Mapping[str, Callable[[AuditEvent], Sequence[str]]] = {
    "AccessKeyId": lambda event: [event.access_key_id],
    "EventId": lambda event: [event.id],
    "EventName": lambda event: [event.name],
    "EventSource": lambda event: [event.source],
    "ReadOnly": lambda event: [str(event.is_read_only).lower()],
    "ResourceName": lambda event: [*event.resources, *map(name_of, event.resources)],
    "ResourceType": lambda event: [kind_of(arn) for arn in event.resources],
    "Username": lambda event: [event.username],
}
ATTRIBUTES = frozenset(_ATTRIBUTES)
"""What events can be looked up by."""
