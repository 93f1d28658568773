"""An issuer of identity tokens in memory: its keys, what it publishes, and tokens, signed by it or not."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from entrepot.domain.identities import OidcProvider
from entrepot.ports.issuers import KeysUnavailable

ISSUER = "token.actions.example.com"
AUDIENCE = "sts.amazonaws.com"
SUBJECT = "repo:acme/app:ref:refs/heads/main"

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


def new_private_key(algorithm: str = "ES256", bits: int = 2048) -> Private:
    """A key that can sign with the algorithm."""
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    return rsa.generate_private_key(65537, bits)


def public_jwk(key: Private, kid: str | None = "k1", **more: object) -> dict[str, Any]:
    """The public half as issuers publish it."""
    public = key.public_key()
    given = (
        RSAAlgorithm.to_jwk(public, as_dict=True)
        if isinstance(public, rsa.RSAPublicKey)
        else ECAlgorithm.to_jwk(public, as_dict=True)
    )
    plain = {name: value for name, value in given.items() if name != "key_ops"}
    return plain | ({} if kid is None else {"kid": kid}) | {"use": "sig"} | more


def claims(now: datetime | None = None, **changed: object) -> dict[str, Any]:
    """What GitHub says of a job; None takes a claim out."""
    moment = int((now or datetime.now(UTC)).timestamp())
    said: dict[str, Any] = {
        "iss": f"https://{ISSUER}",
        "aud": AUDIENCE,
        "sub": SUBJECT,
        "iat": moment,
        "nbf": moment - 5,
        "exp": moment + 300,
        "jti": "6f4762ed",
        "repository": "acme/app",
        "repository_id": "7",
        "ref": "refs/heads/main",
        "run_attempt": 1,
    }
    return {name: value for name, value in (said | changed).items() if value is not None}


def sign(
    said: Mapping[str, Any],
    key: Private,
    algorithm: str = "ES256",
    kid: str | None = "k1",
    header: Mapping[str, Any] | None = None,
) -> str:
    """A token, signed as asked."""
    headers = ({} if kid is None else {"kid": kid}) | dict(header or {})
    return jwt.encode(dict(said), key, algorithm=algorithm, headers=headers)


def assemble(header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, signature: bytes) -> str:
    """A token out of any parts."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    return ".".join(segment(part) for part in (*parts, signature))


def segment(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(slots=True)
class MemoryIssuers:
    """What issuers publish, by URL without scheme; one that is not here cannot be reached."""

    documents: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def publish(self, *keys: Mapping[str, object], url: str = ISSUER) -> None:
        """These are the issuer's keys from now on."""
        self.documents[url] = json.dumps({"keys": keys}).encode()

    async def fetch(self, provider: OidcProvider) -> bytes:
        self.asked.append(provider.url)
        if provider.url not in self.documents:
            raise KeysUnavailable("down")
        return self.documents[provider.url]


def provider(**changed: object) -> OidcProvider:
    """A provider of the issuer."""
    given = {
        "account": "123456789012",
        "url": ISSUER,
        "client_ids": (AUDIENCE,),
        "thumbprints": (),
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return OidcProvider(**cast("Any", given | changed))
