"""Uploads: chunked, at once, resumed, mounted, cancelled; and what is done to them by those who may not."""

import asyncio
import gzip

import pytest

from entrepot.domain.names import Registry, RepositoryName
from entrepot.registry.settings import BLOB_MOUNTING
from entrepot.storage.blobs.memory import MemoryBlobs
from tests.wire.oci.raw_http import Answer, request_bytes
from tests.wire.oci.world import HOME, OTHER_ACCOUNT, REGION, World, digest_of, open_world

CONTENT = b"0123456789abcdef" * 256
UPLOADS = "/v2/team/app/blobs/uploads/"


async def test_chunks_are_put_together(world: World) -> None:
    location = await world.begin()
    for start in range(0, len(CONTENT), 1024):
        lines = [("Content-Range", f"{start}-{start + 1023}")]
        sent = await world.ask("PATCH", location, lines, CONTENT[start : start + 1024])
        assert (sent.status, sent.headers["range"]) == (202, f"0-{start + 1023}")
        location = sent.headers["location"]
    done = await world.ask("PUT", f"{location}?digest={digest_of(CONTENT)}", body=b"")
    assert (done.status, done.headers["docker-content-digest"]) == (201, digest_of(CONTENT))
    assert (await world.ask("GET", done.headers["location"])).body == CONTENT


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("content", [CONTENT, b"{}", b""], ids=len)
async def test_a_blob_in_one_request_is_held_at_once(world: World, algorithm: str, content: bytes) -> None:
    digest = digest_of(content, algorithm)
    for is_chunked in (False, True):
        done = await world.ask("POST", f"{UPLOADS}?digest={digest}", body=content, is_chunked=is_chunked)
        assert (done.status, done.headers["docker-content-digest"]) == (201, digest)
        head = await world.ask("HEAD", done.headers["location"])
        assert (head.status, head.headers["content-length"]) == (200, str(len(content)))
        assert (await world.ask("GET", done.headers["location"])).body == content


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_the_last_request_may_carry_everything(world: World, algorithm: str) -> None:
    assert await world.push_blob(b"", algorithm=algorithm) == digest_of(b"", algorithm)
    assert await world.push_blob(CONTENT, algorithm=algorithm) == digest_of(CONTENT, algorithm)


async def test_an_upload_tells_how_far_it_is(world: World) -> None:
    location = await world.begin()
    state = await world.ask("GET", location)
    assert (state.status, state.headers["range"]) == (204, "0-0")
    await world.ask("PATCH", location, body=CONTENT)
    state = await world.ask("GET", f"{location}?digest={digest_of(CONTENT)}")
    assert (state.status, state.headers["range"]) == (204, f"0-{len(CONTENT) - 1}")
    assert state.headers["location"] == location
    assert location.endswith(state.headers["docker-upload-uuid"])


async def test_a_cancelled_upload_is_gone(world: World) -> None:
    location = await world.begin()
    assert (await world.ask("DELETE", location)).status == 204
    for method in ("GET", "PATCH", "DELETE"):
        gone = await world.ask(method, location, body=b"")
        assert (gone.status, gone.body and gone.code) == (404, "BLOB_UPLOAD_UNKNOWN")


async def test_attack_06_a_finished_upload_cannot_be_used_again(world: World) -> None:
    location = await world.begin()
    address = f"{location}?digest={digest_of(CONTENT)}"
    assert (await world.ask("PUT", address, body=CONTENT)).status == 201
    assert (await world.ask("PUT", address, body=CONTENT)).code == "BLOB_UPLOAD_UNKNOWN"
    assert (await world.ask("PATCH", location, body=b"more")).status == 404


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
async def test_attack_05_an_upload_is_of_its_repository_alone(world: World, method: str) -> None:
    await world.create("team/other")
    location = await world.begin()
    await world.ask("PATCH", location, body=b"mine")
    foreign = location.replace("team/app", "team/other")
    answer = await world.ask(method, f"{foreign}?digest={digest_of(b'mine')}", body=b"")
    assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert (await world.ask("GET", location)).headers["range"] == "0-3"


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
async def test_attack_05_an_upload_is_of_its_account_and_region_alone(world: World, method: str) -> None:
    await world.create("team/app", Registry(OTHER_ACCOUNT, REGION))
    await world.create("team/app", Registry(HOME.account, "us-east-1"))
    location = await world.begin()
    for token in (await world.issue(OTHER_ACCOUNT), await world.issue(HOME.account, "us-east-1")):
        answer = await world.ask(method, f"{location}?digest={digest_of(b'')}", body=b"", token=token)
        assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert (await world.ask("GET", location)).status == 204


