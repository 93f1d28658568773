"""How much each registry holds in all: added up from its repositories, and kept for every day."""

from datetime import datetime, timedelta
from functools import partial

from entrepot.domain.days import day_of
from entrepot.domain.names import Registry
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.ports.statistics import HeldRow, RegistrySum, StoredBytes, SumRow

DAYS_KEPT = 400
_ROWS = 2000  # a statement
_DAYS_STEP = 500  # points a transaction


class RegistryTotals:
    """Adds up; pages are read one after another while pushes go on, so a sum is about its time."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add_up(self) -> None:
        """Every registry's repositories, images, tags, bytes and pulls."""
        sums, after = dict[Registry, RegistrySum](), ""
        for registry in await self._known():
            sums[registry] = RegistrySum()  # where the last repository has gone
        while rows := await self._store.scan(partial(_sums, after)):
            for row in rows:
                sums[row.registry] = _with(sums.get(row.registry, RegistrySum()), row)
            after = rows[-1].repository_id
        now = self._clock()
        for registry, added_up in sums.items():
            await self._store.write_apart(partial(_put_sum, registry, added_up, now))

    async def add_up_stored(self) -> None:
        """What every registry's repositories hold, each blob once, and what of it several images share."""
        tally, after = _StoredTally(), ("", "")
        for registry in await self._known():
            tally.add(registry)
        while rows := await self._store.scan(partial(_holders, after)):
            for row in rows:
                tally.see(row)
            after = rows[-1].blob_key, rows[-1].repository_id
        now = self._clock()
        for registry, (size_bytes, shared_bytes) in tally.end().items():
            stored = StoredBytes(size_bytes, shared_bytes, now)
            await self._store.write_apart(partial(_put_stored, registry, stored))

    async def forget_days(self) -> int:
        """Forget points older than DAYS_KEPT days; how many."""
        before, forgotten = day_of(self._clock() - timedelta(days=DAYS_KEPT)), 0
        after = (0, "")
        while points := await self._store.scan(partial(_old_days, before, after)):
            forgotten += await self._store.write_apart(partial(_forget_days, points, before))
            after = points[-1]
        for registry in await self._known():
            forgotten += await self._store.write_apart(partial(_forget_registry_days, registry, before))
        return forgotten

    async def _known(self) -> list[Registry]:
        known: list[Registry] = []
        after = ("", "")
        while page := await self._store.scan(partial(_registries, after)):
            known += page
            after = page[-1].account, page[-1].region
        return known


class _StoredTally:
    """Bytes of blobs by registry, told of one holder after another, all of a blob together."""

    def __init__(self) -> None:
        self._bytes: dict[Registry, tuple[int, int]] = {}
        self._blob = ""
        self._size_bytes = 0
        self._users: dict[Registry, int] = {}

    def add(self, registry: Registry) -> None:
        """It is told of, whatever it holds."""
        self._bytes.setdefault(registry, (0, 0))

    def see(self, row: HeldRow) -> None:
        """A blob and one of its holders."""
        if row.blob_key != self._blob:
            self._settle()
            self._blob, self._size_bytes, self._users = row.blob_key, row.size_bytes, {}
        self._users[row.registry] = self._users.get(row.registry, 0) + row.users

    def end(self) -> dict[Registry, tuple[int, int]]:
        """Bytes, and those of them that more than one image has."""
        self._settle()
        self._users = {}
        return self._bytes

    def _settle(self) -> None:
        for registry, users in self._users.items():
            size_bytes, shared_bytes = self._bytes.get(registry, (0, 0))
            shared = self._size_bytes if users > 1 else 0
            self._bytes[registry] = size_bytes + self._size_bytes, shared_bytes + shared


def _with(added_up: RegistrySum, row: SumRow) -> RegistrySum:
    return RegistrySum(added_up.repositories + 1, added_up.holding + row.holding, added_up.pulls + row.pulls)


async def _sums(after: str, records: Records) -> list[SumRow]:
    return await records.statistics.sums(after=after, limit=_ROWS)


async def _holders(after: tuple[str, str], records: Records) -> list[HeldRow]:
    return await records.statistics.holders(after=after, limit=_ROWS)


async def _registries(after: tuple[str, str], records: Records) -> list[Registry]:
    return await records.statistics.registries(after=after, limit=_ROWS)


async def _put_sum(registry: Registry, added_up: RegistrySum, now: datetime, records: Records) -> None:
    await records.statistics.put_sum(registry, added_up, now=now)


async def _put_stored(registry: Registry, stored: StoredBytes, records: Records) -> None:
    await records.statistics.put_stored(registry, stored)


async def _old_days(before: int, after: tuple[int, str], records: Records) -> list[tuple[int, str]]:
    return await records.statistics.old_days(before=before, after=after, limit=_DAYS_STEP)


async def _forget_days(points: list[tuple[int, str]], before: int, records: Records) -> int:
    return await records.statistics.forget_days(points, before=before)


async def _forget_registry_days(registry: Registry, before: int, records: Records) -> int:
    return await records.statistics.forget_registry_days(registry, before=before)
