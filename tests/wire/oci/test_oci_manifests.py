"""Manifests by tag and digest: put, given back, negotiated, deleted, and what is refused as one."""

import json

import pytest

from entrepot.domain.media_types import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from entrepot.domain.mutability import Mutability, TagMutability
from entrepot.storage.blobs.memory import MemoryBlobs
from tests.wire.oci.raw_http import request_bytes
from tests.wire.oci.world import World, descriptor, digest_of, index, manifest, open_world

AT = "/v2/team/app/manifests"
LIMIT = 4 * 1024 * 1024


@pytest.mark.parametrize("reference", ["1.0", "list", "T" * 128])
async def test_a_manifest_comes_back_byte_for_byte(world: World, reference: str) -> None:
    content = await world.image() + b"  "
    put = await world.put_manifest(reference, content)
    digest = digest_of(content)
    assert (put.status, put.headers["docker-content-digest"]) == (201, digest)
    for target in (f"{AT}/{reference}", f"{AT}/{digest}", put.headers["location"]):
        for method in ("GET", "HEAD"):
            got = await world.ask(method, target)
            assert got.status == 200
            assert got.headers["content-type"] == OCI_MANIFEST
            assert got.headers["content-length"] == str(len(content))
            assert got.headers["docker-content-digest"] == digest
            assert got.body == (content if method == "GET" else b"")


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_a_manifest_put_by_digest_may_bring_its_tags(world: World, algorithm: str) -> None:
    content = await world.image()
    digest = digest_of(content, algorithm)
    put = await world.put_manifest(f"{digest}?tag=a&tag=b", content)
    assert (put.status, put.all("OCI-Tag")) == (201, ["a", "b"])
    for tag in "ab":
        got = await world.ask("GET", f"{AT}/{tag}")
        assert (got.body, got.headers["docker-content-digest"]) == (content, digest)


async def test_tags_beside_a_tag_are_refused(world: World) -> None:
    content = await world.image()
    assert (await world.put_manifest("1.0?tag=a", content)).status == 400
    assert (await world.put_manifest(f"{digest_of(content)}?tag=..", content)).code == "TAG_INVALID"
    assert (await world.ask("HEAD", f"{AT}/{digest_of(content)}")).status == 404


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_a_manifest_may_have_nearly_four_mebibytes(world: World, is_chunked: bool) -> None:
    content = await world.image(annotations={str(number): "x" * 10_000 for number in range(390)})
    lines = [("Content-Type", OCI_MANIFEST)]
    for reference in (digest_of(content), "large"):
        put = await world.ask("PUT", f"{AT}/{reference}", lines, content, is_chunked=is_chunked)
        assert put.status == 201
    assert (await world.ask("GET", f"{AT}/large")).body == content


async def test_attack_13_a_manifest_over_four_mebibytes_is_refused(world: World) -> None:
    content = await world.image()
    content += b" " * (LIMIT + 1 - len(content))
    lines = [("Content-Type", OCI_MANIFEST)]
    for is_chunked in (True, False):
        refused = await world.ask("PUT", f"{AT}/large", lines, content, is_chunked=is_chunked)
        assert (refused.status, refused.code) == (413, "SIZE_INVALID")
    assert (await world.put_manifest("large", content[:-1])).status == 201


async def test_attack_13_a_huge_manifest_is_refused_before_it_is_sent(world: World) -> None:
    async with world.line() as line:
        lines = [*world.basic(), ("Content-Length", str(1 << 50))]
        await line.send(request_bytes("PUT", f"{AT}/large", lines))
        refused = await line.answer()
        assert (refused.status, refused.headers["connection"]) == (413, "close")


EMPTY = manifest()
UNSOUND = {
    "no JSON": b"{",
    "nothing": b"",
    "a list": b"[]",
    "NaN": EMPTY.replace(b'"schemaVersion": 2', b'"schemaVersion": NaN'),
    "a byte order mark": b"\xef\xbb\xbf" + EMPTY,
    "trailing bytes": EMPTY + b"x",
    "two documents": EMPTY + EMPTY,
    "duplicate keys": EMPTY.replace(b'"schemaVersion": 2', b'"schemaVersion": 2, "schemaVersion": 2'),
    "depth": EMPTY.replace(b'"layers": []', b'"layers": [], "x": %b%b' % (b"[" * 10_000, b"]" * 10_000)),
    "no UTF-8": EMPTY.replace(b'"schemaVersion": 2', b'"schemaVersion": 2, "x": "\xff"'),
    "an image and an index": manifest(manifests=[]),
    "another media type": manifest(mediaType=OCI_INDEX),
    "a media type of surrogates": manifest(mediaType="\ud800"),
    "a media type of newlines": manifest(mediaType="a/b\r\nX: y"),
    "schema 1": json.dumps({"schemaVersion": 1, "name": "team/app", "tag": "1", "fsLayers": []}).encode(),
    "no config": json.dumps({"schemaVersion": 2, "layers": []}).encode(),
    "a negative size": manifest(config=b"{}").replace(b'"size": 2', b'"size": -2'),
    "a huge size": manifest(config=b"{}").replace(b'"size": 2', b'"size": 1e400'),
    "a digest that is none": manifest(config=b"{}").replace(b"sha256:", b"sha256:.."),
    "data of another digest": manifest(config=b"{}").replace(b'"size": 2', b'"size": 2, "data": "e30x"'),
    "100,000 layers": manifest(layers=[b""] * 20_000),
    "a subject that is none": manifest(subject="sha256:x"),
    "annotations of numbers": manifest(annotations={"a": 1}),
}


