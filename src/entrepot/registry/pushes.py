"""Putting a manifest into a repository: the step that makes an image exist."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from entrepot.domain.digests import Digest, algorithm_of, digest_of
from entrepot.domain.errors import (
    DigestMismatch,
    ImageExists,
    LayersNotFound,
    ManifestInvalid,
    ReferencedImagesNotFound,
    TagImmutable,
    TooMany,
)
from entrepot.domain.images import Image, ImageStatus
from entrepot.domain.layers import Layer
from entrepot.domain.manifests import Manifest, parse_manifest
from entrepot.domain.names import Tag
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import tell
from entrepot.ports.clock import Clock
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import Records, SealedManifest, Store
from entrepot.registry.archiving import activate_image, take_layers
from entrepot.registry.catalog import check_still_there
from entrepot.registry.sealed_manifests import seal_manifest
from entrepot.registry.tag_history import write_pushes

TAGS_AN_IMAGE = 1000  # ECR service quotas


@dataclass(frozen=True, slots=True)
class Pushed:
    """An image as it stands after its push."""

    image: Image
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A manifest that was read and sealed, on its way into a repository."""

    digest: Digest
    manifest: Manifest
    manifest_bytes: int
    sealed: SealedManifest


def _tell_nobody(_repository: Repository) -> None:
    pass


class Pushes:
    """Puts manifests."""

    def __init__(
        self,
        store: Store,
        data_keys: DataKeys,
        clock: Clock,
        *,
        allow_sparse: bool,
        on_push: Callable[[Repository], None] = _tell_nobody,
    ) -> None:
        """`allow_sparse` takes manifests whose layers or children are not all here.

        `on_push` is told of each push, once it is durable; it must not wait for anything.
        """
        self._store = store
        self._data_keys = data_keys
        self._clock = clock
        self._allow_sparse = allow_sparse
        self._on_push = on_push

    async def put(
        self,
        repository: Repository,
        content: bytes,
        *,
        media_type: str | None,
        tags: Sequence[Tag] = (),
        digest: Digest | None = None,
        refuse_repeat: bool = False,
    ) -> Pushed:
        """Keep the manifest byte for byte and point the tags at it, all or nothing.

        `digest` is the one the caller announced; without it the image is known by its sha256.
        `refuse_repeat` is PutImage's rule: what changes nothing raises ImageExists. An image that is archived
        is active again, at once.
        """
        manifest = parse_manifest(content, media_type)
        actual = digest_of(content, algorithm_of(digest) if digest else "sha256")
        if digest is not None and digest != actual:
            raise DigestMismatch(digest, repository.name, repository.registry.account)
        sealed = await seal_manifest(self._data_keys, repository, actual, content)
        candidate = _Candidate(actual, manifest, len(content), sealed)

        async def body(records: Records) -> Image:
            current = await check_still_there(records, repository)
            image = await records.images.find(repository.id, actual)
            is_whole = image is not None and await records.manifests.find(repository.id, actual) is not None
            if (
                refuse_repeat
                and image is not None
                and is_whole
                and image.status is ImageStatus.ACTIVE
                and await self._is_repeat(records, repository, actual, tags)
            ):
                raise ImageExists(
                    actual, tags[0] if tags else None, repository.name, repository.registry.account
                )
            was_there = image is not None
            if image is None:
                image = await self._add(records, repository, candidate)
            elif image.status is not ImageStatus.ACTIVE:
                image = await activate_image(records, repository.id, image, self._clock())
            if was_there and not is_whole:  # a repair took it away, damaged: this is the same again
                await records.manifests.put(repository.id, actual, candidate.sealed)
            await self._point(records, current, actual, tags)
            return image

        tell(image={"imageDigest": actual, "imageTags": tags})
        pushed = Pushed(await self._store.write(body), manifest)
        self._on_push(repository)
        return pushed

    async def _is_repeat(
        self, records: Records, repository: Repository, digest: Digest, tags: Sequence[Tag]
    ) -> bool:
        return all([await records.tags.find(repository.id, tag) == digest for tag in tags])

    async def _add(self, records: Records, repository: Repository, candidate: _Candidate) -> Image:
        digest, manifest = candidate.digest, candidate.manifest
        held: Mapping[Digest, Layer] = {}
        if manifest.children:
            size_bytes = await self._size_of_children(records, repository, manifest)
        else:
            held = await self._held_layers(records, repository, manifest)
            size_bytes = sum(layer.size_bytes for layer in held.values())
        image = Image(
            digest=digest,
            media_type=manifest.media_type,
            artifact_type=manifest.artifact_type,
            manifest_bytes=candidate.manifest_bytes,
            size_bytes=size_bytes,
            subject_digest=manifest.subject.digest if manifest.subject else None,
            annotations=manifest.annotations,
            pushed_at=self._clock(),
        )
        await records.images.add(repository.id, image)
        await records.manifests.put(repository.id, digest, candidate.sealed)
        await records.references.add(
            repository.id,
            digest,
            layers={blob.digest: blob.media_type for blob in manifest.blobs},
            children=[child.digest for child in manifest.children],
        )
        if any(layer.is_archived or layer.in_archive is not None for layer in held.values()):
            await take_layers(records, repository.id, digest, image.pushed_at)
        return image

    async def _held_layers(
        self, records: Records, repository: Repository, manifest: Manifest
    ) -> Mapping[Digest, Layer]:
        """Config and layers; raises LayersNotFound, or ManifestInvalid where a size is wrong."""
        held = await records.layers.find_many(repository.id, [blob.digest for blob in manifest.blobs])
        missing = [blob.digest for blob in manifest.required if blob.digest not in held]
        if missing and not self._allow_sparse:
            raise LayersNotFound(tuple(missing), repository.name, repository.registry.account)
        for blob in manifest.blobs:
            if blob.digest in held and held[blob.digest].size_bytes != blob.size_bytes:
                raise ManifestInvalid(f"{blob.digest} does not have the size that the manifest gives it")
        return held

    async def _size_of_children(self, records: Records, repository: Repository, manifest: Manifest) -> int:
        """The largest child, as ECR counts an index; raises ReferencedImagesNotFound.

        A child that is archived cannot be pulled, so it counts as missing.
        """
        wanted = [child.digest for child in manifest.children]
        found = await records.images.find_many(repository.id, wanted)
        active = {digest for digest, image in found.items() if image.status is ImageStatus.ACTIVE}
        missing = tuple(digest for digest in wanted if digest not in active)
        if missing and not self._allow_sparse:
            raise ReferencedImagesNotFound(missing, repository.name, repository.registry.account)
        return max((child.size_bytes for child in found.values()), default=0)

    async def _point(
        self, records: Records, repository: Repository, digest: Digest, tags: Sequence[Tag]
    ) -> None:
        moved: dict[Tag, Digest | None] = {}  # what each points at now
        for tag in dict.fromkeys(tags):
            current = await records.tags.find(repository.id, tag)
            if current == digest:
                continue
            if current is not None and repository.mutability.is_immutable(tag):
                raise TagImmutable(tag, repository.name)
            moved[tag] = current
        if not moved:
            return
        held = await records.tags.of_images(repository.id, [digest])
        if len(held.get(digest, [])) + len(moved) > TAGS_AN_IMAGE:
            raise TooMany("tags per image", TAGS_AN_IMAGE)
        now = self._clock()
        for tag in moved:
            await records.tags.point(repository.id, tag, digest, now)
        await write_pushes(records, repository.id, now, digest, moved)
