"""Names, tags and ids of every shape through the ECR API: kept whole or refused, never resolved."""

from asyncio import to_thread
from typing import TYPE_CHECKING

import pytest
from tests.wire.aws.images import create, image_text, push_image
from tests.wire.aws.served import ACCOUNT, REGION, Served

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

HOSTILE = [
    "..",
    "../team",
    "team/../app",
    "./app",
    "team//app",
    "/app",
    "app/",
    "%2e%2e/app",
    "team%2fapp",
    "app%00",
    "app\x00",
    "team\\app",
    "\u2024\u2024/app",
    "\uff0e\uff0e/app",
    "team\u2215app",
    "app\n",
    "app\r\nX: y",
    "\x1b[31mapp",
    "app?x=1",
    "app#x",
    "Team",
    "a..b",
    "a___b",
    "-app",
    "app-",
    "a" * 257,
    "a" * 100_000,
    "a/" * 200_000,
    "\u00e9t\u00e9",
    "\U0001f4a9",
    "a",
    "",
]
HOSTILE_TAGS = [
    "..",
    ".",
    "a/b",
    "%2e%2e",
    "a%00",
    "a\x00",
    "\\",
    "\u2024\u2024",
    "-a",
    "a b",
    "a:b",
    "a\n",
    "\x1b[31m",
    "a" * 129,
    "a" * 300,
    "\u00e9",
    "sha256:" + "0" * 64,
]
ODD_NAMES = [
    "blobs",
    "manifests",
    "tags/list",
    "uploads",
    "v2",
    "catalog/v2",
    "blobs/uploads",
    "v2/manifests/x",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("operation", ["CreateRepository", "DescribeImages", "InitiateLayerUpload"])
async def test_attack_01_what_is_no_repository_name_is_refused(
    served: Served, operation: str, name: str
) -> None:
    answer = await served.ask(operation, {"repositoryName": name})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert answer.message.startswith("Invalid parameter at 'repositoryName' failed to satisfy constraint: '")


async def test_attack_01_a_name_of_bytes_that_are_no_utf_8_is_refused(served: Served) -> None:
    for raw in (b"\xc0\xae\xc0\xae/app", b"\xff", b"\xed\xb0\x80"):
        answer = await served.ask("CreateRepository", b'{"repositoryName": "' + raw + b'"}')
        assert (answer.status, answer.code) == (400, "SerializationException")


async def test_a_refused_name_is_answered_in_ecrs_words(served: Served) -> None:
    answer = await served.ask("CreateRepository", {"repositoryName": "Team"})
    assert answer.message == (
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular "
        "expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''"
    )
    short = await served.ask("CreateRepository", {"repositoryName": "a"})
    assert short.message == (
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: "
        "'must have length greater than or equal to 2'"
    )


@pytest.mark.parametrize("tag", HOSTILE_TAGS, ids=range(len(HOSTILE_TAGS)))
async def test_attack_01_what_is_no_tag_is_refused(served: Served, ecr: "ECRClient", tag: str) -> None:
    name = await create(ecr)
    text = await image_text(ecr, name, b"layer")
    answer = await served.ask("PutImage", {"repositoryName": name, "imageManifest": text, "imageTag": tag})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert answer.message.startswith("Invalid parameter at 'imageTag' failed to satisfy constraint: '")
    assert (await to_thread(ecr.list_images, repositoryName=name))["imageIds"] == []


@pytest.mark.parametrize(
    "upload_id", ["..", "../x", "0" * 36, "%2e", "a\x00", "", "x" * 100_000], ids=range(7)
)
async def test_attack_01_what_is_no_upload_id_is_refused(
    served: Served, ecr: "ECRClient", upload_id: str
) -> None:
    name = await create(ecr)
    named = {"repositoryName": name, "uploadId": upload_id}
    part = {"partFirstByte": 0, "partLastByte": 0, "layerPartBlob": "AA=="}
    sent = await served.ask("UploadLayerPart", {**named, **part})
    completed = await served.ask("CompleteLayerUpload", {**named, "layerDigests": ["sha256:" + "0" * 64]})
    for answer in (sent, completed):
        assert (answer.status, answer.code) == (400, "InvalidParameterException")


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_attack_02_a_repository_may_be_called_like_a_route(ecr: "ECRClient", name: str) -> None:
    await create(ecr, name)
    image = await push_image(ecr, name, "list")
    got = await to_thread(ecr.batch_get_image, repositoryName=name, imageIds=[{"imageTag": "list"}])
    assert got["images"][0]["imageManifest"] == image.manifest
    [described] = (await to_thread(ecr.describe_repositories, repositoryNames=[name]))["repositories"]
    assert described["repositoryArn"] == f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"


async def test_attack_04_the_longest_names_and_tags_are_kept_whole(ecr: "ECRClient") -> None:
    name = await create(ecr, "a" * 256)
    await push_image(ecr, name, "T" * 128)
    [row] = (await to_thread(ecr.list_images, repositoryName=name))["imageIds"]
    assert row["imageTag"] == "T" * 128


async def test_attack_04_tags_that_differ_in_case_are_two(ecr: "ECRClient") -> None:
    name = await create(ecr)
    small = await push_image(ecr, name, "latest", content=b"small")
    large = await push_image(ecr, name, "LATEST", content=b"large")
    got = await to_thread(
        ecr.batch_get_image,
        repositoryName=name,
        imageIds=[{"imageTag": "latest"}, {"imageTag": "LATEST"}],
    )
    assert [found["imageManifest"] for found in got["images"]] == [small.manifest, large.manifest]
