"""What came of mending a finding, and the images that it leaves broken."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from entrepot.domain.digests import Digest
from entrepot.domain.names import Tag
from entrepot.domain.recycling import owner_of
from entrepot.domain.repositories import Repository
from entrepot.ports.records import Flaw, Records
from entrepot.registry.inspection import Finding, Trouble

TOLD = 1000  # repositories, and images of each, that are named as hurt by one finding


@dataclass(frozen=True, slots=True)
class Hurt:
    """An image that is not whole any more: `account/region/name` of its repository, and its tags."""

    repository: str
    image: Digest
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class Repaired:
    """What came of one finding, in words; `hurt` are the images that it leaves broken."""

    finding: Finding
    is_mended: bool
    how: str
    hurt: tuple[Hurt, ...] = ()


Ways = Mapping[Flaw | Trouble, Callable[[Finding], Awaitable[Repaired]]]
"""What mends which kind of finding."""


async def hurt_in(repository_id: str, layer: Digest, records: Records) -> tuple[Hurt, ...]:
    """The images of the repository that have this layer."""
    users = await records.references.users(repository_id, layer, TOLD)
    return await hurt_of(repository_id, users, records)


async def hurt_of(
    repository_id: str, images: list[Digest] | tuple[Digest, ...], records: Records
) -> tuple[Hurt, ...]:
    """These images of the repository, with its name and their tags."""
    name = name_of(await find_owner(repository_id, records), repository_id)
    tags = await records.tags.of_images(repository_id, images)
    return tuple(Hurt(name, image, tuple(tags.get(image, ()))) for image in images)


async def find_owner(repository_id: str, records: Records) -> Repository | None:
    """The repository whose rows these are, in its bin or not, and itself in the registry's bin or not."""
    owner = owner_of(repository_id)
    found = await records.repositories.find_by_id(owner)
    return found or await records.repairs.deleted_repository(owner)


def name_of(repository: Repository | None, repository_id: str) -> str:
    """How a person knows it; its id where it has gone."""
    if repository is None:
        return repository_id
    binned = " (in the bin)" if repository_id != repository.id else ""
    return f"{repository.registry.account}/{repository.registry.region}/{repository.name}{binned}"