async def test_attack_07_a_forged_state_changes_nothing(world: World) -> None:
    location = await world.begin()
    await world.ask("PATCH", f"{location}?_state=e30&offset=999", body=b"abc")
    assert (await world.ask("GET", f"{location}?_state=e30")).headers["range"] == "0-2"


@pytest.mark.parametrize(
    "header", ["1024-2047", "5-8", "-5-3", "0-4", "3-0", "x", "0-" + "9" * 300, "99999999999-99999999999"]
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_attack_08_a_chunk_out_of_order_changes_nothing(world: World, method: str, header: str) -> None:
    location = await world.begin()
    address = f"{location}?digest={digest_of(b'abcd')}"
    refused = await world.ask(method, address, [("Content-Range", header)], b"abcd")
    assert (refused.status, refused.code) == (416, "BLOB_UPLOAD_INVALID")
    assert (await world.ask("GET", address)).headers["range"] == "0-0"
    assert (await world.ask("PUT", address, body=b"abcd")).status == 201


@pytest.mark.parametrize("header", ["0-1023", "2048-3071", "512-1535"])
async def test_attack_08_an_overlap_or_gap_is_refused_with_where_to_go_on(world: World, header: str) -> None:
    location = await world.begin()
    await world.ask("PATCH", location, [("Content-Range", "0-1023")], CONTENT[:1024])
    refused = await world.ask("PATCH", location, [("Content-Range", header)], CONTENT[:1024])
    assert (refused.status, refused.headers["range"]) == (416, "0-1023")
    assert refused.headers["location"] == location


async def test_attack_09_a_chunked_body_longer_than_its_range_is_refused_whole(world: World) -> None:
    location = await world.begin()
    lines = [("Content-Range", "0-1023")]
    refused = await world.ask("PATCH", location, lines, CONTENT, is_chunked=True)
    assert refused.status == 416
    assert (await world.ask("GET", location)).headers["range"] == "0-0"


async def test_attack_09_a_client_that_breaks_off_may_go_on_from_there(world: World) -> None:
    location = await world.begin()
    async with world.line() as line:
        whole = request_bytes("PATCH", location, world.basic(), CONTENT)
        await line.send(whole[: -len(CONTENT) + 100])
        line.writer.write_eof()
        await line.reader.read()
    state = await _stands(world, location)
    kept = int(state.headers["range"].removeprefix("0-")) + 1
    assert kept == 100
    lines = [("Content-Range", f"{kept}-{len(CONTENT) - 1}")]
    assert (await world.ask("PATCH", location, lines, CONTENT[kept:])).status == 202
    done = await world.ask("PUT", f"{location}?digest={digest_of(CONTENT)}", body=b"")
    assert done.status == 201


async def _stands(world: World, location: str) -> Answer:
    """The upload's state, once the server has noticed that the client left."""
    async with asyncio.timeout(20):
        while True:
            state = await world.ask("GET", location)
            if state.headers["range"] != "0-0":
                return state


async def test_attack_09_a_client_that_stalls_is_cut_off_and_what_came_is_kept() -> None:
    async with open_world(MemoryBlobs(), idle_seconds=0.05) as world:
        location = await world.begin()
        async with world.line() as line:
            whole = request_bytes("PATCH", location, world.basic(), CONTENT)
            await line.send(whole[: -len(CONTENT) + 100])
            answer = await line.answer()
            assert (answer.status, answer.headers["connection"]) == (400, "close")
        assert (await world.ask("GET", location)).headers["range"] == "0-99"


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: -1",
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: 4, 5",
        "Content-Length: 0x4",
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
    ],
)
async def test_attack_09_a_length_that_lies_is_refused(world: World, head: str) -> None:
    location = await world.begin()
    credentials = world.basic()[0][1]
    async with world.line() as line:
        await line.send(
            f"PATCH {location} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {credentials}\r\n{head}\r\n\r\n"
            "zz\r\nabcd".encode()
        )
        assert (await line.answer()).status == 400
    assert (await world.ask("GET", location)).headers["range"] == "0-0"


