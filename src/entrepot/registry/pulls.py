"""Getting images out of a repository, by tag, by digest or by both."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.domain.digests import Digest, parse_digest
from entrepot.domain.errors import ImageArchived, ImageNotFound, Refusal, TooMany
from entrepot.domain.images import Image, ImageId, ImageStatus
from entrepot.domain.names import Tag, parse_tag
from entrepot.domain.repositories import Repository
from entrepot.domain.versioned import Versioned
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import Records, SealedManifest, Store
from entrepot.registry.image_ids import ImageFailure, resolve_image
from entrepot.registry.opened import Opened
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.sealed_manifests import open_manifest, place_of

_MOST_TAGS = 4096
MOST_BATCH_BYTES = 32 * 1024 * 1024  # one answer's manifests: 100 may be asked for, of 4 MiB each


@dataclass(frozen=True, slots=True)
class Pulled:
    """An image with the very bytes of its manifest."""

    image: Image
    content: bytes


class Pulls:
    """Finds images and opens their manifests; what was opened lately is kept, for a digest never changes.

    Whether the image is still there is asked of the rows every time, but where it costs next to nothing to
    know that nothing at all was committed since they were asked last.
    """

    def __init__(self, store: Store, data_keys: DataKeys, pull_times: PullTimes) -> None:
        self._store = store
        self._data_keys = data_keys
        self._pull_times = pull_times
        self._opened = Opened()
        self._found: Versioned[tuple[str, str], Image] = Versioned()
        self._pointed: dict[tuple[str, str], Digest] = {}  # where tags pointed when they were last asked for

    async def find(self, repository: Repository, reference: Tag | Digest) -> Image:
        """The image of a tag or digest; ImageNotFound, or ImageArchived."""
        commits = self._store.commits()
        image = self._found.find((repository.id, reference), commits)
        if image is None:
            image = await self._store.read(lambda records: _find(records, repository, reference))
            self._found.keep((repository.id, reference), commits, image)
        return image

    async def get_batch(
        self, repository: Repository, ids: Sequence[ImageId], *, puller: str | None = ""
    ) -> tuple[list[tuple[ImageId, Pulled]], list[ImageFailure]]:
        """BatchGetImage: what each id found, in the order asked, and why the others found nothing.

        `puller` is the principal's ARN, whose pulls may not count; None where somebody only looks. Raises
        TooMany where the manifests together are more than one answer may hold.
        """
        found: list[tuple[ImageId, Pulled]] = []
        failures: list[ImageFailure] = []
        room_bytes = MOST_BATCH_BYTES
        for image_id in ids:
            try:
                pulled = await self._get_by_id(repository, image_id, puller)
            except Refusal as refusal:
                failures.append(ImageFailure(image_id, refusal))
                continue
            room_bytes -= len(pulled.content)
            if room_bytes < 0:
                raise TooMany("bytes of manifests in one answer", MOST_BATCH_BYTES)
            found.append((image_id, pulled))
        return found, failures

    async def _get_by_id(self, repository: Repository, image_id: ImageId, puller: str | None) -> Pulled:
        match image_id.tag, image_id.digest:
            case str(tag), None:
                return await self.get(repository, parse_tag(tag), puller=puller)
            case None, str(digest):
                return await self.get(repository, parse_digest(digest), puller=puller)
        # both, which must agree, or neither
        image = await self._store.read(lambda records: resolve_image(records, repository, image_id))
        return await self.get(repository, image.digest, puller=puller)

    async def get(
        self, repository: Repository, reference: Tag | Digest, *, puller: str | None = ""
    ) -> Pulled:
        """The image with its manifest; ImageNotFound, or ImageArchived.

        `puller` is the principal's ARN, None of a look.
        """
        commits = self._store.commits()
        image = self._found.find((repository.id, reference), commits)
        content = None if image is None else self._opened.find(place_of(repository.id, image.digest))
        if image is None or content is None:
            image, content = await self._read(repository, reference)
            self._found.keep((repository.id, reference), commits, image)
        if puller is not None:
            self._pull_times.note(repository, image.digest, puller)
        return Pulled(image, content)

    async def _read(self, repository: Repository, reference: Tag | Digest) -> tuple[Image, bytes]:
        async def body(records: Records) -> tuple[Image, bytes | SealedManifest]:
            if self._is_kept(repository, reference):
                image = await _find(records, repository, reference)
                opened = self._opened.find(place_of(repository.id, image.digest))
                if opened is not None:  # else the tag has moved
                    return image, opened
            return await _find_with_manifest(records, repository, reference)

        image, content = await self._store.read(body)
        if isinstance(content, SealedManifest):
            content = await open_manifest(self._data_keys, repository.id, image.digest, content)
            self._opened.keep(place_of(repository.id, image.digest), content)
            self._note_tag(repository, reference, image.digest)
        return image, content

    def _is_kept(self, repository: Repository, reference: Tag | Digest) -> bool:
        """Whether the manifest is likely to be at hand, so that only the image has to be read."""
        digest = reference if ":" in reference else self._pointed.get((repository.id, reference))
        return digest is not None and self._opened.find(place_of(repository.id, digest)) is not None

    def _note_tag(self, repository: Repository, reference: Tag | Digest, digest: Digest) -> None:
        if ":" not in reference:
            if len(self._pointed) >= _MOST_TAGS:
                self._pointed.clear()
            self._pointed[repository.id, reference] = digest


async def _find_with_manifest(
    records: Records, repository: Repository, reference: Tag | Digest
) -> tuple[Image, SealedManifest]:
    if ":" in reference:
        found = await records.manifests.find(repository.id, Digest(reference))
    else:
        found = await records.manifests.find_tagged(repository.id, Tag(reference))
    if found is None:
        raise _not_found(repository, reference)
    _check_active(repository, found[0])
    return found


async def _find(records: Records, repository: Repository, reference: Tag | Digest) -> Image:
    if ":" in reference:
        image = await records.images.find(repository.id, Digest(reference))
    else:
        image = await records.images.find_tagged(repository.id, Tag(reference))
    if image is None:
        raise _not_found(repository, reference)
    _check_active(repository, image)
    return image


def _check_active(repository: Repository, image: Image) -> None:
    if image.status is not ImageStatus.ACTIVE:
        raise ImageArchived(image.digest, image.status.value, repository.name, repository.registry.account)


def _not_found(repository: Repository, reference: Tag | Digest) -> ImageNotFound:
    is_digest = ":" in reference  # no tag has a colon
    return ImageNotFound(
        digest=reference if is_digest else None,
        tag=None if is_digest else reference,
        name=repository.name,
        registry_id=repository.registry.account,
    )
