"""Manifests that are kept, and everything that makes one unacceptable."""

import base64
import json
from collections.abc import Callable

import pytest

from entrepot.domain.digests import digest_of
from entrepot.domain.errors import ManifestInvalid
from entrepot.domain.manifests import LIMIT_BYTES, parse_manifest
from entrepot.domain.media_types import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from tests.unit.builders import (
    CONFIG_TYPE,
    LAYER_TYPE,
    describe,
    descriptor_json,
    image_document,
    index_document,
)

FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
LAYER = describe(b"layer")
Document = dict[str, object]


def written(document: object) -> bytes:
    return json.dumps(document).encode()


def refusal(content: bytes, declared: str | None = None) -> str:
    with pytest.raises(ManifestInvalid) as refused:
        parse_manifest(content, declared)
    return refused.value.reason


def test_an_oci_manifest_is_read() -> None:
    content = written(image_document([LAYER, describe(b"other")], annotations={"a": "b"}))

    manifest = parse_manifest(content, OCI_MANIFEST)

    assert manifest.media_type == OCI_MANIFEST
    assert manifest.artifact_type == CONFIG_TYPE
    assert manifest.config == describe(b"config", CONFIG_TYPE)
    assert manifest.layers == (LAYER, describe(b"other"))
    assert manifest.annotations == {"a": "b"}
    assert (manifest.children, manifest.subject) == ((), None)


def test_a_docker_manifest_is_read() -> None:
    config = describe(b"config", "application/vnd.docker.container.image.v1+json")
    layer = describe(b"layer", "application/vnd.docker.image.rootfs.diff.tar.gzip")
    content = written(image_document([layer], config=config, mediaType=DOCKER_MANIFEST))

    manifest = parse_manifest(content, DOCKER_MANIFEST)

    assert manifest.blobs == (config, layer)


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_an_index_is_read_with_each_child_once(media_type: str) -> None:
    child = describe(b"child", OCI_MANIFEST)
    content = written(index_document([child, child], mediaType=media_type))

    assert parse_manifest(content, None).children == (child,)


def test_an_artifact_with_a_subject_is_read() -> None:
    subject = describe(b"subject", OCI_MANIFEST)
    document = image_document(artifactType="application/x", subject=descriptor_json(subject))

    manifest = parse_manifest(written(document), None)

    assert (manifest.artifact_type, manifest.subject) == ("application/x", subject)


def test_the_declared_type_stands_in_for_a_missing_one() -> None:
    document = image_document()
    del document["mediaType"]

    assert parse_manifest(written(document), OCI_MANIFEST).media_type == OCI_MANIFEST
    # the words of ECR: private-registry.md, 2.4
    assert refusal(written(document)) == "Invalid JSON syntax"


@pytest.mark.parametrize("inner", [DOCKER_MANIFEST, OCI_INDEX, "", 1, ["x"], f"{OCI_MANIFEST} "])
def test_attack_13_the_two_types_must_agree(inner: object) -> None:
    refusal(written(image_document(mediaType=inner)), OCI_MANIFEST)


@pytest.mark.parametrize(
    "declared", ["", "application/json", f"{OCI_MANIFEST};v=1", "application/vnd.oci.image.config.v1+json"]
)
def test_types_that_are_no_manifest_are_refused(declared: str) -> None:
    document = image_document()
    del document["mediaType"]

    refusal(written(document), declared)


@pytest.mark.parametrize("member", ["manifests", "fsLayers", "Manifests", "MANIFESTS"])
def test_attack_13_a_manifest_that_is_an_index_too_is_refused(member: str) -> None:
    refusal(written(image_document() | {member: []}))


@pytest.mark.parametrize("member", ["layers", "config", "fsLayers", "Layers", "CONFIG", "layer\u017f"])
def test_attack_13_an_index_that_is_a_manifest_too_is_refused(member: str) -> None:
    refusal(written(index_document() | {member: []}))


@pytest.mark.parametrize("name", ["Digest", "SIZE", "mediatype", "Urls", "si\u007ae".upper()])
def test_attack_13_a_descriptor_that_some_readers_spell_otherwise_is_refused(name: str) -> None:
    # Go's encoding/json takes a member of any case for the one it looks for
    refusal(written(image_document() | {"layers": [descriptor_json(LAYER, **{name: "x"})]}))


def test_names_of_annotations_may_differ_by_case_alone() -> None:
    annotations = {"a": "1", "A": "2", "Layers": "3"}

    content = written(image_document(annotations=annotations))

    assert parse_manifest(content, None).annotations == annotations


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text + b"{}",
        lambda text: text + b"\0",
        lambda text: text[:-1],
        lambda text: text[:-1] + b', "layers": []}',
        lambda text: text[:-1] + b', "x": {"y": 1, "y": 1}}',
        lambda text: text[:-1] + b', "x": NaN}',
        lambda text: text[:-1] + b', "x": -Infinity}',
        lambda text: text[:-1] + b', "x": \xff}',
        lambda text: text[:-1] + b', "x": ' + b"9" * 5000 + b"}",
        lambda text: text[:-1] + b', "x": "\n"}',
        lambda text: text.decode().encode("utf-16"),
        lambda text: b"[" + text + b"]",
        lambda _: b"",
        lambda _: b"null",
        lambda _: b"[" * 10_000,
        lambda _: b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        lambda _: b"[" * 2_000_000,
    ],
)
def test_attack_13_what_is_not_one_strict_document_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    refusal(spoil(written(image_document([LAYER]))), OCI_MANIFEST)


