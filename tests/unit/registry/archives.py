"""The in-memory registry of a test with an archive tier, and what moves layers into it and back."""

from dataclasses import dataclass, field

from entrepot.domain.digests import Digest
from entrepot.domain.images import Image, ImageId
from entrepot.domain.layers import Layer
from entrepot.domain.lifecycle.policies import StorageClass
from entrepot.domain.repositories import Repository
from entrepot.keys.data_keys import DataKeys
from entrepot.ports.records import BlobRow, Records
from entrepot.registry.archiving import FOLLOW_STORAGE_CLASS, StorageClasses
from entrepot.registry.collection import Collector, Grace
from entrepot.registry.layers import Layers
from entrepot.registry.restoring import StorageClassRuns
from entrepot.registry.tier_moves import TierMover
from entrepot.registry.uploads import LayerUploads
from entrepot.services.ecr.archive_events import activation_events
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.blobs.tiers import ArchiveBlobs, TieredBlobs
from tests.unit.builders import AtOnce, World, new_id
from tests.unit.registry.lifecycles import waiting


@dataclass(frozen=True, slots=True)
class Archive:
    """A world whose layers lie in two tiers."""

    world: World
    lying: MemoryBlobs = field(default_factory=MemoryBlobs)

    @property
    def tiers(self) -> TieredBlobs:
        return TieredBlobs(self.world.blobs, ArchiveBlobs(self.lying, AtOnce()), AtOnce())

    @property
    def mover(self) -> TierMover:
        return TierMover(self.world.store, self.tiers, DataKeys(self.world.ring), self.world.clock)

    @property
    def classes(self) -> StorageClasses:
        return StorageClasses(self.world.store, self.world.clock, new_id)

    @property
    def runs(self) -> StorageClassRuns:
        clock = self.world.clock
        return StorageClassRuns(
            self.world.store, clock, self.mover.bring_back, event=activation_events(clock)
        )

    @property
    def layers(self) -> Layers:
        return Layers(self.world.store, self.tiers, DataKeys(self.world.ring))

    @property
    def uploads(self) -> LayerUploads:
        return LayerUploads(
            self.world.store,
            self.tiers,
            DataKeys(self.world.ring),
            clock=self.world.clock,
            new_id=new_id,
            is_sealed=True,
        )

    async def change(self, repository: Repository, digest: Digest, target: StorageClass) -> Image:
        return await self.classes.change(repository, ImageId(digest), target)

    async def archive(self, repository: Repository, image: Image) -> None:
        """Archive an image with what goes with it, and its layers' bytes."""
        await self.change(repository, image.digest, StorageClass.ARCHIVE)
        await self.follow()
        await self.mover.run()

    async def restore(self, repository: Repository, image: Image) -> None:
        """Bring it back to the end."""
        await self.change(repository, image.digest, StorageClass.STANDARD)
        await self.follow()

    async def follow(self) -> None:
        """Run the jobs that follow a change of class."""
        for job in await waiting(self.world, FOLLOW_STORAGE_CLASS):
            await self.runs.run(job.unique_key)
            await self._forget(job.id)

    async def _forget(self, job_id: str) -> None:
        async def body(records: Records) -> None:
            (job,) = [
                each
                for each in await records.jobs.due(self.world.clock.at, 99, kinds=[FOLLOW_STORAGE_CLASS])
                if each.id == job_id
            ]
            await records.jobs.claim(job, lease="test", until=self.world.clock.at)
            await records.jobs.finish(job_id, "test")

        await self.world.store.write(body)

    async def image(self, repository: Repository, digest: Digest) -> Image:
        """As its row says, whatever its status."""
        found = await self.world.store.read(lambda records: records.images.find(repository.id, digest))
        assert found is not None
        return found

    async def layer(self, repository: Repository, digest: Digest) -> Layer:
        """As its row says, whatever its class."""
        found = await self.world.store.read(lambda records: records.layers.find(repository.id, digest))
        assert found is not None
        return found

    async def blob(self, digest: Digest) -> BlobRow:
        found = await self.world.store.read(lambda records: records.blobs.find(digest, "AES256"))
        assert found is not None
        return found

    async def read(self, repository: Repository, digest: Digest) -> bytes:
        """A layer's bytes, as a pull gets them."""
        return await self.layers.content(await self.layers.get(repository, digest))

    async def empty_trash(self) -> None:
        await Collector(self.world.store, self.tiers, self.world.clock, Grace()).collect()
