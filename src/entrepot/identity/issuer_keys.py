"""The keys of issuers, kept for a while: who sends tokens cannot make us ask their issuer at will."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from entrepot.domain.errors import IssuerUnreachable
from entrepot.domain.identities import OidcProvider
from entrepot.identity.identity_tokens import KeySet, UnverifiedToken, parse_keys
from entrepot.ports.clock import Clock
from entrepot.ports.issuers import KeysUnavailable, PublishedKeys

_FRESH = timedelta(minutes=5)  # so long a key counts that its issuer has withdrawn
_USABLE = timedelta(hours=1)  # so long while the issuer cannot be reached
_MINUTE = timedelta(minutes=1)
_ASKED_A_MINUTE = 4  # times, of one issuer
_ISSUERS = 256
_WAITING = 128  # callers, for issuers that are slow
_AT_ONCE = 8  # issuers that are asked

logger = logging.getLogger(__name__)

_Key = tuple[str, tuple[str, ...]]


@dataclass(slots=True)
class _Issuer:
    """What is known of one issuer, and when it was asked in the last minute."""

    keys: KeySet | None = None
    fetched_at: datetime | None = None
    asked: list[datetime] = field(default_factory=list)
    asking: asyncio.Task[None] | None = None

    def age(self, now: datetime) -> timedelta:
        return timedelta.max if self.fetched_at is None else abs(now - self.fetched_at)

    def may_ask(self, now: datetime) -> bool:
        self.asked = [moment for moment in self.asked if abs(now - moment) < _MINUTE]
        return len(self.asked) < _ASKED_A_MINUTE


class IssuerKeys:
    """Keys by issuer, in one process. Those of providers with other thumbprints are kept apart."""

    def __init__(self, published: PublishedKeys, clock: Clock) -> None:
        self._published = published
        self._clock = clock
        self._issuers = OrderedDict[_Key, _Issuer]()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def find(self, provider: OidcProvider, token: UnverifiedToken) -> KeySet:
        """The issuer's keys, asked for anew where they are old or none of them can have signed the token.

        Raises IssuerUnreachable where there are none that may still be used.
        """
        issuer = self._issuer(provider)
        is_fresh = issuer.age(self._clock()) < _FRESH
        if is_fresh and issuer.keys is not None and issuer.keys.candidates(token):
            return issuer.keys
        await self._refresh(issuer, provider)
        if issuer.keys is None or issuer.age(self._clock()) >= _USABLE:
            raise IssuerUnreachable(provider.url)
        return issuer.keys

    def _issuer(self, provider: OidcProvider) -> _Issuer:
        key = provider.url, tuple(sorted(provider.thumbprints))
        issuer = self._issuers.setdefault(key, _Issuer())
        self._issuers.move_to_end(key)
        while len(self._issuers) > _ISSUERS:
            self._issuers.popitem(last=False)
        return issuer

    async def _refresh(self, issuer: _Issuer, provider: OidcProvider) -> None:
        """Ask the issuer once for all who wait for it, unless it was asked often enough."""
        if issuer.asking is None:
            now = self._clock()
            if not issuer.may_ask(now):
                return
            issuer.asked.append(now)
            issuer.asking = asyncio.create_task(self._ask(issuer, provider))
        if self._waiting >= _WAITING:
            return
        self._waiting += 1
        try:
            await asyncio.shield(issuer.asking)
        finally:
            self._waiting -= 1

    async def _ask(self, issuer: _Issuer, provider: OidcProvider) -> None:
        """Never raises: what was known stays where the issuer gives nothing better."""
        try:
            async with self._slots:
                issuer.keys = parse_keys(await self._published.fetch(provider))
            issuer.fetched_at = self._clock()
        except (KeysUnavailable, ValueError) as failure:
            logger.warning("issuer %s gave no keys: %s", provider.url, failure)
        except Exception:
            logger.exception("issuer %s could not be asked", provider.url)
        finally:
            issuer.asking = None
