"""When and how often images were pulled: gathered in memory, because a pull must not wait for a write."""

from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class PullCount:
    """How often since the last flush, and when last."""

    pulls: int
    at: datetime


class PullTimes(Gathering[Pull, PullCount]):
    """The pulls of one process since the last flush; ECR promises the time to the day (ImageDetail).

    A pull is counted once or not at all: not where the process dies before the flush, nor where nobody knows
    whether that was written, after which the time alone is written again.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, _note_pulls, merge=_merge, doubtful=lambda pulled: replace(pulled, pulls=0))
        self._clock = clock

    def note(self, repository: Repository, digest: Digest, principal_arn: str = "") -> None:
        """The image was pulled now."""
        pull = Pull(repository.registry, repository.id, digest, principal_arn)
        self.put(pull, PullCount(1, self._clock()))


def _merge(former: PullCount, latter: PullCount) -> PullCount:
    return PullCount(former.pulls + latter.pulls, max(former.at, latter.at))


async def _note_pulls(gathered: list[tuple[Pull, PullCount]], records: Records) -> None:
    excluded: dict[Registry, ExcludedPullers] = {}
    counting: dict[tuple[str, Digest], PullCount] = {}  # one row each, whoever pulled it
    for pull, pulled in gathered:
        if pull.registry not in excluded:
            arns = await records.pull_time_exclusions.page(pull.registry, after="", limit=MOST_EXCLUSIONS)
            excluded[pull.registry] = ExcludedPullers(arns)
        if not excluded[pull.registry].has(pull.principal_arn):
            image = pull.repository_id, pull.digest
            counting[image] = _merge(counting[image], pulled) if image in counting else pulled
    for (repository_id, digest), pulled in counting.items():
        await records.images.note_pulls(repository_id, digest, pulled.at, pulls=pulled.pulls)
