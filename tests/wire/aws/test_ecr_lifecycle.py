"""Lifecycle policies, their previews and pull-time exclusions through the ECR API."""

import asyncio
import json
from asyncio import to_thread
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.domain.lifecycle.builders import policy_text, rule
from tests.wire.aws.images import create, push_image, push_index
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, bare, refusal
from tests.wire.aws.test_iam import policy, user

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

NAME = "team/app"
PLACE = {"registryId": ACCOUNT, "repositoryName": NAME}
TEXT = json.dumps(json.loads(policy_text(rule(newest=1))), indent=4)
MINIFIED = json.dumps(json.loads(TEXT), separators=(",", ":"))
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
ARCHIVE = policy_text(rule(newest=1, action="transition"))
SCANNER = f"arn:aws:iam::{ACCOUNT}:user/scanner"


@pytest.fixture(name="repository", autouse=True)
async def _repository(ecr: "ECRClient") -> str:
    return await create(ecr, NAME)


async def work(served: Served) -> None:
    """Run the jobs that are due, as the worker does."""
    while await served.runner.run_due():
        pass


async def preview(served: Served, ecr: "ECRClient", text: str = TEXT, **params: Any) -> dict[str, Any]:
    """A finished preview, as it is answered to these parameters."""
    await to_thread(ecr.start_lifecycle_policy_preview, repositoryName=NAME, lifecyclePolicyText=text)
    await work(served)
    return bare(await to_thread(ecr.get_lifecycle_policy_preview, repositoryName=NAME, **params))


async def test_a_policy_is_kept_minified_until_it_is_deleted(ecr: "ECRClient") -> None:
    put = await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=TEXT)
    assert bare(put) == {**PLACE, "lifecyclePolicyText": MINIFIED}
    for answer in (
        await to_thread(ecr.get_lifecycle_policy, repositoryName=NAME, registryId=ACCOUNT),
        await to_thread(ecr.delete_lifecycle_policy, repositoryName=NAME),
    ):
        assert bare(answer) == {**PLACE, "lifecyclePolicyText": MINIFIED, "lastEvaluatedAt": NEVER}
    for call in (
        ecr.get_lifecycle_policy,
        ecr.delete_lifecycle_policy,
        ecr.start_lifecycle_policy_preview,
    ):
        refused = await refusal(call, repositoryName=NAME)
        assert (refused.code, refused.status) == ("LifecyclePolicyNotFoundException", 400)
        assert refused.message == (
            f"Lifecycle policy does not exist for the repository with name '{NAME}' in the registry with id "
            f"'{ACCOUNT}'"
        )


async def test_a_policy_is_carried_out(served: Served, ecr: "ECRClient") -> None:
    for number in range(3):
        await push_image(ecr, NAME, f"v{number}", content=f"layer {number}".encode())
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=TEXT)
    before = datetime.now(UTC) - timedelta(seconds=1)
    await work(served)
    left = await to_thread(ecr.list_images, repositoryName=NAME)
    assert [image["imageTag"] for image in left["imageIds"]] == ["v2"]
    kept = await to_thread(ecr.get_lifecycle_policy, repositoryName=NAME)
    assert kept["lastEvaluatedAt"] >= before


async def test_what_a_policy_deleted_is_looked_up_in_the_audit(served: Served, ecr: "ECRClient") -> None:
    old = await push_image(ecr, NAME, "v1", content=b"old")
    await push_image(ecr, NAME, "v2", content=b"new")
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=TEXT)
    await work(served)
    name = {"AttributeKey": "EventName", "AttributeValue": "PolicyExecutionEvent"}
    answer = await to_thread(served.cloudtrail().lookup_events, LookupAttributes=[name])
    (event,) = answer["Events"]
    assert event["Resources"] == [{"ResourceType": "AWS::ECR::Repository", "ResourceName": NAME}]
    details = json.loads(event["CloudTrailEvent"])["serviceEventDetails"]
    (action,) = details["lifecycleEventImageActions"]
    assert (action["lifecycleEventImage"]["digest"], action["rulePriority"]) == (old.digest, 1)


