"""The bytes of manifests, on every database."""

from entrepot.domain.names import Tag
from entrepot.ports.records import Records, SealedManifest
from tests.contract.metadata.records.samples import digest, image, minute

EVERY_BYTE = bytes(range(256))
NAME = image().digest


async def test_bytes_come_back_as_they_were_put_with_their_image(records: Records) -> None:
    manifest = SealedManifest(EVERY_BYTE, EVERY_BYTE * 16_384)  # 4 MiB, the limit of a manifest
    await records.images.add("repository", image())
    await records.manifests.put("repository", NAME, manifest)
    await records.tags.point("repository", Tag("tag"), NAME, minute(0))
    assert await records.manifests.find("repository", NAME) == (image(), manifest)
    assert await records.manifests.find_tagged("repository", Tag("tag")) == (image(), manifest)


async def test_absent_manifests_are_none(records: Records) -> None:
    await records.images.add("repository", image())
    await records.manifests.put("repository", NAME, SealedManifest(b"", b""))
    await records.manifests.put("repository", digest("without an image"), SealedManifest(b"", b""))
    await records.images.add("repository", image("without a manifest"))
    for name in ("without an image", "without a manifest", "neither"):
        assert await records.manifests.find("repository", digest(name)) is None
    assert await records.manifests.find("other", NAME) is None
    assert await records.manifests.find_tagged("repository", Tag("tag")) is None


async def test_a_second_put_takes_the_place_of_the_first(records: Records) -> None:
    await records.images.add("repository", image())
    await records.manifests.put("repository", NAME, SealedManifest(b"key", b"bytes"))
    await records.manifests.put("repository", NAME, SealedManifest(b"new key", b"new bytes"))
    assert await records.manifests.find("repository", NAME) == (
        image(),
        SealedManifest(b"new key", b"new bytes"),
    )
