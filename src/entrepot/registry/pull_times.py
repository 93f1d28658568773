"""When images were last pulled: gathered in memory, because a pull must not wait for a write."""

from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.identity.gathering import Gathering
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store

Place = tuple[str, Digest]


class PullTimes(Gathering[Place, datetime]):
    """The pulls of one process since the last flush; ECR promises the time to the day (ImageDetail)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, _note_pulls)
        self._clock = clock

    def note(self, repository_id: str, digest: Digest) -> None:
        """The image was pulled now."""
        self.put((repository_id, digest), self._clock())


async def _note_pulls(pulls: list[tuple[Place, datetime]], records: Records) -> None:
    for (repository_id, digest), at in pulls:
        await records.images.note_pull(repository_id, digest, at)