async def test_what_a_preview_found_is_looked_up_in_the_audit(served: Served, ecr: "ECRClient") -> None:
    old = await push_image(ecr, NAME, "v1", content=b"old")
    await push_image(ecr, NAME, "v2", content=b"new")
    await preview(served, ecr)
    name = {"AttributeKey": "EventName", "AttributeValue": "DryRunEvent"}
    answer = await to_thread(served.cloudtrail().lookup_events, LookupAttributes=[name])
    (event,) = answer["Events"]
    record = json.loads(event["CloudTrailEvent"])
    assert (record["eventType"], record["readOnly"]) == ("AwsServiceEvent", True)
    (action,) = record["serviceEventDetails"]["lifecycleEventImageActions"]
    assert (action["lifecycleEventImage"]["digest"], action["rulePriority"]) == (old.digest, 1)


async def test_the_seconds_of_the_last_evaluation_are_a_number(served: Served, ecr: "ECRClient") -> None:
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=TEXT)
    answer = await served.ask("GetLifecyclePolicy", {"repositoryName": NAME})
    assert answer.document["lastEvaluatedAt"] == 0.0


async def test_a_preview_has_its_text_and_what_would_be_done(served: Served, ecr: "ECRClient") -> None:
    child = await push_image(ecr, NAME, content=b"child")
    await push_index(ecr, NAME, child, tag="index")
    old = await push_image(ecr, NAME, "v1", "w1", content=b"old")
    await push_image(ecr, NAME, "v2", content=b"new")
    started = await to_thread(
        ecr.start_lifecycle_policy_preview, repositoryName=NAME, lifecyclePolicyText=TEXT
    )
    assert bare(started) == {**PLACE, "lifecyclePolicyText": TEXT, "status": "IN_PROGRESS"}
    waiting = bare(await to_thread(ecr.get_lifecycle_policy_preview, repositoryName=NAME))
    assert waiting == {
        **PLACE,
        "lifecyclePolicyText": TEXT,
        "status": "IN_PROGRESS",
        "previewResults": [],
    }
    await work(served)
    answer = bare(await to_thread(ecr.get_lifecycle_policy_preview, repositoryName=NAME))
    results: Any = answer.pop("previewResults")
    index, result = results
    assert answer == {
        **PLACE,
        "lifecyclePolicyText": TEXT,
        "status": "COMPLETE",
        "summary": {"expiringImageTotalCount": 2},
    }
    assert (index["imageTags"], result["imageDigest"]) == (["index"], old.digest)
    described = await to_thread(ecr.describe_images, repositoryName=NAME, imageIds=[{"imageTag": "v1"}])
    assert result == {
        "imageDigest": old.digest,
        "imageTags": ["v1", "w1"],
        "imagePushedAt": described["imageDetails"][0]["imagePushedAt"],
        "action": {"type": "EXPIRE"},
        "appliedRulePriority": 1,
        "storageClass": "STANDARD",
    }
    assert len((await to_thread(ecr.describe_images, repositoryName=NAME))["imageDetails"]) == 4


async def test_a_preview_that_finds_nothing_has_an_empty_list_and_a_count(
    served: Served, ecr: "ECRClient"
) -> None:
    assert await preview(served, ecr) == {
        **PLACE,
        "lifecyclePolicyText": TEXT,
        "status": "COMPLETE",
        "previewResults": [],
        "summary": {"expiringImageTotalCount": 0},
    }