@pytest.mark.parametrize("kind", sorted(UNSOUND))
async def test_attack_13_what_is_no_sound_manifest_is_refused(world: World, kind: str) -> None:
    await world.push_blob(b"{}")
    content = UNSOUND[kind]
    for reference in ("1.0", digest_of(content)):
        refused = await world.put_manifest(reference, content)
        assert (refused.status, refused.code) == (400, "MANIFEST_INVALID")
        assert (await world.ask("HEAD", f"{AT}/{reference}")).status == 404


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "text/plain",
        "",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        DOCKER_MANIFEST,
    ],
)
async def test_attack_18_another_content_type_is_refused(world: World, media_type: str) -> None:
    answer = await world.put_manifest("1.0", await world.image(), media_type)
    assert answer.status == (201 if not media_type else 400)  # without one, the document says what it is


async def test_attack_13_two_content_types_are_refused(world: World) -> None:
    lines = [("Content-Type", OCI_MANIFEST), ("Content-Type", OCI_INDEX)]
    assert (await world.ask("PUT", f"{AT}/1.0", lines, await world.image())).status == 400


async def test_a_manifest_without_media_type_is_what_it_was_sent_as(world: World) -> None:
    document = json.loads(await world.image())
    del document["mediaType"]
    content = json.dumps(document).encode()
    assert (await world.put_manifest("umoci", content)).status == 201
    assert (await world.ask("GET", f"{AT}/umoci")).headers["content-type"] == OCI_MANIFEST


async def test_a_manifest_under_another_digest_is_refused(world: World) -> None:
    content = await world.image()
    refused = await world.put_manifest(digest_of(b"other"), content)
    assert (refused.status, refused.code) == (400, "DIGEST_INVALID")
    assert (await world.put_manifest("sha256:baddigeststring", content)).status == 400
    assert (await world.ask("GET", f"{AT}/sha256:baddigeststring")).status == 400


async def test_a_manifest_without_its_layers_is_refused(world: World) -> None:
    refused = await world.put_manifest("1.0", manifest(layers=[b"absent"]))
    assert (refused.status, refused.code) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert digest_of(b"absent") in refused.message


async def test_attack_15_an_index_without_its_children_is_refused(world: World) -> None:
    await world.create("team/other")
    child = await world.image("team/other")
    assert (await world.put_manifest("1.0", child, name="team/other")).status == 201
    refused = await world.put_manifest("all", index(child), OCI_INDEX)
    assert (refused.status, refused.code) == (404, "MANIFEST_BLOB_UNKNOWN")


async def test_attack_15_where_it_is_allowed_sparse_images_are_kept() -> None:
    async with open_world(MemoryBlobs(), allow_sparse=True) as world:
        child = manifest(layers=[b"absent"])
        assert (await world.put_manifest("image", child)).status == 201
        assert (await world.put_manifest("all", index(b"absent"), OCI_INDEX)).status == 201
        assert (await world.ask("GET", f"{AT}/image")).body == child


async def test_attack_15_an_index_may_hold_indexes_and_nothing(world: World) -> None:
    inner = index()
    assert (await world.put_manifest(digest_of(inner), inner, OCI_INDEX)).status == 201
    for depth in range(30):
        inner = index(inner, annotations={"depth": str(depth)}).replace(
            OCI_MANIFEST.encode(), OCI_INDEX.encode()
        )
        assert (await world.put_manifest(digest_of(inner), inner, OCI_INDEX)).status == 201


