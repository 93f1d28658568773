"""Mending images: their manifests, what these refer to, tags, and deletions that can be undone."""

from datetime import datetime, timedelta
from functools import partial

from cryptography.exceptions import InvalidTag

from entrepot.domain.digests import Digest, algorithm_of, digest_of
from entrepot.domain.errors import ManifestInvalid
from entrepot.domain.images import Image
from entrepot.domain.manifests import Manifest, parse_manifest
from entrepot.domain.names import Tag
from entrepot.domain.recycling import DEFAULT_DAYS, Deletion, owner_of
from entrepot.keys.ring_text import KeyRingError
from entrepot.ports.clock import Clock
from entrepot.ports.keys import DataKeys
from entrepot.ports.records import Flaw, Records, SealedManifest, Store
from entrepot.registry.inspection import Finding, Trouble, described
from entrepot.registry.repaired import Hurt, Repaired, Ways, find_owner, hurt_of, name_of
from entrepot.registry.sealed_manifests import open_manifest, seal_manifest

_TWINS = 100  # other repositories in which a manifest is looked for


class ImageRepairs:
    """Of a manifest that is damaged, a whole copy is looked for in other repositories."""

    def __init__(self, store: Store, data_keys: DataKeys, clock: Clock) -> None:
        self._store = store
        self._data_keys = data_keys
        self._clock = clock

    def ways(self) -> Ways:
        """What mends which finding."""
        return {
            Trouble.MANIFEST_UNREADABLE: self._mend_manifest,
            Trouble.MANIFEST_DIGEST_WRONG: self._mend_manifest,
            Trouble.REFERENCES_WRONG: self._write_what_the_manifest_says,
            Trouble.FACTS_WRONG: self._write_what_the_manifest_says,
            Flaw.IMAGE_WITHOUT_MANIFEST: self._mend_manifest,
            Flaw.IMAGE_WITHOUT_CHILD: self._name_the_hurt,
            Flaw.MANIFEST_WITHOUT_IMAGE: self._restore_image,
            Flaw.LAYER_REFERENCE_WITHOUT_IMAGE: self._remove_references,
            Flaw.CHILD_REFERENCE_WITHOUT_IMAGE: self._remove_references,
            Flaw.TAG_WITHOUT_IMAGE: self._remove_tag,
            Flaw.DELETED_IMAGE_WITHOUT_IMAGE: self._remove_deletion,
            Flaw.IMAGE_WITHOUT_DELETION: self._end_deletion,
        }

    async def _mend_manifest(self, finding: Finding) -> Repaired:
        repository_id, digest = finding.key[0], Digest(finding.key[1])
        repository = await self._store.read(partial(find_owner, repository_id))
        image = await self._store.read(lambda records: records.images.find(repository_id, digest))
        if repository is None or image is None:
            return Repaired(finding, is_mended=True, how="it has gone meanwhile")
        hurt = await self._store.scan(partial(hurt_of, repository_id, (digest,)))
        own = await self._store.read(lambda records: records.repairs.manifest(repository_id, digest))
        if own is not None and await self._content(repository_id, digest, own) is not None:
            how = "its bytes are whole, and they are no manifest that this program takes"
            return Repaired(finding, is_mended=False, how=how, hurt=hurt)
        for holder, sealed in await self._store.scan(partial(_manifests_elsewhere, repository_id, digest)):
            content = await self._content(holder, digest, sealed)
            if content is not None:
                anew = await seal_manifest(self._data_keys, repository, digest, content)
                await self._store.write(partial(_put_manifest, repository_id, digest, anew))
                return Repaired(finding, is_mended=True, how="copied from another repository")
        if not await self._store.write(partial(_remove_judged_manifest, repository_id, digest, own)):
            return Repaired(finding, is_mended=True, how="a push has mended it meanwhile")
        how = "no whole copy was found; the next push of this image mends it"
        return Repaired(finding, is_mended=False, how=how, hurt=hurt)

    async def _content(self, repository_id: str, digest: Digest, sealed: SealedManifest) -> bytes | None:
        """The manifest's bytes where they open and are those of the digest."""
        try:
            content = await open_manifest(self._data_keys, repository_id, digest, sealed)
        except (KeyRingError, InvalidTag):
            return None
        return content if digest_of(content, algorithm_of(digest)) == digest else None

    async def _read(
        self, repository_id: str, digest: Digest, media_type: str | None
    ) -> tuple[Manifest, int] | None:
        """The manifest that a repository has under the digest, and its length, where it can be read."""
        sealed = await self._store.read(lambda records: records.repairs.manifest(repository_id, digest))
        content = None if sealed is None else await self._content(repository_id, digest, sealed)
        if content is None:
            return None
        try:
            return parse_manifest(content, media_type), len(content)
        except ManifestInvalid:
            return None

    async def _write_what_the_manifest_says(self, finding: Finding) -> Repaired:
        repository_id, digest = finding.key[0], Digest(finding.key[1])
        image = await self._store.read(lambda records: records.images.find(repository_id, digest))
        read = None if image is None else await self._read(repository_id, digest, image.media_type)
        if image is None or read is None:
            return Repaired(finding, is_mended=True, how="it has gone meanwhile")
        await self._store.write(partial(_write_image, repository_id, described(image, *read), read[0]))
        return Repaired(finding, is_mended=True, how="written as the manifest says")

    async def _restore_image(self, finding: Finding) -> Repaired:
        """An image whose row is gone: its manifest has all but its times, which are those of now."""
        repository_id, digest = finding.key[0], Digest(finding.key[1])
        is_binned = repository_id != owner_of(repository_id)
        read = None if is_binned else await self._read(repository_id, digest, None)
        if read is not None:
            body = partial(_add_image, repository_id, digest, read, self._clock())
            if await self._store.write(body):
                return Repaired(finding, is_mended=True, how="the image was made anew from its manifest")
        await self._store.write(partial(_remove_manifest_of_none, repository_id, digest))
        return Repaired(finding, is_mended=True, how="removed: no image can be made of it")

    async def _remove_references(self, finding: Finding) -> Repaired:
        await self._store.write(partial(_remove_references_of_none, finding.key[0], Digest(finding.key[1])))
        return Repaired(finding, is_mended=True, how="removed")

    async def _remove_tag(self, finding: Finding) -> Repaired:
        """A tag of nothing; somebody who pulls it is told that it is not there, as before."""
        repository_id, tag = finding.key[0], Tag(finding.key[1])
        repository = await self._store.read(partial(find_owner, repository_id))
        digest = await self._store.write(partial(_remove_tag_of_none, repository_id, tag))
        if digest is None:
            return Repaired(finding, is_mended=True, how="it names an image by now")
        hurt = (Hurt(name_of(repository, repository_id), digest, (tag,)),)
        return Repaired(finding, is_mended=True, how=f"removed: its image {digest} is not here", hurt=hurt)

    async def _name_the_hurt(self, finding: Finding) -> Repaired:
        repository_id, image = finding.key[0], Digest(finding.key[1])
        hurt = await self._store.scan(partial(hurt_of, repository_id, (image,)))
        return Repaired(finding, is_mended=False, how="the next push of what is missing mends it", hurt=hurt)

    async def _remove_deletion(self, finding: Finding) -> Repaired:
        place, digest = finding.key[0], Digest(finding.key[1])
        hurt = await self._store.scan(partial(hurt_of, place, (digest,)))
        await self._store.write(partial(_remove_deletion_of_none, place, digest))
        return Repaired(finding, is_mended=True, how="removed from the bin: nothing can come back", hurt=hurt)

    async def _end_deletion(self, finding: Finding) -> Repaired:
        """An image in the bin of which nobody knows since when: it is there to come back once more."""
        place, digest = finding.key[0], Digest(finding.key[1])
        await self._store.write(partial(_note_deletion, place, digest, self._clock()))
        return Repaired(finding, is_mended=True, how="it can come back for a week from now")