async def test_a_preview_of_a_transition_counts_it_apart(served: Served, ecr: "ECRClient") -> None:
    for number in range(3):
        await push_image(ecr, NAME, f"v{number}", content=f"layer {number}".encode())
    answer = await preview(served, ecr, ARCHIVE)
    assert answer["summary"] == {
        "expiringImageTotalCount": 0,
        "transitioningImageTotalCounts": [{"targetStorageClass": "ARCHIVE", "imageTotalCount": 2}],
    }
    assert answer["previewResults"][0]["action"] == {
        "type": "TRANSITION",
        "targetStorageClass": "ARCHIVE",
    }


async def test_a_policy_that_archives_is_carried_out(served: Served, ecr: "ECRClient") -> None:
    for number in range(3):
        await push_image(ecr, NAME, f"v{number}", content=f"layer {number}".encode())
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=ARCHIVE)
    await work(served)
    wanted: dict[Any, list[str]] = {"ACTIVE": ["v2"], "ARCHIVED": ["v0", "v1"]}
    for status, tags in wanted.items():
        listed = await to_thread(ecr.list_images, repositoryName=NAME, filter={"imageStatus": status})
        assert sorted(image["imageTag"] for image in listed["imageIds"]) == tags
    answer = await preview(served, ecr, ARCHIVE)
    assert answer["summary"] == {"expiringImageTotalCount": 0}


async def test_a_transition_is_looked_up_in_the_audit(served: Served, ecr: "ECRClient") -> None:
    old = await push_image(ecr, NAME, "v1", content=b"old")
    await push_image(ecr, NAME, "v2", content=b"new")
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=ARCHIVE)
    await work(served)
    await work(served)
    trail = served.cloudtrail()
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "PolicyExecutionEvent"}]
    (event,) = (await to_thread(trail.lookup_events, LookupAttributes=wanted))["Events"]
    details = json.loads(event["CloudTrailEvent"])["serviceEventDetails"]
    assert details["lifecycleEventPolicy"]["lifecycleEventRules"][0]["action"] == "transition"
    (action,) = details["lifecycleEventImageActions"]
    assert action["lifecycleEventImage"]["digest"] == old.digest


async def test_the_repositorys_own_policy_is_previewed_without_a_text(
    served: Served, ecr: "ECRClient"
) -> None:
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=TEXT)
    started = await to_thread(ecr.start_lifecycle_policy_preview, repositoryName=NAME)
    assert started["lifecyclePolicyText"] == MINIFIED


async def test_only_one_preview_at_a_time(ecr: "ECRClient") -> None:
    asked: dict[str, Any] = {"repositoryName": NAME, "lifecyclePolicyText": TEXT}
    await to_thread(ecr.start_lifecycle_policy_preview, **asked)
    refused = await refusal(ecr.start_lifecycle_policy_preview, **asked)
    assert (refused.code, refused.status) == ("LifecyclePolicyPreviewInProgressException", 400)


async def test_a_repository_without_a_preview_says_so(ecr: "ECRClient") -> None:
    refused = await refusal(ecr.get_lifecycle_policy_preview, repositoryName=NAME)
    assert (refused.code, refused.status) == ("LifecyclePolicyPreviewNotFoundException", 400)


