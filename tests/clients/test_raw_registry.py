"""The registry protocol by hand, for what no client does unasked: odd chunks, resuming, ranges, refusals."""

import json
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.clients.oci_layout import describe
from tests.clients.raw_registry import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    RawRegistry,
    sha256,
    sha512,
    target_of,
    with_query,
)
from tests.engines.entrepot import Endpoint

NewRepository = Callable[[], str]


def codes(body: bytes) -> list[str]:
    return [error["code"] for error in json.loads(body)["errors"]]


def test_upload_in_uneven_chunks_becomes_one_blob(raw: RawRegistry, new_repository: NewRepository) -> None:
    repository, content = new_repository(), os.urandom(3_000_001)
    target, sent = raw.begin_upload(repository), 0

    for size in (1, 999_999, 1_048_577, 951_424):
        chunk = content[sent : sent + size]
        answer = raw.send("PATCH", target, chunk, {"Content-Range": f"{sent}-{sent + size - 1}"})
        sent += size
        assert (answer.status, answer.headers["range"]) == (202, f"0-{sent - 1}")
        target = target_of(answer)
    done = raw.send("PUT", with_query(target, digest=sha256(content)), b"")

    assert done.status == 201
    assert done.headers["docker-content-digest"] == sha256(content)
    assert raw.send("GET", target_of(done)).body == content


def test_upload_resumes_where_the_server_says(raw: RawRegistry, new_repository: NewRepository) -> None:
    repository, content = new_repository(), os.urandom(200_000)
    target = target_of(raw.send("PATCH", raw.begin_upload(repository), content[:70_000]))

    status = raw.send("GET", target)
    reached = int(status.headers["range"].removeprefix("0-")) + 1
    going_on = target_of(
        raw.send(
            "PATCH", target_of(status), content[reached:], {"Content-Range": f"{reached}-{len(content) - 1}"}
        )
    )
    done = raw.send("PUT", with_query(going_on, digest=sha256(content)), b"")

    assert (status.status, reached) == (204, 70_000)
    assert done.status == 201


def test_chunked_body_without_a_length_is_taken(raw: RawRegistry, new_repository: NewRepository) -> None:
    repository, pieces = new_repository(), [b"a" * 1000, b"b" * 100_000, b"c"]

    answer = raw.send("PATCH", raw.begin_upload(repository), iter(pieces))
    done = raw.send("PUT", with_query(target_of(answer), digest=sha256(b"".join(pieces))), b"")

    assert (answer.status, answer.headers["range"]) == (202, "0-101000")
    assert done.status == 201


@pytest.mark.parametrize("start", [0, 50, 101, 10_000_000])
def test_attack_08_chunk_that_does_not_continue_the_upload_is_refused(
    raw: RawRegistry, new_repository: NewRepository, start: int
) -> None:
    repository, content = new_repository(), os.urandom(200)
    target = target_of(raw.send("PATCH", raw.begin_upload(repository), content[:100]))

    refused = raw.send("PATCH", target, content[100:], {"Content-Range": f"{start}-{start + 99}"})
    done = raw.send("PUT", with_query(target, digest=sha256(content)), content[100:])

    assert refused.status == 416
    assert done.status == 201


def test_cancelled_upload_is_unknown(raw: RawRegistry, new_repository: NewRepository) -> None:
    target = raw.begin_upload(new_repository())

    cancelled = raw.send("DELETE", target)
    after = raw.send("PATCH", target, b"late")

    assert cancelled.status == 204
    assert (after.status, codes(after.body)) == (404, ["BLOB_UPLOAD_UNKNOWN"])


def test_attack_05_upload_of_another_repository_is_unknown(
    raw: RawRegistry, new_repository: NewRepository
) -> None:
    mine, other = new_repository(), new_repository()
    target = raw.begin_upload(mine)
    foreign = target.replace(f"/v2/{mine}/", f"/v2/{other}/")

    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answer = raw.send(
            method, with_query(foreign, digest=sha256(b"x")) if method == "PUT" else foreign, b"x"
        )
        assert (answer.status, codes(answer.body)) == (404, ["BLOB_UPLOAD_UNKNOWN"])

    assert raw.send("GET", target).status == 204


def test_attack_06_finished_upload_cannot_be_used_again(
    raw: RawRegistry, new_repository: NewRepository
) -> None:
    repository = new_repository()
    target = raw.begin_upload(repository)
    assert raw.send("PUT", with_query(target, digest=sha256(b"once")), b"once").status == 201

    again = raw.send("PUT", with_query(target, digest=sha256(b"twice")), b"twice")

    assert (again.status, codes(again.body)) == (404, ["BLOB_UPLOAD_UNKNOWN"])
    assert raw.send("HEAD", f"/v2/{repository}/blobs/{sha256(b'twice')}").status == 404


def test_attack_10_wrong_digest_leaves_nothing(raw: RawRegistry, new_repository: NewRepository) -> None:
    repository, claimed = new_repository(), sha256(b"something else")

    refused = raw.send("PUT", with_query(raw.begin_upload(repository), digest=claimed), b"content")

    assert (refused.status, codes(refused.body)) == (400, ["DIGEST_INVALID"])
    for digest in (claimed, sha256(b"content")):
        assert raw.send("HEAD", f"/v2/{repository}/blobs/{digest}").status == 404


