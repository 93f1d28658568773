"""The images of a repository as lifecycle rules see them, read in pages."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from entrepot.domain.digests import Digest
from entrepot.domain.images import Image, ImageStatus, PointedTag, TaggedImage
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import StorageClass
from entrepot.domain.names import Tag
from entrepot.ports.records import Records
from entrepot.registry.pages import all_rows

_PAGE = 2000  # rows a statement: some milliseconds
_rows = partial(all_rows, page=_PAGE)


async def load_images(
    records: Records, repository_id: str, *, with_tag_times: bool = False
) -> list[LifecycleImage]:
    """All of them, in no order; belongs into one scan, so that they are of one moment.

    Rules over tags need to know since when images have their tags.
    """
    load_tags = _pointed_tags if with_tag_times else _tags
    tags = await load_tags(records, repository_id)
    parents: dict[Digest, list[Digest]] = {}
    async for index, child in _rows(
        partial(_children_after, records, repository_id), ("", ""), lambda row: row
    ):
        parents.setdefault(child, []).append(index)
    none = _Tags()
    return [
        LifecycleImage(
            digest=image.digest,
            tags=tuple(tags.get(image.digest, none).names),
            pushed_at=image.pushed_at,
            last_pulled_at=image.last_pulled_at,
            subject=image.subject_digest,
            parents=tuple(parents.get(image.digest, ())),
            storage_class=storage_class_of(image),
            archived_at=image.archived_at,
            activated_at=image.activated_at,
            tagged_at=tuple(tags.get(image.digest, none).times),
        )
        async for image in _rows(
            partial(_images_after, records, repository_id), "", lambda image: image.digest
        )
    ]


def storage_class_of(image: Image) -> StorageClass:
    """The class whose rules see the image: one on its way back is as if it were there."""
    return StorageClass.ARCHIVE if image.status is ImageStatus.ARCHIVED else StorageClass.STANDARD


@dataclass(frozen=True, slots=True)
class _Tags:
    """The tags of one image, with since when it has each where that was asked."""

    names: list[Tag] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)


async def _tags(records: Records, repository_id: str) -> dict[Digest, _Tags]:
    tags: dict[Digest, _Tags] = {}
    tagged = partial(_tags_after, records, repository_id)
    async for row in _rows(tagged, ("", ""), lambda row: (row.digest, row.tag or "")):
        if row.tag is not None:
            tags.setdefault(row.digest, _Tags()).names.append(row.tag)
    return tags


async def _pointed_tags(records: Records, repository_id: str) -> dict[Digest, _Tags]:
    tags: dict[Digest, _Tags] = {}
    async for row in _rows(partial(_pointed_after, records, repository_id), "", lambda row: row.tag):
        of_image = tags.setdefault(row.digest, _Tags())
        of_image.names.append(row.tag)
        of_image.times.append(row.pointed_at)
    return tags


async def _images_after(records: Records, repository_id: str, after: str) -> list[Image]:
    return await records.images.page(repository_id, after=after, limit=_PAGE)


async def _tags_after(records: Records, repository_id: str, after: tuple[str, str]) -> list[TaggedImage]:
    return await records.tags.listing(repository_id, after=after, limit=_PAGE, tagged=True)


async def _pointed_after(records: Records, repository_id: str, after: str) -> list[PointedTag]:
    return await records.tags.pointed(repository_id, after=after, limit=_PAGE)


async def _children_after(
    records: Records, repository_id: str, after: tuple[str, str]
) -> list[tuple[Digest, Digest]]:
    return await records.references.children(repository_id, after=after, limit=_PAGE)
