"""PutImage: what makes an image, what moves a tag, and what is no manifest."""

import json
from asyncio import gather, to_thread
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from tests.wire.aws.images import CONFIG, create, image_text, push_image, push_layer, put
from tests.wire.aws.served import ACCOUNT, Served, bare, refusal
from tests.wire.oci.world import descriptor, digest_of, index, manifest

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

NAME = "team/app"
PLACE = f"repository with name '{NAME}' in the registry with id '{ACCOUNT}'"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
NOWHERE = "sha256:" + "0" * 64
INVALID = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: "


@pytest.fixture(name="repository", autouse=True)
async def _repository(ecr: "ECRClient") -> str:
    return await create(ecr, NAME)


async def tags_of(ecr: "ECRClient", digest: str) -> list[str]:
    answer = await to_thread(ecr.describe_images, repositoryName=NAME, imageIds=[{"imageDigest": digest}])
    return answer["imageDetails"][0].get("imageTags", [])


async def count(ecr: "ECRClient") -> int:
    return len((await to_thread(ecr.describe_images, repositoryName=NAME))["imageDetails"])


async def test_a_new_image_is_kept_and_answered_byte_for_byte(ecr: "ECRClient") -> None:
    text = (await image_text(ecr, NAME, b"layer")).replace("{", "{ ", 1) + "\n"

    answer = await to_thread(ecr.put_image, repositoryName=NAME, imageManifest=text, imageTag="v1")

    expected = {
        "registryId": ACCOUNT,
        "repositoryName": NAME,
        "imageId": {"imageDigest": digest_of(text.encode()), "imageTag": "v1"},
        "imageManifest": text,
        "imageManifestMediaType": OCI_MANIFEST,
    }
    assert bare(answer) == {"image": expected}
    got = await to_thread(ecr.batch_get_image, repositoryName=NAME, imageIds=[{"imageTag": "v1"}])
    assert bare(got) == {"images": [expected], "failures": []}


async def test_an_image_without_a_tag_is_answered_without_one(ecr: "ECRClient") -> None:
    text = await image_text(ecr, NAME, b"layer")
    answer = await to_thread(ecr.put_image, repositoryName=NAME, imageManifest=text)
    assert answer["image"]["imageId"] == {"imageDigest": digest_of(text.encode())}


