"""Holds on uploads as rows, which every node of one database sees."""

from datetime import timedelta

from entrepot.ports.clock import Clock
from entrepot.ports.records import Store


class RowHolds:
    """UploadHolds over the store; the nodes' clocks may differ by less than a hold's time."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def take(self, key: str, holder: str, *, seconds: float) -> bool:
        now = self._clock()
        until = now + timedelta(seconds=seconds)
        return await self._store.write(
            lambda records: records.upload_holds.take(key, holder, now=now, until=until)
        )

    async def release(self, key: str, holder: str) -> None:
        await self._store.write(lambda records: records.upload_holds.release(key, holder))
