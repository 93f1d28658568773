"""What issuers of identity tokens publish."""

from dataclasses import dataclass
from typing import Protocol

from entrepot.domain.identities import OidcProvider


@dataclass(eq=False)
class KeysUnavailable(Exception):
    """An issuer did not give its keys; the reason is for the log, and nothing of it for callers."""

    reason: str


class PublishedKeys(Protocol):
    """The keys that issuers sign with, where they publish them."""

    async def fetch(self, provider: OidcProvider) -> bytes:
        """The issuer's JWK set, as its discovery document leads to it, within seconds.

        Raises KeysUnavailable; may be repeated, and by whom and how often is the caller's to limit.
        """
