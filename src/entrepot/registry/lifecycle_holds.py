"""What keeps the images of a repository from its lifecycle policy, read for a decision and for a deletion."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from entrepot.domain.digests import Digest
from entrepot.domain.lifecycle.holds import MOST_NAMED, Holds, find_holds
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.pins import Pin, pin_patterns
from entrepot.domain.repositories import Repository
from entrepot.domain.usage import Use
from entrepot.ports.records import Records
from entrepot.registry.pages import all_rows

_PAGE = 2000  # rows a statement: some milliseconds


async def load_holds(records: Records, repository: Repository) -> Holds:
    """All of the repository; belongs into the scan that reads its images."""
    pins = all_rows(partial(_pins_after, records, repository.id), "", lambda pin: pin.digest, page=_PAGE)
    uses: dict[Digest, list[Use]] = {}
    of_reports: dict[str, Use] = {}
    async for digest, report, use in all_rows(
        partial(_uses_after, records, repository.id), ("", ""), lambda row: (row[0], row[1]), page=_PAGE
    ):
        _add(uses.setdefault(digest, []), of_reports.setdefault(report, use))
    return Holds(
        pins={pin.digest: pin async for pin in pins},
        patterns=pin_patterns(await records.resource_tags.of(repository.id)),
        uses=uses,
        mutability=repository.mutability,
    )


async def find_held(
    records: Records, repository: Repository, images: Sequence[LifecycleImage], now: datetime
) -> set[Digest]:
    """Those of the images that are kept as things are in this transaction, whatever was read before it."""
    parents: dict[Digest, list[Digest]] = {}
    digests = [image.digest for image in images]
    level = digests
    while level:
        children = await records.references.children_of(repository.id, level)
        level = [child for of_index in children.values() for child in of_index if child not in parents]
        for index, of_index in children.items():
            for child in of_index:
                parents.setdefault(child, []).append(index)
        level = list(dict.fromkeys(level))
    known = {image.digest: image.tags for image in images}
    present = {
        digest: LifecycleImage(digest, known.get(digest, ()), now, parents=tuple(parents.get(digest, ())))
        for digest in [*digests, *parents]
    }
    holds = Holds(
        pins=await records.pins.of_images(repository.id, digests),
        patterns=pin_patterns(await records.resource_tags.of(repository.id)),
        uses=await records.usage.of_images(repository.id, list(present)),
    )
    return set(find_holds(holds, present, now))


def _add(uses: list[Use], use: Use) -> None:
    """Keep a few more than a sentence names, those that end last: a thousand clusters may run an image."""
    uses.append(use)
    if len(uses) > 2 * MOST_NAMED:
        uses.sort(key=lambda each: each.expires_at, reverse=True)
        del uses[MOST_NAMED + 1 :]


async def _pins_after(records: Records, repository_id: str, after: str) -> list[Pin]:
    return await records.pins.page(repository_id, after=after, limit=_PAGE)


async def _uses_after(
    records: Records, repository_id: str, after: tuple[str, str]
) -> list[tuple[Digest, str, Use]]:
    return await records.usage.of_repository(repository_id, after=after, limit=_PAGE)
