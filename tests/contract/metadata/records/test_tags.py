"""Tags and what they point at, on every database."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.domain.images import TaggedImage
from entrepot.domain.names import Tag
from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import digest, fresh_id, image, minute


async def test_a_tag_points_at_the_last_image_it_was_given(records: Records) -> None:
    await records.tags.point("repository", Tag("v1"), digest("a"), minute(0))
    await records.tags.point("repository", Tag("v1"), digest("b"), minute(1))
    assert await records.tags.find("repository", Tag("v1")) == digest("b")
    assert await records.tags.of_images("repository", [digest("a"), digest("b")]) == {digest("b"): ["v1"]}


async def test_tags_differ_by_case_and_by_repository(records: Records) -> None:
    await records.tags.point("repository", Tag("v1"), digest("a"), minute(0))
    assert await records.tags.find("repository", Tag("V1")) is None
    assert await records.tags.find("other", Tag("v1")) is None


async def test_removing_a_tag_says_whether_there_was_one(records: Records) -> None:
    await records.tags.point("repository", Tag("v1"), digest("a"), minute(0))
    assert await records.tags.remove("repository", Tag("v1"))
    assert not await records.tags.remove("repository", Tag("v1"))
    assert await records.tags.find("repository", Tag("v1")) is None


async def test_tags_of_images_are_in_bytewise_order_and_untagged_ones_have_no_entry(records: Records) -> None:
    for tag in ("b", "B", "_", "0", "a.1", "a-1"):
        await records.tags.point("repository", Tag(tag), digest("a"), minute(0))
    found = await records.tags.of_images("repository", [digest("a"), digest("untagged")])
    assert found == {digest("a"): ["0", "B", "_", "a-1", "a.1", "b"]}


@pytest.mark.parametrize("count", [0, 1, 512, 513])
async def test_tags_of_any_number_of_images(records: Records, count: int) -> None:
    digests = [digest(str(n)) for n in range(count)]
    if digests:
        await records.tags.point("repository", Tag("last"), digests[-1], minute(0))
    assert await records.tags.of_images("repository", digests) == {each: ["last"] for each in digests[-1:]}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tags=st.sets(st.text("abAB01._-", min_size=1, max_size=4), max_size=12),
    limit=st.integers(1, 13),
)
async def test_pages_meet_without_gap_or_repeat(records: Records, tags: set[str], limit: int) -> None:
    repository_id = fresh_id()
    for tag in tags:
        await records.tags.point(repository_id, Tag(tag), digest("a"), minute(0))
    seen: list[str] = []
    while page := await records.tags.page(repository_id, after=seen[-1] if seen else "", limit=limit):
        assert len(page) <= limit
        seen += page
    assert seen == sorted(tags, key=str.encode)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tags_of=st.dictionaries(
        st.integers(0, 99), st.sets(st.text("aB0._-", min_size=1, max_size=2), max_size=4), max_size=6
    ),
    limit=st.integers(1, 12),
    tagged=st.sampled_from([None, True, False]),
)
async def test_listing_has_a_row_for_every_tag_and_one_for_every_untagged_image(
    records: Records, tags_of: dict[int, set[str]], limit: int, tagged: bool | None
) -> None:
    repository_id = fresh_id()
    expected = []
    for name, tags in tags_of.items():
        await records.images.add(repository_id, image(str(name)))
        own = [Tag(f"{tag}-{name}") for tag in tags]
        for tag in own:
            await records.tags.point(repository_id, tag, digest(str(name)), minute(0))
        if tagged is not False:
            expected += [TaggedImage(digest(str(name)), tag) for tag in own]
        if tagged is not True and not own:
            expected.append(TaggedImage(digest(str(name)), None))
    seen: list[TaggedImage] = []
    after = ("", "")
    while page := await records.tags.listing(repository_id, after=after, limit=limit, tagged=tagged):
        assert len(page) <= limit
        seen += page
        after = (page[-1].digest, page[-1].tag or "")
    assert seen == sorted(expected, key=lambda row: (row.digest, row.tag or ""))


async def test_pairs_are_all_tags_by_digest_and_tag(records: Records) -> None:
    for tag, content in (("b", "one"), ("a", "one"), ("c", "two")):
        await records.tags.point("repository", Tag(tag), digest(content), minute(0))
    expected = sorted([(digest("one"), "a"), (digest("one"), "b"), (digest("two"), "c")])

    assert await records.tags.pairs("repository", after=("", ""), limit=9) == expected
    assert await records.tags.pairs("repository", after=expected[0], limit=1) == expected[1:2]
    assert await records.tags.pairs("another", after=("", ""), limit=9) == []