def test_blob_is_stored_in_one_request_under_sha512(raw: RawRegistry, new_repository: NewRepository) -> None:
    repository, content = new_repository(), os.urandom(5000)
    digest = sha512(content)

    done = raw.send("POST", with_query(f"/v2/{repository}/blobs/uploads/", digest=digest), content)

    assert (done.status, done.headers["docker-content-digest"]) == (201, digest)
    assert raw.send("GET", f"/v2/{repository}/blobs/{digest}").body == content


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=1048570-1048590", 1048570, 1048590),
        ("bytes=2999990-", 2999990, 2999999),
        ("bytes=-1", 2999999, 2999999),
        ("bytes=100-99999999", 100, 2999999),
    ],
)
def test_range_of_a_blob_is_given(
    raw: RawRegistry, new_repository: NewRepository, asked: str, first: int, last: int
) -> None:
    repository, content = new_repository(), os.urandom(3_000_000)
    digest = raw.push_blob(repository, content)

    part = raw.send("GET", f"/v2/{repository}/blobs/{digest}", headers={"Range": asked})

    assert (part.status, part.headers["content-range"]) == (206, f"bytes {first}-{last}/{len(content)}")
    assert part.body == content[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=5-4", "bytes=-0"])
def test_range_outside_a_blob_is_refused(raw: RawRegistry, new_repository: NewRepository, asked: str) -> None:
    repository = new_repository()
    digest = raw.push_blob(repository, b"x" * 100)

    refused = raw.send("GET", f"/v2/{repository}/blobs/{digest}", headers={"Range": asked})

    assert (refused.status, refused.headers["content-range"]) == (416, "bytes */100")


def test_head_tells_what_get_would_give(raw: RawRegistry, new_repository: NewRepository) -> None:
    repository = new_repository()
    target = f"/v2/{repository}/blobs/{raw.push_blob(repository, b'x' * 100)}"

    head, got = raw.send("HEAD", target), raw.send("GET", target)

    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "100")
    assert (got.status, got.headers["content-length"]) == (200, "100")


def test_manifest_comes_back_byte_for_byte_and_its_tag_moves(
    raw: RawRegistry, new_repository: NewRepository
) -> None:
    repository = new_repository()
    first, second = (image(raw, repository, layer) for layer in (b"one", b"two"))

    for manifest in (first, second):
        assert raw.push_manifest(repository, "latest", manifest, OCI_MANIFEST).status == 201

    assert raw.send("GET", f"/v2/{repository}/manifests/latest").body == second
    assert raw.send("GET", f"/v2/{repository}/manifests/{sha256(first)}").body == first


def image(raw: RawRegistry, repository: str, layer: bytes) -> bytes:
    """A manifest, with white space that no encoder would write again, and its blobs in the repository."""
    raw.push_blob(repository, b"{}")
    raw.push_blob(repository, layer)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": describe(OCI_CONFIG, b"{}"),
        "layers": [describe(OCI_LAYER, layer)],
    }
    return json.dumps(document, indent=3).encode() + b"\n"


def test_deleted_tag_leaves_the_image(raw: RawRegistry, new_repository: NewRepository) -> None:
    repository = new_repository()
    manifest = image(raw, repository, b"layer")
    raw.push_manifest(repository, "only", manifest, OCI_MANIFEST)

    assert raw.send("DELETE", f"/v2/{repository}/manifests/only").status == 202

    assert raw.send("GET", f"/v2/{repository}/manifests/only").status == 404
    assert raw.send("GET", f"/v2/{repository}/manifests/{sha256(manifest)}").body == manifest


def test_tags_are_listed_in_pages(raw: RawRegistry, new_repository: NewRepository) -> None:
    repository = new_repository()
    manifest = image(raw, repository, b"layer")
    for tag in "cabed":
        raw.push_manifest(repository, tag, manifest, OCI_MANIFEST)
    pages, target = [], f"/v2/{repository}/tags/list?n=2"

    while target:
        answer = raw.send("GET", target)
        pages.append(json.loads(answer.body)["tags"])
        target = answer.headers.get("link", "").partition(">")[0].removeprefix("<")

    assert pages == [["a", "b"], ["c", "d"], ["e"]]


def test_no_credentials_get_the_challenge_of_basic(raw: RawRegistry) -> None:
    answer = raw.send("GET", "/v2/", headers={"Authorization": ""})

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_tls_hello_on_the_plain_port_is_answered_or_closed(entrepot: Endpoint) -> None:
    """docker and skopeo try TLS first; a server that waits for a line costs them their 10 s."""
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.check_hostname = False
    anything.verify_mode = ssl.CERT_NONE

    # A time-out would be a TimeoutError, which is neither of these.
    with (
        closing(socket.create_connection((entrepot.host, entrepot.port), timeout=5)) as connection,
        pytest.raises((ssl.SSLError, ConnectionResetError)),
    ):
        anything.wrap_socket(connection)
