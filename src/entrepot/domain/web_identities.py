"""What an identity token says, once its issuer is known to have signed it: of whom, for whom, until when.

The rules are those of OpenID Connect Core 3.1.3.7 and of IAM's guide, "Create an OpenID Connect provider".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from entrepot.domain.errors import IdentityTokenExpired, IdentityTokenInvalid, NotOffered
from entrepot.domain.identities import OidcProvider
from entrepot.domain.policy.requests import ContextValue

Claims = Mapping[str, object]
"""The JSON object inside a token."""

_SKEW = timedelta(seconds=30)  # between the issuer's clock and ours
_LONGEST_SUBJECT = 255  # STS API, SubjectFromWebIdentityToken
_TAGS = "https://aws.amazon.com/tags"  # STS guide, "Passing session tags using AssumeRoleWithWebIdentity"
_SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"
# A provider of such a name must not speak for the keys of the request itself.
_RESERVED = frozenset({"aws", "ecr", "entrepot", "iam", "kms", "saml", "sts"})


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """The holder of a token; `audience` is the client id it was made for, `keys` are condition keys."""

    subject: str
    audience: str
    keys: Mapping[str, ContextValue]
    tags: Mapping[str, str]
    transitive_tags: tuple[str, ...]


def issuer_url(claimed: str) -> str | None:
    """An issuer as providers are kept, without scheme and closing slash; None where it is not https."""
    if not claimed.startswith("https://"):
        return None
    return claimed.removeprefix("https://").removesuffix("/")


def read_claims(claims: Claims, provider: OidcProvider, now: datetime) -> WebIdentity:
    """The identity in a token that the provider's issuer signed; raises where it is not for us or not now."""
    _check_times(claims, int(now.timestamp()))
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise IdentityTokenInvalid("Missing a required claim: sub")
    audience = _audience(claims, frozenset(provider.client_ids))
    if claims.get(_SOURCE_IDENTITY) is not None:
        raise NotOffered("AssumeRoleWithWebIdentity with a source identity")
    tags, transitive = _tags(claims)
    keys = _keys(provider.url, claims, subject, audience)
    return WebIdentity(subject, audience, keys, tags, transitive)


def _check_times(claims: Claims, now: int) -> None:
    skew = int(_SKEW.total_seconds())
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    if expires is None or issued is None:
        raise IdentityTokenInvalid(f"Missing a required claim: {'exp' if expires is None else 'iat'}")
    if expires + skew <= now:
        raise IdentityTokenExpired(now, expires)
    if max(issued, _time(claims, "nbf") or 0) - skew > now:
        raise IdentityTokenInvalid("The token is not valid yet")


def _time(claims: Claims, name: str) -> int | None:
    """Seconds since 1970; STS takes whole numbers alone."""
    value = claims.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 0:
        raise IdentityTokenInvalid(f"The claim {name} must be a whole number of seconds")
    return value


def _audience(claims: Claims, known: frozenset[str]) -> str:
    """The client that the token was made for: `azp` where it is there, as STS has it, else one of `aud`.

    Both have to be known. STS asks for the first alone, so that whoever a client sends its token to could
    come here with it.
    """
    audiences, party = claims.get("aud"), claims.get("azp")
    listed = [audiences] if isinstance(audiences, str) else audiences
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise IdentityTokenInvalid("Missing a required claim: aud")
    meant = next((each for each in listed if each in known), None)
    if meant is None or (party is not None and party not in known):
        raise IdentityTokenInvalid("Incorrect token audience")
    return party if isinstance(party, str) else meant


def _keys(url: str, claims: Claims, subject: str, audience: str) -> dict[str, ContextValue]:
    """Every claim of a plain type, by the name that policies have for it, in lower case."""
    if url.lower() in _RESERVED:
        return {}
    prefix = url.lower()
    spelled: dict[str, set[str]] = {}
    for name in claims:
        spelled.setdefault(name.lower(), set()).add(name)
    keys = {}
    for folded, names in spelled.items():
        value = _value(claims[min(names)]) if len(names) == 1 else None  # which of two is meant nobody knows
        if value is not None:
            keys[f"{prefix}:{folded}"] = value
    if "azp" in claims:  # IAM's guide: then `aud` is under another name
        keys |= {f"{prefix}:oaud": value for value in [_value(claims["aud"])] if value is not None}
    return keys | {f"{prefix}:sub": subject, f"{prefix}:aud": audience}


def _value(claim: object) -> ContextValue | None:
    """The value of a condition key, None for what can be none."""
    if isinstance(claim, bool):
        return str(claim).lower()
    if isinstance(claim, str | int):
        return str(claim)
    if isinstance(claim, list) and all(isinstance(each, str) for each in claim):
        return tuple(claim)
    return None


def _tags(claims: Claims) -> tuple[dict[str, str], tuple[str, ...]]:
    """The session tags that the issuer gives, and those of them that stay in further sessions."""
    nested = claims.get(_TAGS)
    if nested is None:
        return {}, ()
    given = nested.get("principal_tags", {}) if isinstance(nested, Mapping) else None
    transitive = nested.get("transitive_tag_keys", []) if isinstance(nested, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(transitive, list):
        raise IdentityTokenInvalid("The session tags in the token cannot be read")
    tags = {key: _only(values) for key, values in given.items()}
    if not all(_is_tag(key, value) for key, value in tags.items()) or not all(
        isinstance(key, str) and key in tags for key in transitive
    ):
        raise IdentityTokenInvalid("The session tags in the token cannot be read")
    return tags, tuple(transitive)


def _only(values: object) -> str:
    """A tag's value, which stands in a list of one."""
    listed = [values] if isinstance(values, str) else values
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], str):
        raise IdentityTokenInvalid("The session tags in the token cannot be read")
    return listed[0]


def _is_tag(key: str, value: str) -> bool:
    return 0 < len(key) <= 128 and len(value) <= 256  # STS API, Tag
