"""Digests that can be verified, and those that cannot."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.digests import Digest, algorithm_of, digest_of, is_digest, parse_digest
from entrepot.domain.errors import DigestUnsupported

_A64 = "a" * 64


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_digest_of_bytes_parses(algorithm: str) -> None:
    digest = digest_of(b"content", algorithm)

    assert digest == f"{algorithm}:{hashlib.new(algorithm, b'content').hexdigest()}"
    assert parse_digest(digest) == digest
    assert algorithm_of(digest) == algorithm


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "sha256",
        "sha256:",
        "sha256:../../x",
        f"sha256:{'A' * 64}",
        f"sha256:{'a' * 63}",
        f"sha256:{_A64}a",
        f"sha512:{_A64}",
        f"md5:{'a' * 32}",
        f"SHA256:{_A64}",
        f"sha256:{'a' * 63}\n",
        f"sha384:{'a' * 96}",
        f"sha256+b64:{_A64}",
        f"sha256:{'g' * 64}",
        f"sha256:{'٣' * 64}",
        _A64,
        f" sha256:{_A64}",
        f"sha256:sha256:{_A64}",
    ],
)
def test_attack_03_what_cannot_be_verified_is_refused(text: str) -> None:
    with pytest.raises(DigestUnsupported):
        parse_digest(text)
    assert not is_digest(text)


def test_attack_03_a_refusal_quotes_no_more_than_a_line_of_a_huge_digest() -> None:
    with pytest.raises(DigestUnsupported) as refused:
        parse_digest("sha256:" + "a" * 1_000_000)

    assert len(refused.value.digest) == 1000


@given(st.text(max_size=80))
def test_the_two_readers_agree(text: str) -> None:
    try:
        parsed: Digest | None = parse_digest(text)
    except DigestUnsupported:
        parsed = None

    assert is_digest(text) == (parsed is not None)