def test_attack_13_four_mebibytes_are_taken_and_not_one_byte_more() -> None:
    content = written(image_document([LAYER]))
    whole = content + b" " * (LIMIT_BYTES - len(content))

    assert parse_manifest(whole, None).layers == (LAYER,)
    assert refusal(whole + b" ") == "a manifest may have 4194304 bytes at most"


def test_attack_13_a_hundred_thousand_layers_are_refused() -> None:
    layers = ",".join(["{}"] * 100_000)
    content = written(image_document() | {"layers": []}).replace(b"[]", f"[{layers}]".encode())

    assert refusal(content) == "layers may have 10000 entries at most"


@pytest.mark.parametrize("version", [1, "2", None, True, 2.0, 3])
def test_attack_18_other_schema_versions_are_refused(version: object) -> None:
    refusal(written(image_document(schemaVersion=version)))


def test_attack_18_schema_1_is_refused() -> None:
    schema1 = {"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [], "history": []}

    refusal(written(schema1), "application/vnd.docker.distribution.manifest.v1+json")
    refusal(written(schema1), "application/vnd.docker.distribution.manifest.v1+prettyjws")


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "sha256:../../x"},
        {"digest": None},
        {"digest": 1},
        {"digest": f"sha256:{'A' * 64}"},
        {"digest": f"md5:{'a' * 32}"},
        {"size": -1},
        {"size": 2**63},
        {"size": 1.0},
        {"size": True},
        {"size": "5"},
        {"size": None},
        {"mediaType": ""},
        {"mediaType": None},
        {"mediaType": "a" * 256},
        {"mediaType": "a\r\nSet-Cookie: x"},
        {"mediaType": "\ud800"},
    ],
)
@pytest.mark.parametrize("place", ["config", "layers", "subject"])
def test_malformed_descriptors_are_refused(change: Document, place: str) -> None:
    entry = descriptor_json(LAYER) | change

    refusal(written(image_document() | {place: [entry] if place == "layers" else entry}))


@pytest.mark.parametrize("entry", [None, [], "x", 1])
def test_what_is_no_descriptor_is_refused(entry: object) -> None:
    refusal(written(image_document() | {"config": entry}))
    refusal(written(image_document() | {"layers": [entry]}))
    refusal(written(index_document() | {"manifests": [entry]}))
    refusal(written(image_document() | {"layers": entry if entry != [] else {}}))


def test_attack_14_embedded_data_is_what_its_digest_says() -> None:
    entry = descriptor_json(LAYER, data=base64.b64encode(b"layer").decode())

    assert parse_manifest(written(image_document() | {"layers": [entry]}), None).layers == (LAYER,)


@pytest.mark.parametrize(
    "data",
    [base64.b64encode(b"Layer").decode(), "", "bGF5ZXI", "bGF5\nZXI=", "é", "\ud800", 1, {}, "bGF5ZXI=="],
)
def test_attack_14_embedded_data_of_another_digest_is_refused(data: object) -> None:
    refusal(written(image_document() | {"layers": [descriptor_json(LAYER, data=data)]}))


def test_attack_14_only_layers_of_a_foreign_type_may_stay_away() -> None:
    urls = ["http://169.254.169.254/latest/meta-data"]
    foreign = describe(b"windows", FOREIGN)
    manifest = parse_manifest(
        written(image_document() | {"layers": [descriptor_json(foreign, urls=urls), descriptor_json(LAYER)]}),
        None,
    )

    assert [d.digest for d in manifest.required] == [digest_of(b"config"), LAYER.digest]


def test_attack_14_a_config_is_never_foreign() -> None:
    config = describe(b"config", FOREIGN)

    assert parse_manifest(written(image_document(config=config)), None).required == (config,)


@pytest.mark.parametrize("foreign_first", [True, False])
def test_attack_14_a_layer_named_as_foreign_too_is_still_required(*, foreign_first: bool) -> None:
    both = [describe(b"layer", FOREIGN), LAYER]
    document = image_document(both if foreign_first else both[::-1])

    assert LAYER.digest in {d.digest for d in parse_manifest(written(document), None).required}


def test_attack_13_one_digest_of_two_sizes_is_refused() -> None:
    entry = descriptor_json(LAYER) | {"size": 6}

    refusal(written(image_document([LAYER]) | {"layers": [descriptor_json(LAYER), entry]}))
    refusal(written(image_document([LAYER]) | {"config": entry}))


def test_attack_15_an_index_may_name_itself_in_no_way_that_loops() -> None:
    """No document can hold its own digest, so a child is always older than its index."""
    child = describe(b"any", OCI_INDEX)

    assert parse_manifest(written(index_document([child])), None).children == (child,)


@pytest.mark.parametrize("kind", [1, "x", "a/b;c=d", "a/b\r\n", "a/" + "b" * 128, "a/b' OR 1=1", "é/x"])
def test_attack_16_an_artifact_type_is_a_bare_media_type(kind: object) -> None:
    refusal(written(image_document(artifactType=kind)))


@pytest.mark.parametrize(
    "annotations", [[], "x", {"a": 1}, {"a": None}, {"a": {"b": "c"}}, {"a": "\ud800"}, {"\udfff": "a"}]
)
def test_annotations_map_text_to_text(annotations: object) -> None:
    refusal(written(image_document(annotations=annotations)))


def test_an_empty_artifact_of_oras_is_read() -> None:
    empty = describe(b"{}", "application/vnd.oci.empty.v1+json")
    document = image_document([empty], config=empty, artifactType="application/vnd.acme.sbom")

    manifest = parse_manifest(written(document), OCI_MANIFEST)

    assert manifest.blobs == (empty,)
    assert manifest.layers[0].media_type != LAYER_TYPE
