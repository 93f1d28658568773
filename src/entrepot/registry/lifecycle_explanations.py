"""What a lifecycle policy would do with every image of a repository, and why; and what that would free.

An evaluation of a large repository takes seconds, so a process makes one at a time and keeps the last one
for the pages that follow. Another process that is asked for the next page makes it anew, for the same time.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from entrepot.domain.digests import Digest
from entrepot.domain.errors import InvalidParameter, LifecyclePolicyNotFound
from entrepot.domain.images import ImageId
from entrepot.domain.lifecycle.decisions import Decision, Why
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.lifecycle.evaluation import decide
from entrepot.domain.lifecycle.holds import Holds
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import Action
from entrepot.domain.names import Registry, RepositoryName
from entrepot.domain.repositories import Repository
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records, Store
from entrepot.registry.catalog import get_repository
from entrepot.registry.image_ids import resolve_image
from entrepot.registry.lifecycle_holds import load_holds
from entrepot.registry.lifecycle_images import load_images
from entrepot.registry.pages import all_rows, cut_page, read_token
from entrepot.registry.uncollected import run_uncollected

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FURTHEST = 10 * 366 * 24 * 3600 * 10**6 * 100  # microseconds: a time of a token is in this millennium
_PAGE = 2000  # rows a statement: some milliseconds
_KEPT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Effect:
    """All decisions in numbers; bytes are those of layers, each counted once.

    `released_bytes` are of layers that no image has that stays, and `freed_bytes` those of them that no other
    repository of the registry holds.
    """

    images: int
    expiring: int
    transitioning: int
    removed_tags: int
    pinned: int
    used: int
    expiring_bytes: int
    released_bytes: int
    freed_bytes: int


@dataclass(frozen=True, slots=True)
class Explained:
    """Some of the decisions on a repository's images, oldest image first; the effect with the first page."""

    document: str
    evaluated_at: datetime
    decisions: list[Decision]
    effect: Effect | None
    next_token: str | None


@dataclass(frozen=True, slots=True)
class _Evaluation:
    repository: Repository
    document: str
    at: datetime
    made_at: datetime
    decisions: Sequence[Decision]
    effect: Effect

    def answers(self, repository: Repository, document: str, at: datetime) -> bool:
        return (self.repository.id, self.document, self.at) == (repository.id, document, at)


class LifecycleExplanations:
    """Evaluates policies that nobody has to have set, and changes nothing."""

    def __init__(self, store: Store, clock: Clock, threads: Executor) -> None:
        """Policies are evaluated on the threads."""
        self._store = store
        self._clock = clock
        self._threads = threads
        self._turn = asyncio.Lock()
        self._last: _Evaluation | None = None

    async def page(
        self, registry: Registry, name: RepositoryName, text: str | None, *, token: str | None, limit: int
    ) -> Explained:
        """A page of the decisions by this policy, or by the repository's own without one.

        Raises InvalidParameter, or LifecyclePolicyNotFound. All pages are of the time of the first.
        """
        time, begun, digest = read_token("lifecycle-explanation", token, 3)
        at = self._clock() if token is None else _time(time)
        after = (_EPOCH if token is None else _time(begun), digest)
        evaluation = await self._evaluate(registry, name, text, at)
        found = [each for each in evaluation.decisions if _place(each) > after][: limit + 1]
        page = cut_page(
            "lifecycle-explanation",
            found,
            limit,
            lambda each: (_number(at), _number(each.image.begun_at), each.image.digest),
        )
        effect = evaluation.effect if token is None else None
        return Explained(evaluation.document, at, page.entries, effect, page.next_token)

    async def of_images(
        self, registry: Registry, name: RepositoryName, text: str | None, ids: Sequence[ImageId]
    ) -> Explained:
        """The decisions on these images, with the effect of all; refuses as `resolve_image` does."""
        evaluation = await self._evaluate(registry, name, text, self._clock())

        async def body(records: Records) -> set[Digest]:
            found = [await resolve_image(records, evaluation.repository, each) for each in ids]
            return {image.digest for image in found}

        wanted = await self._store.read(body)
        decisions = [each for each in evaluation.decisions if each.image.digest in wanted]
        return Explained(evaluation.document, evaluation.at, decisions, evaluation.effect, None)

    async def _evaluate(
        self, registry: Registry, name: RepositoryName, text: str | None, at: datetime
    ) -> _Evaluation:
        repository, document = await self._store.read(partial(_policy_text, registry, name, text))
        async with self._turn:
            last = self._last
            if last is not None and last.answers(repository, document, at) and self._is_fresh(last):
                return last
            self._last = None  # two of them would be too large to keep
            policy = parse_policy(document)
            images, holds = await self._store.scan(
                partial(_images_and_holds, repository, bool(policy.tag_rules))
            )
            loop = asyncio.get_running_loop()
            decisions = await loop.run_in_executor(
                self._threads, partial(run_uncollected, decide, policy, images, at, holds)
            )
            expiring = {each.image.digest for each in decisions if each.action is Action.EXPIRE}
            sizes = await self._store.scan(partial(_freed, repository, expiring)) if expiring else (0, 0, 0)
            effect = _effect(decisions, *sizes)
            self._last = _Evaluation(repository, document, at, self._clock(), decisions, effect)
            return self._last

    def _is_fresh(self, evaluation: _Evaluation) -> bool:
        return self._clock() - evaluation.made_at < _KEPT