async def _manifests_elsewhere(
    repository_id: str, digest: Digest, records: Records
) -> list[tuple[str, SealedManifest]]:
    """The same image's manifest in other repositories: such as hold a layer of it, or of a child of it."""
    parts = await records.inspection.parts(repository_id, digest)
    for child in sorted(parts.children)[:1]:
        parts = await records.inspection.parts(repository_id, child)
    holders: dict[str, None] = {}
    for layer in sorted(parts.layers):
        key = await records.repairs.held_by(repository_id, layer)
        if key is not None:
            holders |= dict.fromkeys(await records.layers.holders_of_blob(key, _TWINS))
    found = [
        (holder, await records.repairs.manifest(holder, digest))
        for holder in holders
        if holder != repository_id
    ]
    return [(holder, sealed) for holder, sealed in found if sealed is not None]


async def _put_manifest(repository_id: str, digest: Digest, sealed: SealedManifest, records: Records) -> None:
    if await records.images.find(repository_id, digest) is not None:
        await records.manifests.put(repository_id, digest, sealed)


async def _remove_judged_manifest(
    repository_id: str, digest: Digest, judged: SealedManifest | None, records: Records
) -> bool:
    """Whether it is still as it was judged, and so gone now."""
    if await records.repairs.manifest(repository_id, digest) != judged:
        return False
    await records.repairs.remove_manifest(repository_id, digest)
    return True


