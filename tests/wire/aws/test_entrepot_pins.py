"""Pins through the Entrepot API, and what the doors of ECR and OCI then say."""

import asyncio
from asyncio import to_thread
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.domain.lifecycle.builders import policy_text, rule
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served, bare, refusal
from tests.wire.aws.test_ecr_lifecycle import work
from tests.wire.aws.test_iam import policy

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

NAME = "team/app"
PLACE: dict[str, Any] = {"repositoryName": NAME}
V1 = {**PLACE, "imageId": {"imageTag": "v1"}}
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


@pytest.fixture(name="repository", autouse=True)
async def _repository(ecr: "ECRClient") -> str:
    return await create(ecr, NAME)


async def pins(served: Served, **asked: Any) -> list[str]:
    return [pin["imageDigest"] for pin in (await to_thread(served.own().list_pins, **asked))["pins"]]


async def test_a_pinned_image_is_listed_until_it_is_unpinned(served: Served, ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1", "latest")
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    pinned = (await to_thread(served.own().pin_image, **V1, reason="customer 7", until=until))["pin"]
    at = pinned.pop("pinnedAt")
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)
    assert pinned == {
        "registryId": ACCOUNT,
        "repositoryName": NAME,
        "imageDigest": image.digest,
        "imageTags": ["latest", "v1"],
        "reason": "customer 7",
        "pinnedBy": ROOT,
        "until": until,
    }
    for asked in ({}, PLACE):
        answer = bare(await to_thread(served.own().list_pins, **asked))
        assert answer == {"pins": [{**pinned, "pinnedAt": at}]}
    taken = (await to_thread(served.own().unpin_image, **V1))["pin"]
    assert taken["imageDigest"] == image.digest
    assert await pins(served) == []
    again = await refusal(served.own().unpin_image, **V1)
    assert (again.code, again.status) == ("PinNotFoundException", 400)


async def test_ecr_refuses_to_delete_it_in_words_that_name_the_pin(served: Served, ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1")
    await to_thread(served.own().pin_image, **V1, reason="customer 7")
    reason = f"Requested image is pinned: {image.digest} by {ROOT} (customer 7); unpin it first"
    ids: list[Any] = [{"imageDigest": image.digest}, {"imageTag": "v1"}]
    answer = await to_thread(ecr.batch_delete_image, repositoryName=NAME, imageIds=ids)
    assert answer["imageIds"] == []
    assert answer["failures"] == [
        {"imageId": each, "failureCode": "ImageReferencedByManifestList", "failureReason": reason}
        for each in ids
    ]
    refused = await refusal(ecr.delete_repository, repositoryName=NAME, force=True)
    assert (refused.code, refused.status) == ("RepositoryNotEmptyException", 400)
    assert refused.message.endswith(f"because it still contains images that were pinned by {ROOT}")


async def test_a_lifecycle_policy_keeps_it(served: Served, ecr: "ECRClient") -> None:
    old = await push_image(ecr, NAME, "v1", content=b"old")
    await push_image(ecr, NAME, "v2", content=b"middle")
    await push_image(ecr, NAME, "v3", content=b"new")
    await to_thread(served.own().pin_image, **V1)
    text = policy_text(rule(newest=1))
    await to_thread(ecr.start_lifecycle_policy_preview, repositoryName=NAME, lifecyclePolicyText=text)
    await work(served)
    preview = await to_thread(ecr.get_lifecycle_policy_preview, repositoryName=NAME)
    assert [result["imageTags"] for result in preview["previewResults"]] == [["v2"]]
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=text)
    await work(served)
    left = await to_thread(ecr.list_images, repositoryName=NAME)
    assert sorted(image["imageTag"] for image in left["imageIds"]) == ["v1", "v3"]
    assert old.digest in await pins(served)


async def test_the_resource_tag_pins_by_patterns(served: Served, ecr: "ECRClient") -> None:
    await push_image(ecr, NAME, "v1")
    for value in ("v*,w*", "", "a b\0"):
        refused = await refusal(
            ecr.tag_resource, resourceArn=ARN, tags=[{"Key": "entrepot:pin", "Value": value}]
        )
        assert refused.code == "InvalidTagParameterException"
    await to_thread(ecr.tag_resource, resourceArn=ARN, tags=[{"Key": "entrepot:pin", "Value": "v* w*"}])
    answer = await to_thread(ecr.batch_delete_image, repositoryName=NAME, imageIds=[{"imageTag": "v1"}])
    [failure] = answer["failures"]
    assert "tag v1 by the repository's resource tag entrepot:pin" in failure["failureReason"]
    listed = bare(await to_thread(served.own().list_pins, **PLACE))
    assert listed == {"pins": [], "tagPatterns": ["v*", "w*"]}
    assert "tagPatterns" not in await to_thread(served.own().list_pins)
    await to_thread(ecr.untag_resource, resourceArn=ARN, tagKeys=["entrepot:pin"])
    answer = await to_thread(ecr.batch_delete_image, repositoryName=NAME, imageIds=[{"imageTag": "v1"}])
    assert answer["failures"] == []