async def test_the_same_image_gets_a_second_tag(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1")
    await put(ecr, NAME, image.manifest, "v2")
    assert await tags_of(ecr, image.digest) == ["v1", "v2"]


@pytest.mark.parametrize(("tag", "shown"), [("v1", "v1"), (None, "null")])
async def test_what_changes_nothing_is_refused(ecr: "ECRClient", tag: str | None, shown: str) -> None:
    image = await push_image(ecr, NAME, "v1")
    given: Any = {"imageTag": tag} if tag else {}

    refused = await refusal(ecr.put_image, repositoryName=NAME, imageManifest=image.manifest, **given)

    assert (refused.code, refused.status) == ("ImageAlreadyExistsException", 400)
    assert refused.message == (
        f"Image with digest '{image.digest}' and tag '{shown}' already exists in the repository with name "
        f"'{NAME}' in registry with id '{ACCOUNT}'"
    )


async def test_a_mutable_tag_moves_and_the_old_image_stays_untagged(ecr: "ECRClient") -> None:
    old = await push_image(ecr, NAME, "latest", content=b"old")
    new = await push_image(ecr, NAME, "latest", content=b"new")
    assert await tags_of(ecr, old.digest) == []
    assert await tags_of(ecr, new.digest) == ["latest"]


async def immutable(ecr: "ECRClient") -> None:
    await to_thread(ecr.put_image_tag_mutability, repositoryName=NAME, imageTagMutability="IMMUTABLE")


async def test_attack_22_an_immutable_tag_is_not_moved_by_put_image(ecr: "ECRClient") -> None:
    await immutable(ecr)
    old = await push_image(ecr, NAME, "v1", content=b"old")
    text = await image_text(ecr, NAME, b"new")

    refused = await refusal(ecr.put_image, repositoryName=NAME, imageManifest=text, imageTag="v1")

    assert (refused.code, refused.status) == ("ImageTagAlreadyExistsException", 400)
    assert refused.message == (
        f"The image tag 'v1' already exists in the '{NAME}' repository and cannot be overwritten because the "
        "tag is immutable."
    )
    assert await tags_of(ecr, old.digest) == ["v1"]
    assert await count(ecr) == 1


async def test_attack_22_an_immutable_tag_is_not_moved_to_an_image_that_is_there(ecr: "ECRClient") -> None:
    await immutable(ecr)
    old = await push_image(ecr, NAME, "v1", content=b"old")
    new = await push_image(ecr, NAME, "v2", content=b"new")
    refused = await refusal(
        ecr.put_image,
        repositoryName=NAME,
        imageManifest=new.manifest,
        imageDigest=new.digest,
        imageTag="v1",
    )
    assert refused.code == "ImageTagAlreadyExistsException"
    assert await tags_of(ecr, old.digest) == ["v1"]


async def test_attack_22_of_many_pushes_at_once_to_one_immutable_tag_one_wins(
    ecr: "ECRClient", served: Served
) -> None:
    await immutable(ecr)
    texts = [await image_text(ecr, NAME, f"layer {n}".encode()) for n in range(6)]

    answers = await gather(
        *(
            served.ask("PutImage", {"repositoryName": NAME, "imageManifest": text, "imageTag": "v1"})
            for text in texts
        )
    )

    assert sorted(a.code for a in answers) == ["", *["ImageTagAlreadyExistsException"] * 5]
    assert await count(ecr) == 1


async def test_attack_22_excluded_tags_alone_may_move(ecr: "ECRClient") -> None:
    await to_thread(
        ecr.put_image_tag_mutability,
        repositoryName=NAME,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
    )
    await push_image(ecr, NAME, "v1", "dev-1", content=b"old")
    new = await push_image(ecr, NAME, "dev-1", content=b"new")
    refused = await refusal(ecr.put_image, repositoryName=NAME, imageManifest=new.manifest, imageTag="v1")
    assert refused.code == "ImageTagAlreadyExistsException"
    assert await tags_of(ecr, new.digest) == ["dev-1"]


async def test_an_immutable_tag_may_be_deleted_and_given_again(ecr: "ECRClient") -> None:
    await immutable(ecr)
    await push_image(ecr, NAME, "v1", content=b"old")
    await to_thread(ecr.batch_delete_image, repositoryName=NAME, imageIds=[{"imageTag": "v1"}])
    new = await push_image(ecr, NAME, "v1", content=b"new")
    assert await tags_of(ecr, new.digest) == ["v1"]


async def test_an_announced_digest_must_be_that_of_the_manifest(ecr: "ECRClient") -> None:
    text = await image_text(ecr, NAME, b"layer")
    refused = await refusal(ecr.put_image, repositoryName=NAME, imageManifest=text, imageDigest=NOWHERE)
    assert (refused.code, refused.status) == ("ImageDigestDoesNotMatchException", 400)
    assert refused.message == (
        f"The image with digest '{NOWHERE}' in repository '{NAME}' and registry ID '{ACCOUNT}' does not "
        "match the image digest that Amazon ECR has calculated."
    )
    assert await count(ecr) == 0


async def test_an_announced_sha512_is_the_images_digest(ecr: "ECRClient") -> None:
    text = await image_text(ecr, NAME, b"layer")
    digest = digest_of(text.encode(), "sha512")
    answer = await to_thread(ecr.put_image, repositoryName=NAME, imageManifest=text, imageDigest=digest)
    assert answer["image"]["imageId"] == {"imageDigest": digest}


async def test_missing_layers_are_named(ecr: "ECRClient") -> None:
    await push_layer(ecr, NAME, CONFIG)
    text = manifest(config=CONFIG, layers=[b"one", b"two"]).decode()

    refused = await refusal(ecr.put_image, repositoryName=NAME, imageManifest=text, imageTag="v1")

    assert (refused.code, refused.status) == ("LayersNotFoundException", 400)
    assert refused.message == (
        f"Layers with digests '[{digest_of(b'one')}, {digest_of(b'two')}]' required for pushing image into "
        f"{PLACE} do not exist"
    )
    assert await count(ecr) == 0


async def test_attack_24_layers_of_another_repository_are_missing_here(ecr: "ECRClient") -> None:
    other = await create(ecr, "team/other")
    text = await image_text(ecr, other, b"layer")
    refused = await refusal(ecr.put_image, repositoryName=NAME, imageManifest=text)
    assert refused.code == "LayersNotFoundException"


async def test_attack_15_a_child_of_another_repository_is_missing_here(ecr: "ECRClient") -> None:
    other = await create(ecr, "team/other")
    child = await push_image(ecr, other, "v1")
    text = index(child.manifest.encode()).decode()

    refused = await refusal(ecr.put_image, repositoryName=NAME, imageManifest=text, imageTag="v1")

    assert (refused.code, refused.status) == ("ReferencedImagesNotFoundException", 400)
    assert refused.message == (
        f"Images with digests '[{child.digest}]' required for pushing image into {PLACE} do not exist"
    )


async def test_attack_15_a_chain_of_indexes_is_never_walked(ecr: "ECRClient") -> None:
    inner = await push_image(ecr, NAME, "v0")
    for _ in range(50):
        inner = await put(ecr, NAME, index(inner.manifest.encode()).decode())
    got = await to_thread(ecr.batch_get_image, repositoryName=NAME, imageIds=[{"imageDigest": inner.digest}])
    assert got["images"][0]["imageManifest"] == inner.manifest
    assert await count(ecr) == 51


async def test_attack_16_a_subject_may_be_absent_and_gets_its_referrers(ecr: "ECRClient") -> None:
    subject = {"mediaType": OCI_MANIFEST, "digest": NOWHERE, "size": 10}
    image = await push_image(ecr, NAME, content=b"signature", subject=subject)
    [detail] = (await to_thread(ecr.describe_images, repositoryName=NAME))["imageDetails"]
    assert (detail["imageDigest"], detail["subjectManifestDigest"]) == (image.digest, NOWHERE)


async def test_a_manifest_that_names_no_media_type_is_refused_in_ecrs_words(ecr: "ECRClient") -> None:
    text = (await image_text(ecr, NAME, b"layer")).replace(f'"mediaType": "{OCI_MANIFEST}", ', "")

    refused = await refusal(ecr.put_image, repositoryName=NAME, imageManifest=text)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)
    assert refused.message == f"{INVALID}'Invalid JSON syntax'"

    answer = await to_thread(
        ecr.put_image, repositoryName=NAME, imageManifest=text, imageManifestMediaType=OCI_MANIFEST
    )
    assert answer["image"]["imageManifestMediaType"] == OCI_MANIFEST


