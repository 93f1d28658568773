"""The reasons of a lifecycle policy, through the Entrepot API."""

import json
from asyncio import to_thread
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.domain.lifecycle.builders import policy_text, rule
from tests.wire.aws.images import CONFIG, create, push_image
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served, refusal
from tests.wire.aws.test_ecr_lifecycle import work
from tests.wire.aws.test_iam import policy

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

NAME = "team/app"
TEXT = policy_text(rule(newest=1))
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}"


@pytest.fixture(name="repository", autouse=True)
async def _repository(ecr: "ECRClient") -> str:
    return await create(ecr, NAME)


async def explain(served: Served, text: str | None = TEXT, **asked: Any) -> dict[str, Any]:
    given = {} if text is None else {"lifecyclePolicyText": text}
    answer: dict[str, Any] = await to_thread(
        served.own().explain_lifecycle, repositoryName=NAME, **given, **asked
    )
    return answer


async def test_every_image_has_its_reason(served: Served, ecr: "ECRClient") -> None:
    old = await push_image(ecr, NAME, "v1", content=b"old")
    new = await push_image(ecr, NAME, "v2", content=b"new")
    answer = await explain(served)
    assert (answer["registryId"], answer["repositoryName"]) == (ACCOUNT, NAME)
    assert answer["lifecyclePolicyText"] == TEXT
    assert abs(datetime.now(UTC) - answer["evaluatedAt"]) < timedelta(minutes=1)
    first, second = answer["decisions"]
    assert {name: first[name] for name in ("imageDigest", "imageTags", "action", "reason", "becauseOf")} == {
        "imageDigest": old.digest,
        "imageTags": ["v1"],
        "action": "EXPIRE",
        "reason": "overCount",
        "becauseOf": [new.digest],
    }
    assert first["because"] == "rule 1: there are enough newer ones that the rule selects"
    assert (first["appliedRulePriority"], first["storageClass"]) == (1, "STANDARD")
    assert (second["imageDigest"], second["reason"]) == (new.digest, "withinCount")
    assert "action" not in second
    assert answer["summary"] == {
        "imageCount": 2,
        "expiringImageCount": 1,
        "transitioningImageCount": 0,
        "untaggedTagCount": 0,
        "pinnedImageCount": 0,
        "usedImageCount": 0,
        "expiringBytes": len(b"old") + len(CONFIG),
        "releasedBytes": len(b"old"),
        "freedBytes": len(b"old"),
    }


async def test_what_aws_would_refuse_is_told(served: Served) -> None:
    more = policy_text(
        rule(1, expressions=["a"], newest=1, action="untag"),
        rule(2, tag_status="untagged", days=9, since="sinceImagePulled"),
        rule(3, days=9),
    )
    assert (await explain(served, more))["summary"]["notes"] == [
        "rule 1: AWS has no tagRegexList",
        "rule 1: AWS has no action untag",
        "rule 2: AWS refuses expire with sinceImagePulled",
    ]


async def test_bytes_that_another_repository_has_are_not_freed(served: Served, ecr: "ECRClient") -> None:
    await create(ecr, "other/app")
    await push_image(ecr, NAME, "v1", content=b"shared")
    await push_image(ecr, "other/app", "v1", content=b"shared")
    await push_image(ecr, NAME, "v2", content=b"alone")
    await push_image(ecr, NAME, "v3", content=b"new")
    assert (await explain(served))["summary"]["freedBytes"] == len(b"alone")


async def test_attack_24_what_another_account_has_is_not_told(served: Served, ecr: "ECRClient") -> None:
    theirs = served.ecr(OTHER_ACCOUNT)
    await create(theirs, "other/app")
    await push_image(theirs, "other/app", "v1", content=b"shared")
    await push_image(ecr, NAME, "v1", content=b"shared")
    await push_image(ecr, NAME, "v2", content=b"new")
    assert (await explain(served))["summary"]["freedBytes"] == len(b"shared")


async def test_attack_24_what_another_repository_has_is_told_to_who_may_ask_for_the_registry(
    served: Served, ecr: "ECRClient"
) -> None:
    """With a layer that one has, one could ask whether another repository has it."""
    await create(ecr, "secret/app")
    await push_image(ecr, "secret/app", content=b"a guess")
    await push_image(ecr, NAME, "v1", content=b"a guess")
    await push_image(ecr, NAME, "v2", content=b"new")
    keys = await served.add_user("eve", ACCOUNT, policy("entrepot:*", resource=ARN))
    asked: Any = {"repositoryName": NAME, "lifecyclePolicyText": TEXT}
    told = (await to_thread(served.own(keys=keys).explain_lifecycle, **asked))["summary"]
    assert told["releasedBytes"] == len(b"a guess")
    assert "freedBytes" not in told


async def test_the_repositorys_own_policy_is_explained_without_one(served: Served, ecr: "ECRClient") -> None:
    refused = await refusal(served.own().explain_lifecycle, repositoryName=NAME)
    assert (refused.code, refused.status) == ("LifecyclePolicyNotFoundException", 400)
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=TEXT)
    answer = await explain(served, None)
    assert json.loads(answer["lifecyclePolicyText"]) == json.loads(TEXT)


async def test_a_pin_is_told_with_who_and_why(served: Served, ecr: "ECRClient") -> None:
    await push_image(ecr, NAME, "v1", content=b"old")
    await push_image(ecr, NAME, "v2", content=b"new")
    await to_thread(
        served.own().pin_image, repositoryName=NAME, imageId={"imageTag": "v1"}, reason="customer 7"
    )
    answer = await explain(served)
    assert answer["decisions"][0]["reason"] == "pinned"
    assert answer["decisions"][0]["because"] == f"kept: pinned by arn:aws:iam::{ACCOUNT}:root: customer 7"
    assert answer["summary"]["pinnedImageCount"] == 1


