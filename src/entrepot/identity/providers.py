"""Issuers of identity tokens that the roles of an account may trust."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from entrepot.domain.errors import EntityExists, EntityNotFound, InputInvalid, QuotaExceeded
from entrepot.domain.identities import OidcProvider
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store

_URL = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[\w.:/-]*)?", re.ASCII)

PROVIDERS_AN_ACCOUNT = 100
CLIENTS_A_PROVIDER = 100
THUMBPRINTS_A_PROVIDER = 5


class OidcProviders:
    """Keeps providers; what their tokens open is for `web_sessions` to say."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create(
        self,
        account: str,
        url: str,
        *,
        client_ids: Iterable[str],
        thumbprints: Iterable[str],
        tags: Mapping[str, str],
    ) -> OidcProvider:
        """A new provider, by its https URL."""
        provider = OidcProvider(
            account, _issuer(url), tuple(client_ids), tuple(thumbprints), self._clock(), dict(tags)
        )
        _check(provider)

        async def body(records: Records) -> None:
            known = await records.oidc_providers.all(account)
            if any(each.url == provider.url for each in known):
                raise EntityExists("Provider", provider.url)
            if len(known) >= PROVIDERS_AN_ACCOUNT:
                raise QuotaExceeded("OpenIdConnectProvidersPerAccount", PROVIDERS_AN_ACCOUNT)
            await records.oidc_providers.put(provider)

        await self._store.write(body)
        return provider

    async def get(self, account: str, arn: str) -> OidcProvider:
        """The provider, or EntityNotFound."""
        return await self._store.read(lambda records: _get(records, account, arn))

    async def all(self, account: str) -> list[OidcProvider]:
        """By URL."""
        return await self._store.read(lambda records: records.oidc_providers.all(account))

    async def add_client(self, account: str, arn: str, client_id: str) -> None:
        """Accept this audience too; may be repeated."""
        await self._change(
            account,
            arn,
            lambda found: replace(found, client_ids=tuple(dict.fromkeys([*found.client_ids, client_id]))),
        )

    async def remove_client(self, account: str, arn: str, client_id: str) -> None:
        """Accept this audience no more; may be repeated."""
        await self._change(
            account,
            arn,
            lambda found: replace(found, client_ids=tuple(c for c in found.client_ids if c != client_id)),
        )

    async def set_thumbprints(self, account: str, arn: str, thumbprints: Iterable[str]) -> None:
        """Replace the thumbprints."""
        wanted = tuple(thumbprints)
        await self._change(account, arn, lambda found: replace(found, thumbprints=wanted))

    async def delete(self, account: str, arn: str) -> None:
        """Remove the provider and end the sessions of its tokens, or EntityNotFound."""

        async def body(records: Records) -> None:
            provider = await _get(records, account, arn)
            await records.oidc_providers.remove(account, provider.url)
            await records.access_keys.end_sessions(provider.arn)

        await self._store.write(body)

    async def _change(self, account: str, arn: str, change: Callable[[OidcProvider], OidcProvider]) -> None:
        async def body(records: Records) -> None:
            changed = change(await _get(records, account, arn))
            _check(changed)
            await records.oidc_providers.put(changed)

        await self._store.write(body)


async def _get(records: Records, account: str, arn: str) -> OidcProvider:
    url = arn.partition(":oidc-provider/")[2]
    provider = await records.oidc_providers.find(account, url)
    if provider is None or provider.arn != arn:
        raise EntityNotFound("OpenIDConnect Provider", arn)
    return provider


def _issuer(url: str) -> str:
    """The URL without its scheme, as ARNs have it; raises InputInvalid for what can be no issuer."""
    if not _URL.fullmatch(url):  # what `urlsplit` would leave out, too, and what no trust policy can name
        raise InputInvalid("Invalid Open ID Connect Provider URL")
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise InputInvalid("Invalid Open ID Connect Provider URL")
    return url.removeprefix("https://").rstrip("/")


def _check(provider: OidcProvider) -> None:
    if len(provider.client_ids) > CLIENTS_A_PROVIDER:
        raise QuotaExceeded("ClientIdsPerOpenIdConnectProvider", CLIENTS_A_PROVIDER)
    if len(provider.thumbprints) > THUMBPRINTS_A_PROVIDER:
        raise InputInvalid("Thumbprint list must contain fewer than 5 entries.")