GOOD: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST,
    "config": descriptor(b"{}", "application/vnd.oci.empty.v1+json"),
    "layers": [],
}
EMPTY_INDEX: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
BAD_MANIFESTS: dict[str, str] = {
    "both_manifests_and_layers": json.dumps({**GOOD, "manifests": []}),
    "an_index_with_layers": json.dumps({**EMPTY_INDEX, "layers": []}),
    "an_index_with_a_config": json.dumps({**EMPTY_INDEX, "config": GOOD["config"]}),
    "a_repeated_member": '{"schemaVersion": 2, ' + json.dumps(GOOD)[1:],
    "a_repeated_member_inside": json.dumps(GOOD).replace('{"mediaType"', '{"size": 1, "mediaType"'),
    "trailing_bytes": json.dumps(GOOD) + "{}",
    "a_byte_order_mark": "\ufeff" + json.dumps(GOOD),
    "nan": json.dumps({**GOOD, "x": float("nan")}),
    "infinity": json.dumps({**GOOD, "x": float("inf")}),
    "depth_10000": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "depth_10000_of_lists": "[" * 10_000 + "]" * 10_000,
    "no_object": "[]",
    "no_json": "manifest",
    "schema_1": json.dumps({"schemaVersion": 1, "mediaType": OCI_MANIFEST}),
    "docker_schema_1": json.dumps(
        {
            "schemaVersion": 1,
            "mediaType": "application/vnd.docker.distribution.manifest.v1+json",
            "fsLayers": [],
        }
    ),
    "an_unknown_media_type": json.dumps({**GOOD, "mediaType": "text/plain"}),
    "a_media_type_with_parameters": json.dumps({**GOOD, "mediaType": f"{OCI_MANIFEST};version=1"}),
    "a_media_type_that_is_a_list": json.dumps({**GOOD, "mediaType": [OCI_MANIFEST]}),
    "100000_layers": json.dumps({**GOOD, "layers": [{}] * 100_000}),
    "layers_that_are_none": json.dumps({**GOOD, "layers": {}}),
    "no_config": json.dumps({**GOOD, "config": None}),
    "a_digest_that_climbs": json.dumps({**GOOD, "config": {**GOOD["config"], "digest": "sha256:../../x"}}),
    "a_negative_size": json.dumps({**GOOD, "config": {**GOOD["config"], "size": -1}}),
    "a_huge_size": json.dumps({**GOOD, "config": {**GOOD["config"], "size": 2**70}}),
    "a_boolean_size": json.dumps({**GOOD, "config": {**GOOD["config"], "size": True}}),
    "embedded_data_of_another_digest": json.dumps(
        {**GOOD, "config": {**GOOD["config"], "data": b64encode(b"[]").decode()}}
    ),
    "embedded_data_that_is_no_base64": json.dumps({**GOOD, "config": {**GOOD["config"], "data": "{}"}}),
    "an_artifact_type_with_line_breaks": json.dumps({**GOOD, "artifactType": "text/plain\r\nX: y"}),
    "annotations_that_are_numbers": json.dumps({**GOOD, "annotations": {"a": 1}}),
    "a_subject_that_is_none": json.dumps({**GOOD, "subject": {"digest": "x"}}),
    "multibyte_text_over_4_mib": json.dumps({**GOOD, "x": "\u00e9" * 2_100_000}, ensure_ascii=False),
}


