"""Short policies, and what is left of a repository after one."""

import json

from entrepot.domain.repositories import Repository
from entrepot.ports.records import Job, Records
from tests.unit.builders import REGISTRY, World

UNTAGGED = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}
EXPIRE = {"type": "expire"}


def keep_newest(count: int, prefix: str | None = None) -> dict[str, object]:
    tags = {"tagStatus": "tagged", "tagPrefixList": [prefix]} if prefix else {"tagStatus": "any"}
    return tags | {"countType": "imageCountMoreThan", "countNumber": count}


def keep_days(days: int, prefix: str | None = None) -> dict[str, object]:
    tags = {"tagStatus": "tagged", "tagPrefixList": [prefix]} if prefix else {"tagStatus": "any"}
    return tags | {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}


def policy(*selections: object, action: object = None) -> str:
    """A rule for each selection, by priority, on many lines as people write it."""
    rules = [
        {"rulePriority": number, "selection": selection, "action": action or EXPIRE}
        for number, selection in enumerate(selections, 1)
    ]
    return json.dumps({"rules": rules}, indent=2)


async def set_policy(world: World, repository: Repository, *selections: object) -> str:
    return await world.lifecycle_policies.put(REGISTRY, repository.name, policy(*selections))


async def left(world: World, repository: Repository) -> set[str]:
    page = await world.listings.images(repository, token=None, limit=1000, tagged=None)
    return {described.image.digest for described in page.entries}


async def waiting(world: World, kind: str) -> list[Job]:
    async def body(records: Records) -> list[Job]:
        return await records.jobs.due(world.clock.at, 99, kinds=[kind])

    return await world.store.read(body)
