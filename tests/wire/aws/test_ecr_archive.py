"""The archive storage class through the ECR API and at `/v2/`."""

import asyncio
import json
from asyncio import to_thread
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import pytest
from tests.wire.aws.images import CONFIG, Image, create, push_image, push_index
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, bare, refusal
from tests.wire.aws.test_iam import policy
from tests.wire.oci.world import digest_of

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

NAME = "team/app"
PLACE = {"registryId": ACCOUNT, "repositoryName": NAME}
LAYER = b"one line\n" * 1000
Target = Literal["ARCHIVE", "STANDARD"]


@pytest.fixture(name="repository", autouse=True)
async def _repository(ecr: "ECRClient") -> str:
    return await create(ecr, NAME)


async def work(served: Served) -> None:
    """Run the jobs that are due, as the worker does."""
    while await served.runner.run_due():
        pass


async def change(ecr: "ECRClient", image_id: Any, target: Target) -> dict[str, Any]:
    return bare(
        await to_thread(
            ecr.update_image_storage_class, repositoryName=NAME, imageId=image_id, targetStorageClass=target
        )
    )


async def described(ecr: "ECRClient", status: Any = None, **params: Any) -> dict[str, Any]:
    """DescribeImages, by digest."""
    filters: Any = {"filter": {"imageStatus": status}} if status else {}
    answer = await to_thread(ecr.describe_images, repositoryName=NAME, **filters, **params)
    return {detail["imageDigest"]: detail for detail in answer["imageDetails"]}


async def get(served: Served, ecr: "ECRClient", path: str, method: str = "GET") -> tuple[int, bytes]:
    """A request to `/v2/` with the account's token."""
    token = (await to_thread(ecr.get_authorization_token))["authorizationData"][0]["authorizationToken"]
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Basic {token}"}) as session,
        session.request(method, f"{served.url}/v2/{NAME}/{path}") as answer,
    ):
        return answer.status, await answer.read()


async def archived(served: Served, ecr: "ECRClient", *tags: str, content: bytes = LAYER) -> Image:
    image = await push_image(ecr, NAME, *tags, content=content)
    await change(ecr, {"imageDigest": image.digest}, "ARCHIVE")
    await work(served)
    return image


