"""Blobs on `/v2/` and behind signed addresses."""

from datetime import timedelta

import pytest

from entrepot.domain.digests import Digest
from entrepot.domain.names import Registry, RepositoryName
from tests.wire.oci.world import ACCOUNT, HOME, OTHER_ACCOUNT, REGION, World, digest_of

CONTENT = bytes(range(256)) * 8
BLOB = f"/v2/team/app/blobs/{digest_of(CONTENT)}"
LARGE = b"0123456789abcdef" * 8192  # over what is sent in one write


async def test_a_blob_is_a_download_and_never_a_page(world: World) -> None:
    await world.push_blob(CONTENT)
    got, head = await world.ask("GET", BLOB), await world.ask("HEAD", BLOB)
    assert got.body == CONTENT
    for answer in (got, head):
        assert answer.status == 200
        assert answer.headers["content-length"] == "2048"
        assert answer.headers["docker-content-digest"] == digest_of(CONTENT)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["etag"] == f'"{digest_of(CONTENT)}"'
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"<script>" * 20_000], ids=len)
async def test_attack_46_a_page_in_a_blob_is_not_shown(world: World, content: bytes) -> None:
    digest = await world.push_blob(content)
    got = await world.ask("GET", f"/v2/team/app/blobs/{digest}")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"] == "attachment"
    assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["x-amzn-requestid"] == "request-1"


async def test_head_gives_a_layer_the_type_that_its_image_does(world: World) -> None:
    await world.push_image("1.0")
    head = await world.ask("HEAD", f"/v2/team/app/blobs/{digest_of(b'{}')}")
    assert head.headers["content-type"] == "application/vnd.oci.image.config.v1+json"


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("500-1499", 500, 1500),
        ("500-", 500, 2048),
        ("-500", 1548, 2048),
        ("2000-5000", 2000, 2048),
        ("0-0", 0, 1),
    ],
)
async def test_a_range_is_that_part(world: World, header: str, start: int, end: int) -> None:
    await world.push_blob(CONTENT)
    got = await world.ask("GET", BLOB, [("Range", f"bytes={header}")])
    assert (got.status, got.body) == (206, CONTENT[start:end])
    assert got.headers["content-range"] == f"bytes {start}-{end - 1}/2048"


@pytest.mark.parametrize("header", ["500-0", "5000-10000", "2048-", "-0", "x", "9" * 6000])
async def test_attack_08_a_range_that_cannot_be_met_is_refused(world: World, header: str) -> None:
    await world.push_blob(CONTENT)
    got = await world.ask("GET", BLOB, [("Range", f"bytes={header}")])
    assert (got.status, got.headers["content-range"]) == (416, "bytes */2048")


async def test_several_ranges_and_those_of_other_content_get_the_whole(world: World) -> None:
    await world.push_blob(CONTENT)
    part = ("Range", "bytes=0-1")
    for lines in ([("Range", "bytes=0-1,4-5")], [part, part], [part, ("If-Range", '"other"')]):
        got = await world.ask("GET", BLOB, lines)
        assert (got.status, got.body) == (200, CONTENT)
    same = await world.ask("GET", BLOB, [part, ("If-Range", f'"{digest_of(CONTENT)}"')])
    assert same.status == 206


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_a_blob_of_no_bytes_is_one(world: World, algorithm: str) -> None:
    digest = await world.push_blob(b"", algorithm=algorithm)
    for method in ("GET", "HEAD"):
        got = await world.ask(method, f"/v2/team/app/blobs/{digest}")
        assert (got.status, got.headers["content-length"], got.body) == (200, "0", b"")
    assert (await world.ask("GET", f"/v2/team/app/blobs/{digest}", [("Range", "bytes=0-")])).status == 416