def _place(decision: Decision) -> tuple[datetime, Digest]:
    return decision.image.begun_at, decision.image.digest


def _number(at: datetime) -> str:
    return str((at - _EPOCH) // timedelta(microseconds=1))


def _time(text: str) -> datetime:
    """What `_number` wrote; raises InvalidParameter for what it never writes."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < _FURTHEST):
        raise InvalidParameter("nextToken", "Invalid token")
    return _EPOCH + timedelta(microseconds=int(text))


async def _policy_text(
    registry: Registry, name: RepositoryName, text: str | None, records: Records
) -> tuple[Repository, str]:
    repository = await get_repository(records, registry, name)
    if text is not None:
        return repository, text
    kept = await records.lifecycle_policies.find(repository.id)
    if kept is None:
        raise LifecyclePolicyNotFound(name, registry.account)
    return repository, kept.document


async def _images_and_holds(
    repository: Repository, with_tag_times: bool, records: Records
) -> tuple[list[LifecycleImage], Holds]:
    images = await load_images(records, repository.id, with_tag_times=with_tag_times)
    return images, await load_holds(records, repository)


async def _freed(repository: Repository, expiring: set[Digest], records: Records) -> tuple[int, int, int]:
    """Bytes of the layers of the images that expire: all, those nothing else here has, nor elsewhere."""
    going: set[Digest] = set()
    staying: set[Digest] = set()
    async for image, layer in all_rows(
        partial(_layers_after, records, repository.id), ("", ""), lambda row: row, page=_PAGE
    ):
        (going if image in expiring else staying).add(layer)
    layers = await records.layers.find_many(repository.id, sorted(going))
    alone = [layer for digest, layer in layers.items() if digest not in staying]
    beside = await records.layers.held_beside(repository, [layer.blob_key for layer in alone])
    return (
        sum(layer.size_bytes for layer in layers.values()),
        sum(layer.size_bytes for layer in alone),
        sum(layer.size_bytes for layer in alone if layer.blob_key not in beside),
    )


async def _layers_after(
    records: Records, repository_id: str, after: tuple[str, str]
) -> list[tuple[Digest, Digest]]:
    return await records.references.layers(repository_id, after=after, limit=_PAGE)


def _effect(
    decisions: Sequence[Decision], expiring_bytes: int, released_bytes: int, freed_bytes: int
) -> Effect:
    return Effect(
        images=len(decisions),
        expiring=sum(each.action is Action.EXPIRE for each in decisions),
        transitioning=sum(each.action is Action.TRANSITION for each in decisions),
        removed_tags=sum(len(each.removed_tags) for each in decisions),
        pinned=sum(each.why is Why.PINNED for each in decisions),
        used=sum(each.why is Why.IN_USE for each in decisions),
        expiring_bytes=expiring_bytes,
        released_bytes=released_bytes,
        freed_bytes=freed_bytes,
    )