async def _write_image(repository_id: str, image: Image, manifest: Manifest, records: Records) -> None:
    if await records.images.find(repository_id, image.digest) is not None:
        await records.repairs.set_facts(repository_id, image)
        await _refer(repository_id, image.digest, manifest, records)


async def _refer(repository_id: str, digest: Digest, manifest: Manifest, records: Records) -> None:
    await records.repairs.remove_references(repository_id, digest)
    await records.references.add(
        repository_id,
        digest,
        layers={blob.digest: blob.media_type for blob in manifest.blobs},
        children=[child.digest for child in manifest.children],
    )


async def _add_image(
    repository_id: str, digest: Digest, read: tuple[Manifest, int], at: datetime, records: Records
) -> bool:
    """False where parts of it are gone, so that it would be half an image."""
    manifest, manifest_bytes = read
    held = await records.layers.find_many(repository_id, [blob.digest for blob in manifest.blobs])
    children = await records.images.find_many(repository_id, [child.digest for child in manifest.children])
    if any(blob.digest not in held for blob in manifest.required):
        return False
    if len(children) < len(manifest.children):
        return False
    sizes = [layer.size_bytes for layer in held.values()]
    size_bytes = max((child.size_bytes for child in children.values()), default=0) + sum(sizes)
    bare = Image(digest, manifest.media_type, None, manifest_bytes, size_bytes, None, {}, at)
    await records.images.add(repository_id, described(bare, manifest, manifest_bytes))
    await _refer(repository_id, digest, manifest, records)
    return True


async def _remove_manifest_of_none(repository_id: str, digest: Digest, records: Records) -> None:
    if await records.images.find(repository_id, digest) is None:
        await records.repairs.remove_manifest(repository_id, digest)


async def _remove_references_of_none(repository_id: str, digest: Digest, records: Records) -> None:
    if await records.images.find(repository_id, digest) is None:
        await records.repairs.remove_references(repository_id, digest)


async def _remove_tag_of_none(repository_id: str, tag: Tag, records: Records) -> Digest | None:
    digest = await records.tags.find(repository_id, tag)
    if digest is None or await records.images.find(repository_id, digest) is not None:
        return None
    await records.tags.remove(repository_id, tag)
    return digest


async def _remove_deletion_of_none(place: str, digest: Digest, records: Records) -> None:
    if await records.images.find(place, digest) is None:
        await records.repairs.remove_deletion(place, digest)


async def _note_deletion(place: str, digest: Digest, at: datetime, records: Records) -> None:
    repository = await find_owner(place, records)
    if repository is not None and await records.images.find(place, digest) is not None:
        deletion = Deletion(at, at + timedelta(days=DEFAULT_DAYS))
        await records.repairs.add_deletion(place, digest, repository.registry, deletion)
