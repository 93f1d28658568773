"""Previews of lifecycle policies: asked for, made by a job, and read in pages for a day."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from entrepot.domain.digests import Digest, parse_digest
from entrepot.domain.errors import (
    ImageIdEmpty,
    InvalidParameter,
    LifecyclePolicyNotFound,
    LifecyclePreviewNotFound,
    LifecyclePreviewUnderWay,
)
from entrepot.domain.images import ImageId
from entrepot.domain.lifecycle.decisions import Decision, acting
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.lifecycle.evaluation import decide
from entrepot.domain.lifecycle.holds import Holds
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import Action, LifecyclePolicy
from entrepot.domain.names import Registry, RepositoryName, Tag, parse_tag
from entrepot.domain.repositories import Repository
from entrepot.ports.clock import Clock, NewId
from entrepot.ports.lifecycle import Preview, PreviewResult, PreviewStatus
from entrepot.ports.outages import Outage, Unsettled
from entrepot.ports.records import Job, Records, Store
from entrepot.registry.catalog import get_repository
from entrepot.registry.deletions import PolicyExecution, ServiceEvent
from entrepot.registry.lifecycle_holds import load_holds
from entrepot.registry.lifecycle_images import load_images
from entrepot.registry.pages import cut_page, fetch_page, read_token
from entrepot.registry.uncollected import run_uncollected

logger = logging.getLogger(__name__)

PREVIEW_LIFECYCLE = "preview-lifecycle"  # the job that makes the preview of the repository of this id
_LIFETIME = timedelta(days=1)
_STEP = 500  # results a transaction
_TOLD = 100  # images in the event of a preview: there may be any number
_LONGEST_POSITION = 9  # digits


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """A preview with some of its results."""

    preview: Preview
    results: list[PreviewResult]
    next_token: str | None


class LifecyclePreviews:
    """At most one preview a repository; the next one takes its place."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        new_id: NewId,
        threads: Executor,
        *,
        event: ServiceEvent | None = None,
    ) -> None:
        """Policies are evaluated on the threads: a large repository takes seconds.

        `event` is told of what a preview found, of the first hundred images.
        """
        self._event = event
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._threads = threads

    async def start(self, registry: Registry, name: RepositoryName, text: str | None) -> Preview:
        """Begin a preview of the text, or of the repository's own policy without one.

        Raises InvalidParameter, LifecyclePolicyNotFound, or LifecyclePreviewUnderWay.
        """
        if text is not None:
            parse_policy(text)

        async def body(records: Records) -> Preview:
            repository = await get_repository(records, registry, name)
            document = text if text is not None else await _own_policy(records, repository)
            now = self._clock()
            found = await records.lifecycle_previews.find(repository.id)
            if found is not None and self._as_of_now(found).status is PreviewStatus.IN_PROGRESS:
                raise LifecyclePreviewUnderWay(name, registry.account)
            preview = Preview(self._new_id(), document, PreviewStatus.IN_PROGRESS, now, 0, 0)
            await records.lifecycle_previews.begin(repository.id, preview.id, document, now)
            await records.jobs.enqueue(
                Job(self._new_id(), PREVIEW_LIFECYCLE, repository.id, "{}", now, attempts=0)
            )
            return preview

        return await self._store.write(body)

    async def page(
        self, registry: Registry, name: RepositoryName, *, token: str | None, limit: int, tagged: bool | None
    ) -> PreviewPage:
        """The preview with a page of its results; LifecyclePreviewNotFound.

        A token of an older preview is none: InvalidParameter.
        """
        preview_id, position = read_token("lifecycle-preview", token, 2)

        async def body(records: Records) -> tuple[Preview, list[PreviewResult]]:
            repository, preview = await self._find(records, registry, name)
            if token is not None and (preview_id != preview.id or not _is_position(position)):
                raise InvalidParameter("nextToken", "Invalid token")
            if preview.status is not PreviewStatus.COMPLETE:
                return preview, []
            results = await records.lifecycle_previews.results(
                repository.id, preview.id, after=int(position or 0), limit=limit + 1, tagged=tagged
            )
            return preview, results

        preview, found = await fetch_page(self._store, limit, body)
        page = cut_page("lifecycle-preview", found, limit, lambda result: (preview.id, str(result.position)))
        return PreviewPage(preview, page.entries, page.next_token)

    async def of_images(
        self, registry: Registry, name: RepositoryName, ids: Sequence[ImageId], *, tagged: bool | None
    ) -> PreviewPage:
        """The preview with its results for these images; an image that it would not act on has none."""

        async def body(records: Records) -> PreviewPage:
            repository, preview = await self._find(records, registry, name)
            wanted = [_Wanted.of(image_id) for image_id in ids]
            if preview.status is not PreviewStatus.COMPLETE:
                return PreviewPage(preview, [], None)
            digests = [await each.find_digest(records, repository) for each in wanted]
            found = await records.lifecycle_previews.results_of(
                repository.id, preview.id, sorted({digest for digest in digests if digest is not None})
            )
            kept = [result for result in found if tagged is None or bool(result.tags) is tagged]
            return PreviewPage(preview, kept, None)

        return await self._store.read(body)

    async def _find(
        self, records: Records, registry: Registry, name: RepositoryName
    ) -> tuple[Repository, Preview]:
        repository = await get_repository(records, registry, name)
        found = await records.lifecycle_previews.find(repository.id)
        if found is None:
            raise LifecyclePreviewNotFound(name, registry.account)
        return repository, self._as_of_now(found)

    def _as_of_now(self, preview: Preview) -> Preview:
        if self._clock() - preview.started_at > _LIFETIME:
            return replace(preview, status=PreviewStatus.EXPIRED)
        return preview

    async def make(self, repository_id: str) -> None:
        """Make the preview that was asked for last; may be repeated, and does nothing once it is done."""
        preview = await self._store.read(lambda records: records.lifecycle_previews.find(repository_id))
        if preview is None or preview.status is not PreviewStatus.IN_PROGRESS:
            return
        try:
            await self._make(repository_id, preview)
        except (Outage, Unsettled):
            raise  # it is tried again
        except Exception:
            logger.exception("the preview of a lifecycle policy failed")
            await self._end(repository_id, preview, PreviewStatus.FAILED)

    async def _make(self, repository_id: str, preview: Preview) -> None:
        policy = parse_policy(preview.document)
        loaded = await self._store.scan(partial(_images_and_holds, repository_id, policy))
        if loaded is None:
            return  # the repository has gone, and its previews with it
        repository, images, holds = loaded
        loop = asyncio.get_running_loop()
        decisions = await loop.run_in_executor(
            self._threads, partial(run_uncollected, decide, policy, images, preview.started_at, holds)
        )
        found = acting(decisions)
        for clear in (_clear_others, _clear):  # what an earlier try has left, too
            while await self._store.write(partial(clear, repository_id, preview.id)):
                pass
        for step in _steps(found):
            await self._store.write(partial(_add_results, repository_id, preview.id, step))
        execution = PolicyExecution(repository, preview.document, preview.started_at, None)
        execution = replace(execution, expired=tuple(found[:_TOLD]))
        await self._end(repository_id, preview, PreviewStatus.COMPLETE, found, execution)

    async def _end(
        self,
        repository_id: str,
        preview: Preview,
        status: PreviewStatus,
        found: Sequence[Decision] = (),
        execution: PolicyExecution | None = None,
    ) -> None:
        expiring = sum(decision.action is Action.EXPIRE for decision in found)

        async def body(records: Records) -> None:
            await records.lifecycle_previews.end(
                repository_id, preview.id, status, expiring=expiring, transitioning=len(found) - expiring
            )
            if execution is not None and self._event is not None:
                await self._event(records, execution)

        await self._store.write(body)

    async def clear_expired(self) -> int:
        """Remove the results of previews that nobody can read any more, then the previews; how many went."""
        # A day longer than they can be read, so that for a while one is told that it expired.
        before = self._clock() - 2 * _LIFETIME
        cleared = 0
        while old := await self._store.read(lambda records: records.lifecycle_previews.old(before, _STEP)):
            for repository_id, preview_id in old:
                while await self._store.write(partial(_clear, repository_id, preview_id)):
                    pass
                await self._store.write(partial(_remove, repository_id, preview_id))
            cleared += len(old)
        return cleared


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An image that a caller names by digest, by tag or by both."""

    digest: Digest | None
    tag: Tag | None

    @classmethod
    def of(cls, image_id: ImageId) -> "_Wanted":
        """Raises ImageIdEmpty, DigestUnsupported or InvalidParameter for what can name nothing."""
        if image_id.digest is None and image_id.tag is None:
            raise ImageIdEmpty
        return cls(
            None if image_id.digest is None else parse_digest(image_id.digest),
            None if image_id.tag is None else parse_tag(image_id.tag),
        )

    async def find_digest(self, records: Records, repository: Repository) -> Digest | None:
        """None where the repository has no such tag, or where it names another image."""
        if self.tag is None:
            return self.digest
        tagged = await records.tags.find(repository.id, self.tag)
        return tagged if self.digest in (None, tagged) else None


async def _own_policy(records: Records, repository: Repository) -> str:
    kept = await records.lifecycle_policies.find(repository.id)
    if kept is None:
        raise LifecyclePolicyNotFound(repository.name, repository.registry.account)
    return kept.document


async def _images_and_holds(
    repository_id: str, policy: LifecyclePolicy, records: Records
) -> tuple[Repository, list[LifecycleImage], Holds] | None:
    repository = await records.repositories.find_by_id(repository_id)
    if repository is None:
        return None
    images = await load_images(records, repository_id, with_tag_times=bool(policy.tag_rules))
    return repository, images, await load_holds(records, repository)


def _is_position(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_POSITION


def _steps(decisions: Sequence[Decision]) -> Iterator[list[PreviewResult]]:
    for start in range(0, len(decisions), _STEP):
        step = decisions[start : start + _STEP]
        yield [_result(start + at, decision) for at, decision in enumerate(step, 1)]


def _result(position: int, decision: Decision) -> PreviewResult:
    image, rule = decision.image, decision.rule
    if decision.action is None or rule is None:
        raise AssertionError("only what is acted on has a result")
    return PreviewResult(
        position=position,
        digest=image.digest,
        tags=tuple(map(Tag, image.tags)),
        pushed_at=image.pushed_at,
        storage_class=image.storage_class,
        action=decision.action,
        priority=rule.priority,
    )


async def _clear(repository_id: str, preview_id: str, records: Records) -> int:
    return await records.lifecycle_previews.clear(repository_id, preview_id, _STEP)


async def _clear_others(repository_id: str, preview_id: str, records: Records) -> int:
    return await records.lifecycle_previews.clear_others(repository_id, preview_id, _STEP)


async def _add_results(
    repository_id: str, preview_id: str, results: Sequence[PreviewResult], records: Records
) -> None:
    current = await records.lifecycle_previews.find(repository_id)
    if current is not None and current.id == preview_id:  # else nobody would ever clear what is added
        await records.lifecycle_previews.add_results(repository_id, preview_id, results)


async def _remove(repository_id: str, preview_id: str, records: Records) -> None:
    await records.lifecycle_previews.remove(repository_id, preview_id)
