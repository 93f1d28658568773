"""Tags, repositories and referrers, a page at a time."""

import json

import pytest

from entrepot.domain.media_types import OCI_INDEX
from entrepot.domain.names import Registry
from tests.wire.oci.raw_http import Answer
from tests.wire.oci.world import HOME, OTHER_ACCOUNT, REGION, World, digest_of, index, manifest

TAGS = "/v2/team/app/tags/list"


def _next(answer: Answer) -> str | None:
    link = answer.headers.get("link")
    return link.removeprefix("<").removesuffix('>; rel="next"') if link else None


async def _tag(world: World, *tags: str) -> None:
    content = await world.image()
    query = "&".join(f"tag={tag}" for tag in tags)
    assert (await world.put_manifest(f"{digest_of(content)}?{query}", content)).status == 201


async def test_tags_are_listed_bytewise(world: World) -> None:
    await _tag(world, "b", "a", "B", "_", "1.0")
    answer = await world.ask("GET", TAGS)
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body) == {"name": "team/app", "tags": ["1.0", "B", "_", "a", "b"]}
    assert _next(answer) is None
    rest = await world.ask("GET", f"{TAGS}?last=B")
    assert json.loads(rest.body)["tags"] == ["_", "a", "b"]
    after_none = await world.ask("GET", f"{TAGS}?last=A~%20%C3%A9")
    assert json.loads(after_none.body)["tags"] == ["B", "_", "a", "b"]


async def test_tags_go_on_behind_a_link(world: World) -> None:
    tags = [f"v{number:03}" for number in range(101)]
    await _tag(world, *tags)
    found, target, pages = [], f"{TAGS}?n=40", 0
    while target:
        page = await world.ask("GET", target)
        found += json.loads(page.body)["tags"]
        target, pages = _next(page) or "", pages + 1
    assert (found, pages) == (tags, 3)
    assert _next(await world.ask("GET", TAGS)) == f"{TAGS}?n=100&last=v099"
    assert _next(await world.ask("GET", f"{TAGS}?n=101")) is None


async def test_an_empty_repository_has_no_tags(world: World) -> None:
    assert json.loads((await world.ask("GET", TAGS)).body) == {"name": "team/app", "tags": []}


@pytest.mark.parametrize("target", [TAGS, "/v2/_catalog"])
async def test_attack_40_page_lengths_are_bounded(world: World, target: str) -> None:
    await _tag(world, "a")
    nothing = await world.ask("GET", f"{target}?n=0")
    assert nothing.status == 200
    assert [] in json.loads(nothing.body).values()
    assert _next(nothing) is None
    for text in ("-1", "x", "", "1e3", "%00"):
        assert (await world.ask("GET", f"{target}?n={text}")).status == 400
    for text in ("1001", "9" * 3000):
        refused = await world.ask("GET", f"{target}?n={text}")
        assert (refused.status, refused.code) == (405, "UNSUPPORTED")
        assert refused.message == (
            "Invalid parameter at 'maxResults' failed to satisfy constraint: "
            "'Member must have value less than or equal to 1000'"
        )
    assert (await world.ask("GET", f"{target}?n=1000")).status == 200


async def test_the_catalog_is_that_of_the_callers_registry(world: World) -> None:
    for name in ("b1", "a1", "team/b"):
        await world.create(name)
    await world.create("foreign", Registry(OTHER_ACCOUNT, REGION))
    await world.create("elsewhere", Registry(HOME.account, "us-east-1"))
    answer = await world.ask("GET", "/v2/_catalog")
    assert json.loads(answer.body) == {"repositories": ["a1", "b1", "team/app", "team/b"]}
    page = await world.ask("GET", "/v2/_catalog?n=3")
    assert _next(page) == "/v2/_catalog?n=3&last=team%2Fapp"
    assert json.loads((await world.ask("GET", "/v2/_catalog?n=3&last=team%2Fapp")).body) == {
        "repositories": ["team/b"]
    }


async def _refer(world: World, subject: str, number: int, size: int = 0, **members: str) -> Answer:
    named = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": subject, "size": 2}
    annotations = {"number": str(number), "bulk": "x" * size}
    content = manifest(config=b"{}", layers=(), subject=named, annotations=annotations, **members)
    return await world.put_manifest(digest_of(content), content)


async def _referrers(world: World, target: str) -> Answer:
    answer = await world.ask("GET", target)
    assert (answer.status, answer.headers["content-type"]) == (200, OCI_INDEX)
    assert len(answer.body) <= 4 * 1024 * 1024
    return answer


async def test_nobody_refers_to_an_unknown_digest(world: World) -> None:
    answer = await _referrers(world, f"/v2/team/app/referrers/{digest_of(b'?')}")
    assert json.loads(answer.body) == {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}