async def test_archiving_is_done_when_it_is_answered(ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1", content=LAYER)
    answer = await change(ecr, {"imageTag": "v1"}, "ARCHIVE")
    named = {"imageDigest": image.digest, "imageTag": "v1"}
    assert answer == {**PLACE, "imageId": named, "imageStatus": "ARCHIVED"}
    assert await described(ecr) == {}
    for status in ("ARCHIVED", "ANY"):
        detail = (await described(ecr, status))[image.digest]
        assert detail["imageStatus"] == "ARCHIVED"
        assert abs(detail["lastArchivedAt"].astimezone(UTC) - datetime.now(UTC)) < timedelta(minutes=1)
        assert "lastActivatedAt" not in detail
        assert detail["imageTags"] == ["v1"]
    assert await described(ecr, "ACTIVATING") == {}
    assert image.digest in await described(ecr, imageIds=[{"imageTag": "v1"}])


async def test_restoring_is_done_by_a_job(served: Served, ecr: "ECRClient") -> None:
    image = await archived(served, ecr, "v1")
    answer = await change(ecr, {"imageDigest": image.digest}, "STANDARD")
    assert answer == {**PLACE, "imageId": {"imageDigest": image.digest}, "imageStatus": "ACTIVATING"}
    assert [*await described(ecr, "ACTIVATING")] == [image.digest]
    again = await change(ecr, {"imageDigest": image.digest}, "STANDARD")
    assert again["imageStatus"] == "ACTIVATING"
    await work(served)
    detail = (await described(ecr))[image.digest]
    assert detail["imageStatus"] == "ACTIVE"
    assert detail["lastArchivedAt"] < detail["lastActivatedAt"]
    assert (await get(served, ecr, f"blobs/{digest_of(LAYER)}")) == (200, LAYER)


@pytest.mark.parametrize("status", ["ARCHIVED", "ACTIVATING"])
async def test_neither_door_gives_an_image_that_is_not_active(
    served: Served, ecr: "ECRClient", status: str
) -> None:
    image = await archived(served, ecr, "v1")
    if status == "ACTIVATING":
        await change(ecr, {"imageTag": "v1"}, "STANDARD")
    named: list[Any] = [{"imageTag": "v1"}, {"imageDigest": image.digest}]
    for image_id in named:
        answer = await to_thread(ecr.batch_get_image, repositoryName=NAME, imageIds=[image_id])
        (failure,) = answer["failures"]
        assert (answer["images"], failure["failureCode"]) == ([], "ImageInaccessible")
        assert status in failure["failureReason"]
    for reference in ("v1", image.digest):
        assert (await get(served, ecr, f"manifests/{reference}", "HEAD"))[0] == 404
        code, body = await get(served, ecr, f"manifests/{reference}")
        (error,) = json.loads(body)["errors"]
        assert (code, error["code"]) == (404, "MANIFEST_UNKNOWN")
        assert "archive" in error["message"]
    code, body = await get(served, ecr, f"blobs/{digest_of(LAYER)}")
    assert (code, json.loads(body)["errors"][0]["code"]) == (404, "BLOB_UNKNOWN")
    assert (await get(served, ecr, "tags/list"))[1] == b'{"name":"team/app","tags":[]}'
    refused = await refusal(ecr.get_download_url_for_layer, repositoryName=NAME, layerDigest=digest_of(LAYER))
    assert refused.code == "LayerInaccessibleException"


async def test_layers_say_that_they_are_archived(served: Served, ecr: "ECRClient") -> None:
    await archived(served, ecr, "v1")
    await push_image(ecr, NAME, "v2", content=b"another")
    digests = [digest_of(content) for content in (LAYER, b"another", CONFIG, b"unknown")]
    answer = await to_thread(ecr.batch_check_layer_availability, repositoryName=NAME, layerDigests=digests)
    assert [layer["layerAvailability"] for layer in answer["layers"]] == [
        "ARCHIVED",
        "AVAILABLE",
        "AVAILABLE",
        "UNAVAILABLE",
    ]
    assert answer["layers"][0]["layerSize"] == len(LAYER)


async def test_pushing_an_archived_image_again_restores_it_at_once(served: Served, ecr: "ECRClient") -> None:
    image = await archived(served, ecr, "v1")
    put: Any = {"repositoryName": NAME, "imageManifest": image.manifest, "imageTag": "v1"}
    await to_thread(lambda: ecr.put_image(**put))
    assert (await described(ecr))[image.digest]["imageStatus"] == "ACTIVE"
    assert (await get(served, ecr, f"blobs/{digest_of(LAYER)}")) == (200, LAYER)
    await work(served)
    assert (await get(served, ecr, f"blobs/{digest_of(LAYER)}")) == (200, LAYER)
    refused = await refusal(lambda: ecr.put_image(**put))
    assert refused.code == "ImageAlreadyExistsException"


async def test_an_archived_image_can_be_deleted(served: Served, ecr: "ECRClient") -> None:
    image = await archived(served, ecr, "v1")
    answer = await to_thread(ecr.batch_delete_image, repositoryName=NAME, imageIds=[{"imageTag": "v1"}])
    assert answer["imageIds"] == [{"imageDigest": image.digest, "imageTag": "v1"}]
    assert await described(ecr, "ANY") == {}


async def test_a_repository_with_archived_images_is_not_empty(served: Served, ecr: "ECRClient") -> None:
    await archived(served, ecr, "v1")
    refused = await refusal(ecr.delete_repository, repositoryName=NAME)
    assert refused.code == "RepositoryNotEmptyException"


async def test_what_cannot_change_its_class_says_why(ecr: "ECRClient") -> None:
    child = await push_image(ecr, NAME, content=b"child")
    index = await push_index(ecr, NAME, child, tag="all")
    asked: Any = {"repositoryName": NAME, "targetStorageClass": "ARCHIVE"}
    refused = await refusal(ecr.update_image_storage_class, imageId={"imageDigest": child.digest}, **asked)
    assert (refused.code, refused.status) == ("ImageStorageClassUpdateNotSupportedException", 400)
    assert index.digest in refused.message
    refused = await refusal(ecr.update_image_storage_class, imageId={"imageTag": "gone"}, **asked)
    assert refused.code == "ImageNotFoundException"
    refused = await refusal(ecr.update_image_storage_class, imageId={}, **asked)
    assert refused.code == "InvalidParameterException"
    asked["targetStorageClass"] = "GLACIER"
    refused = await refusal(ecr.update_image_storage_class, imageId={"imageTag": "all"}, **asked)
    assert refused.code in ("InvalidParameterException", "ValidationException")
    asked |= {"targetStorageClass": "ARCHIVE", "repositoryName": "team/none"}
    refused = await refusal(ecr.update_image_storage_class, imageId={"imageTag": "all"}, **asked)
    assert refused.code == "RepositoryNotFoundException"


async def test_referrers_of_an_archived_image_are_listed_when_asked_for(
    served: Served, ecr: "ECRClient"
) -> None:
    image = await push_image(ecr, NAME, "v1", content=LAYER)
    subject = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": image.digest,
        "size": len(image.manifest),
    }
    signature = await push_image(ecr, NAME, content=b"sig", subject=subject, artifactType="application/x-sig")
    await change(ecr, {"imageTag": "v1"}, "ARCHIVE")
    await work(served)
    asked: Any = {"repositoryName": NAME, "subjectId": {"imageDigest": image.digest}}
    assert (await to_thread(ecr.list_image_referrers, **asked))["referrers"] == []
    for status in ("ARCHIVED", "ANY"):
        answer = await to_thread(ecr.list_image_referrers, **asked, filter={"artifactStatus": status})
        (referrer,) = answer["referrers"]
        assert (referrer["digest"], referrer["artifactStatus"]) == (signature.digest, "ARCHIVED")