async def test_what_cannot_be_pinned_is_refused(served: Served, ecr: "ECRClient") -> None:
    await push_image(ecr, NAME, "v1")
    own = served.own()
    for params, code in (
        ({**PLACE, "imageId": {"imageTag": "gone"}}, "ImageNotFoundException"),
        ({**PLACE, "imageId": {}}, "InvalidParameterException"),
        ({**PLACE, "imageId": {"imageDigest": "sha256:../../x"}}, "InvalidParameterException"),
        ({**V1, "repositoryName": "gone/app"}, "RepositoryNotFoundException"),
        ({**V1, "until": datetime(2020, 1, 1, tzinfo=UTC)}, "InvalidParameterException"),
        ({**V1, "reason": "x" * 257}, "InvalidParameterException"),
        ({**V1, "reason": ""}, "InvalidParameterException"),
    ):
        refused = await refusal(own.pin_image, **params)
        assert (refused.code, refused.status) == (code, 400), params
    assert await pins(served) == []


@pytest.mark.parametrize("asked", [{"maxResults": 0}, {"maxResults": 1001}, {"nextToken": "x"}])
async def test_attack_40_pages_are_bounded(served: Served, asked: dict[str, Any]) -> None:
    for call in (served.own().list_pins, served.own().describe_usage):
        assert (await refusal(call, **asked)).code == "InvalidParameterException"


@pytest.mark.parametrize("hostile", ["\x1b[2J", "two\nlines", "\u202eback", "bell\x07", "c1\x9b"])
async def test_attack_49_no_reason_reaches_a_terminal_as_more_than_text(
    served: Served, ecr: "ECRClient", hostile: str
) -> None:
    await push_image(ecr, NAME, "v1")
    refused = await refusal(served.own().pin_image, **V1, reason=hostile)
    assert refused.code == "InvalidParameterException"
    assert await pins(served) == []


async def test_attack_23_a_pin_takes_a_permission_of_its_own_on_the_repository(
    served: Served, ecr: "ECRClient"
) -> None:
    await push_image(ecr, NAME, "v1")
    pusher = await served.add_user("pusher", ACCOUNT, policy("ecr:*"))
    pinner = await served.add_user("pinner", ACCOUNT, policy("entrepot:PinImage", resource=ARN))
    for call, params in (("pin_image", V1), ("unpin_image", V1), ("list_pins", PLACE), ("list_pins", {})):
        refused = await refusal(getattr(served.own(keys=pusher), call), **params)
        assert refused.code == "AccessDeniedException"
    await to_thread(served.own(keys=pinner).pin_image, **V1)
    elsewhere = await refusal(served.own(keys=pinner).pin_image, **{**V1, "repositoryName": "other/app"})
    assert elsewhere.code == "AccessDeniedException"
    assert (await refusal(served.own(keys=pinner).unpin_image, **V1)).code == "AccessDeniedException"
    answer = await to_thread(
        served.ecr(keys=pusher).batch_delete_image, repositoryName=NAME, imageIds=[{"imageTag": "v1"}]
    )
    assert answer["imageIds"] == []


async def test_attack_29_another_account_sees_no_pins(served: Served, ecr: "ECRClient") -> None:
    await push_image(ecr, NAME, "v1")
    await to_thread(served.own().pin_image, **V1)
    stranger = served.own(OTHER_ACCOUNT)
    assert (await to_thread(stranger.list_pins))["pins"] == []
    for call in (stranger.pin_image, stranger.unpin_image):
        assert (await refusal(call, **V1)).code == "RepositoryNotFoundException"


async def test_attack_44_a_pin_and_a_deletion_at_once_leave_one_of_the_two(
    served: Served, ecr: "ECRClient"
) -> None:
    for number in range(8):
        image = await push_image(ecr, NAME, "v1", content=f"layer {number}".encode())
        both: tuple[Any, ...] = await asyncio.gather(
            to_thread(served.own().pin_image, **PLACE, imageId={"imageDigest": image.digest}),
            to_thread(ecr.batch_delete_image, repositoryName=NAME, imageIds=[{"imageDigest": image.digest}]),
            return_exceptions=True,
        )
        pinned, deleted = both
        assert not isinstance(deleted, BaseException)
        assert isinstance(pinned, BaseException) is (deleted["failures"] == [])
        assert (image.digest in await pins(served)) is (deleted["imageIds"] == [])
