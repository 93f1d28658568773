"""The images of a repository as lifecycle rules see them, read in pages."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import itemgetter

from entrepot.domain.digests import Digest
from entrepot.domain.images import Image, ImageLife, ImageStatus, PointedTag
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import StorageClass
from entrepot.domain.names import Tag
from entrepot.ports.records import Records
from entrepot.registry.pages import all_rows
from entrepot.registry.uncollected import uncollected

_PAGE = 2000  # rows a statement: some milliseconds
_rows = partial(all_rows, page=_PAGE)


async def load_images(
    records: Records, repository_id: str, *, with_tag_times: bool = False
) -> list[LifecycleImage]:
    """All of them, in no order; belongs into one scan, so that they are of one moment.

    Rules over tags need to know since when images have their tags.
    """
    with uncollected():
        return await _load(records, repository_id, with_tag_times=with_tag_times)


async def _load(records: Records, repository_id: str, *, with_tag_times: bool) -> list[LifecycleImage]:
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
            tags=tags.get(image.digest, none).names,
            pushed_at=image.pushed_at,
            last_pulled_at=image.last_pulled_at,
            subject=image.subject_digest,
            parents=tuple(parents.get(image.digest, ())),
            storage_class=storage_class_of(image),
            archived_at=image.archived_at,
            activated_at=image.activated_at,
            tagged_at=tags.get(image.digest, none).times,
        )
        async for image in _rows(
            partial(_images_after, records, repository_id), "", lambda image: image.digest
        )
    ]


def storage_class_of(image: Image | ImageLife) -> StorageClass:
    """The class whose rules see the image: one on its way back is as if it were there."""
    return StorageClass.ARCHIVE if image.status is ImageStatus.ARCHIVED else StorageClass.STANDARD


@dataclass(slots=True)
class _Tags:
    """The tags of one image, with since when it has each where that was asked."""

    names: tuple[Tag, ...] = ()
    times: tuple[datetime, ...] = ()


async def _tags(records: Records, repository_id: str) -> dict[Digest, _Tags]:
    """Few objects are made of many rows, which is what takes the time."""
    tags: dict[Digest, _Tags] = {}
    after = ("", "")
    while rows := await records.tags.pairs(repository_id, after=after, limit=_PAGE):
        for digest, pairs in groupby(rows, itemgetter(0)):
            names = tuple([tag for _, tag in pairs])
            if digest in tags:  # its tags go on from the page before
                tags[digest].names += names
            else:
                tags[digest] = _Tags(names)
        after = rows[-1]
    return tags


async def _pointed_tags(records: Records, repository_id: str) -> dict[Digest, _Tags]:
    names: dict[Digest, list[Tag]] = {}
    times: dict[Digest, list[datetime]] = {}
    async for row in _rows(partial(_pointed_after, records, repository_id), "", lambda row: row.tag):
        names.setdefault(row.digest, []).append(row.tag)
        times.setdefault(row.digest, []).append(row.pointed_at)
    return {digest: _Tags(tuple(names[digest]), tuple(times[digest])) for digest in names}


async def _images_after(records: Records, repository_id: str, after: str) -> list[ImageLife]:
    return await records.images.lives(repository_id, after=after, limit=_PAGE)


async def _pointed_after(records: Records, repository_id: str, after: str) -> list[PointedTag]:
    return await records.tags.pointed(repository_id, after=after, limit=_PAGE)


async def _children_after(
    records: Records, repository_id: str, after: tuple[str, str]
) -> list[tuple[Digest, Digest]]:
    return await records.references.children(repository_id, after=after, limit=_PAGE)
