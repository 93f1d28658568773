"""What pins refuse: every deletion of their images, whoever asks and at whichever door.

What a cluster runs is kept from lifecycle policies alone: a report is no vote on what people do.
"""

from collections.abc import Sequence
from datetime import datetime

from entrepot.domain.digests import Digest
from entrepot.domain.errors import ImagePinned, RepositoryPinned
from entrepot.domain.names import Tag
from entrepot.domain.pins import PIN_TAG, find_pinned_tag, pin_patterns
from entrepot.domain.repositories import Repository
from entrepot.ports.records import Records

_LOOKED_AT = 100  # pins of a repository at a time, to find one whose time is not over
_TAGS_LOOKED_AT = 1000  # at a time


async def check_image_unpinned(
    records: Records, repository: Repository, digest: Digest, tags: Sequence[Tag], now: datetime
) -> None:
    """Raises ImagePinned where the image may not go."""
    pin = await records.pins.find(repository.id, digest)
    if pin is not None and pin.holds(now):
        raise ImagePinned(digest, pin.pinned_by, pin.reason, pin.until)
    await check_tags_unpinned(records, repository, tags)


async def check_tags_unpinned(records: Records, repository: Repository, tags: Sequence[Tag]) -> None:
    """Raises ImagePinned where a pattern of the repository's resource tag covers one of its tags."""
    if not tags:
        return
    patterns = pin_patterns(await records.resource_tags.of(repository.id))
    tag = find_pinned_tag(patterns, tags)
    if tag is not None:
        raise ImagePinned(f"tag {tag}", f"the repository's resource tag {PIN_TAG}")


async def check_repository_unpinned(records: Records, repository: Repository, now: datetime) -> None:
    """Raises RepositoryPinned where an image of the repository may not go."""
    patterns = pin_patterns(await records.resource_tags.of(repository.id))
    if any([await _covers_any(records, repository.id, pattern) for pattern in patterns]):
        raise RepositoryPinned(repository.name, repository.registry.account, f"its resource tag {PIN_TAG}")
    after = ""
    while pins := await records.pins.page(repository.id, after=after, limit=_LOOKED_AT):
        held = next((pin for pin in pins if pin.holds(now)), None)
        if held is not None:
            raise RepositoryPinned(repository.name, repository.registry.account, held.pinned_by)
        after = pins[-1].digest


async def _covers_any(records: Records, repository_id: str, pattern: str) -> bool:
    """Whether some tag of the repository fits; looks at those alone that begin as the pattern does."""
    head = pattern.partition("*")[0]
    is_of_pattern = head and find_pinned_tag([pattern], [head]) is not None
    if is_of_pattern and await records.tags.find(repository_id, Tag(head)) is not None:
        return True
    return "*" in pattern and await _covers_after(records, repository_id, pattern, head)


async def _covers_after(records: Records, repository_id: str, pattern: str, head: str) -> bool:
    after = head
    while found := await records.tags.pointed(repository_id, after=after, limit=_TAGS_LOOKED_AT):
        tags = [each.tag for each in found if each.tag.startswith(head)]
        if find_pinned_tag([pattern], tags) is not None:
            return True
        if len(tags) < len(found):
            return False
        after = found[-1].tag
    return False
