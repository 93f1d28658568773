"""Pins, and what clusters say they run, on every database."""

from dataclasses import replace
from datetime import datetime

from entrepot.domain.images import PointedTag
from entrepot.domain.names import Registry, Tag
from entrepot.domain.pins import Pin
from entrepot.domain.usage import Cluster, Use
from entrepot.ports.keeping import Report, UsedImage
from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import ACCOUNT, REGISTRY, blob, digest, image, minute, repository

APP = repository()
BLUE = Cluster(REGISTRY, "blue")
OTHERS = Registry(ACCOUNT, "us-east-1"), Registry("999999999999", "eu-west-1")


def pin(content: str = "image", *, until: datetime | None = None, reason: str | None = "runs") -> Pin:
    return Pin(digest(content), f"arn:aws:iam::{ACCOUNT}:root", minute(1), reason, until)


def report(
    report_id: str = "one", cluster: Cluster = BLUE, *, ends: int = 9, version: str = "first"
) -> Report:
    return Report(report_id, cluster, version, f"arn:aws:iam::{ACCOUNT}:root", minute(0), minute(ends), 2)


def used(content: str, repository_id: str = APP.id) -> UsedImage:
    return UsedImage(repository_id, digest(content))


async def test_an_image_has_one_pin_until_it_is_taken_away(records: Records) -> None:
    assert await records.pins.find(APP.id, digest("image")) is None
    await records.pins.put(APP, pin())
    await records.pins.put(APP, pin(until=minute(5), reason=None))
    assert await records.pins.find(APP.id, digest("image")) == pin(until=minute(5), reason=None)
    assert await records.pins.of_images(APP.id, [digest("image"), digest("other")]) == {
        digest("image"): pin(until=minute(5), reason=None)
    }
    assert await records.pins.find("another", digest("image")) is None
    await records.pins.remove(APP.id, digest("image"))
    assert await records.pins.of_images(APP.id, [digest("image")]) == {}


async def test_pins_are_listed_by_digest_and_those_of_a_registry_by_name(records: Records) -> None:
    other = repository("team/base")
    strangers = [repository(registry=registry) for registry in OTHERS]
    for each in (APP, other, *strangers):
        await records.repositories.add(each)
    gone = repository("team/gone")
    for each in (other, APP, gone, *strangers):
        for content in ("a", "b"):
            await records.pins.put(each, pin(content))
    digests = sorted([digest("a"), digest("b")])
    assert [each.digest for each in await records.pins.page(APP.id, after="", limit=9)] == digests
    assert [each.digest for each in await records.pins.page(APP.id, after=digests[0], limit=9)] == digests[1:]
    listed = await records.pins.of_registry(REGISTRY, after=("", ""), limit=9)
    assert [(name, each.digest) for name, each in listed] == [
        (name, each) for name in ("team/app", "team/base") for each in digests
    ]
    rest = await records.pins.of_registry(REGISTRY, after=("team/app", digests[0]), limit=2)
    assert rest == listed[1:3]


async def test_pins_go_with_their_image_and_their_repository(records: Records) -> None:
    await records.images.add(APP.id, image("a"))
    for content in ("a", "b"):
        await records.pins.put(APP, pin(content))
    await records.images.remove(APP.id, digest("a"))
    assert await records.pins.find(APP.id, digest("a")) is None
    await records.usage.add_images("one", [used("a"), used("b")])
    assert await records.repositories.clear(APP.id, 99) == 3
    assert await records.pins.page(APP.id, after="", limit=9) == []
    assert await records.usage.images("one", after=("", ""), limit=9) == []


async def test_a_cluster_has_one_report_which_keeps_its_id(records: Records) -> None:
    assert await records.usage.find(BLUE) is None
    await records.usage.put(report())
    await records.usage.put(replace(report("two", version="second", ends=12), images=7))
    assert await records.usage.find(BLUE) == replace(report(version="second", ends=12), images=7)
    for registry in OTHERS:
        assert await records.usage.find(Cluster(registry, "blue")) is None


async def test_reports_are_listed_by_cluster_(records: Records) -> None:
    for number, name in enumerate(("c", "a", "b")):
        await records.usage.put(report(str(number), Cluster(REGISTRY, name)))
    await records.usage.put(report("x", Cluster(OTHERS[0], "a")))
    listed = await records.usage.reports(REGISTRY, after="a", limit=9)
    assert [each.cluster.name for each in listed] == ["b", "c"]
    assert await records.usage.reports(OTHERS[1], after="", limit=9) == []


