"""The keys of issuers of identity tokens, as OpenID Connect Discovery 1.0 leads to them.

https://ISSUER/.well-known/openid-configuration   {"issuer": "https://ISSUER", "jwks_uri": "https://…", …}
jwks_uri                                          {"keys": [{"kty": "RSA", "kid": "k1", …}, …]}
"""

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import orjson

from entrepot.domain.identities import OidcProvider
from entrepot.domain.web_identities import issuer_url
from entrepot.outbound.https import HttpsDocuments, NotFetched, Target
from entrepot.ports.issuers import KeysUnavailable

_DISCOVERY = "/.well-known/openid-configuration"
_MOST_BYTES = 128 * 1024


class DiscoveredKeys:
    """Published keys. An issuer's own host may be anywhere but at a machine's own data; what it names may not
    lead back to this machine either, unless it is the same host.
    """

    def __init__(self, documents: HttpsDocuments) -> None:
        self._documents = documents

    async def fetch(self, provider: OidcProvider) -> bytes:
        """The issuer's JWK set; raises KeysUnavailable."""
        issuer = f"https://{provider.url}"
        try:
            found = await self._documents.fetch(
                Target(issuer + _DISCOVERY, provider.thumbprints, allows_loopback=True), _MOST_BYTES
            )
            uri, is_own = _keys_of(orjson.loads(found), provider.url)
            return await self._documents.fetch(
                Target(uri, provider.thumbprints, allows_loopback=is_own), _MOST_BYTES
            )
        except (NotFetched, ValueError) as cause:
            raise KeysUnavailable(str(cause)) from cause


def _keys_of(document: object, url: str) -> tuple[str, bool]:
    """Where the keys lie, and whether on the issuer's own host; ValueError for another issuer's document."""
    members = document if isinstance(document, Mapping) else {}
    issuer, uri = members.get("issuer"), members.get("jwks_uri")
    if not isinstance(issuer, str) or issuer_url(issuer) != url:
        raise ValueError("the discovery document is of another issuer")
    parts = urlsplit(uri) if isinstance(uri, str) else SplitResult("", "", "", "", "")
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
        raise ValueError("jwks_uri is no https URL without a password")
    return parts.geturl(), parts.hostname == urlsplit(f"https://{url}").hostname
