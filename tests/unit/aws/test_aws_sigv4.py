"""Signatures that botocore makes are accepted, and nothing else is (attack 31 and 32)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.aws.builders import SECRET, body_hash, now, presigned, signed, wire_request

from entrepot.aws import sigv4
from entrepot.aws.refusals import WireFault
from entrepot.aws.wire import Headers, WireRequest

TARGET = "AmazonEC2ContainerRegistry_V20150921.CreateRepository"
HEADERS = {
    "X-Amz-Target": TARGET,
    "Content-Type": "application/x-amz-json-1.1",
    "X-Custom": "a  b\tc ",
}
MISMATCH = "The request signature we calculated does not match"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
segments = st.one_of(st.sampled_from(["", ".", "..", "a+b", "x!(y)", "%7Euser"]), texts.map(quote))
paths = st.lists(segments, max_size=4).map(lambda parts: "/" + "/".join(parts))
queries = st.lists(st.tuples(texts, texts), max_size=4).map(lambda q: urlencode(q, quote_via=quote, safe="~"))
targets = st.builds(lambda path, query: f"{path}?{query}" if query else path, paths, queries)
bodies = st.binary(max_size=64)
header_values = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12)
header_names = st.sampled_from(["X-Amz-Meta", "Accept", "X-Other", "Content-Type"])
headers = st.dictionaries(header_names, header_values, max_size=3)
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE"])
fast = settings(max_examples=60, deadline=None)


def check(
    request: WireRequest, *, body: bytes = b"", secret: str = SECRET, at: datetime | None = None
) -> None:
    """What the endpoint does with a signature."""
    moment = at or now()
    sigv4.verify(sigv4.parse(request), request, secret, body_hash(body), moment)


def refusal(request: WireRequest, *, body: bytes = b"", at: datetime | None = None) -> WireFault:
    with pytest.raises(WireFault) as caught:
        check(request, body=body, at=at)
    return caught.value


def with_header(request: WireRequest, name: str, *values: str) -> WireRequest:
    """The request with a header replaced, or removed where no value is given."""
    kept = [(n, v) for n in request.headers.names() if n != name for v in request.headers.all(n)]
    return replace(request, headers=Headers([*kept, *((name, value) for value in values)]))


def header(request: WireRequest, name: str) -> str:
    return request.headers.all(name)[0]


@fast
@given(methods, targets, headers, bodies, st.sampled_from([None, "session/token+=="]))
def test_every_request_botocore_signs_is_accepted(
    method: str, target: str, extra: dict[str, str], body: bytes, token: str | None
) -> None:
    url = f"http://localhost:5050{target}"
    request = signed(method=method, url=url, headers=extra, body=body, token=token)
    check(request, body=body)
    assert sigv4.parse(request).session_token == token


@fast
@given(paths, st.dictionaries(texts, texts, max_size=3), st.sampled_from([None, "session/token+=="]))
def test_every_url_botocore_presigns_is_accepted(path: str, query: dict[str, str], token: str | None) -> None:
    assume("" not in query)
    asked = urlencode(query, quote_via=quote, safe="~")
    request = presigned(url=f"http://localhost:5050{path}" + (f"?{asked}" if asked else ""), token=token)
    check(request)
    assert sigv4.parse(request).session_token == token


def test_the_claim_says_who_asks_for_what() -> None:
    claim = sigv4.parse(signed(service="sts", region="ap-south-1", headers=HEADERS))
    assert (claim.access_key_id, claim.region, claim.service) == ("AKIAIOSFODNN7EXAMPLE", "ap-south-1", "sts")


TAMPERINGS: dict[str, Callable[[WireRequest], WireRequest]] = {
    "method": lambda r: replace(r, method="PUT"),
    "path": lambda r: replace(r, raw_path=r.raw_path + "x"),
    "path_encoding": lambda r: replace(r, raw_path=r.raw_path.replace("a", "%61")),
    "query_value": lambda r: replace(r, raw_query=r.raw_query.replace("b=2", "b=3")),
    "query_added": lambda r: replace(r, raw_query=r.raw_query + "&c=1"),
    "query_removed": lambda r: replace(r, raw_query=r.raw_query.replace("&b=2", "")),
    "target": lambda r: with_header(r, "x-amz-target", TARGET.replace("Create", "Delete")),
    "target_removed": lambda r: with_header(r, "x-amz-target"),
    "target_repeated": lambda r: with_header(r, "x-amz-target", TARGET, TARGET),
    "header": lambda r: with_header(r, "x-custom", "a b d"),
    "header_repeated": lambda r: with_header(r, "x-custom", "a b c", "a b c"),
    "host": lambda r: with_header(r, "host", "localhost:5051"),
    "host_repeated": lambda r: with_header(r, "host", "localhost:5050", "evil.example"),
    "date": lambda r: with_header(r, "x-amz-date", (now() - timedelta(minutes=2)).strftime("%Y%m%dT%H%M%SZ")),
    "region": lambda r: with_header(
        r, "authorization", header(r, "authorization").replace("eu-west-1", "eu-west-2")
    ),
    "service": lambda r: with_header(
        r, "authorization", header(r, "authorization").replace("/ecr/", "/sts/")
    ),
    "signature": lambda r: with_header(r, "authorization", header(r, "authorization")[:-4] + "0000"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_attack_32_a_changed_request_is_refused(what: str) -> None:
    request = signed(url="http://localhost:5050/a/b?a=1&b=2", headers=HEADERS)
    check(request)
    assert refusal(TAMPERINGS[what](request)).code == "InvalidSignatureException"


@fast
@given(bodies, bodies)
def test_attack_32_a_swapped_body_is_refused(body: bytes, other: bytes) -> None:
    assume(body != other)
    assert MISMATCH in refusal(signed(body=body), body=other).message


@fast
@given(paths, paths)
def test_attack_32_a_url_presigned_for_one_path_is_refused_on_another(path: str, other: str) -> None:
    request = presigned(url=f"http://localhost:5050{path}")
    moved = replace(request, raw_path=presigned(url=f"http://localhost:5050{other}").raw_path)
    assume(sigv4._canonical_path(path) != sigv4._canonical_path(other))
    assert MISMATCH in refusal(moved).message


@pytest.mark.parametrize(
    ("name", "value"), [("X-Amz-Date", "20200101T000000Z"), ("X-Amz-Expires", "7200"), ("Action", "B")]
)
def test_attack_32_a_presigned_url_with_a_changed_parameter_is_refused(name: str, value: str) -> None:
    request = presigned(url="http://localhost:5050/?Action=A")
    pieces = [p for p in request.raw_query.split("&") if not p.startswith(f"{name}=")]
    changed = replace(request, raw_query="&".join([*pieces, f"{name}={value}"]))
    assert refusal(changed).code == "InvalidSignatureException"


def test_attack_32_query_order_does_not_matter_to_the_signature() -> None:
    request = presigned(url="http://localhost:5050/?b=2&a=1&a=0")
    shuffled = "&".join(reversed(request.raw_query.split("&")))
    check(replace(request, raw_query=shuffled))


def test_attack_32_a_plus_sign_in_a_query_means_a_space_to_the_signature_too() -> None:
    request = signed(url="http://localhost:5050/?a=x%20y")
    check(replace(request, raw_query="a=x+y"))
    assert MISMATCH in refusal(replace(request, raw_query="a=x%2By")).message


@pytest.mark.parametrize(
    "name", ["x-amz-target", "x-amz-security-token", "x-amz-content-sha256", "x-amz-any"]
)
def test_attack_32_an_unsigned_amz_header_is_refused(name: str) -> None:
    value = body_hash() if name == "x-amz-content-sha256" else "smuggled"
    said = refusal(with_header(signed(), name, value))
    assert said.message == f"There were headers present in the request which were not signed: {name}"


@pytest.mark.parametrize("name", ["x-amz-date", "authorization", "x-amz-security-token"])
def test_attack_32_a_repeated_deciding_header_is_refused(name: str) -> None:
    request = signed(token="token")
    doubled = with_header(request, name, header(request, name), header(request, name))
    assert refusal(doubled).code == "IncompleteSignatureException"


@pytest.mark.parametrize("claimed", ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0" * 64])
def test_attack_32_a_signed_payload_hash_that_is_not_the_body_s_is_refused(claimed: str) -> None:
    request = signed(headers={"X-Amz-Content-SHA256": claimed})
    assert "x-amz-content-sha256" in refusal(request).message


def test_a_signed_payload_hash_of_the_body_is_accepted() -> None:
    check(signed(headers={"X-Amz-Content-SHA256": body_hash(b"{}")}, body=b"{}"), body=b"{}")


def test_attack_32_a_replay_after_fifteen_minutes_is_refused_with_aws_s_text() -> None:
    request = signed()
    at = datetime.strptime(header(request, "x-amz-date"), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    check(request, at=at + timedelta(minutes=15))
    late = at + timedelta(minutes=15, seconds=1)
    said = refusal(request, at=late)
    assert (said.code, said.status) == ("InvalidSignatureException", 400)
    assert said.message == (
        f"Signature expired: {at:%Y%m%dT%H%M%SZ} is now earlier than "
        f"{late - timedelta(minutes=15):%Y%m%dT%H%M%SZ} ({late:%Y%m%dT%H%M%SZ} - 15 min.)"
    )


def test_attack_32_a_request_from_the_future_is_refused_with_aws_s_text() -> None:
    request = signed()
    at = datetime.strptime(header(request, "x-amz-date"), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    early = at - timedelta(minutes=15, seconds=1)
    said = refusal(request, at=early)
    assert said.message == (
        f"Signature not yet current: {at:%Y%m%dT%H%M%SZ} is still later than "
        f"{early + timedelta(minutes=15):%Y%m%dT%H%M%SZ} ({early:%Y%m%dT%H%M%SZ} + 15 min.)"
    )


def test_attack_32_a_presigned_url_ends_with_its_life() -> None:
    request = presigned(expires=60)
    signed_at = sigv4.parse(request).signed_at
    check(request, at=signed_at + timedelta(seconds=60))
    assert "Signature expired" in refusal(request, at=signed_at + timedelta(seconds=61)).message


@pytest.mark.parametrize("expires", [604801, -1])
def test_attack_32_a_presigned_url_of_over_seven_days_is_refused(expires: int) -> None:
    assert refusal(presigned(expires=expires)).code == "IncompleteSignatureException"


def test_attack_32_both_forms_of_signature_at_once_are_refused() -> None:
    request = presigned()
    both = with_header(request, "authorization", header(signed(), "authorization"))
    assert refusal(both).code == "IncompleteSignatureException"


@pytest.mark.parametrize("name", ["X-Amz-Date", "X-Amz-Credential", "x-amz-signature", "X-AMZ-EXPIRES"])
def test_attack_32_a_repeated_auth_parameter_is_refused(name: str) -> None:
    request = presigned()
    doubled = replace(request, raw_query=f"{request.raw_query}&{name}=1")
    assert refusal(doubled).code == "IncompleteSignatureException"


def test_attack_32_a_host_outside_the_signature_is_refused() -> None:
    request = signed()
    line = header(request, "authorization").replace("SignedHeaders=host;", "SignedHeaders=")
    assert "'Host' must be" in refusal(with_header(request, "authorization", line)).message


@pytest.mark.parametrize(
    "names", ["host;host", "x-amz-date;host", "Host", "host;;", "host;x y", "host;" * 80]
)
def test_attack_32_odd_lists_of_signed_headers_are_refused(names: str) -> None:
    request = signed()
    scope = header(request, "authorization").split(" ")[1]
    line = f"AWS4-HMAC-SHA256 {scope} SignedHeaders={names}, Signature={'0' * 64}"
    assert refusal(with_header(request, "authorization", line)).code == "IncompleteSignatureException"


MALFORMED = [
    "Basic QVdTOng=",
    "AWS4-HMAC-SHA256",
    "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request",
    "AWS4-HMAC-SHA256 Credential=A/20260101/r/ecr/aws4_request, Credential=B, Signature=0",
    f"AWS4-HMAC-SHA256 Credential=A/20260101/r/ecr/aws4_request, SignedHeaders=host, Signature={'0' * 9000}",
    "AWS4-ECDSA-P256-SHA256 Credential=A/20260101/ecr/aws4_request, SignedHeaders=host, Signature=00",
    "AWS4-HMAC-SHA256 Credential=A/B/C, SignedHeaders=host, Signature=00",
    "\x00",
    "AWS4-HMAC-SHA256 =,=,=",
]


@pytest.mark.parametrize("line", MALFORMED)
def test_attack_32_a_malformed_authorization_is_an_incomplete_signature(line: str) -> None:
    request = wire_request(headers={"Authorization": line, "X-Amz-Date": "20260101T000000Z"})
    assert refusal(request).code == "IncompleteSignatureException"


@fast
@given(st.text(max_size=200))
def test_attack_32_no_authorization_whatever_breaks_the_parser(line: str) -> None:
    refusal(wire_request(headers={"Authorization": line, "X-Amz-Date": "20260101T000000Z"}))
    refusal(wire_request(headers={"Authorization": f"AWS4-HMAC-SHA256 {line}"}))


@fast
@given(st.text(st.characters(codec="utf-8"), max_size=100))
def test_attack_32_no_query_whatever_breaks_the_parser(text: str) -> None:
    refusal(replace(wire_request(), raw_query=f"X-Amz-Algorithm=AWS4-HMAC-SHA256&{text}"))


def test_a_missing_authorization_is_a_missing_token() -> None:
    said = refusal(wire_request())
    assert (said.code, said.message) == (
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    )


def test_missing_parts_are_named_as_aws_names_them() -> None:
    line = "AWS4-HMAC-SHA256 SignedHeaders=host"
    said = refusal(wire_request(headers={"Authorization": line}))
    assert said.message.startswith(
        "Authorization header requires 'Credential' parameter. "
        "Authorization header requires 'Signature' parameter."
    )


def test_a_wrong_service_is_refused_with_aws_s_text() -> None:
    with pytest.raises(WireFault) as caught:
        sigv4.check_scope(sigv4.parse(signed(service="s3")), "ecr", now())
    assert caught.value.message == "Credential should be scoped to correct service: 'ecr'. "


def test_an_impossible_region_is_refused_with_aws_s_text() -> None:
    said = refusal(signed(region="EU_west"))
    assert said.message == "Credential should be scoped to a valid region, not 'EU_west'. "


def test_a_scope_of_another_day_is_refused() -> None:
    request = signed()
    today = header(request, "x-amz-date")[:8]
    line = header(request, "authorization").replace(f"/{today}/", "/20200101/")
    assert "Date in Credential scope" in refusal(with_header(request, "authorization", line)).message


def test_a_plain_date_header_serves_where_there_is_no_amz_date() -> None:
    check(signed(headers={"Date": "now"}))


def test_repeated_signed_headers_are_folded() -> None:
    request = signed(headers={"X-Many": "a,b"})
    check(with_header(request, "x-many", "a", " b "))


def test_attack_31_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def spy(a: bytes, b: bytes) -> bool:
        compared.append(len(a))
        return compare_digest(a, b)

    monkeypatch.setattr("entrepot.aws.sigv4.compare_digest", spy)
    request = signed(token="token")
    check(request)
    sigv4.check_session_token(sigv4.parse(request), sha256(b"token").digest())
    assert compared == [64, 32]


@pytest.mark.parametrize(
    ("sent", "kept"), [(None, "token"), ("token", None), ("other", "token"), ("", "token")]
)
def test_attack_31_a_session_token_must_be_the_key_s_own(sent: str | None, kept: str | None) -> None:
    claim = replace(sigv4.parse(signed()), session_token=sent)
    with pytest.raises(WireFault) as caught:
        sigv4.check_session_token(claim, sha256(kept.encode()).digest() if kept is not None else None)
    assert caught.value.code == "UnrecognizedClientException"


def test_attack_31_a_refusal_and_a_claim_show_no_signature_token_or_secret() -> None:
    request = signed(token="the-token")
    claim = sigv4.parse(request)
    said = refusal(replace(request, method="PUT"))
    for text in (repr(said), str(said), repr(claim), said.message):
        assert claim.signature not in text
        assert "the-token" not in text
        assert SECRET not in text
