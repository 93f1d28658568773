"""A worker that moves layers between the tiers of a folder, and may be killed at any moment."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from entrepot.keys.data_keys import DataKeys
from entrepot.ports.records import Records
from entrepot.registry.archiving import FOLLOW_STORAGE_CLASS
from entrepot.registry.collection import Collector, Grace
from entrepot.registry.restoring import StorageClassRuns
from entrepot.registry.tier_moves import TierMover
from entrepot.services.ecr.archive_events import activation_events
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from entrepot.storage.blobs.tiers import ArchiveBlobs, TieredBlobs
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.store import SqlStore
from tests.unit.builders import key_ring


@dataclass(frozen=True, slots=True)
class Registry:
    """Rows and both tiers in one folder."""

    store: SqlStore
    tiers: TieredBlobs
    archive: ArchiveBlobs

    @property
    def mover(self) -> TierMover:
        return TierMover(self.store, self.tiers, DataKeys(key_ring(1)), now)

    @property
    def collector(self) -> Collector:
        return Collector(self.store, self.tiers, now, Grace.of(timedelta(days=1)))


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Registry]:
    """The registry of a folder, made where it is missing."""
    with ThreadPoolExecutor(2) as pool:
        database = await connect(f"sqlite://{folder / 'rows.db'}")
        try:
            await migrate(database, packaged(), now=now())
            archive = ArchiveBlobs(FilesystemBlobs(folder / "archive", pool=pool), pool)
            tiers = TieredBlobs(FilesystemBlobs(folder / "standard", pool=pool), archive, pool)
            yield Registry(SqlStore(database), tiers, archive)
        finally:
            await database.close()


def work(folder: str) -> None:
    """Do all that is to be done, then end."""
    asyncio.run(_work(Path(folder)))


async def _work(folder: Path) -> None:
    async with opened(folder) as registry:
        runs = StorageClassRuns(registry.store, now, registry.mover.bring_back, event=activation_events(now))

        async def following(records: Records) -> list[str]:
            jobs = await records.jobs.due(now(), 99, kinds=[FOLLOW_STORAGE_CLASS])
            return [job.unique_key for job in jobs]

        for key in await registry.store.read(following):
            await runs.run(key)
        await registry.mover.run()
        await registry.collector.collect()


def now() -> datetime:
    return datetime.now(UTC)
