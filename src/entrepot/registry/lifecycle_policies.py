"""Lifecycle policies of repositories: set, read and taken away. What they do is in `lifecycle_runs.py`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from entrepot.domain.errors import LifecyclePolicyNotFound
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.names import Registry, RepositoryName
from entrepot.ports.clock import Clock, NewId
from entrepot.ports.records import Job, Records, Store
from entrepot.registry.catalog import get_repository

EVALUATE_LIFECYCLE = "evaluate-lifecycle"  # the job that carries out the policy of the repository of this id
TURN = timedelta(hours=23)  # from one evaluation to the next: ECR acts within 24, and jobs may have to wait
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # ECR's word for a policy that was not evaluated yet (facts C)


@dataclass(frozen=True, slots=True)
class SetPolicy:
    """A repository's policy as it is kept, minified, and when it was last evaluated."""

    text: str
    last_evaluated_at: datetime


class LifecyclePolicies:
    """One policy a repository, or none."""

    def __init__(self, store: Store, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    async def put(self, registry: Registry, name: RepositoryName, text: str) -> str:
        """Set the policy and have it evaluated soon; as it is kept. Raises InvalidParameter."""
        policy = parse_policy(text)

        async def body(records: Records) -> None:
            repository = await get_repository(records, registry, name)
            now = self._clock()
            await records.lifecycle_policies.put(repository.id, policy.text, due_at=now + TURN)
            await records.jobs.enqueue(
                Job(self._new_id(), EVALUATE_LIFECYCLE, repository.id, "{}", now, attempts=0)
            )

        await self._store.write(body)
        return policy.text

    async def get(self, registry: Registry, name: RepositoryName) -> SetPolicy:
        """The policy; raises LifecyclePolicyNotFound."""
        return await self._store.read(lambda records: _policy_of(records, registry, name))

    async def delete(self, registry: Registry, name: RepositoryName) -> SetPolicy:
        """Take the policy away; what it was, or LifecyclePolicyNotFound."""

        async def body(records: Records) -> SetPolicy:
            policy = await _policy_of(records, registry, name)
            repository = await get_repository(records, registry, name)
            await records.lifecycle_policies.remove(repository.id)
            return policy

        return await self._store.write(body)


async def _policy_of(records: Records, registry: Registry, name: RepositoryName) -> SetPolicy:
    repository = await get_repository(records, registry, name)
    kept = await records.lifecycle_policies.find(repository.id)
    if kept is None:
        raise LifecyclePolicyNotFound(name, registry.account)
    return SetPolicy(kept.document, kept.last_evaluated_at or NEVER)