async def test_pages_of_one_status_are_whole(served: Served, ecr: "ECRClient") -> None:
    wanted = [await archived(served, ecr, f"v{n}", content=b"%d" % n) for n in range(5)]
    for n in range(5):
        await push_image(ecr, NAME, f"w{n}", content=b"active %d" % n)
    for method in ("describe_images", "list_images"):
        seen: list[str] = []
        token: dict[str, Any] = {}
        while True:
            answer = await to_thread(
                getattr(ecr, method),
                repositoryName=NAME,
                maxResults=2,
                filter={"imageStatus": "ARCHIVED", "tagStatus": "TAGGED"},
                **token,
            )
            rows = answer.get("imageDetails") or answer["imageIds"]
            seen += [row["imageDigest"] for row in rows]
            if "nextToken" not in answer:
                break
            token = {"nextToken": answer["nextToken"]}
        assert sorted(seen) == sorted(image.digest for image in wanted)


async def test_attack_23_archiving_needs_its_own_permission_and_that_of_every_tag(
    served: Served, ecr: "ECRClient"
) -> None:
    image = await push_image(ecr, NAME, "v1", "prod", content=LAYER)
    asked: Any = {"repositoryName": NAME, "targetStorageClass": "ARCHIVE"}
    by_digest: Any = {"imageDigest": image.digest}
    by_tag: Any = {"imageTag": "v1"}
    deleter = served.ecr(keys=await served.add_user("deleter", ACCOUNT, policy("ecr:BatchDeleteImage")))
    refused = await refusal(deleter.update_image_storage_class, imageId=by_tag, **asked)
    assert refused.code == "AccessDeniedException"
    deny = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "ecr:UpdateImageStorageClass", "Resource": "*"},
            {
                "Effect": "Deny",
                "Action": "ecr:UpdateImageStorageClass",
                "Resource": "*",
                "Condition": {"StringLike": {"ecr:ImageTag": "prod*"}},
            },
        ],
    }
    archiver = served.ecr(keys=await served.add_user("archiver", ACCOUNT, json.dumps(deny)))
    refused = await refusal(archiver.update_image_storage_class, imageId=by_digest, **asked)
    assert refused.code == "AccessDeniedException"
    other = served.ecr(OTHER_ACCOUNT)
    refused = await refusal(other.update_image_storage_class, registryId=ACCOUNT, imageId=by_digest, **asked)
    assert refused.code == "AccessDeniedException"
    assert [*await described(ecr)] == [image.digest]


async def test_attack_24_an_archived_layer_is_known_to_its_own_repository_alone(
    served: Served, ecr: "ECRClient"
) -> None:
    await archived(served, ecr, "v1")
    await create(ecr, "team/other")
    for digest in (digest_of(LAYER), digest_of(b"nobody has this")):
        answer = await to_thread(
            ecr.batch_check_layer_availability, repositoryName="team/other", layerDigests=[digest]
        )
        assert answer["layers"][0] == {"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}


async def test_attack_44_archiving_restoring_and_pushing_at_once_ends_with_a_whole_image(
    served: Served, ecr: "ECRClient"
) -> None:
    image = await push_image(ecr, NAME, "v1", content=LAYER)

    async def archive_and_restore() -> None:
        client = served.ecr()
        targets: list[Target] = ["ARCHIVE", "STANDARD"]
        for target in targets * 5:
            await change(client, {"imageDigest": image.digest}, target)
            await work(served)

    async def push_again() -> None:
        for n in range(10):
            await push_image(served.ecr(), NAME, f"again-{n}", content=LAYER)

    await asyncio.gather(archive_and_restore(), push_again(), return_exceptions=False)
    await push_image(ecr, NAME, "last", content=LAYER)
    await work(served)
    assert [*await described(ecr)] == [image.digest]
    assert (await get(served, ecr, f"blobs/{digest_of(LAYER)}")) == (200, LAYER)
