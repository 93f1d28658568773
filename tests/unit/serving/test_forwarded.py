"""Forwarded headers: the client is whom the nearest untrusted hop names, whatever else is claimed."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from entrepot.serving.forwarded import Origin, TrustedProxies

PROXIES = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1")])
PEER = "10.0.0.1"


def origin(*lines: tuple[str, str]) -> Origin:
    return PROXIES.origin(PEER, CIMultiDictProxy(CIMultiDict(lines)))


def by_for(*values: str) -> str:
    return origin(*(("X-Forwarded-For", value) for value in values)).remote


@pytest.mark.parametrize(
    ("peer", "is_trusted"),
    [
        ("10.200.1.1", True),
        ("::ffff:10.1.1.1", True),
        ("fd00::1", True),
        ("127.0.0.1", True),
        ("127.0.0.2", False),
        ("192.0.2.1", False),
        ("::1", False),
        ("", False),
        ("fd00::1%eth0", False),
        ("/run/socket", False),
    ],
)
def test_who_is_a_trusted_proxy(peer: str, is_trusted: bool) -> None:
    assert PROXIES.trusts(peer) is is_trusted


@pytest.mark.parametrize(
    ("values", "client"),
    [
        (["192.0.2.7"], "192.0.2.7"),
        (["1.1.1.1, 192.0.2.7"], "192.0.2.7"),
        (["1.1.1.1", "192.0.2.7"], "192.0.2.7"),
        (["1.1.1.1, 192.0.2.7, 10.9.9.9"], "192.0.2.7"),
        (["192.0.2.7, 10.9.9.9, fd00::5, 127.0.0.1"], "192.0.2.7"),
        (["10.1.1.1, 10.9.9.9"], "10.1.1.1"),
        (["192.0.2.7:4711"], "192.0.2.7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["  192.0.2.7\t"], "192.0.2.7"),
    ],
)
def test_the_client_is_the_rightmost_address_that_is_no_proxy_s(values: list[str], client: str) -> None:
    assert by_for(*values) == client


@pytest.mark.parametrize(
    "value",
    [
        "",
        ",",
        "unknown",
        "192.0.2.7.",
        "192.0.2.300",
        "192.0.2.7:x",
        "192.0.2.7:123456",
        "192.0.2.7 10.0.0.2",
        "[2001:db8::7",
        "[2001:db8::7]x",
        "fe80::1%eth0",
        "0x7f000001",
        "2130706433",
        "\u0661\u0669\u0662.0.2.7",
        "192.0.2.7\x00",
        "<script>",
        "a" * 5000,
        "1.1.1.1," * 2000 + "192.0.2.7",
    ],
)
def test_attack_49_an_address_that_is_none_leaves_the_proxy_s(value: str) -> None:
    assert by_for(value) == PEER


def test_what_cannot_be_read_ends_the_way_at_the_last_hop_that_can() -> None:
    assert by_for("192.0.2.7, garbage, 10.9.9.9") == "10.9.9.9"


def test_hops_beyond_reason_are_not_looked_at() -> None:
    assert by_for("192.0.2.7," + ",".join(["10.0.0.2"] * 100)) == "10.0.0.2"


@pytest.mark.parametrize(
    ("lines", "scheme", "host"),
    [
        ([("X-Forwarded-Proto", "https")], "https", None),
        ([("X-Forwarded-Proto", "HTTPS")], "https", None),
        ([("X-Forwarded-Proto", "http, https")], "https", None),
        ([("X-Forwarded-Proto", "javascript")], None, None),
        ([("X-Forwarded-Proto", "")], None, None),
        ([("X-Forwarded-Host", "registry.example.com:8443")], None, "registry.example.com:8443"),
        ([("X-Forwarded-Host", "evil.example, registry.example.com")], None, "registry.example.com"),
        ([("X-Forwarded-Host", "[2001:db8::1]:443")], None, "[2001:db8::1]:443"),
        ([("X-Forwarded-Host", "a b")], None, None),
        ([("X-Forwarded-Host", 'a"><script>')], None, None),
        ([("X-Forwarded-Host", "a/b")], None, None),
        ([("X-Forwarded-Host", "user@a")], None, None),
        ([("X-Forwarded-Host", "a" * 300)], None, None),
    ],
)
def test_scheme_and_host_are_what_the_nearest_proxy_says(
    lines: list[tuple[str, str]], scheme: str | None, host: str | None
) -> None:
    assert origin(("X-Forwarded-For", "192.0.2.7"), *lines) == Origin("192.0.2.7", scheme, host)


def test_scheme_and_host_alone_do_not_count() -> None:
    assert origin(("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a.example")) == Origin(PEER)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("for=192.0.2.7", Origin("192.0.2.7")),
        ("For=192.0.2.7;Proto=https;Host=a.example", Origin("192.0.2.7", "https", "a.example")),
        ('for="[2001:db8::7]:4711";proto=https', Origin("2001:db8::7", "https")),
        ("for=1.1.1.1;proto=http, for=192.0.2.7;proto=https;by=10.0.0.1", Origin("192.0.2.7", "https")),
        ("for=192.0.2.7;proto=https, for=10.9.9.9;proto=http", Origin("192.0.2.7", "https")),
        ("for=unknown;proto=https", Origin(PEER, "https")),
        ("for=192.0.2.7, for=_hidden;proto=https", Origin(PEER, "https")),
        ('for="192\\.0.2.7"', Origin("192.0.2.7")),
    ],
)
def test_the_standard_header_is_read_too(text: str, found: Origin) -> None:
    assert origin(("Forwarded", text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "for",
        "for=",
        'for="192.0.2.7',
        "for=192.0.2.7;for=1.1.1.1",
        'for=192.0.2.7;x=", for=1.1.1.1',
        "for=192.0.2.7 proto=https",
        "for=192.0.2.7;;proto=https",
        "=",
        "for=[2001:db8::7]",
        "é=1",
    ],
)
def test_attack_49_a_standard_header_that_cannot_be_read_does_not_count(text: str) -> None:
    assert origin(("Forwarded", text)) == Origin(PEER)


def test_two_kinds_that_agree_count() -> None:
    found = origin(("X-Forwarded-For", "192.0.2.7"), ("Forwarded", "for=192.0.2.7;proto=https"))
    assert found.remote == "192.0.2.7"


def test_attack_49_of_two_kinds_that_disagree_neither_counts() -> None:
    lines = [("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=1.1.1.1")]
    assert origin(*lines) == Origin(PEER)


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_that_is_claimed_raises(one: str, other: str) -> None:
    for name in ("X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto"):
        origin((name, one), ("X-Forwarded-For", other))


@given(st.text(alphabet='fortproh=;,"\\ 0123456789.[]:', max_size=80))
def test_attack_49_what_a_client_writes_does_not_change_what_the_proxy_adds(claimed: str) -> None:
    usual = by_for(claimed, "192.0.2.7")
    standard = origin(("Forwarded", f"{claimed}, for=192.0.2.7")).remote
    assert usual == "192.0.2.7"
    assert standard in ("192.0.2.7", PEER)
