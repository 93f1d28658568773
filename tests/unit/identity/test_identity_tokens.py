"""Which tokens a set of keys has signed: attack 19, token by token."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.errors import IdentityTokenInvalid
from entrepot.identity.identity_tokens import KeySet, parse_keys, read_token, verify
from tests.unit.identity.issuers import assemble, claims, new_private_key, public_jwk, segment, sign

RSA, ELLIPTIC = new_private_key("RS256"), new_private_key("ES256")
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


def key_set(*keys: Mapping[str, object]) -> KeySet:
    return parse_keys(json.dumps({"keys": keys}).encode())


def is_accepted(token: str, keys: KeySet) -> bool:
    try:
        verify(read_token(token), keys)
    except IdentityTokenInvalid:
        return False
    return True


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_is_verified_with_the_key_that_it_names(algorithm: str) -> None:
    key = new_private_key(algorithm)
    said = claims()
    keys = key_set(public_jwk(new_private_key("ES256"), "old"), public_jwk(key, "new"))
    assert verify(read_token(sign(said, key, algorithm, "new")), keys) == said
    assert not is_accepted(sign(said, key, algorithm, "old"), keys)


def test_attack_19_no_algorithm_and_no_signature_are_refused() -> None:
    keys = key_set(public_jwk(RSA))
    for name in ("none", "None", "NONE", "", "nOnE"):
        assert not is_accepted(assemble({"alg": name, "kid": "k1"}, claims(), b""), keys)
    assert not is_accepted(assemble({"alg": "RS256", "kid": "k1"}, claims(), b""), keys)
    assert not is_accepted(sign(claims(), RSA, "RS256").rpartition(".")[0] + ".", keys)


@pytest.mark.parametrize("form", ["pem", "der", "jwk"])
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_attack_19_a_public_key_is_no_shared_secret(algorithm: str, form: str) -> None:
    public = RSA.public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    secret = {
        "pem": public.public_bytes(serialization.Encoding.PEM, info),
        "der": public.public_bytes(serialization.Encoding.DER, info),
        "jwk": json.dumps(public_jwk(RSA)).encode(),
    }[form]
    header, payload = (
        segment(json.dumps({"alg": algorithm, "kid": "k1"}).encode()),
        segment(json.dumps(claims()).encode()),
    )
    mac = hmac.new(secret, f"{header}.{payload}".encode(), getattr(hashlib, algorithm.replace("HS", "sha")))
    assert not is_accepted(f"{header}.{payload}.{segment(mac.digest())}", key_set(public_jwk(RSA)))


def test_attack_19_a_shared_secret_that_an_issuer_publishes_is_no_key() -> None:
    secret = b"published by mistake, or in place of the real ones"
    jwk = {"kty": "oct", "k": segment(secret), "kid": "k1", "alg": "HS256"}
    assert key_set(jwk).keys == ()


@pytest.mark.parametrize("kid", ["k1", "mine", None])
def test_attack_19_a_key_in_the_tokens_own_header_is_not_even_read(kid: str | None) -> None:
    mine = new_private_key("RS256")
    certificate = segment(b"any")
    header = {
        "jwk": public_jwk(mine, "mine"),
        "jku": "https://attacker.example/keys",
        "x5u": "https://attacker.example/chain.pem",
        "x5c": [certificate],
        "x5t": certificate,
    }
    keys = key_set(public_jwk(RSA))
    assert not is_accepted(sign(claims(), mine, "RS256", kid, header), keys)
    assert is_accepted(sign(claims(), RSA, "RS256", "k1", header), keys)


@pytest.mark.parametrize(
    "kid",
    [
        "../../../dev/null",
        "/etc/passwd",
        "k1' OR '1'='1",
        "k1\x00",
        "",
        "K1",
        "https://x.example",
        "k" * 9000,
    ],
)
def test_attack_19_a_kid_is_a_name_among_those_published_and_nothing_else(kid: str) -> None:
    assert not is_accepted(sign(claims(), RSA, "RS256", kid), key_set(public_jwk(RSA)))


def test_a_token_without_kid_is_taken_where_one_key_alone_can_have_signed_it() -> None:
    token = sign(claims(), RSA, "RS256", None)
    assert is_accepted(token, key_set(public_jwk(RSA), public_jwk(ELLIPTIC, "k2")))
    assert not is_accepted(token, key_set(public_jwk(RSA), public_jwk(new_private_key("RS256"), "k2")))


def test_attack_19_an_algorithm_that_is_not_its_keys_is_refused() -> None:
    assert not is_accepted(sign(claims(), RSA, "RS256"), key_set(public_jwk(RSA, alg="PS256")))
    assert not is_accepted(sign(claims(), RSA, "RS256"), key_set(public_jwk(RSA, alg=["RS256"])))
    assert not is_accepted(sign(claims(), RSA, "RS256"), key_set(public_jwk(ELLIPTIC)))
    wide = new_private_key("ES384")
    assert [key.algorithms for key in key_set(public_jwk(wide)).keys] == [frozenset({"ES384"})]


@pytest.mark.parametrize(
    "jwk",
    [
        public_jwk(RSA, use="enc"),
        public_jwk(RSA, key_ops=["sign"]),
        public_jwk(RSA, key_ops="verify"),
        public_jwk(RSA, n=None),
        public_jwk(RSA, e="AA"),
        public_jwk(RSA, e=3),
        public_jwk(ELLIPTIC, x="AAAA"),
        public_jwk(ELLIPTIC, y=segment(b"\x01" * 32)),
        public_jwk(ELLIPTIC, crv="secp256k1"),
        {"kty": "OKP", "crv": "Ed25519", "x": segment(b"\x01" * 32), "kid": "k1"},
        {"kty": "RSA"},
        {},
    ],
)
def test_keys_that_cannot_be_used_are_left_out(jwk: dict[str, object]) -> None:
    assert key_set(jwk, public_jwk(RSA, "good")).keys == key_set(public_jwk(RSA, "good")).keys


def test_attack_19_weak_keys_are_left_out() -> None:
    assert key_set(public_jwk(new_private_key("RS256", 1024))).keys == ()


def test_a_private_key_that_is_published_is_no_more_than_its_public_half() -> None:
    whole = json.loads(__import__("jwt").algorithms.RSAAlgorithm.to_jwk(RSA)) | {"kid": "k1"}
    [key] = key_set({name: value for name, value in whole.items() if name != "key_ops"}).keys
    assert not hasattr(key.key, "private_numbers")


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"keys": {}}', b"[" * 5000, b'{"keys": [' + b"{}," * 100 + b"{}]}"]
)
def test_what_is_no_set_of_keys_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (orjson's is one)
        parse_keys(document)


def test_attack_19_extensions_that_must_be_understood_are_not() -> None:
    headers: list[dict[str, Any]] = [
        {"crit": ["b64"], "b64": False},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
    ]
    for header in headers:
        token = assemble({"alg": "RS256", "kid": "k1", **header}, claims(), b"x")
        assert not is_accepted(token, key_set(public_jwk(RSA)))


@pytest.mark.parametrize(
    "kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", "application/logout+jwt", 7, None]
)
def test_attack_19_what_an_issuer_signs_for_another_purpose_is_no_identity(kind: object) -> None:
    token = (
        sign(claims(), RSA, "RS256", header={"typ": kind})
        if isinstance(kind, str)
        else assemble({"alg": "RS256", "kid": "k1", "typ": kind}, claims(), b"x")
    )
    assert not is_accepted(token, key_set(public_jwk(RSA)))


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt", "JOSE"])
def test_types_of_identity_tokens_are_taken(kind: str) -> None:
    assert is_accepted(sign(claims(), RSA, "RS256", header={"typ": kind}), key_set(public_jwk(RSA)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "....",
        "a.b.c",
        "é.é.é",
        "e30.e30.",
        assemble(b"[" * 9000, b"{}", b""),
        assemble({"alg": "RS256"}, b"[" * 9000, b""),
        assemble({"alg": "RS256"}, b'{"iss": "https://x.example"', b""),
        assemble({"alg": "RS256"}, b'{"iss": ["https://x.example"]}', b""),
        assemble({"alg": "RS256"}, b"[]", b""),
        assemble({"alg": ["RS256"]}, {"iss": "https://x.example"}, b""),
        assemble({"alg": "RS256", "kid": 7}, {"iss": "https://x.example"}, b""),
        assemble(b'{"alg": "RS256", "kid": ' + b"9" * 5000 + b"}", {"iss": "https://x.example"}, b""),
        assemble({"alg": "RS256"}, b'{"iss": "\xff"}', b""),
    ],
)
def test_attack_19_what_is_no_token_is_refused_and_nothing_worse(text: str) -> None:
    with pytest.raises(IdentityTokenInvalid):
        verify(read_token(text), key_set(public_jwk(RSA)))


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=20))
def test_any_three_parts_are_refused(header: bytes, payload: bytes, signature: bytes) -> None:
    with pytest.raises(IdentityTokenInvalid):
        verify(read_token(assemble(header, payload, signature)), KeySet(()))


@given(st.integers(min_value=0), st.integers(0, 63))
def test_attack_19_a_token_of_which_one_character_is_another_is_refused(where: int, what: int) -> None:
    token = sign(claims(), ELLIPTIC, "ES256")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    position = where % len(token)
    changed = token[:position] + alphabet[what] + token[position + 1 :]
    unsigned, _, signature = token.rpartition(".")
    # The last character of 64 bytes has four bits that no decoder looks at.
    if changed == token or (changed.startswith(unsigned + ".") and changed[:-1] == token[:-1]):
        return
    assert signature
    assert not is_accepted(changed, key_set(public_jwk(ELLIPTIC)))