async def test_pages_are_of_one_time_and_leave_nothing_out(served: Served, ecr: "ECRClient") -> None:
    for number in range(5):
        await push_image(ecr, NAME, f"v{number}", content=f"{number}".encode())
    first = await explain(served, maxResults=2)
    await push_image(ecr, NAME, "late", content=b"late")
    second = await explain(served, maxResults=2, nextToken=first["nextToken"])
    assert second["evaluatedAt"] == first["evaluatedAt"]
    assert "summary" not in second
    third = await explain(served, maxResults=9, nextToken=second["nextToken"])
    pages = [first, second, third]
    found = [each["imageTags"][0] for page in pages for each in page["decisions"]]
    assert found[:5] == [f"v{number}" for number in range(5)]
    assert "nextToken" not in third
    paginator = served.own().get_paginator("explain_lifecycle")
    whole = await to_thread(
        lambda: paginator.paginate(
            repositoryName=NAME, lifecyclePolicyText=TEXT, PaginationConfig={"PageSize": 2}
        ).build_full_result()
    )
    assert len(whole["decisions"]) == 6
    assert whole["summary"]["imageCount"] == 6


async def test_images_are_named_without_pages(served: Served, ecr: "ECRClient") -> None:
    await push_image(ecr, NAME, "v1", content=b"old")
    await push_image(ecr, NAME, "v2", content=b"new")
    answer = await explain(served, imageIds=[{"imageTag": "v1"}])
    assert [each["imageTags"] for each in answer["decisions"]] == [["v1"]]
    named: dict[str, Any] = {"repositoryName": NAME, "lifecyclePolicyText": TEXT}
    for asked, code in (
        ({"imageIds": [{"imageTag": "gone"}]}, "ImageNotFoundException"),
        ({"imageIds": [{"imageTag": "v1"}], "maxResults": 5}, "InvalidParameterException"),
        ({"imageIds": [{}]}, "InvalidParameterException"),
        ({"nextToken": "eA=="}, "InvalidParameterException"),
        ({"lifecyclePolicyText": "{}"}, "InvalidParameterException"),
        ({"repositoryName": "gone/app"}, "RepositoryNotFoundException"),
    ):
        assert (await refusal(served.own().explain_lifecycle, **{**named, **asked})).code == code


async def test_rules_over_tags_are_told_and_carried_out(served: Served, ecr: "ECRClient") -> None:
    await push_image(ecr, NAME, "b-1", "v1", content=b"old")
    await push_image(ecr, NAME, "b-2", content=b"new")
    text = policy_text(rule(expressions=[r"b-\d+"], newest=1, action="untag"))
    answer = await explain(served, text)
    [tag] = answer["decisions"][0]["tags"]
    assert (tag["imageTag"], tag["isRemoved"], tag["reason"]) == ("b-1", True, "overCount")
    assert answer["summary"]["untaggedTagCount"] == 1
    put = await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=text)
    assert json.loads(put["lifecyclePolicyText"]) == json.loads(text)
    await work(served)
    left = await to_thread(ecr.list_images, repositoryName=NAME)
    assert sorted(each["imageTag"] for each in left["imageIds"]) == ["b-2", "v1"]
    name = {"AttributeKey": "EventName", "AttributeValue": "PolicyExecutionEvent"}
    [event] = (await to_thread(served.cloudtrail().lookup_events, LookupAttributes=[name]))["Events"]
    details = json.loads(event["CloudTrailEvent"])["serviceEventDetails"]
    [action] = details["lifecycleEventImageActions"]
    assert (action["lifecycleEventImage"]["tagList"], action["rulePriority"]) == (["b-1"], 1)
    [told] = details["lifecycleEventPolicy"]["lifecycleEventRules"]
    assert told["action"] == "untag"
    assert told["lifecycleEventSelection"]["tagRegexList"] == [r"b-\d+"]


async def test_attack_22_an_immutable_tag_stays(served: Served, ecr: "ECRClient") -> None:
    await push_image(ecr, NAME, "b-1", content=b"old")
    await push_image(ecr, NAME, "b-2", content=b"new")
    await to_thread(ecr.put_image_tag_mutability, repositoryName=NAME, imageTagMutability="IMMUTABLE")
    text = policy_text(rule(prefixes=["b-"], newest=1, action="untag"))
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=text)
    await work(served)
    left = await to_thread(ecr.list_images, repositoryName=NAME)
    assert sorted(each["imageTag"] for each in left["imageIds"]) == ["b-1", "b-2"]


async def test_attack_23_an_explanation_takes_a_permission_on_the_repository(
    served: Served, ecr: "ECRClient"
) -> None:
    reader = await served.add_user("reader", ACCOUNT, policy("ecr:*"))
    allowed = await served.add_user("allowed", ACCOUNT, policy("entrepot:ExplainLifecycle", resource=ARN))
    asked = {"repositoryName": NAME, "lifecyclePolicyText": TEXT}
    refused = await refusal(served.own(keys=reader).explain_lifecycle, **asked)
    assert refused.code == "AccessDeniedException"
    assert (await to_thread(served.own(keys=allowed).explain_lifecycle, **asked))["decisions"] == []
    stranger = await refusal(served.own(OTHER_ACCOUNT).explain_lifecycle, **asked)
    assert stranger.code == "RepositoryNotFoundException"