async def test_reports_that_are_over_come_first_ended_first(records: Records) -> None:
    for number, name in enumerate(("a", "b", "c")):
        await records.usage.put(report(name, Cluster(REGISTRY, name), ends=9 - number))
    assert [each.id for each in await records.usage.ended(minute(9), 9)] == ["c", "b"]
    assert [each.id for each in await records.usage.ended(minute(9), 1)] == ["c"]
    assert not await records.usage.remove("c", "another version")
    assert await records.usage.remove("c", "first")
    assert [each.id for each in await records.usage.ended(minute(9), 9)] == ["b"]


async def test_what_a_report_names_is_found_by_image_and_by_repository(records: Records) -> None:
    green = Cluster(OTHERS[1], "green")
    await records.usage.put(report())
    await records.usage.put(report("two", green, ends=5))
    await records.usage.add_images("one", [used("a"), used("b"), used("a", "other")])
    await records.usage.add_images("one", [used("a")])
    await records.usage.add_images("two", [used("a")])
    of_images = await records.usage.of_images(APP.id, [digest("a"), digest("c")])
    assert set(of_images[digest("a")]) == {
        Use(BLUE, minute(0), minute(9)),
        Use(green, minute(0), minute(5)),
    }
    assert list(of_images) == [digest("a")]
    rows = await records.usage.of_repository(APP.id, after=("", ""), limit=9)
    keys = sorted([(digest("a"), "one"), (digest("a"), "two"), (digest("b"), "one")])
    assert [(each, report_id) for each, report_id, _ in rows] == keys
    assert await records.usage.of_repository(APP.id, after=keys[0], limit=1) == rows[1:2]
    named = sorted([(APP.id, digest("a")), (APP.id, digest("b")), ("other", digest("a"))])
    images = await records.usage.images("one", after=named[0], limit=9)
    assert [(each.repository_id, each.digest) for each in images] == named[1:]
    await records.usage.remove_images("one", [used("a"), used("absent")])
    assert await records.usage.of_images(APP.id, [digest("a")]) == {
        digest("a"): [Use(green, minute(0), minute(5))]
    }


async def test_tags_are_found_with_since_when_their_image_has_them(records: Records) -> None:
    for number, tag in enumerate(("b", "a", "c")):
        await records.tags.point(APP.id, Tag(tag), digest(tag), minute(number))
    found = await records.tags.pointed(APP.id, after="", limit=2)
    assert found == [
        PointedTag(Tag("a"), digest("a"), minute(1)),
        PointedTag(Tag("b"), digest("b"), minute(0)),
    ]
    assert [each.tag for each in await records.tags.pointed(APP.id, after="b", limit=9)] == ["c"]
    assert await records.tags.find_pointed(APP.id, ["a", "x"]) == {"a": found[0]}


async def test_children_and_layers_are_found_by_image(records: Records) -> None:
    await records.references.add(APP.id, digest("i"), layers={}, children=[digest("a"), digest("b")])
    await records.references.add(
        APP.id, digest("a"), layers={digest("l"): "x", digest("m"): "x"}, children=[]
    )
    children = await records.references.children_of(APP.id, [digest("i"), digest("a")])
    assert children == {digest("i"): sorted([digest("a"), digest("b")])}
    layers = sorted([digest("l"), digest("m")])
    rows = [(digest("a"), layer) for layer in layers]
    assert await records.references.layers(APP.id, after=("", ""), limit=9) == rows
    assert await records.references.layers(APP.id, after=rows[0], limit=9) == rows[1:]


async def test_blobs_are_known_that_other_repositories_of_the_registry_hold(records: Records) -> None:
    other, stranger = repository("team/base"), repository(registry=OTHERS[1])
    for each in (APP, other, stranger):
        await records.repositories.add(each)
    for key in ("own", "shared", "strange", "gone"):
        await records.blobs.add(blob(key, key))
        await records.layers.hold(APP.id, digest(key), key, minute(0))
    await records.layers.hold(other.id, digest("shared"), "shared", minute(0))
    await records.layers.hold(stranger.id, digest("strange"), "strange", minute(0))
    await records.layers.hold("removed", digest("gone"), "gone", minute(0))
    keys = ["own", "shared", "strange", "gone"]
    assert await records.layers.held_beside(APP, keys) == {"shared"}
    assert await records.layers.held_beside(APP, []) == set()