@pytest.mark.parametrize(
    "body", [b"zz\r\nabcd\r\n", b"-5\r\nabcde\r\n", b"5\r\nabcdeXX3\r\n", b"9" * 400 + b"\r\n"]
)
async def test_attack_09_chunks_that_are_none_are_refused(world: World, body: bytes) -> None:
    location = await world.begin()
    async with world.line() as line:
        head = request_bytes("PATCH", location, [*world.basic(), ("Transfer-Encoding", "chunked")])
        await line.send(head + body)
        assert (await line.answer()).status == 400


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_attack_10_a_wrong_digest_leaves_nothing(world: World, method: str) -> None:
    location = await world.begin() if method == "PUT" else UPLOADS
    wrong = digest_of(b"something else")
    refused = await world.ask(method, f"{location}?digest={wrong}", body=CONTENT)
    assert (refused.status, refused.code) == (400, "DIGEST_INVALID")
    for digest in (wrong, digest_of(CONTENT)):
        assert (await world.ask("HEAD", f"/v2/team/app/blobs/{digest}")).status == 404
    if method == "PUT":
        assert (await world.ask("GET", location)).status == 404


async def test_attack_10_a_body_cut_short_in_one_request_leaves_no_upload(world: World) -> None:
    async with world.line() as line:
        whole = request_bytes("POST", f"{UPLOADS}?digest={digest_of(CONTENT)}", world.basic(), CONTENT)
        await line.send(whole[:-10])
        line.writer.write_eof()
        await line.reader.read()
    repository = await world.use_cases.catalog.get(HOME, RepositoryName("team/app"))
    async with asyncio.timeout(20):
        while await world.store.read(lambda records: records.uploads.of_repository(repository.id, 9)):
            await world.ask("GET", "/v2/")


async def test_attack_11_two_clients_that_finish_one_digest_both_succeed(world: World) -> None:
    places = [await world.begin() for _ in range(4)]
    digest = digest_of(CONTENT)
    answers = await asyncio.gather(
        *(world.ask("PUT", f"{place}?digest={digest}", body=CONTENT) for place in places)
    )
    assert [answer.status for answer in answers] == [201] * 4
    assert (await world.ask("GET", f"/v2/team/app/blobs/{digest}")).body == CONTENT


