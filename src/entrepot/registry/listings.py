"""What a repository holds: images, tags and referrers, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from entrepot.domain.digests import Digest
from entrepot.domain.images import Image, ImageId, ImageStatus, TaggedImage
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.repositories import Repository
from entrepot.ports.records import Records, Store
from entrepot.registry.image_ids import resolve_image
from entrepot.registry.pages import Page, cut_page, fetch_page, read_token


@dataclass(frozen=True, slots=True)
class DescribedImage:
    """An image with its tags, in bytewise order."""

    image: Image
    tags: Sequence[Tag]


class Listings:
    """Lists images, tags and referrers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def describe(self, repository: Repository, ids: Sequence[ImageId]) -> list[DescribedImage]:
        """Exactly these images, each once; ImageNotFound for the first that is missing."""

        async def body(records: Records) -> list[DescribedImage]:
            images = [await resolve_image(records, repository, image_id) for image_id in ids]
            return await _with_tags(records, repository, list({i.digest: i for i in images}.values()))

        return await self._store.read(body)

    async def tags_of(self, registry: Registry, name: RepositoryName, digests: Sequence[Digest]) -> list[Tag]:
        """Every tag of these images; none where image or repository do not exist."""

        async def body(records: Records) -> list[Tag]:
            repository = await records.repositories.find(registry, name)
            if repository is None:
                return []
            found = await records.tags.of_images(repository.id, digests)
            return sorted(tag for tags in found.values() for tag in tags)

        return await self._store.read(body)

    async def images(
        self,
        repository: Repository,
        *,
        token: str | None,
        limit: int,
        tagged: bool | None,
        status: ImageStatus | None = ImageStatus.ACTIVE,
    ) -> Page[DescribedImage]:
        """Images by digest; `tagged` keeps only those with tags (True) or without (False).

        `status` keeps only images of this status, None those of any.
        """
        (after,) = read_token("images", token, 1)

        async def body(records: Records) -> list[DescribedImage]:
            found = await records.images.page(
                repository.id, after=after, limit=limit + 1, tagged=tagged, status=status
            )
            return await _with_tags(records, repository, found)

        found = await fetch_page(self._store, limit, body)
        return cut_page("images", found, limit, lambda described: (described.image.digest,))

    async def image_ids(
        self,
        repository: Repository,
        *,
        token: str | None,
        limit: int,
        tagged: bool | None,
        status: ImageStatus | None = ImageStatus.ACTIVE,
    ) -> Page[TaggedImage]:
        """A row for each digest and tag, as ECR's ListImages gives them."""
        digest, tag = read_token("image-ids", token, 2)
        found = await fetch_page(
            self._store,
            limit,
            lambda records: records.tags.listing(
                repository.id, after=(digest, tag), limit=limit + 1, tagged=tagged, status=status
            ),
        )
        return cut_page("image-ids", found, limit, lambda row: (row.digest, row.tag or ""))

    async def tags(self, repository: Repository, *, after: str, limit: int) -> list[Tag]:
        """Up to `limit` tags of active images that come after `after`, bytewise."""
        return await fetch_page(
            self._store, limit, lambda records: records.tags.page(repository.id, after=after, limit=limit)
        )

    async def referrers(
        self,
        repository: Repository,
        subject: Digest,
        *,
        token: str | None,
        limit: int,
        artifact_types: Sequence[str] = (),
        status: ImageStatus | None = ImageStatus.ACTIVE,
    ) -> Page[Image]:
        """Images whose subject is this digest; none when nobody refers to it, known or not.

        `artifact_types` keeps only images of these types; without any, all are kept.
        """
        (after,) = read_token("referrers", token, 1)
        kept = [kind for kind in artifact_types if kind.isprintable()]  # no image has another one
        if artifact_types and not kept:
            return Page([], None)
        found = await fetch_page(
            self._store,
            limit,
            lambda records: records.images.referrers(
                repository.id, subject, after=after, limit=limit + 1, artifact_types=kept, status=status
            ),
        )
        return cut_page("referrers", found, limit, lambda image: (image.digest,))


async def _with_tags(
    records: Records, repository: Repository, images: Sequence[Image]
) -> list[DescribedImage]:
    tags: Mapping[Digest, Sequence[Tag]] = await records.tags.of_images(
        repository.id, [image.digest for image in images]
    )
    return [DescribedImage(image, tags.get(image.digest, ())) for image in images]
