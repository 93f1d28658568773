"""Layers in a bucket: clients push through Entrepot, and pull plain layers from the storage itself."""

import http.client
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.clients.oci_layout import Layout, layer_of
from tests.clients.raw_registry import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Answer,
    RawRegistry,
    sha256,
)
from tests.clients.test_containerd import import_image
from tests.engines.containerd import containerd_daemon
from tests.engines.docker import Docker
from tests.engines.entrepot import Entrepot, served
from tests.engines.seaweedfs import seaweedfs_server
from tests.engines.skopeo import open_skopeo
from tests.engines.storage_proxy import StorageProxy, storage_proxy

LARGE = 9 << 20  # over a part, and over what is sent in one write


@dataclass(frozen=True, slots=True)
class Site:
    """An Entrepot over a bucket, and what clients ask the storage for."""

    entrepot: Entrepot
    proxy: StorageProxy
    password: str

    @property
    def raw(self) -> RawRegistry:
        return RawRegistry(self.entrepot.host, self.entrepot.port, self.password)


def _site(folder: Path, *options: str) -> Iterator[Site]:
    with seaweedfs_server() as storage, storage_proxy(storage.endpoint) as proxy:
        blobs = storage.blobs_url(storage.create_bucket(), "layers")
        outside = f"--blob-redirect-endpoint=http://localhost:{proxy.port}"
        with served(
            folder, f"--blobs={blobs}", outside, *options, environment=storage.credentials
        ) as entrepot:
            yield Site(entrepot, proxy, entrepot.password())


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from _site(tmp_path_factory.mktemp("plain"), "--storage-encrypted")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from _site(tmp_path_factory.mktemp("sealed"))


@pytest.fixture(params=["plain", "sealed"])
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    return found


def follow(answer: Answer, **headers: str) -> Answer:
    """Fetch what a redirect points at, as a client without any credential."""
    where = urlsplit(answer.headers["location"])
    assert where.hostname is not None
    with closing(http.client.HTTPConnection(where.hostname, where.port, timeout=60)) as connection:
        connection.request("GET", f"{where.path}?{where.query}", headers=headers)
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, response.read())


def pushed(site: Site, name: str, content: bytes) -> str:
    site.entrepot.create_repository(name)
    return f"/v2/{name}/blobs/{site.raw.push_blob(name, content)}"


def test_a_plain_layer_is_fetched_from_the_storage(plain: Site) -> None:
    content = os.urandom(LARGE)
    answer = plain.raw.send("GET", pushed(plain, "redirect/whole", content))
    assert (answer.status, answer.headers["cache-control"], answer.body) == (307, "no-store", b"")
    fetched = follow(answer)
    assert (fetched.status, fetched.body) == (200, content)
    assert fetched.headers["content-type"] == "application/octet-stream"
    assert fetched.headers["content-disposition"] == "attachment"


def test_the_storage_honours_the_range_of_a_client_that_follows(plain: Site) -> None:
    content = os.urandom(LARGE)
    answer = plain.raw.send("GET", pushed(plain, "redirect/range", content), headers={"Range": "bytes=5-"})
    fetched = follow(answer, Range="bytes=5-104")
    assert (fetched.status, fetched.body) == (206, content[5:105])


def test_a_range_that_depends_on_our_own_etag_is_answered_by_us(plain: Site) -> None:
    content = os.urandom(LARGE)
    target = pushed(plain, "redirect/if-range", content)
    headers = {"Range": "bytes=5-104", "If-Range": f'"{sha256(content)}"'}
    answer = plain.raw.send("GET", target, headers=headers)
    assert (answer.status, answer.body) == (206, content[5:105])


def test_head_and_small_layers_are_answered_by_us(plain: Site) -> None:
    large = plain.raw.send("HEAD", pushed(plain, "redirect/head", os.urandom(LARGE)))
    small = plain.raw.send("GET", pushed(plain, "redirect/small", b"small"))
    assert (large.status, large.headers["content-length"]) == (200, str(LARGE))
    assert (small.status, small.body) == (200, b"small")


def test_a_sealed_layer_is_sent_by_us(sealed: Site) -> None:
    content = os.urandom(LARGE)
    target = pushed(sealed, "sealed/whole", content)
    part = sealed.raw.send("GET", target, headers={"Range": "bytes=1048570-3145740"})
    assert (part.status, part.body) == (206, content[1048570:3145741])
    assert sealed.raw.send("GET", target).body == content


