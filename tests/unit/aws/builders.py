"""Requests signed by botocore's own signer, values of any shape, and ports held in dicts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.loaders import Loader
from botocore.model import ServiceModel as BotoModel
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from entrepot.aws.endpoint import KeyRecord
from entrepot.aws.model import (
    Blob,
    Boolean,
    ListOf,
    MapOf,
    Number,
    ServiceModel,
    Shape,
    Structure,
    Text,
    Timestamp,
    load_service,
)
from entrepot.aws.operations import Call
from entrepot.aws.wire import Headers, WireRequest
from entrepot.domain.errors import AccessDenied, TooLarge
from entrepot.domain.principals import Principal
from entrepot.services.entrepot.model import FOLDER, NAME

ACCOUNT = "123456789012"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REQUEST_ID = "2f1f4f2e-6a0b-4a3e-9a53-0f4f9a1f9f00"
ROOT = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, KEY_ID)


@cache
def model(name: str) -> ServiceModel:
    return load_service(name, folder=FOLDER if name == NAME else None)


@cache
def boto_model(name: str) -> BotoModel:
    return BotoModel(Loader().load_service_model(name, "service-2"), name)


def wire_request(
    *,
    method: str = "POST",
    url: str = "http://localhost:5050/",
    headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
    body: bytes = b"",
) -> WireRequest:
    """A request as a door would hand it over."""
    parts = urlsplit(url)
    lines = list(headers.items()) if isinstance(headers, Mapping) else list(headers or [])
    if not any(name.lower() == "host" for name, _ in lines):
        lines.append(("Host", parts.netloc))

    async def read_body(limit: int) -> bytes:
        if len(body) > limit:
            raise TooLarge(limit)
        return body

    return WireRequest(
        method=method,
        raw_path=parts.path,
        raw_query=parts.query,
        headers=Headers(lines),
        scheme=parts.scheme,
        host=parts.netloc,
        remote="127.0.0.1",
        request_id=REQUEST_ID,
        read_body=read_body,
    )


def signed(
    *,
    method: str = "POST",
    url: str = "http://localhost:5050/",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    service: str = "ecr",
    region: str = "eu-west-1",
    token: str | None = None,
    key_id: str = KEY_ID,
    secret: str = SECRET,
) -> WireRequest:
    """The request with the Authorization header that botocore gives it, signed at the machine's time."""
    request = AWSRequest(method=method, url=url, headers=dict(headers or {}), data=body)
    SigV4Auth(BotoCredentials(key_id, secret, token), service, region).add_auth(request)
    return wire_request(method=method, url=request.url, headers=list(request.headers.items()), body=body)


def presigned(
    *,
    method: str = "GET",
    url: str = "http://localhost:5050/",
    headers: Mapping[str, str] | None = None,
    service: str = "sts",
    region: str = "eu-west-1",
    token: str | None = None,
    expires: int = 3600,
) -> WireRequest:
    """The request as a URL that botocore presigns."""
    request = AWSRequest(method=method, url=url, headers=dict(headers or {}))
    SigV4QueryAuth(BotoCredentials(KEY_ID, SECRET, token), service, region, expires).add_auth(request)
    return wire_request(method=method, url=request.url, headers=list(request.headers.items()))


def body_hash(body: bytes = b"") -> str:
    return sha256(body).hexdigest()


def now() -> datetime:
    return datetime.now(UTC)


class Keys:
    """Access keys in a dict."""

    def __init__(self, *records: KeyRecord) -> None:
        self._records = {record.principal.access_key_id: record for record in records}

    async def find(self, access_key_id: str) -> KeyRecord | None:
        return self._records.get(access_key_id)


def key_record(
    *,
    token: str | None = None,
    is_active: bool = True,
    expires_at: datetime | None = None,
) -> KeyRecord:
    principal = Principal(ROOT.account, ROOT.arn, ROOT.user_id, KEY_ID, expires_at)
    hashed = sha256(token.encode()).digest() if token is not None else None
    return KeyRecord(principal, SECRET, hashed, is_active)


class Rules:
    """Denies the listed actions, and remembers what was asked."""

    def __init__(self, *denied: str) -> None:
        self._denied = denied
        self.asked: list[str] = []

    async def authorize(self, call: Call, action: str, params: Mapping[str, object]) -> None:
        self.asked.append(action)
        if action in self._denied:
            raise AccessDenied(call.caller.arn, action, "*", "no identity-based policy allows it")


def values(
    service: ServiceModel, shape: str, characters: SearchStrategy[str] | None = None
) -> SearchStrategy[object]:
    """Values that the shape allows; `characters` are those of free text."""
    if characters is None:
        characters = st.characters(exclude_categories=["Cs"])
    return _values(service, service.shapes[shape], characters, 0)


def _values(
    service: ServiceModel, shape: Shape, characters: SearchStrategy[str], depth: int
) -> SearchStrategy[object]:
    def inner(name: str) -> SearchStrategy[object]:
        return _values(service, service.shapes[name], characters, depth + 1)

    match shape:
        case Structure():
            named = {name: inner(member.shape) for name, member in shape.members.items()}
            if shape.is_union:
                return st.one_of([st.fixed_dictionaries({name: each}) for name, each in named.items()])
            required = {name: each for name, each in named.items() if name in shape.required}
            optional = {name: each for name, each in named.items() if name not in required}
            known = st.fixed_dictionaries(required, optional=optional)
            # AWS Query has no way to write an empty structure or map.
            return known.filter(bool) if depth and named else known
        case ListOf(item, low, high):
            return st.lists(inner(item.shape), min_size=low or 0, max_size=min((low or 0) + 2, high or 9))
        case MapOf(key, value, low, _):
            return st.dictionaries(inner(key.shape), inner(value.shape), min_size=low or 1, max_size=3)
        case Text():
            return _texts(shape, characters)
        case Number(None):
            return st.floats(allow_nan=False, allow_infinity=False, min_value=shape.minimum or -1e9, width=32)
        case Number(bits):
            top = (1 << (bits or 64) - 1) - 1
            low = int(shape.minimum) if shape.minimum is not None else -top
            return st.integers(low, int(shape.maximum) if shape.maximum is not None else top)
        case Boolean():
            return st.booleans()
        case Blob(low, _):
            return st.binary(min_size=low or 0, max_size=(low or 0) + 40)
        case Timestamp():
            moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
            return moments.map(lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000))


def _texts(shape: Text, characters: SearchStrategy[str]) -> SearchStrategy[object]:
    low, high = shape.minimum or 0, shape.maximum or 1 << 30
    if shape.values:
        return st.sampled_from(shape.values)
    most = min(low + 6, high)
    if shape.pattern is None:
        return st.text(characters, min_size=low, max_size=most)
    pattern = shape.pattern
    for alphabet in ("ab0", "012"):
        if pattern.fullmatch((alphabet * most)[: max(low, 3)]):
            sized = st.text(alphabet, min_size=max(low, 1), max_size=most)
            return sized.filter(lambda text: pattern.fullmatch(text) is not None)
    # Long ARNs and paths: a generated match, stretched at a letter of its last run until it is long enough.
    return (
        st.from_regex(pattern, fullmatch=True)
        .map(lambda text: text + text[-1:] * max(0, low - len(text)))
        .filter(lambda text: low <= len(text) <= high and pattern.fullmatch(text) is not None)
    )
