"""The images of a repository as lifecycle rules see them, read in pages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar

from entrepot.domain.digests import Digest
from entrepot.domain.images import Image, ImageStatus, TaggedImage
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import StorageClass
from entrepot.ports.records import Records

K = TypeVar("K")
T = TypeVar("T")

_PAGE = 2000  # rows a statement: some milliseconds


async def load_images(records: Records, repository_id: str) -> list[LifecycleImage]:
    """All of them, in no order; belongs into one scan, so that they are of one moment."""
    tags: dict[Digest, list[str]] = {}
    tagged = partial(_tags_after, records, repository_id)
    async for row in _rows(tagged, ("", ""), lambda row: (row.digest, row.tag or "")):
        tags.setdefault(row.digest, []).append(row.tag or "")
    parents: dict[Digest, list[Digest]] = {}
    async for index, child in _rows(
        partial(_children_after, records, repository_id), ("", ""), lambda row: row
    ):
        parents.setdefault(child, []).append(index)
    return [
        LifecycleImage(
            digest=image.digest,
            tags=tuple(tags.get(image.digest, ())),
            pushed_at=image.pushed_at,
            last_pulled_at=image.last_pulled_at,
            subject=image.subject_digest,
            parents=tuple(parents.get(image.digest, ())),
            storage_class=storage_class_of(image),
            archived_at=image.archived_at,
            activated_at=image.activated_at,
        )
        async for image in _rows(
            partial(_images_after, records, repository_id), "", lambda image: image.digest
        )
    ]


def storage_class_of(image: Image) -> StorageClass:
    """The class whose rules see the image: one on its way back is as if it were there."""
    return StorageClass.ARCHIVE if image.status is ImageStatus.ARCHIVED else StorageClass.STANDARD


async def _rows(
    fetch: Callable[[K], Awaitable[list[T]]], start: K, key_of: Callable[[T], K]
) -> AsyncIterator[T]:
    after = start
    while rows := await fetch(after):
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        after = key_of(rows[-1])


async def _images_after(records: Records, repository_id: str, after: str) -> list[Image]:
    return await records.images.page(repository_id, after=after, limit=_PAGE)


async def _tags_after(records: Records, repository_id: str, after: tuple[str, str]) -> list[TaggedImage]:
    return await records.tags.listing(repository_id, after=after, limit=_PAGE, tagged=True)


async def _children_after(
    records: Records, repository_id: str, after: tuple[str, str]
) -> list[tuple[Digest, Digest]]:
    return await records.references.children(repository_id, after=after, limit=_PAGE)