def test_attack_32_an_address_is_good_for_its_blob_alone(plain: Site) -> None:
    answer = plain.raw.send("GET", pushed(plain, "redirect/own", os.urandom(LARGE)))
    other = plain.raw.send("GET", pushed(plain, "redirect/other", os.urandom(LARGE)))
    path = urlsplit(other.headers["location"]).path
    swapped = urlsplit(answer.headers["location"])._replace(path=path).geturl()
    assert follow(Answer(307, {"location": swapped}, b"")).status == 403


def test_a_download_url_of_the_api_leads_to_the_storage(plain: Site) -> None:
    content, config = os.urandom(LARGE), b"{}"
    pushed(plain, "redirect/api", content)
    plain.raw.push_blob("redirect/api", config)
    manifest = (
        f'{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"{OCI_CONFIG}",'
        f'"digest":"{sha256(config)}","size":2}},"layers":[{{"mediaType":"{OCI_LAYER}",'
        f'"digest":"{sha256(content)}","size":{LARGE}}}]}}'
    )
    plain.raw.push_manifest("redirect/api", "1", manifest.encode(), OCI_MANIFEST)
    url = plain.entrepot.ecr().get_download_url_for_layer(
        repositoryName="redirect/api", layerDigest=sha256(content)
    )["downloadUrl"]
    first = follow(Answer(307, {"location": url}, b""))
    assert first.status == 307
    assert follow(first).body == content


def test_a_layer_uploaded_in_parts_of_the_api_is_whole(site: Site) -> None:
    content = os.urandom(21 << 20)
    ecr = site.entrepot.ecr()
    name = site.entrepot.create_repository("api/parts")
    upload = ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
    for start in range(0, len(content), 6 << 20):
        part = content[start : start + (6 << 20)]
        ecr.upload_layer_part(
            repositoryName=name,
            uploadId=upload,
            partFirstByte=start,
            partLastByte=start + len(part) - 1,
            layerPartBlob=part,
        )
    ecr.complete_layer_upload(repositoryName=name, uploadId=upload, layerDigests=[sha256(content)])
    answer = site.raw.send("GET", f"/v2/{name}/blobs/{sha256(content)}")
    assert (follow(answer) if answer.status == 307 else answer).body == content


def test_attack_34_docker_follows_and_gives_the_storage_no_credential(
    site: Site, docker_engine: Docker
) -> None:
    docker_engine.login(site.entrepot.registry, site.password)
    repository = site.entrepot.create_repository("docker/app")
    name = f"{site.entrepot.registry}/{repository}:1"
    docker_engine.import_image(name, {"noise": os.urandom(LARGE)})
    image = docker_engine.image_id(name)
    docker_engine.push(name)
    docker_engine.run("rmi", name)
    docker_engine.run("pull", name)
    assert docker_engine.image_id(name) == image
    expect_no_credentials(site)


def test_attack_34_skopeo_follows_and_gives_the_storage_no_credential(
    site: Site, layout: Layout, tmp_path: Path
) -> None:
    skopeo = open_skopeo(tmp_path)
    skopeo.login(site.entrepot.registry, site.password)
    target = f"docker://{site.entrepot.registry}/{site.entrepot.create_repository('skopeo/app')}:1"
    manifest = layout.add_image(layer=layer_of({"noise": os.urandom(LARGE)}))
    skopeo.copy(layout.name(OCI_MANIFEST, manifest), target)
    skopeo.copy(target, f"dir:{tmp_path}/out")
    assert (tmp_path / "out" / "manifest.json").read_bytes() == manifest
    expect_no_credentials(site)


def test_attack_34_containerd_follows_and_gives_the_storage_no_credential(site: Site, layout: Layout) -> None:
    name = f"{site.entrepot.registry}/{site.entrepot.create_repository('containerd/app')}:1"
    manifest = layout.add_image(layer=layer_of({"noise": os.urandom(LARGE)}))
    with containerd_daemon() as containerd:
        import_image(containerd, layout, OCI_MANIFEST, manifest, name)
        containerd.push(name, site.password)
        containerd.forget(name)
        containerd.pull(name, site.password)
        assert containerd.digest(name) == sha256(manifest)
    expect_no_credentials(site)


def expect_no_credentials(site: Site) -> None:
    """The storage was asked for layers if they are plain, and each time without a header of ours."""
    assert bool(site.proxy.seen) is ("--storage-encrypted" in site.entrepot.options)
    for seen in site.proxy.seen:
        assert seen.method == "GET"
        assert "authorization" not in seen.headers
