"""Condition keys: what each one reads of a request, and of which type it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from entrepot.domain.policy.requests import CallerKind, ContextValue, Request

Reader = Callable[[Request], ContextValue | None]
"""The value of a key in a request, None where the request has none."""


class ValueType(StrEnum):
    """The types of values, by the names that IAM's simulator gives them."""

    STRING = "string"
    STRING_LIST = "stringList"
    BOOLEAN = "boolean"
    NUMERIC = "numeric"
    DATE = "date"
    IP = "ip"


@dataclass(frozen=True, slots=True)
class Key:
    """A condition key by its published name; `name` ends in `/` where a tag's key follows."""

    name: str
    type: ValueType
    read: Reader


def reader_of(name: str) -> Reader:
    """What reads the key of this name, in any case; an unknown one is looked up in the context's others."""
    folded = name.lower()
    key = _KEYS.get(folded)
    if key is not None:
        return _or_other(folded, key.read)
    family, slash, _ = folded.partition("/")
    tags = _TAGS.get(family + slash)
    if tags is not None:
        return _or_other(folded, _tag_reader(tags, name[len(family) + 1 :]))
    return lambda request: request.context.others.get(folded)


def find_key(name: str) -> Key | None:
    """The key of this name, in any case; None for one that requests do not have by themselves."""
    folded = name.lower()
    return _KEYS.get(folded) or _FAMILIES.get(folded.partition("/")[0] + "/")


def _or_other(folded: str, read: Reader) -> Reader:
    # The request's own value goes first: no claim of a token may stand in for it.
    def read_either(request: Request) -> ContextValue | None:
        value = read(request)
        return request.context.others.get(folded) if value is None else value

    return read_either


def _tag_reader(tags: Callable[[Request], Mapping[str, str]], tag: str) -> Reader:
    folded = tag.lower()

    def read(request: Request) -> str | None:
        held = tags(request)
        value = held.get(tag)
        if value is not None or not held:
            return value
        # IAM: the key of a tag is compared without case; of two that differ in nothing else, the first.
        return next((held[key] for key in sorted(held) if key.lower() == folded), None)

    return read


def _user_name(request: Request) -> str | None:
    caller = request.caller
    return caller.arn.rpartition("/")[2] if caller.kind is CallerKind.USER else None


def _principal_arn(request: Request) -> str | None:
    caller = request.caller
    if caller.account is None:
        return None
    if caller.kind is CallerKind.ROLE_SESSION:
        return caller.issuer_arn
    return caller.arn


def _service_name(request: Request) -> str | None:
    return request.caller.arn if request.caller.kind is CallerKind.SERVICE else None


def _provider(request: Request) -> str | None:
    return request.caller.arn if request.caller.kind is CallerKind.WEB_IDENTITY else None


def _resource_account(request: Request) -> str | None:
    return request.account or None


def _source_ip(request: Request) -> str | None:
    address = request.context.source_ip
    return None if address is None else str(plain_address(address))


def plain_address(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address that a policy's author means: IPv4 where it came in as `::ffff:192.0.2.1`."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _truth(is_true: bool | None) -> str | None:
    return None if is_true is None else str(is_true).lower()


def _date(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _epoch(moment: datetime | None) -> str | None:
    return None if moment is None else str(int(moment.timestamp()))


_ALL = (
    Key("aws:CurrentTime", ValueType.DATE, lambda r: _date(r.context.now)),
    Key("aws:EpochTime", ValueType.NUMERIC, lambda r: _epoch(r.context.now)),
    Key("aws:TokenIssueTime", ValueType.DATE, lambda r: _date(r.context.issued_at)),
    Key("aws:SourceIp", ValueType.IP, _source_ip),
    Key("aws:SecureTransport", ValueType.BOOLEAN, lambda r: _truth(r.context.is_secure)),
    Key("aws:UserAgent", ValueType.STRING, lambda r: r.context.user_agent),
    Key("aws:RequestedRegion", ValueType.STRING, lambda r: r.context.region),
    Key("aws:SourceArn", ValueType.STRING, lambda r: r.context.source_arn),
    Key("aws:SourceAccount", ValueType.STRING, lambda r: r.context.source_account),
    Key("aws:PrincipalArn", ValueType.STRING, _principal_arn),
    Key("aws:PrincipalAccount", ValueType.STRING, lambda r: r.caller.account),
    Key("aws:PrincipalType", ValueType.STRING, lambda r: r.caller.kind),
    Key(
        "aws:PrincipalIsAWSService", ValueType.BOOLEAN, lambda r: _truth(r.caller.kind is CallerKind.SERVICE)
    ),
    Key("aws:PrincipalServiceName", ValueType.STRING, _service_name),
    Key("aws:FederatedProvider", ValueType.STRING, _provider),
    Key("aws:userid", ValueType.STRING, lambda r: r.caller.user_id or None),
    Key("aws:username", ValueType.STRING, _user_name),
    Key("aws:ResourceAccount", ValueType.STRING, _resource_account),
    Key("aws:TagKeys", ValueType.STRING_LIST, lambda r: r.context.tag_keys),
    Key("ecr:ImageTag", ValueType.STRING, lambda r: r.context.image_tag),
    Key("ecr:AccountSetting", ValueType.STRING, lambda r: r.context.account_setting),
)
_KEYS = {key.name.lower(): key for key in _ALL}

_TAGS: dict[str, Callable[[Request], Mapping[str, str]]] = {
    "aws:principaltag/": lambda r: r.caller.tags,
    "aws:requesttag/": lambda r: r.context.request_tags,
    "aws:resourcetag/": lambda r: r.context.resource_tags or {},
    "ecr:resourcetag/": lambda r: r.context.resource_tags or {},
}
_FAMILIES = {
    name.lower(): Key(name, ValueType.STRING, lambda _: None)
    for name in ("aws:PrincipalTag/", "aws:RequestTag/", "aws:ResourceTag/", "ecr:ResourceTag/")
}