async def test_the_waiter_and_the_paginator_of_botocore_work(served: Served, ecr: "ECRClient") -> None:
    for number in range(6):
        await push_image(ecr, NAME, f"v{number}", content=f"layer {number}".encode())
    await to_thread(ecr.start_lifecycle_policy_preview, repositoryName=NAME, lifecyclePolicyText=TEXT)
    waiter = ecr.get_waiter("lifecycle_policy_preview_complete")
    waiting = asyncio.create_task(
        to_thread(waiter.wait, repositoryName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    )
    await work(served)
    await waiting
    pages = ecr.get_paginator("get_lifecycle_policy_preview").paginate(
        repositoryName=NAME, PaginationConfig={"PageSize": 2}
    )
    found = await to_thread(lambda: [(len(page["previewResults"]), page["summary"]) for page in pages])
    assert found == [(2, {"expiringImageTotalCount": 5})] * 2 + [(1, {"expiringImageTotalCount": 5})]


@pytest.mark.parametrize(
    ("status", "tags"), [("TAGGED", [["v1"]]), ("UNTAGGED", [[]]), ("ANY", [[], ["v1"]])]
)
async def test_results_are_filtered(
    served: Served, ecr: "ECRClient", status: str, tags: list[list[str]]
) -> None:
    await push_image(ecr, NAME, content=b"untagged")
    await push_image(ecr, NAME, "v1", content=b"tagged")
    await push_image(ecr, NAME, "v2", content=b"newest")
    answer = await preview(served, ecr, filter={"tagStatus": status})
    assert [result.get("imageTags", []) for result in answer["previewResults"]] == tags


async def test_results_of_images_by_name(served: Served, ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1", content=b"old")
    await push_image(ecr, NAME, "v2", content=b"new")
    ids = [{"imageTag": "v1"}, {"imageDigest": image.digest}, {"imageTag": "v2"}, {"imageTag": "absent"}]
    answer = await preview(served, ecr, imageIds=ids)
    assert [result["imageDigest"] for result in answer["previewResults"]] == [image.digest]
    refused = await refusal(
        ecr.get_lifecycle_policy_preview,
        repositoryName=NAME,
        imageIds=[{"imageTag": "v1"}],
        maxResults=5,
    )
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)


@pytest.mark.parametrize("ids", [[{}], [], [{"imageTag": "a"}] * 101, [{"imageDigest": "sha256:../x"}]])
async def test_attack_40_images_that_cannot_be_named(served: Served, ecr: "ECRClient", ids: Any) -> None:
    await preview(served, ecr)
    refused = await refusal(ecr.get_lifecycle_policy_preview, repositoryName=NAME, imageIds=ids)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)


@pytest.mark.parametrize(
    "params",
    [
        {"maxResults": 0},
        {"maxResults": 101},
        {"maxResults": -1},
        {"nextToken": "x"},
    ],
)
async def test_attack_40_pages_that_cannot_be(
    served: Served, ecr: "ECRClient", params: dict[str, Any]
) -> None:
    await preview(served, ecr)
    refused = await refusal(ecr.get_lifecycle_policy_preview, repositoryName=NAME, **params)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)


async def test_attack_40_a_forged_token_reaches_no_other_repository(served: Served, ecr: "ECRClient") -> None:
    for number in range(3):
        await push_image(ecr, NAME, f"v{number}", content=f"layer {number}".encode())
    token = (await preview(served, ecr, maxResults=1))["nextToken"]
    await create(ecr, "team/other")
    await to_thread(ecr.start_lifecycle_policy_preview, repositoryName="team/other", lifecyclePolicyText=TEXT)
    await work(served)
    refused = await refusal(ecr.get_lifecycle_policy_preview, repositoryName="team/other", nextToken=token)
    assert refused.code == "InvalidParameterException"


_REFUSED = [
    (
        policy_text(rule(newest=0)),
        "numeric instance is lower than the required minimum (minimum: 1, found: 0)\n",
    ),
    (
        policy_text(rule(1, newest=1), rule(2, prefixes=["v"], newest=1)),
        "Rule for tagStatus=ANY must have the lowest priority per storage class",
    ),
    ("no JSON".ljust(100), "Could not map policyString into LifecyclePolicy."),
    (
        '{"rules": {}}'.ljust(100),
        'instance type (object) does not match any allowed primitive type (allowed: ["array"])\n',
    ),
]


@pytest.mark.parametrize(("text", "detail"), _REFUSED)
async def test_a_text_that_is_no_policy_is_refused_in_ecrs_words(
    ecr: "ECRClient", text: str, detail: str
) -> None:
    for call in (ecr.put_lifecycle_policy, ecr.start_lifecycle_policy_preview):
        refused = await refusal(call, repositoryName=NAME, lifecyclePolicyText=text)
        assert (refused.code, refused.status) == ("InvalidParameterException", 400)
        assert refused.message == (
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            f"'Lifecycle policy validation failure: {detail}'"
        )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "must have length greater than or equal to 100"),
        (TEXT.ljust(30_721), "must have length less than or equal to 30720"),
    ],
)
async def test_attack_41_a_text_too_long_is_refused(ecr: "ECRClient", text: str, reason: str) -> None:
    refused = await refusal(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=text)
    assert refused.message == (
        f"Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: '{reason}'"
    )


