"""What paths name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.digests import Digest
from entrepot.domain.errors import DigestUnsupported, InvalidParameter, Refusal
from entrepot.domain.names import RepositoryName, Tag
from entrepot.oci.refusals import RouteUnknown
from entrepot.oci.routes import (
    Base,
    BlobAt,
    CatalogList,
    ManifestAt,
    ReferrerList,
    TagList,
    UploadAt,
    UploadList,
    parse_route,
    path_of,
    split_target,
)

DIGEST = Digest("sha256:" + "0f" * 32)


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_base_has_a_slash_or_none(path: str) -> None:
    assert parse_route(path) == Base()


def test_the_catalog_is_no_repository() -> None:
    assert parse_route("/v2/_catalog") == CatalogList()


@pytest.mark.parametrize(
    "name",
    [
        "blobs",
        "manifests",
        "tags",
        "tags/list",
        "uploads",
        "v2",
        "blobs/uploads",
        "manifests/latest",
        "referrers",
        "a/blobs/uploads/b",
        "v2/v2/manifests",
        "tags/list/tags/list",
    ],
)
def test_attack_02_repositories_may_be_called_like_parts_of_paths(name: str) -> None:
    repository = RepositoryName(name)
    assert parse_route(f"/v2/{name}/tags/list") == TagList(repository)
    assert parse_route(f"/v2/{name}/manifests/list") == ManifestAt(repository, Tag("list"))
    assert parse_route(f"/v2/{name}/manifests/{DIGEST}") == ManifestAt(repository, DIGEST)
    assert parse_route(f"/v2/{name}/blobs/{DIGEST}") == BlobAt(repository, DIGEST)
    assert parse_route(f"/v2/{name}/blobs/uploads/") == UploadList(repository)
    assert parse_route(f"/v2/{name}/blobs/uploads/u-1") == UploadAt(repository, "u-1")
    assert parse_route(f"/v2/{name}/referrers/{DIGEST}") == ReferrerList(repository, DIGEST)


@pytest.mark.parametrize("name", ["_catalog", "a/_catalog", "_"])
def test_attack_02_a_name_outside_the_grammar_is_no_repository(name: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_route(f"/v2/{name}/tags/list")


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "a/..",
        "a/./b",
        "a//b",
        "/a",
        "%2e%2e",
        "a%2fb",
        "a%2Fb",
        "a%00",
        "a\\b",
        "a/\N{ONE DOT LEADER}\N{ONE DOT LEADER}",
        "a%c0%ae",
        "%61bc",
        "a\udcff",
        "A",
        "a" * 257,
        "a b",
        "a\n",
    ],
)
def test_attack_01_a_name_that_is_none_is_refused(name: str) -> None:
    for rest in ("tags/list", "manifests/latest", f"blobs/{DIGEST}", "blobs/uploads/"):
        with pytest.raises(InvalidParameter) as caught:
            parse_route(f"/v2/{name}/{rest}")
        assert caught.value.parameter == "repositoryName"


@pytest.mark.parametrize("tag", ["..", "%2e%2e", "%2f", "%00", "a\\b", "a%2fb", "-a", "a" * 129, "a%0a", "é"])
def test_attack_01_a_tag_that_is_none_is_refused(tag: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse_route(f"/v2/a1/manifests/{tag}")
    assert caught.value.parameter == "imageTag"


@pytest.mark.parametrize(
    "digest",
    [
        "sha256:../../x",
        "sha256:" + "0F" * 32,
        "sha256:" + "0" * 63,
        "sha256:" + "0" * 65,
        "sha512:" + "0" * 64,
        "sha512:",
        "md5:" + "0" * 32,
        "blake3:" + "0" * 64,
        ":",
        "sha256%253A" + "0" * 64,
        "latest",
    ],
)
def test_attack_03_a_digest_that_is_none_is_refused(digest: str) -> None:
    refusals = (DigestUnsupported, InvalidParameter, RouteUnknown)
    with pytest.raises(refusals):
        parse_route(f"/v2/a1/blobs/{digest}")
    with pytest.raises(refusals):
        parse_route(f"/v2/a1/referrers/{digest}")


@pytest.mark.parametrize("upload_id", ["..", "%2e%2e", "a%00", "a b", "é", "u" * 129])
def test_attack_01_an_upload_id_that_is_none_finds_nothing(upload_id: str) -> None:
    assert parse_route(f"/v2/a1/blobs/uploads/{upload_id}") == UploadAt(RepositoryName("a1"), "")


def test_attack_04_the_longest_name_and_tag_are_taken() -> None:
    name, tag = "a" * 256, "T" * 128
    assert parse_route(f"/v2/{name}/manifests/{tag}") == ManifestAt(RepositoryName(name), Tag(tag))


def test_an_escaped_colon_in_a_digest_is_a_colon() -> None:
    assert parse_route(f"/v2/a1/blobs/{DIGEST.replace(':', '%3a')}") == BlobAt(RepositoryName("a1"), DIGEST)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v3/",
        "/v2x",
        "v2/",
        "//v2/",
        "/v2/a1",
        "/v2/a1/tags",
        "/v2/a1/tags/list/",
        "/v2/tags/list",
        "/v2/manifests/latest",
        "/v2/blobs/uploads/",
        "/v2/a1/manifests/",
        "/v2//",
    ],
)
def test_other_paths_are_unknown(path: str) -> None:
    with pytest.raises(RouteUnknown):
        parse_route(path)


@given(st.text(max_size=60))
def test_attack_01_any_path_is_a_route_or_refused(path: str) -> None:
    try:
        route = parse_route(f"/v2/{path}")
    except Refusal:
        return
    if isinstance(route, BlobAt | ManifestAt):
        assert parse_route(path_of(route)) == route


def test_a_target_may_be_a_whole_url() -> None:
    assert split_target("http://localhost:5050/v2/?a=b") == ("/v2/", "a=b")
    assert split_target("/v2/?a=/b?c") == ("/v2/", "a=/b?c")
    assert split_target("*") == ("/", "")