async def test_referrers_are_described_and_filtered(world: World) -> None:
    await world.push_blob(b"{}")
    subject = digest_of(b"not even here")
    put = await _refer(world, subject, 1, artifactType="application/vnd.sbom+json")
    assert (put.status, put.headers["oci-subject"]) == (201, subject)
    await _refer(world, subject, 2)
    named = {"mediaType": OCI_INDEX, "digest": subject, "size": 2}
    whole = index(subject=named, artifactType="application/vnd.sig")
    put = await world.put_manifest(digest_of(whole), whole, OCI_INDEX)
    assert put.headers["oci-subject"] == subject
    target = f"/v2/team/app/referrers/{subject}"
    entries = json.loads((await _referrers(world, target)).body)["manifests"]
    assert {entry.get("artifactType") for entry in entries} == {
        "application/vnd.sbom+json",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.sig",
    }
    for text in ("application/vnd.sbom+json", "application/vnd.sbom%2Bjson"):
        some = await _referrers(world, f"{target}?artifactType={text}")
        (entry,) = json.loads(some.body)["manifests"]
        assert entry["annotations"]["number"] == "1"
        assert some.headers["oci-filters-applied"] == "artifactType"


@pytest.mark.parametrize("text", ["'%20OR%201=1--", "%25", "a/b%22", "*/*", "", "a" * 300 + "/b"])
async def test_attack_16_a_filter_that_is_no_type_finds_nothing(world: World, text: str) -> None:
    await world.push_blob(b"{}")
    await _refer(world, digest_of(b"s"), 1)
    answer = await _referrers(world, f"/v2/team/app/referrers/{digest_of(b's')}?artifactType={text}")
    assert json.loads(answer.body)["manifests"] == []


async def test_attack_16_more_referrers_than_an_index_holds_go_on_behind_a_link(world: World) -> None:
    await world.push_blob(b"{}")
    subject = digest_of(b"s")
    sizes = [1_500_000] * 5 + [3_900_000] + [10] * 30
    for number, size in enumerate(sizes):
        assert (await _refer(world, subject, number, size)).status == 201
    numbers, target = (
        [],
        f"/v2/team/app/referrers/{subject}?artifactType=application/vnd.oci.image.config.v1%2Bjson",
    )
    while target:
        page = await _referrers(world, target)
        entries = json.loads(page.body)["manifests"]
        assert entries
        numbers += [int(entry["annotations"]["number"]) for entry in entries]
        target = _next(page) or ""
    assert sorted(numbers) == list(range(len(sizes)))


@pytest.mark.parametrize("token", ["x", "%00", "é", "eA==", "=" * 5000])
async def test_attack_40_a_forged_token_is_refused(world: World, token: str) -> None:
    answer = await world.ask("GET", f"/v2/team/app/referrers/{digest_of(b's')}?token={token}")
    assert answer.status == 400


async def test_attack_16_subjects_in_a_circle_are_only_names(world: World) -> None:
    await world.push_blob(b"{}")
    first = manifest(subject={"mediaType": "a/b", "digest": digest_of(b"later"), "size": 1})
    put = await world.put_manifest("first", first)
    assert put.headers["oci-subject"] == digest_of(b"later")
    second = manifest(subject={"mediaType": "a/b", "digest": digest_of(first), "size": len(first)})
    assert (await world.put_manifest("second", second)).status == 201
    answer = await _referrers(world, f"/v2/team/app/referrers/{digest_of(first)}")
    assert json.loads(answer.body)["manifests"][0]["digest"] == digest_of(second)


async def test_attack_04_tags_that_differ_in_case_are_two(world: World) -> None:
    lower, upper = await world.push_image("tag"), await world.push_image("TAG", annotations={"other": "yes"})
    for tag, digest in (("tag", lower), ("TAG", upper)):
        head = await world.ask("HEAD", f"/v2/team/app/manifests/{tag}")
        assert head.headers["docker-content-digest"] == digest
    await world.ask("DELETE", "/v2/team/app/manifests/tag")
    assert json.loads((await world.ask("GET", TAGS)).body)["tags"] == ["TAG"]


@pytest.mark.parametrize("name", ["blobs", "manifests", "tags/list", "uploads", "v2", "blobs/uploads"])
async def test_attack_02_a_repository_called_like_a_part_of_a_path_works(world: World, name: str) -> None:
    await world.create(name)
    digest = await world.push_image("list", name)
    assert json.loads((await world.ask("GET", f"/v2/{name}/tags/list")).body) == {
        "name": name,
        "tags": ["list"],
    }
    for reference in ("list", digest):
        assert (await world.ask("GET", f"/v2/{name}/manifests/{reference}")).status == 200
    assert (await world.ask("GET", f"/v2/{name}/blobs/{digest_of(b'a layer')}")).body == b"a layer"
    assert (await world.ask("GET", f"/v2/{name}/referrers/{digest}")).status == 200
    assert (await world.ask("DELETE", await world.begin(name))).status == 204