async def test_attack_41_the_longest_policy_is_taken(served: Served, ecr: "ECRClient") -> None:
    rules = [rule(n, patterns=["*a*a*", *(f"{n}*{k}*" for k in range(40))], days=1) for n in range(1, 50)]
    text = policy_text(*rules, rule(50, newest=1))
    await push_image(ecr, NAME, "a" * 128)
    assert 10_000 < len(text) <= 30_720
    assert (await preview(served, ecr, text))["status"] == "COMPLETE"
    longest = text.ljust(30_720)
    put = await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=longest)
    assert len(json.loads(put["lifecyclePolicyText"])["rules"]) == 50


async def test_a_policy_goes_with_its_repository(served: Served, ecr: "ECRClient") -> None:
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=TEXT)
    await preview(served, ecr)
    await to_thread(ecr.delete_repository, repositoryName=NAME)
    await create(ecr, NAME)
    assert (await refusal(ecr.get_lifecycle_policy, repositoryName=NAME)).code == (
        "LifecyclePolicyNotFoundException"
    )
    assert (await refusal(ecr.get_lifecycle_policy_preview, repositoryName=NAME)).code == (
        "LifecyclePolicyPreviewNotFoundException"
    )


_OPERATIONS: dict[str, dict[str, str]] = {
    "PutLifecyclePolicy": {"lifecyclePolicyText": TEXT},
    "GetLifecyclePolicy": {},
    "DeleteLifecyclePolicy": {},
    "StartLifecyclePolicyPreview": {"lifecyclePolicyText": TEXT},
    "GetLifecyclePolicyPreview": {},
}


@pytest.mark.parametrize("operation", _OPERATIONS)
async def test_attack_30_a_forbidden_repository_looks_like_an_unknown_one(
    served: Served, ecr: "ECRClient", operation: str
) -> None:
    keys = await user(served.iam(), "reader", policy("ecr:DescribeRegistry"))
    messages = []
    for name in (NAME, "team/none"):
        answer = await served.ask(operation, {"repositoryName": name, **_OPERATIONS[operation]}, keys=keys)
        assert (answer.status, answer.code) == (400, "AccessDeniedException")
        messages.append(answer.message.replace(name, "…"))
    assert messages[0] == messages[1]
    assert f"ecr:{operation}" in messages[0]


@pytest.mark.parametrize("operation", _OPERATIONS)
async def test_attack_23_each_operation_needs_its_own_permission(served: Served, operation: str) -> None:
    others = [f"ecr:{name}" for name in _OPERATIONS if name != operation]
    keys = await user(served.iam(), "one", policy(f"ecr:{operation}"))
    more = await user(served.iam(), "others", policy(*others, "ecr:BatchDeleteImage", "ecr:DescribeImages"))
    asked = {"repositoryName": NAME, **_OPERATIONS[operation]}
    assert (await served.ask(operation, asked, keys=more)).code == "AccessDeniedException"
    assert (await served.ask(operation, asked, keys=keys)).code != "AccessDeniedException"


async def test_attack_29_results_of_a_preview_are_those_of_one_repository(
    served: Served, ecr: "ECRClient"
) -> None:
    other = served.ecr(OTHER_ACCOUNT)
    await create(other, NAME)
    for client in (ecr, other):
        for number in range(2):
            await push_image(client, NAME, f"v{number}", content=f"{id(client)} {number}".encode())
    mine = await preview(served, ecr)
    theirs = await preview(served, other)
    assert mine["previewResults"][0]["imageDigest"] != theirs["previewResults"][0]["imageDigest"]
    refused = await refusal(other.get_lifecycle_policy_preview, registryId=ACCOUNT, repositoryName=NAME)
    assert refused.code == "AccessDeniedException"


