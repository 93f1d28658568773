"""When access keys were last used: gathered in memory, because no request waits for that write."""

from entrepot.domain.identities import KeyUse
from entrepot.identity.gathering import Gathering
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store


class KeyUses(Gathering[str, KeyUse]):
    """The uses of keys by one process since the last flush."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, _note_uses)
        self._clock = clock

    def note(self, access_key_id: str, service: str, region: str) -> None:
        """The key has just signed a request."""
        self.put(access_key_id, KeyUse(access_key_id, self._clock(), service, region))


async def _note_uses(uses: list[tuple[str, KeyUse]], records: Records) -> None:
    await records.key_uses.note(use for _, use in uses)
