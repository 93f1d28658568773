"""Carrying out lifecycle policies: every repository with one has a turn each day, and soon after a push.

An evaluation sees the images of one moment; what it decides is done in small transactions, oldest first,
each of which looks again at what it rests on. After a while, or when an index has gone whose children may go
now, the next evaluation follows, until one has nothing left to do.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from entrepot.domain.digests import Digest
from entrepot.domain.errors import ImageReferenced, RepositoryNotFound
from entrepot.domain.images import PointedTag
from entrepot.domain.lifecycle.decisions import Decision, TagDecision, Why, acting
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.lifecycle.evaluation import decide
from entrepot.domain.lifecycle.holds import Holds
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import Action, LifecyclePolicy
from entrepot.domain.repositories import Repository
from entrepot.identity.gathering import Gathering
from entrepot.ports.clock import Clock, NewId
from entrepot.ports.lifecycle import KeptPolicy
from entrepot.ports.records import Job, Records, Store
from entrepot.registry.deletions import Deletions, PolicyExecution, ServiceEvent
from entrepot.registry.lifecycle_holds import load_holds
from entrepot.registry.lifecycle_images import load_images
from entrepot.registry.lifecycle_policies import EVALUATE_LIFECYCLE, TURN
from entrepot.registry.uncollected import run_uncollected

_STEP = 100  # images a transaction: pushes wait for no more than that
_AN_EVALUATION = 1000  # images, or a tenth of a large repository: then the next sees what else has changed
_NEWER_ASKED = 200  # of the images that a rule keeps by their number, in each transaction
_HELD_TOLD = 100  # images that indexes hold, in one run's event: there may be any number
_SOON = timedelta(minutes=1)  # after a push: more of them may follow
_TURNS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """Every decision of one moment."""

    execution: PolicyExecution
    decisions: Sequence[Decision]


class LifecycleRuns:
    """Gives repositories their turns, and takes them; any number of nodes may do so at once."""

    def __init__(
        self,
        store: Store,
        deletions: Deletions,
        clock: Clock,
        new_id: NewId,
        *,
        threads: Executor,
        event: ServiceEvent,
    ) -> None:
        """Policies are evaluated on the threads; `event` is told of everything that was done."""
        self._store = store
        self._deletions = deletions
        self._clock = clock
        self._new_id = new_id
        self._threads = threads
        self._event = event

    async def enqueue_due(self) -> int:
        """Enqueue a job for every repository whose turn has come; how many."""
        enqueued, now = 0, self._clock()
        while due := await self._store.read(
            lambda records: records.lifecycle_policies.due(now, _TURNS_AT_ONCE)
        ):
            jobs = [Job(self._new_id(), EVALUATE_LIFECYCLE, each, "{}", now, attempts=0) for each in due]
            await self._store.write(partial(_enqueue, jobs, now + TURN))
            enqueued += len(due)
        return enqueued

    async def run(self, repository_id: str) -> int:
        """Carry out the repository's policy to its end; how many images went or were archived.

        May be repeated.
        """
        acted_on = 0
        try:
            while evaluation := await self._evaluate(repository_id):
                went = await self._carry_out(evaluation)
                untagged = await self._take_tags(evaluation)
                acted_on += went
                if not (went or untagged) or not (untagged or _leaves_more(evaluation)):
                    await self._store.write(partial(_conclude, evaluation, self._event))
                    break
        except RepositoryNotFound:
            pass  # somebody removed it meanwhile, and what it had with it
        return acted_on

    async def _evaluate(self, repository_id: str) -> _Evaluation | None:
        """None where there is no policy, or no repository any more."""
        now = self._clock()
        found = await self._store.scan(partial(_subject_of, repository_id))
        if found is None:
            return None
        loop = asyncio.get_running_loop()
        decisions = await loop.run_in_executor(
            self._threads, partial(run_uncollected, decide, found.policy, found.images, now, found.holds)
        )
        execution = PolicyExecution(found.repository, found.kept.document, now, found.kept.last_evaluated_at)
        return _Evaluation(execution, decisions)

    async def _carry_out(self, evaluation: _Evaluation) -> int:
        images = {decision.image.digest: decision.image for decision in evaluation.decisions}
        going = list(_leaders_first(evaluation.decisions))
        leaving = {decision.image.digest for decision in going}
        went = 0
        for start in range(0, min(len(going), _at_most(evaluation)), _STEP):
            step = going[start : start + _STEP]
            newer = _newer(step, images, leaving)
            done = await self._deletions.expire(evaluation.execution, step, newer, self._event)
            went += len(done.expired) + len(done.transitioned)
        return went

    async def _take_tags(self, evaluation: _Evaluation) -> int:
        taken = [(decision, tag) for decision in evaluation.decisions for tag in decision.removed_tags]
        going = {tag.tag for _, tag in taken}
        going |= {
            tag
            for decision in evaluation.decisions
            if decision.action is Action.EXPIRE
            for tag in decision.image.tags
        }
        untagged = 0
        for start in range(0, min(len(taken), _at_most(evaluation)), _STEP):
            step = taken[start : start + _STEP]
            newer = _newer_tags(step, going)
            done = await self._deletions.take_tags(evaluation.execution, step, newer, self._event)
            untagged += len(done.untagged)
        return untagged


class PushedRepositories(Gathering[str, None]):
    """Repositories that one process saw a push to since the last flush: their turn comes soon.

    What is lost with the process waits for the daily turn.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, self._hasten)
        self._clock = clock

    def note(self, repository: Repository) -> None:
        """Something was pushed to it now."""
        self.put(repository.id, None)

    async def _hasten(self, pushed: list[tuple[str, None]], records: Records) -> None:
        ids = [repository_id for repository_id, _ in pushed]
        await records.lifecycle_policies.hasten(ids, due_at=self._clock() + _SOON)