async def test_attack_24_a_blob_is_seen_only_in_the_repository_that_holds_it(world: World) -> None:
    await world.create("team/other")
    await world.push_blob(CONTENT)
    for method in ("GET", "HEAD", "DELETE"):
        answers = [
            await world.ask(method, f"/v2/team/other/blobs/{digest}")
            for digest in (digest_of(CONTENT), digest_of(b"nowhere"))
        ]
        assert [answer.status for answer in answers] == [404, 404]


async def test_attack_25_a_deleted_blob_stays_gone_when_another_repository_touches_it(world: World) -> None:
    await world.create("team/other")
    for name in ("team/app", "team/other"):
        await world.push_blob(CONTENT, name)
    assert (await world.ask("DELETE", BLOB)).status == 202
    assert (await world.ask("GET", BLOB.replace("app", "other"))).body == CONTENT
    await world.push_blob(CONTENT, "team/other")
    for method in ("GET", "HEAD"):
        assert (await world.ask(method, BLOB)).status == 404


async def _address(world: World, content: bytes, account: str = ACCOUNT) -> str:
    token = await world.tokens.issue_download(
        world.principals[account], HOME, RepositoryName("team/app"), Digest(digest_of(content))
    )
    return f"/layers/{token}"


async def _push_layer(world: World, content: bytes) -> None:
    await world.push_image("1.0")
    await world.push_blob(content)
    image = (await world.image()).replace(
        b'"layers": [',
        b'"layers": [{"mediaType": "a/b", "digest": "%b", "size": %d}, '
        % (digest_of(content).encode(), len(content)),
    )
    assert (await world.put_manifest("layered", image)).status == 201


@pytest.mark.parametrize("content", [CONTENT, LARGE], ids=len)
async def test_a_signed_address_opens_its_layer(world: World, content: bytes) -> None:
    await _push_layer(world, content)
    address = await _address(world, content)
    got = await world.ask("GET", address, token="")
    assert (got.status, got.body) == (200, content)
    assert got.headers["content-disposition"] == "attachment"
    assert (await world.ask("HEAD", address, token="")).headers["content-length"] == str(len(content))
    part = await world.ask("GET", address, [("Range", "bytes=5-9")], token="")
    assert (part.status, part.body) == (206, content[5:10])
    assert world.access_log[-1]["operation"] == "ecr:GetDownloadUrlForLayer"
    assert (await world.ask("PUT", address, token="", body=b"x")).status == 405


async def test_a_signed_address_is_checked_again_when_it_is_used(world: World) -> None:
    await _push_layer(world, CONTENT)
    address = await _address(world, CONTENT)
    await world.ask("DELETE", "/v2/team/app/manifests/" + (await _digest_of_tag(world, "layered")))
    assert (await world.ask("GET", address, token="")).code == "BLOB_UNKNOWN"
    await world.ask("DELETE", BLOB)
    assert (await world.ask("GET", address, token="")).status == 404


async def _digest_of_tag(world: World, tag: str) -> str:
    return (await world.ask("HEAD", f"/v2/team/app/manifests/{tag}")).headers["docker-content-digest"]


async def test_attack_19_a_signed_address_ends_and_cannot_be_made_up(world: World) -> None:
    await _push_layer(world, CONTENT)
    address = await _address(world, CONTENT)
    for forged in (
        address[:-2],
        address + "x",
        "/layers/",
        "/layers/a.b.c",
        "/layers/%00",
        "/layers/" + "x" * 5000,
    ):
        answer = await world.ask("GET", forged, token="")
        assert (answer.status, answer.code) == (403, "DENIED")
    world.clock.advance(timedelta(hours=1))
    assert (await world.ask("GET", address, token="")).status == 403


async def test_attack_19_a_signed_address_of_a_stranger_opens_nothing(world: World) -> None:
    await _push_layer(world, CONTENT)
    await world.create("team/app", Registry(OTHER_ACCOUNT, REGION))
    answer = await world.ask("GET", await _address(world, CONTENT, OTHER_ACCOUNT), token="")
    assert (answer.status, answer.code) == (403, "DENIED")
