"""Images by digest and by tag, on every database."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.domain.images import Image
from entrepot.domain.names import Tag
from entrepot.ports.records import Records, SealedManifest, SealedSubject
from tests.contract.metadata.records.samples import digest, fresh_id, image, minute

SBOM, SIGNATURE = "application/spdx+json", "application/vnd.dev.cosign.simplesigning.v1+json"


async def test_an_added_image_is_found_as_it_was_given(records: Records) -> None:
    added = image(
        subject=digest("subject"),
        artifact_type=SBOM,
        annotations={"org.opencontainers.image.title": 'ein "Größen"-\ttest', "": ""},
        last_pulled_at=minute(7),
    )
    assert await records.images.add("repository", added)
    assert await records.images.find("repository", added.digest) == added


async def test_an_image_with_nothing_optional_is_found_as_it_was_given(records: Records) -> None:
    await records.images.add("repository", image())
    assert await records.images.find("repository", image().digest) == image()


async def test_an_image_is_its_repositorys_alone(records: Records) -> None:
    await records.images.add("repository", image())
    assert await records.images.find("other", image().digest) is None
    assert not await records.images.has_any("other")
    assert await records.images.has_any("repository")


async def test_a_digest_that_is_there_is_refused_and_the_first_stays(records: Records) -> None:
    await records.images.add("repository", image())
    assert not await records.images.add("repository", replace(image(), media_type="other"))
    assert await records.images.find("repository", image().digest) == image()


async def test_a_tag_finds_its_image(records: Records) -> None:
    await _add(records, image("one"), tags=("v1",))
    await _add(records, image("two"), tags=("v2", "latest"))
    assert await records.images.find_tagged("repository", Tag("latest")) == image("two")
    assert await records.images.find_tagged("repository", Tag("v1")) == image("one")


async def test_an_unknown_tag_finds_none(records: Records) -> None:
    await _add(records, image(), tags=("v1",))
    assert await records.images.find_tagged("repository", Tag("V1")) is None
    assert await records.images.find_tagged("other", Tag("v1")) is None


@pytest.mark.parametrize("count", [0, 1, 3, 100, 513])
async def test_many_are_found_by_digest_and_absent_ones_left_out(records: Records, count: int) -> None:
    for name in ("a", "b"):
        await _add(records, image(name))
    wanted = [digest("a"), digest("b"), *(digest(f"absent {n}") for n in range(count))][:count]
    found = await records.images.find_many("repository", wanted)
    assert found == {
        key: value for key, value in {i.digest: i for i in (image("a"), image("b"))}.items() if key in wanted
    }


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tags_of=st.dictionaries(st.integers(0, 99), st.integers(0, 2), max_size=9),
    limit=st.integers(1, 10),
    tagged=st.sampled_from([None, True, False]),
)
async def test_pages_meet_without_gap_or_repeat(
    records: Records, tags_of: dict[int, int], limit: int, tagged: bool | None
) -> None:
    repository_id = fresh_id()
    for name, tags in tags_of.items():
        await records.images.add(repository_id, image(str(name)))
        for n in range(tags):
            await records.tags.point(repository_id, Tag(f"{name}-{n}"), digest(str(name)), minute(0))
    seen: list[str] = []
    while page := await records.images.page(
        repository_id, after=seen[-1] if seen else "", limit=limit, tagged=tagged
    ):
        assert len(page) <= limit
        seen += [found.digest for found in page]
    assert seen == sorted(digest(str(name)) for name, tags in tags_of.items() if tagged in (None, tags > 0))


async def test_remove_takes_tags_manifest_and_references_along_and_leaves_layers(records: Records) -> None:
    layer, child = digest("layer"), digest("child")
    for name in ("gone", "stays"):
        await _add(records, image(name), tags=(name,))
        await records.manifests.put("repository", digest(name), SealedManifest(b"key", b"bytes"))
        await records.references.add("repository", digest(name), layers={layer: "type"}, children=[child])
    await records.layers.hold("repository", layer, "key", minute(0))
    await records.images.remove("repository", digest("gone"))
    await records.images.remove("repository", digest("gone"))
    assert await records.images.page("repository", after="", limit=9) == [image("stays")]
    assert await records.tags.page("repository", after="", limit=9) == ["stays"]
    manifests = await records.sealed_rows.page(SealedSubject.MANIFEST, after=("", ""), limit=9)
    assert [row.id for row in manifests] == [digest("stays")]
    assert await records.references.users("repository", layer, 9) == [digest("stays")]
    assert await records.references.parents("repository", child, 9) == [digest("stays")]
    assert await records.layers.release("repository", layer)


async def test_a_pull_is_noted_and_never_turned_back(records: Records) -> None:
    await _add(records, image())
    for number in (5, 9, 7):
        await records.images.note_pulls("repository", image().digest, minute(number), pulls=1)
    found = await records.images.find("repository", image().digest)
    assert found == replace(image(), last_pulled_at=minute(9))


async def test_a_pull_of_an_absent_image_is_nothing(records: Records) -> None:
    await records.images.note_pulls("repository", image().digest, minute(1), pulls=1)
    assert not await records.images.has_any("repository")


async def test_referrers_are_paged_by_digest_and_filtered_by_type(records: Records) -> None:
    subject = digest("subject")
    sboms = [image(f"sbom {n}", subject=subject, artifact_type=SBOM) for n in range(3)]
    signature = image("signature", subject=subject, artifact_type=SIGNATURE)
    untyped = image("untyped", subject=subject)
    for each in (*sboms, signature, untyped, image("other", subject=digest("other"))):
        await _add(records, each)
    assert await _referrers(records) == _by_digest([*sboms, signature, untyped])
    assert await _referrers(records, SBOM) == _by_digest(sboms)
    assert await _referrers(records, SBOM, SIGNATURE) == _by_digest([*sboms, signature])
    assert await _referrers(records, "absent") == []


async def _referrers(records: Records, *artifact_types: str) -> list[Image]:
    seen: list[Image] = []
    while page := await records.images.referrers(
        "repository",
        digest("subject"),
        after=seen[-1].digest if seen else "",
        limit=2,
        artifact_types=artifact_types,
    ):
        assert len(page) <= 2
        seen += page
    return seen


def _by_digest(images: list[Image]) -> list[Image]:
    return sorted(images, key=lambda each: each.digest)


async def _add(records: Records, added: Image, *, tags: tuple[str, ...] = ()) -> None:
    await records.images.add("repository", added)
    for tag in tags:
        await records.tags.point("repository", Tag(tag), added.digest, minute(0))
