"""When images were last pulled: gathered in memory, because a pull must not wait for a write."""

from dataclasses import dataclass
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry
from entrepot.domain.pull_exclusions import ExcludedPullers
from entrepot.domain.repositories import Repository
from entrepot.identity.gathering import Gathering
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.registry.pull_exclusions import MOST_EXCLUSIONS


@dataclass(frozen=True, slots=True)
class Pull:
    """An image, and who pulled it; the ARN is "" of somebody who cannot be excluded."""

    registry: Registry
    repository_id: str
    digest: Digest
    principal_arn: str


class PullTimes(Gathering[Pull, datetime]):
    """The pulls of one process since the last flush; ECR promises the time to the day (ImageDetail)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, _note_pulls)
        self._clock = clock

    def note(self, repository: Repository, digest: Digest, principal_arn: str = "") -> None:
        """The image was pulled now."""
        self.put(Pull(repository.registry, repository.id, digest, principal_arn), self._clock())


async def _note_pulls(pulls: list[tuple[Pull, datetime]], records: Records) -> None:
    excluded: dict[Registry, ExcludedPullers] = {}
    for pull, at in pulls:
        if pull.registry not in excluded:
            arns = await records.pull_time_exclusions.page(pull.registry, after="", limit=MOST_EXCLUSIONS)
            excluded[pull.registry] = ExcludedPullers(arns)
        if not excluded[pull.registry].has(pull.principal_arn):
            await records.images.note_pull(pull.repository_id, pull.digest, at)
