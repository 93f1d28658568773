"""The bytes of manifests, on every database."""

from entrepot.ports.records import Records, SealedManifest
from tests.contract.metadata.records.samples import digest

EVERY_BYTE = bytes(range(256))


async def test_bytes_come_back_as_they_were_put(records: Records) -> None:
    manifest = SealedManifest(EVERY_BYTE, EVERY_BYTE * 16_384)  # 4 MiB, the limit of a manifest
    await records.manifests.put("repository", digest("m"), manifest)
    assert await records.manifests.find("repository", digest("m")) == manifest


async def test_absent_manifests_are_none(records: Records) -> None:
    await records.manifests.put("repository", digest("m"), SealedManifest(b"", b""))
    assert await records.manifests.find("repository", digest("other")) is None
    assert await records.manifests.find("other", digest("m")) is None


async def test_a_second_put_takes_the_place_of_the_first(records: Records) -> None:
    await records.manifests.put("repository", digest("m"), SealedManifest(b"key", b"bytes"))
    await records.manifests.put("repository", digest("m"), SealedManifest(b"new key", b"new bytes"))
    assert await records.manifests.find("repository", digest("m")) == SealedManifest(b"new key", b"new bytes")