@pytest.mark.parametrize("text", BAD_MANIFESTS.values(), ids=BAD_MANIFESTS.keys())
async def test_attack_13_what_is_no_sound_manifest_is_refused(
    served: Served, ecr: "ECRClient", text: str
) -> None:
    await push_layer(ecr, NAME, b"{}")
    answer = await served.ask(
        "PutImage", orjson.dumps({"repositoryName": NAME, "imageManifest": text, "imageTag": "v1"})
    )
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert answer.message.startswith(INVALID)
    assert await count(ecr) == 0


async def test_attack_13_the_declared_media_type_must_be_the_documents(ecr: "ECRClient") -> None:
    text = await image_text(ecr, NAME, b"layer")
    refused = await refusal(
        ecr.put_image, repositoryName=NAME, imageManifest=text, imageManifestMediaType=OCI_INDEX
    )
    assert refused.code == "InvalidParameterException"
    assert refused.message.startswith(INVALID)


async def test_attack_13_a_manifest_over_4_mib_is_refused(served: Served) -> None:
    text = json.dumps(GOOD) + " " * (4 * 1024 * 1024)
    answer = await served.ask("PutImage", {"repositoryName": NAME, "imageManifest": text})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert answer.message == f"{INVALID}'must have length less than or equal to 4194304'"


async def test_attack_13_a_manifest_of_4_mib_is_kept(served: Served, ecr: "ECRClient") -> None:
    await push_layer(ecr, NAME, b"{}")
    text = json.dumps(GOOD).ljust(4 * 1024 * 1024)
    answer = await served.ask("PutImage", {"repositoryName": NAME, "imageManifest": text, "imageTag": "v1"})
    assert answer.status == 200
    assert answer.document["image"]["imageManifest"] == text


async def test_attack_13_one_answer_holds_no_more_manifests_than_it_may(
    served: Served, ecr: "ECRClient"
) -> None:
    await push_layer(ecr, NAME, b"{}")
    text = json.dumps(GOOD).ljust(4 * 1024 * 1024)
    await put(ecr, NAME, text, "v1")
    asked = {"repositoryName": NAME, "imageIds": [{"imageTag": "v1"}] * 9}

    answer = await served.ask("BatchGetImage", asked)

    assert (answer.status, answer.code) == (400, "LimitExceededException")


async def test_a_size_that_is_not_the_layers_is_refused(ecr: "ECRClient") -> None:
    await push_layer(ecr, NAME, CONFIG)
    text = manifest(config=CONFIG).decode().replace(f'"size": {len(CONFIG)}', '"size": 1')
    refused = await refusal(ecr.put_image, repositoryName=NAME, imageManifest=text)
    assert refused.code == "InvalidParameterException"
    assert "does not have the size" in refused.message


async def test_attack_14_foreign_layers_are_named_and_never_fetched(ecr: "ECRClient") -> None:
    foreign = {
        **descriptor(b"elsewhere", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
        "urls": ["http://169.254.169.254/latest/meta-data/"],
    }
    await push_layer(ecr, NAME, CONFIG)
    text = json.dumps({**json.loads(manifest(config=CONFIG)), "layers": [foreign]})

    image = await put(ecr, NAME, text, "v1")

    checked = await to_thread(
        ecr.batch_check_layer_availability, repositoryName=NAME, layerDigests=[digest_of(b"elsewhere")]
    )
    assert checked["layers"][0]["layerAvailability"] == "UNAVAILABLE"
    refused = await refusal(
        ecr.get_download_url_for_layer, repositoryName=NAME, layerDigest=digest_of(b"elsewhere")
    )
    assert refused.code == "LayersNotFoundException"
    assert await tags_of(ecr, image.digest) == ["v1"]


async def test_attack_14_urls_of_an_ordinary_layer_do_not_replace_it(ecr: "ECRClient") -> None:
    layer = {**descriptor(b"elsewhere"), "urls": ["http://169.254.169.254/"]}
    await push_layer(ecr, NAME, CONFIG)
    text = json.dumps({**json.loads(manifest(config=CONFIG)), "layers": [layer]})
    refused = await refusal(ecr.put_image, repositoryName=NAME, imageManifest=text)
    assert refused.code == "LayersNotFoundException"


async def test_an_image_holds_1000_tags(served: Served, ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME)
    asked = {"repositoryName": NAME, "imageManifest": image.manifest}
    for n in range(1000):
        assert (await served.ask("PutImage", {**asked, "imageTag": f"t{n}"})).status == 200

    answer = await served.ask("PutImage", {**asked, "imageTag": "one-more"})

    assert (answer.status, answer.code) == (400, "LimitExceededException")
    assert answer.message == "The tags per image quota of 1000 has been exceeded"
