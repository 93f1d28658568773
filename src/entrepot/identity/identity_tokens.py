"""Identity tokens: signed JSON (JWS, RFC 7515) in its compact form, read and verified.

    base64url({"alg": "RS256", "kid": "k1", …}).base64url({"iss": "https://…", "sub": …}).base64url(signature)

Of the header nothing counts but `alg`, `kid` and `typ`; what else it says of keys is not even read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jwt
import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from entrepot.domain.errors import IdentityTokenInvalid
from entrepot.domain.web_identities import Claims

_NO_TOKEN = "The ID Token provided is not a valid JWT"  # noqa: S105 (STS's sentence)
_MOST_KEYS = 100
_RSA_BITS = range(2048, 8193)
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
# RFC 8725, 3.11: an issuer signs other things with the same key, such as logout tokens.
_TYPES = frozenset({"jwt", "at+jwt", "jose"})

_jws = jwt.PyJWS()


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token as anybody may have written it; `issuer` is what it claims."""

    text: str
    algorithm: str
    kid: str | None
    issuer: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key of an issuer, and the algorithms that it may have signed with."""

    kid: str | None
    algorithms: frozenset[str]
    key: RSAPublicKey | EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys that an issuer signs with."""

    keys: tuple[PublicKey, ...]

    def candidates(self, token: UnverifiedToken) -> Sequence[PublicKey]:
        """The keys that may have signed the token; without a kid that is clear of a single one alone."""
        fitting = [key for key in self.keys if token.algorithm in key.algorithms]
        if token.kid is not None:
            return [key for key in fitting if key.kid == token.kid]
        return fitting if len(fitting) == 1 else []


def read_token(text: str) -> UnverifiedToken:
    """The token, of which nothing is proven yet; raises IdentityTokenInvalid where it is none."""
    try:
        parts = _jws.decode_complete(text, options={"verify_signature": False})
        claims = orjson.loads(parts["payload"])
    except (jwt.InvalidTokenError, ValueError, RecursionError) as cause:
        raise IdentityTokenInvalid(_NO_TOKEN) from cause
    header = parts["header"]
    kind = header.get("typ", "JWT")
    if "crit" in header or not isinstance(kind, str) or _plain(kind) not in _TYPES:
        raise IdentityTokenInvalid(_NO_TOKEN)
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(issuer, str) or not isinstance(algorithm, str):
        raise IdentityTokenInvalid(_NO_TOKEN)
    return UnverifiedToken(text, algorithm, kid if isinstance(kid, str) else None, issuer)


def verify(token: UnverifiedToken, keys: KeySet) -> Claims:
    """What the token says, if one of the keys signed it; raises IdentityTokenInvalid where none did."""
    for candidate in keys.candidates(token):
        try:
            payload = _jws.decode(token.text, candidate.key, algorithms=[token.algorithm])
        except jwt.InvalidTokenError:
            continue
        claims: Claims = orjson.loads(payload)
        return claims
    raise IdentityTokenInvalid("The token's signature could not be verified with a key of its issuer")


def parse_keys(document: bytes) -> KeySet:
    """The keys of a JWK set (RFC 7517) that can verify; ValueError where it is none."""
    listed = orjson.loads(document)
    keys = listed.get("keys") if isinstance(listed, dict) else None
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
        raise ValueError("no set of keys, or too many of them")
    found = (_public_key(each) for each in keys if isinstance(each, dict))
    return KeySet(tuple(key for key in found if key is not None))


def _public_key(jwk: Mapping[str, object]) -> PublicKey | None:
    """The key, None for one that is not ours to use: symmetric, for encryption, too weak, or broken."""
    uses = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(uses, list) or "verify" not in uses:
        return None
    try:
        key = _material(jwk)
    except (jwt.InvalidKeyError, UnsupportedAlgorithm, ValueError, TypeError):
        return None
    if isinstance(key, RSAPublicKey):
        algorithms = _RSA if key.key_size in _RSA_BITS else frozenset()
    elif isinstance(key, EllipticCurvePublicKey):
        algorithms = frozenset(alg for curve, alg in _CURVES.items() if curve == key.curve.name)
    else:
        return None
    if "alg" in jwk:
        algorithms = frozenset(name for name in algorithms if name == jwk["alg"])
    kid = jwk.get("kid")
    return PublicKey(kid if isinstance(kid, str) else None, algorithms, key) if algorithms else None


def _material(jwk: Mapping[str, object]) -> object:
    """The public half alone, whatever else the set holds by mistake."""
    if jwk.get("kty") == "RSA":
        return RSAAlgorithm.from_jwk({name: jwk[name] for name in ("kty", "n", "e") if name in jwk})
    if jwk.get("kty") == "EC":
        return ECAlgorithm.from_jwk({name: jwk[name] for name in ("kty", "crv", "x", "y") if name in jwk})
    return None


def _plain(kind: str) -> str:
    return kind.lower().removeprefix("application/")