async def test_exclusions_are_registered_listed_and_taken_away(ecr: "ECRClient", served: Served) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    added = bare(await to_thread(ecr.register_pull_time_update_exclusion, principalArn=SCANNER))
    assert added.pop("createdAt") >= before  # type: ignore[operator]
    assert added == {"principalArn": SCANNER}
    again = await refusal(ecr.register_pull_time_update_exclusion, principalArn=SCANNER)
    assert (again.code, again.status) == ("ExclusionAlreadyExistsException", 400)
    listed = bare(await to_thread(ecr.list_pull_time_update_exclusions))
    assert listed == {"pullTimeUpdateExclusions": [SCANNER]}
    for client in (served.ecr(OTHER_ACCOUNT), served.ecr(region="us-east-1")):
        elsewhere = bare(await to_thread(client.list_pull_time_update_exclusions))
        assert elsewhere == {"pullTimeUpdateExclusions": []}
    removed = bare(await to_thread(ecr.deregister_pull_time_update_exclusion, principalArn=SCANNER))
    assert removed == {"principalArn": SCANNER}
    gone = await refusal(ecr.deregister_pull_time_update_exclusion, principalArn=SCANNER)
    assert (gone.code, gone.status) == ("ExclusionNotFoundException", 400)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "scanner",
        f"arn:aws:iam::{ACCOUNT}:root",
        f"arn:aws:iam::{ACCOUNT}:group/a",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b",
        f"arn:aws:iam::{ACCOUNT}:user/",
        f"arn:aws:iam::{ACCOUNT}:user/a\n",
        f"arn:aws:iam::{ACCOUNT}:user/{'a' * 200}",
    ],
)
async def test_attack_1_an_exclusion_of_nobody_is_refused(ecr: "ECRClient", arn: str) -> None:
    refused = await refusal(ecr.register_pull_time_update_exclusion, principalArn=arn)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)


async def test_attack_40_exclusions_come_in_pages(ecr: "ECRClient") -> None:
    arns = [f"arn:aws:iam::{ACCOUNT}:role/{n}" for n in range(5)]
    for arn in reversed(arns):
        await to_thread(ecr.register_pull_time_update_exclusion, principalArn=arn)
    pages = ecr.list_pull_time_update_exclusions
    first = await to_thread(pages, maxResults=3)
    rest = await to_thread(pages, maxResults=3, nextToken=first["nextToken"])
    assert first["pullTimeUpdateExclusions"] + rest["pullTimeUpdateExclusions"] == arns
    assert "nextToken" not in rest
    for params in ({"maxResults": 0}, {"maxResults": 1001}, {"nextToken": "x"}):
        refused = await refusal(pages, **params)
        assert (refused.code, refused.status) == ("InvalidParameterException", 400)


async def test_pulls_of_an_excluded_user_leave_the_last_pull(served: Served, ecr: "ECRClient") -> None:
    image = await push_image(ecr, NAME, "v1")
    keys = await user(served.iam(), "scanner", policy("ecr:*"))
    await to_thread(ecr.register_pull_time_update_exclusion, principalArn=SCANNER)
    ids: Any = [{"imageDigest": image.digest}]

    async def last_pull() -> datetime | None:
        await served.pull_times.flush()
        described = await to_thread(ecr.describe_images, repositoryName=NAME, imageIds=ids)
        return described["imageDetails"][0].get("lastRecordedPullTime")

    await to_thread(served.ecr(keys=keys).batch_get_image, repositoryName=NAME, imageIds=ids)
    assert await last_pull() is None
    await to_thread(ecr.batch_get_image, repositoryName=NAME, imageIds=ids)
    assert await last_pull() is not None