async def _enqueue(jobs: Sequence[Job], next_turn: datetime, records: Records) -> None:
    for job in jobs:
        await records.jobs.enqueue(job)
        await records.lifecycle_policies.postpone(job.unique_key, until=next_turn)


@dataclass(frozen=True, slots=True)
class _Subject:
    """All that an evaluation is about, of one moment."""

    repository: Repository
    kept: KeptPolicy
    policy: LifecyclePolicy
    images: list[LifecycleImage]
    holds: Holds


async def _subject_of(repository_id: str, records: Records) -> _Subject | None:
    repository = await records.repositories.find_by_id(repository_id)
    kept = await records.lifecycle_policies.find(repository_id)
    if repository is None or kept is None:
        return None
    policy = parse_policy(kept.document)
    images = await load_images(records, repository_id, with_tag_times=bool(policy.tag_rules))
    return _Subject(repository, kept, policy, images, await load_holds(records, repository))


async def _conclude(evaluation: _Evaluation, event: ServiceEvent, records: Records) -> None:
    """Note that the policy was evaluated, and tell what it would have done but for indexes.

    That is told once a day (UTC): it is the same after every push.
    """
    execution = evaluation.execution
    await records.lifecycle_policies.note_evaluation(
        execution.repository.id, execution.document, execution.evaluated_at
    )
    last = execution.last_evaluated_at
    if last is not None and last.date() == execution.evaluated_at.date():
        return
    held = (decision for decision in evaluation.decisions if decision.why is Why.IN_INDEX)
    failures = tuple((each, ImageReferenced(each.because_of)) for each in islice(held, _HELD_TOLD))
    if failures:
        await event(records, replace(execution, failures=failures))


def _at_most(evaluation: _Evaluation) -> int:
    """How many images go by one evaluation."""
    return max(_AN_EVALUATION, len(evaluation.decisions) // 10)


def _leaves_more(evaluation: _Evaluation) -> bool:
    """Whether the next evaluation may have something to do: more of the same, or children of indexes."""
    going = acting(evaluation.decisions)
    gone = {decision.image.digest for decision in going}
    return len(going) > _at_most(evaluation) or any(
        decision.why is Why.IN_INDEX and gone.issuperset(decision.because_of)
        for decision in evaluation.decisions
    )


def _leaders_first(decisions: Sequence[Decision]) -> Iterator[Decision]:
    """What is acted on, oldest first, each image followed by those that go with it as their subject."""
    followers: dict[Digest, list[Decision]] = {}
    leaders = []
    for decision in acting(decisions):
        if decision.why is Why.AS_SUBJECT:
            followers.setdefault(decision.because_of[0], []).append(decision)
        else:
            leaders.append(decision)
    for leader in leaders:
        stack = [leader]
        while stack:
            decision = stack.pop()
            yield decision
            stack += followers.get(decision.image.digest, ())


def _newer(
    step: Sequence[Decision], images: Mapping[Digest, LifecycleImage], leaving: set[Digest]
) -> list[LifecycleImage]:
    """The images that make these too many; those that this evaluation acts on itself count all the same."""
    counted = {each.rule: each.because_of for each in step if each.why is Why.OVER_COUNT}
    kept: dict[Digest, None] = {}
    for newer in counted.values():
        staying = [digest for digest in newer if digest not in leaving]
        kept |= dict.fromkeys(staying[-_NEWER_ASKED:])
    return [images[digest] for digest in kept]


def _newer_tags(step: Sequence[tuple[Decision, TagDecision]], going: set[str]) -> list[PointedTag]:
    """The tags that make these too many, without those that go themselves."""
    kept: dict[PointedTag, None] = {}
    for newer in {each.rule: each.newer for _, each in step if each.why is Why.OVER_COUNT}.values():
        staying = [each for each in newer if each.tag not in going]
        kept |= dict.fromkeys(staying[-_NEWER_ASKED:])
    return list(kept)