async def test_attack_11_two_clients_on_one_upload_never_mix(world: World) -> None:
    location = await world.begin()
    bodies = [bytes([number]) * 300_000 for number in range(4)]
    lines = [("Content-Range", "0-299999")]
    answers = await asyncio.gather(*(world.ask("PATCH", location, lines, body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [202, 416, 416, 416]
    winner = bodies[[answer.status for answer in answers].index(202)]
    done = await world.ask("PUT", f"{location}?digest={digest_of(winner)}", body=b"")
    assert done.status == 201


@pytest.mark.parametrize(
    "digest", ["sha256:../../x", "SHA256:" + "0" * 64, "sha256:" + "A" * 64, "md5:" + "0" * 32, "", "%00"]
)
async def test_attack_03_a_digest_that_is_none_is_refused_everywhere(world: World, digest: str) -> None:
    location = await world.begin()
    for method, target in (
        ("PUT", f"{location}?digest={digest}"),
        ("POST", f"{UPLOADS}?digest={digest}"),
        ("POST", f"{UPLOADS}?mount={digest}&from=team/app"),
    ):
        assert (await world.ask(method, target, body=b"x")).status == 400
    assert (await world.ask("PUT", location, body=b"x")).code == "DIGEST_INVALID"
    assert (await world.ask("GET", location)).status == 204


async def test_a_blob_is_mounted_from_a_named_repository_or_any(world: World) -> None:
    await world.create("team/other")
    digest = await world.push_blob(CONTENT)
    for source in ("&from=team/app", "&from=team%2Fapp", ""):
        mounted = await world.ask("POST", f"/v2/team/other/blobs/uploads/?mount={digest}{source}", body=b"")
        assert (mounted.status, mounted.headers["docker-content-digest"]) == (201, digest)
        assert (await world.ask("GET", mounted.headers["location"])).body == CONTENT


async def test_attack_12_a_mount_tells_nothing_of_what_one_may_not_read(world: World) -> None:
    await world.create("secret", Registry(OTHER_ACCOUNT, REGION))
    theirs = await world.issue(OTHER_ACCOUNT)
    address = f"/v2/secret/blobs/uploads/?digest={digest_of(CONTENT)}"
    assert (await world.ask("POST", address, body=CONTENT, token=theirs)).status == 201
    for digest in (digest_of(CONTENT), digest_of(b"nowhere")):
        for source in ("", "&from=secret", "&from=nowhere", "&from=team/app"):
            answer = await world.ask("POST", f"{UPLOADS}?mount={digest}{source}", body=b"")
            assert (answer.status, answer.headers["range"]) == (202, "0-0")


async def test_no_blob_is_mounted_where_the_account_switched_it_off(world: World) -> None:
    await world.create("team/other")
    digest = await world.push_blob(CONTENT)
    await world.settings.put(HOME, BLOB_MOUNTING, "DISABLED")
    answer = await world.ask("POST", f"/v2/team/other/blobs/uploads/?mount={digest}&from=team/app", body=b"")
    assert answer.status == 202


async def test_a_client_that_asks_first_sends_its_body_only_when_it_is_wanted(world: World) -> None:
    location = await world.begin()
    async with world.line() as line:
        lines = [*world.basic(), ("Expect", "100-continue"), ("Content-Length", str(len(CONTENT)))]
        await line.send(request_bytes("PATCH", location, lines))
        assert (await line.head())[0] == 100
        await line.send(CONTENT)
        assert (await line.answer()).status == 202
        await line.send(request_bytes("PATCH", location.replace("app", "none"), lines))
        refused = await line.answer()
        assert (refused.status, refused.headers["connection"]) == (404, "close")


async def test_a_refused_body_is_drained_and_the_connection_goes_on(world: World) -> None:
    async with world.line() as line:
        refused = await line.ask("POST", UPLOADS, body=b"x" * 500_000)
        assert refused.status == 401
        assert (await line.ask("GET", "/v2/", world.basic())).status == 200


async def test_a_refused_body_too_long_to_drain_closes_the_connection(world: World) -> None:
    async with world.line() as line:
        await line.send(request_bytes("POST", UPLOADS, [("Content-Length", str(1 << 40))]))
        refused = await line.answer()
        assert (refused.status, refused.headers["connection"]) == (401, "close")


async def test_a_layer_larger_than_ecr_takes_is_refused_before_it_is_sent(world: World) -> None:
    location = await world.begin()
    async with world.line() as line:
        lines = [*world.basic(), ("Content-Length", str(60_000 * 1024 * 1024))]
        await line.send(request_bytes("PATCH", location, lines))
        refused = await line.answer()
        assert (refused.status, refused.code) == (413, "SIZE_INVALID")


async def test_nothing_is_uploaded_to_a_repository_that_is_not_there(world: World) -> None:
    refused = await world.ask("POST", "/v2/team/none/blobs/uploads/", body=b"")
    assert (refused.status, refused.code) == (404, "NAME_UNKNOWN")
    assert refused.message == (
        "The repository with name 'team/none' does not exist in the registry with id '123456789012'"
    )


async def test_a_body_said_to_be_compressed_is_kept_as_it_came(world: World) -> None:
    compressed = gzip.compress(CONTENT)
    address = f"{UPLOADS}?digest={digest_of(compressed)}"
    assert (await world.ask("POST", address, [("Content-Encoding", "gzip")], compressed)).status == 201
    assert (await world.ask("GET", f"/v2/team/app/blobs/{digest_of(compressed)}")).body == compressed