async def test_attack_14_foreign_layers_are_named_and_never_fetched(world: World) -> None:
    foreign = descriptor(b"x", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
    foreign["urls"] = ["http://169.254.169.254/latest/meta-data/"]
    await world.push_blob(b"{}")
    content = manifest().replace(b'"layers": []', b'"layers": [%b]' % json.dumps(foreign).encode())
    assert (await world.put_manifest("windows", content)).status == 201
    assert (await world.ask("GET", f"{AT}/windows")).body == content
    assert (await world.ask("GET", f"/v2/team/app/blobs/{digest_of(b'x')}")).status == 404


DOCKER_ASKS = [
    ("Accept", "application/json"),
    ("Accept", "application/vnd.docker.distribution.manifest.list.v2+json"),
    ("Accept", OCI_INDEX),
    ("Accept", "application/vnd.docker.distribution.manifest.v1+prettyjws"),
    ("Accept", OCI_MANIFEST),
    ("Accept", DOCKER_MANIFEST),
]


async def test_accept_lines_count_together(world: World) -> None:
    digest = await world.push_image("1.0")
    assert (await world.ask("HEAD", f"{AT}/1.0", DOCKER_ASKS)).status == 200
    refused = await world.ask("GET", f"{AT}/1.0", [("Accept", OCI_INDEX)])
    assert (refused.status, refused.code) == (404, "MANIFEST_UNKNOWN")
    assert OCI_MANIFEST in refused.message
    assert (await world.ask("GET", f"{AT}/{digest}", [("Accept", OCI_INDEX)])).status == 200


@pytest.mark.parametrize("accept", ["*/*;q=1," * 900, ";" * 8000, "," * 8000, "a\x7f", "é", "q=0", "*", "\t"])
async def test_attack_17_a_hostile_accept_is_answered(world: World, accept: str) -> None:
    await world.push_image("1.0")
    for method in ("GET", "HEAD"):
        answer = await world.ask(method, f"{AT}/1.0", [("Accept", accept)] * 50)
        assert answer.status in (200, 400, 404)


async def test_what_is_not_there_is_not_found(world: World) -> None:
    for reference in ("none", digest_of(b"none")):
        for method in ("GET", "DELETE"):
            answer = await world.ask(method, f"{AT}/{reference}")
            assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")
            assert answer.message == "Requested image not found"
        head = await world.ask("HEAD", f"{AT}/{reference}")
        assert (head.status, head.body) == (404, b"")


@pytest.mark.parametrize("method", ["HEAD", "GET", "PUT", "DELETE"])
async def test_a_tag_that_is_none_is_refused(world: World, method: str) -> None:
    answer = await world.ask(method, f"{AT}/a+b", body=b"{}" if method == "PUT" else None)
    assert answer.status == 400
    assert answer.body == b"" if method == "HEAD" else answer.code == "TAG_INVALID"


async def test_deleting_a_tag_leaves_the_image(world: World) -> None:
    digest = await world.push_image("1.0")
    assert (await world.ask("DELETE", f"{AT}/1.0")).status == 202
    assert (await world.ask("HEAD", f"{AT}/1.0")).status == 404
    assert (await world.ask("HEAD", f"{AT}/{digest}")).status == 200


async def test_deleting_an_image_frees_its_blobs(world: World) -> None:
    digest = await world.push_image("1.0")
    blob = f"/v2/team/app/blobs/{digest_of(b'a layer')}"
    in_use = await world.ask("DELETE", blob)
    assert (in_use.status, in_use.code) == (405, "UNSUPPORTED")
    assert (await world.ask("DELETE", f"{AT}/{digest}")).status == 202
    assert (await world.ask("HEAD", f"{AT}/1.0")).status == 404
    assert (await world.ask("DELETE", blob)).status == 202
    assert (await world.ask("DELETE", blob)).status == 404
    assert await world.push_image("1.0") == digest


async def test_a_child_of_an_index_is_not_deleted(world: World) -> None:
    child = await world.image()
    await world.put_manifest("child", child)
    whole = index(child)
    assert (await world.put_manifest("all", whole, OCI_INDEX)).status == 201
    refused = await world.ask("DELETE", f"{AT}/{digest_of(child)}")
    assert (refused.status, refused.code) == (405, "UNSUPPORTED")
    assert f"Requested image referenced by manifest list: [{digest_of(whole)}]" in refused.message


@pytest.mark.parametrize("reference", ["1.0", "{digest}?tag=1.0"])
async def test_attack_22_an_immutable_tag_stays(world: World, reference: str) -> None:
    await world.create("fixed", mutability=TagMutability(Mutability.IMMUTABLE))
    kept = await world.push_image("1.0", "fixed")
    other = await world.image("fixed", annotations={"other": "yes"})
    refused = await world.put_manifest(reference.format(digest=digest_of(other)), other, name="fixed")
    assert (refused.status, refused.code) == (400, "TAG_INVALID")
    assert refused.message == (
        "The image tag '1.0' already exists in the 'fixed' repository and cannot be overwritten because the "
        "tag is immutable."
    )
    assert (await world.ask("HEAD", "/v2/fixed/manifests/1.0")).headers["docker-content-digest"] == kept
    assert (await world.ask("HEAD", f"/v2/fixed/manifests/{digest_of(other)}")).status == 404
    assert await world.push_image("1.0", "fixed") == kept


async def test_a_manifest_that_is_cut_short_is_not_kept(world: World) -> None:
    content = await world.image()
    async with world.line() as line:
        lines = [*world.basic(), ("Content-Type", OCI_MANIFEST)]
        await line.send(request_bytes("PUT", f"{AT}/1.0", lines, content)[:-5])
        line.writer.write_eof()
        await line.reader.read()
    assert (await world.ask("HEAD", f"{AT}/1.0")).status == 404
