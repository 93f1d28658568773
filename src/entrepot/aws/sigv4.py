"""Signature Version 4: what a request claims, and whether its secret holder said so.

`parse` reads the claim from the head alone, so that the key can be looked up before any body is read;
`check_scope` judges service and time; `verify` recomputes the signature over the request as received:

    canonical request = method \\n path \\n query \\n headers \\n\\n signed names \\n sha256(body)

Source: "Create a signed AWS API request" (IAM user guide); botocore's signer is the oracle of the tests.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from itertools import pairwise
from urllib.parse import quote, quote_from_bytes

from entrepot.aws import refusals
from entrepot.aws.wire import Headers, WireRequest, parse_parameters
from entrepot.domain.names import is_region
from entrepot.domain.signature_v4 import ALGORITHM, TERMINATOR, TIME_FORMAT, sign

SKEW = timedelta(minutes=15)
LONGEST_LIFE = timedelta(days=7)
LONGEST_AUTHORIZATION = 8192
MOST_SIGNED_HEADERS = 64

_TIME_SHAPE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_DATE_SHAPE = re.compile(r"[0-9]{8}")
_KEY_SHAPE = re.compile(r"[A-Za-z0-9_]{1,128}")
_SIGNATURE_SHAPE = re.compile(r"[0-9a-f]{64}")
_HEADER_SHAPE = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,128}")
_QUERY_MARKS = (b"X-Amz-Algorithm", b"X-Amz-Signature", b"X-Amz-Credential")
_HEADER_PARTS = ("Credential", "Signature", "SignedHeaders")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says of its own signature; nothing in it is proven.

    `signed_at` is the instant and `timestamp` its text on the wire; `life` is how long a presigned URL
    holds, None for a signed header.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    session_token: str | None
    timestamp: str
    signed_at: datetime
    life: timedelta | None

    def __repr__(self) -> str:
        # Claims end up in logs; signatures and session tokens must not.
        return f"Claim({self.access_key_id}, {self.date}/{self.region}/{self.service})"


def is_signed(request: WireRequest) -> bool:
    """Whether the request carries a claim at all, readable or not."""
    return bool(request.headers.all("authorization")) or "X-Amz-" in request.raw_query


def parse(request: WireRequest) -> Claim:
    """The claim in the Authorization header or, for a presigned URL, in the query string."""
    query = parse_parameters(request.raw_query)
    in_query = any(name in _QUERY_MARKS for name, _ in query)
    lines = request.headers.all("authorization")
    if in_query and lines:
        raise refusals.incomplete_signature(
            "Only one of the Authorization header and X-Amz-Algorithm may be used"
        )
    if in_query:
        return _from_query(query)
    if not lines:
        raise refusals.missing_token()
    if len(lines) > 1:
        raise refusals.incomplete_signature("Authorization header must be given once")
    return _from_header(lines[0], request.headers)


def check_scope(claim: Claim, service: str, now: datetime) -> None:
    """Refuse a claim made for another service, or outside its time."""
    if claim.service != service:
        # The space at the end is AWS's (facts 1.3).
        raise refusals.invalid_signature(f"Credential should be scoped to correct service: '{service}'. ")
    if claim.date != claim.timestamp[:8]:
        raise refusals.invalid_signature(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{claim.date}' != '{claim.timestamp[:8]}', from '{claim.timestamp}'."
        )
    if claim.signed_at > now + SKEW:
        raise refusals.invalid_signature(
            f"Signature not yet current: {claim.timestamp} is still later than "
            f"{(now + SKEW).strftime(TIME_FORMAT)} ({now.strftime(TIME_FORMAT)} + 15 min.)"
        )
    if claim.life is None and claim.signed_at < now - SKEW:
        raise refusals.invalid_signature(
            f"Signature expired: {claim.timestamp} is now earlier than "
            f"{(now - SKEW).strftime(TIME_FORMAT)} ({now.strftime(TIME_FORMAT)} - 15 min.)"
        )
    if claim.life is not None and claim.signed_at + claim.life < now:
        ended = (claim.signed_at + claim.life).strftime(TIME_FORMAT)
        raise refusals.invalid_signature(
            f"Signature expired: {ended} is now earlier than {now.strftime(TIME_FORMAT)}."
        )


def verify(claim: Claim, request: WireRequest, secret: str, body_sha256: str, now: datetime) -> None:
    """Refuse the request unless the holder of the secret signed exactly this, at about this time.

    `body_sha256` is the lower-case hex digest of the body that arrived.
    """
    check_scope(claim, claim.service, now)
    _check_body_hash(request.headers, body_sha256)
    expected = sign(
        secret,
        claim.timestamp,
        region=claim.region,
        service=claim.service,
        canonical_request=_canonical_request(claim, request, body_sha256),
    )
    if not compare_digest(expected, claim.signature):
        raise refusals.signature_mismatch()


def check_session_token(claim: Claim, expected_sha256: bytes | None) -> None:
    """Refuse a session key without its token, a foreign token, and a token beside a long-lived key."""
    given = claim.session_token
    if expected_sha256 is None and given is None:
        return
    sent = sha256((given or "").encode("utf-8", "surrogateescape")).digest()
    if given is None or not compare_digest(sent, expected_sha256 or b""):
        raise refusals.unrecognized_client()


def _from_header(line: str, headers: Headers) -> Claim:
    algorithm, _, rest = line.partition(" ")
    if len(line) > LONGEST_AUTHORIZATION or algorithm != ALGORITHM:
        raise refusals.incomplete_signature(f"Unsupported or missing algorithm, expected '{ALGORITHM}'")
    parts: dict[str, str] = {}
    for piece in rest.split(","):
        name, equals, value = piece.strip(" ").partition("=")
        if not equals or name in parts or name not in _HEADER_PARTS:
            raise refusals.incomplete_signature("Authorization header has an unknown or repeated parameter")
        parts[name] = value
    missing = [part for part in _HEADER_PARTS if not parts.get(part)]
    stamp = _only(headers, "x-amz-date") or _only(headers, "date")
    if missing or not stamp:
        lacks = [f"Authorization header requires '{part}' parameter." for part in missing]
        if not stamp:
            lacks.append(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
            )
        raise refusals.incomplete_signature(" ".join(lacks))
    return _claim(parts, stamp, _only(headers, "x-amz-security-token"), None)


def _from_query(query: list[tuple[bytes, bytes]]) -> Claim:
    given: dict[str, str] = {}
    for raw_name, raw_value in query:
        # In any case: X-amz-date beside X-Amz-Date would let two readers see two dates.
        name = raw_name.decode("utf-8", "replace").lower()
        if name.startswith("x-amz-"):
            if name in given:
                raise refusals.incomplete_signature("AWS query-string parameters must be given once")
            given[name] = raw_value.decode("utf-8", "surrogateescape")
    if given.get("x-amz-algorithm") != ALGORITHM:
        raise refusals.incomplete_signature(f"Unsupported or missing algorithm, expected '{ALGORITHM}'")
    parts = {part: given.get(f"x-amz-{part.lower()}", "") for part in _HEADER_PARTS}
    stamp, expires = given.get("x-amz-date", ""), given.get("x-amz-expires", "")
    if not (all(parts.values()) and stamp and expires):
        raise refusals.incomplete_signature(
            "AWS query-string parameters must include X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-SignedHeaders, X-Amz-Date and X-Amz-Expires."
        )
    return _claim(parts, stamp, given.get("x-amz-security-token"), _life(expires))


def _life(expires: str) -> timedelta:
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 6):
        raise refusals.incomplete_signature("X-Amz-Expires should be a number")
    life = timedelta(seconds=int(expires))
    if life > LONGEST_LIFE:
        raise refusals.incomplete_signature("X-Amz-Expires must be less than a week (in seconds)")
    return life


def _claim(parts: dict[str, str], stamp: str, token: str | None, life: timedelta | None) -> Claim:
    scope = parts["Credential"].split("/")
    if len(scope) != 5 or not _KEY_SHAPE.fullmatch(scope[0]) or not _DATE_SHAPE.fullmatch(scope[1]):
        raise refusals.incomplete_signature(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
        )
    key, date, region, service, terminator = scope
    if terminator != TERMINATOR:
        raise refusals.invalid_signature(
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}'. "
        )
    if not is_region(region):
        raise refusals.foreign_region(region)
    signed_at = _instant(stamp)
    if not _SIGNATURE_SHAPE.fullmatch(parts["Signature"]):
        raise refusals.signature_mismatch()
    return Claim(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        signed_headers=_signed_headers(parts["SignedHeaders"]),
        signature=parts["Signature"],
        session_token=token,
        timestamp=stamp if _TIME_SHAPE.fullmatch(stamp) else signed_at.strftime(TIME_FORMAT),
        signed_at=signed_at,
        life=life,
    )


def _signed_headers(text: str) -> tuple[str, ...]:
    names = text.split(";", MOST_SIGNED_HEADERS)
    if len(names) > MOST_SIGNED_HEADERS or not all(_HEADER_SHAPE.fullmatch(name) for name in names):
        raise refusals.incomplete_signature("SignedHeaders must be lower-case header names")
    if any(a >= b for a, b in pairwise(names)):
        raise refusals.incomplete_signature("SignedHeaders must be sorted, each name once")
    if "host" not in names:
        raise refusals.invalid_signature("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    return tuple(names)


def _instant(stamp: str) -> datetime:
    try:
        if _TIME_SHAPE.fullmatch(stamp):
            fields = (stamp[:4], stamp[4:6], stamp[6:8], stamp[9:11], stamp[11:13], stamp[13:15])
            year, month, day, hour, minute, second = map(int, fields)
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return parsedate_to_datetime(stamp[:64]).astimezone(UTC)
    except (ValueError, OverflowError):
        raise refusals.incomplete_signature(
            f"Date must be in ISO-8601 'basic format'. Got '{refusals.echo(stamp)}'. "
            "See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None


def _only(headers: Headers, name: str) -> str | None:
    """The one value of a header that decides something: two of it could be read two ways."""
    values = headers.all(name)
    if len(values) > 1:
        raise refusals.incomplete_signature(f"The header '{name}' must be given once")
    return values[0] if values else None


def _check_body_hash(headers: Headers, body_sha256: str) -> None:
    announced = _only(headers, "x-amz-content-sha256")
    # UNSIGNED-PAYLOAD too: none but S3 takes it.
    if announced is not None and announced != body_sha256:
        raise refusals.invalid_signature(
            "The provided 'x-amz-content-sha256' header does not match what was computed."
        )


def _canonical_request(claim: Claim, request: WireRequest, body_sha256: str) -> bytes:
    canonical = (
        f"{request.method}\n{_canonical_path(request.raw_path)}\n{_canonical_query(request.raw_query)}\n"
        f"{_canonical_headers(claim, request.headers)}\n{';'.join(claim.signed_headers)}\n{body_sha256}"
    )
    return canonical.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=256)
def _canonical_path(raw_path: str) -> str:
    """Dot segments and empty segments removed, then encoded once more, as all services but S3 do."""
    if raw_path in {"", "/"}:
        return "/"
    kept: list[str] = []
    for segment in raw_path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment and segment != ".":
            kept.append(segment)
    tail = "/" if raw_path.endswith("/") and kept else ""
    return quote_from_bytes(f"/{'/'.join(kept)}{tail}".encode("utf-8", "surrogateescape"), safe="/~")


def _canonical_query(raw_query: str) -> str:
    if not raw_query:
        return ""
    pairs = [
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in parse_parameters(raw_query)
        if name != b"X-Amz-Signature"
    ]
    pairs.sort()
    return "&".join(f"{name}={value}" for name, value in pairs)


def _canonical_headers(claim: Claim, headers: Headers) -> str:
    signed = claim.signed_headers
    unsigned = [name for name in headers.names() if name.startswith("x-amz-") and name not in signed]
    if unsigned:
        raise refusals.invalid_signature(
            "There were headers present in the request which were not signed: "
            + refusals.echo(", ".join(sorted(unsigned)))
        )
    lines = []
    for name in signed:
        values = headers.all(name)
        if not values:
            raise refusals.signature_mismatch()
        lines.append(f"{name}:{_folded(values)}\n")
    return "".join(lines)


def _folded(values: Iterable[str]) -> str:
    return ",".join(_trimmed(value) for value in values)


def _trimmed(value: str) -> str:
    value = value.strip(" \t")
    if "  " in value or "\t" in value:
        return " ".join(word for word in value.replace("\t", " ").split(" ") if word)
    return value
