"""Content digests, `algorithm:hex` (OCI image-spec, "Digests")."""

import hashlib
import re
from typing import NewType

from entrepot.domain.errors import DigestUnsupported

Digest = NewType("Digest", str)

_HEX_LENGTH = {"sha256": 64, "sha512": 128}
_HEX = re.compile(r"[a-f0-9]+")  # lower case only: image-spec, "Registered algorithms"


def parse_digest(text: str) -> Digest:
    """A digest that the registry can verify; raises DigestUnsupported."""
    algorithm, _, encoded = text.partition(":")
    if _HEX_LENGTH.get(algorithm) != len(encoded) or not _HEX.fullmatch(encoded):
        raise DigestUnsupported(text[:1000])
    return Digest(text)


def is_digest(text: str) -> bool:
    """Whether `parse_digest` would take it."""
    algorithm, _, encoded = text.partition(":")
    return _HEX_LENGTH.get(algorithm) == len(encoded) and _HEX.fullmatch(encoded) is not None


def is_algorithm(text: str) -> bool:
    """Whether the registry verifies digests of this algorithm."""
    return text in _HEX_LENGTH


def algorithm_of(digest: Digest) -> str:
    """`sha256` or `sha512`."""
    return digest.partition(":")[0]


def digest_of(content: bytes, algorithm: str = "sha256") -> Digest:
    """The digest of bytes at hand."""
    return Digest(f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}")
