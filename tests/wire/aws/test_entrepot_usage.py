"""Reports of what clusters run, through the Entrepot API."""

from asyncio import to_thread
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from tests.unit.domain.lifecycle.builders import policy_text, rule
from tests.wire.aws.images import create, push_image, push_index
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served, bare, refusal
from tests.wire.aws.test_ecr_lifecycle import work
from tests.wire.aws.test_iam import policy

from entrepot.identity.credentials import IssuedKey

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

NAME = "team/app"
CLUSTER = f"arn:aws:entrepot:{REGION}:{ACCOUNT}:cluster/blue"
REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}"
ABSENT = "sha256:" + "0" * 64


@pytest.fixture(name="repository", autouse=True)
async def _repository(ecr: "ECRClient") -> str:
    return await create(ecr, NAME)


def image(digest: str, name: str = NAME, **members: str) -> dict[str, str]:
    return {"repositoryName": name, "imageDigest": digest, **members}


async def report(
    served: Served, *images: dict[str, str], keys: IssuedKey | None = None, **asked: Any
) -> dict[str, Any]:
    call = served.own(keys=keys).report_usage
    return bare(await to_thread(call, **{"clusterName": "blue", "images": list(images), **asked}))


async def usages(served: Served, **asked: Any) -> list[tuple[str, str]]:
    found = (await to_thread(served.own().list_usage, **asked))["usages"]
    return [(each["imageDigest"], each["clusterName"]) for each in found]


async def test_a_report_is_kept_for_a_day_and_listed(served: Served, ecr: "ECRClient") -> None:
    pushed = await push_image(ecr, NAME, "v1")
    answer = await report(served, image(pushed.digest), image(pushed.digest))
    said = answer["report"]
    assert said["expiresAt"] - said["reportedAt"] == timedelta(hours=24)
    assert answer == {
        "report": {
            "clusterName": "blue",
            "clusterArn": CLUSTER,
            "reportedBy": f"arn:aws:iam::{ACCOUNT}:root",
            "imageCount": 1,
            "reportedAt": said["reportedAt"],
            "expiresAt": said["expiresAt"],
        },
        "failures": [],
    }
    for asked in ({}, {"clusterNames": ["blue"]}):
        assert (await to_thread(served.own().describe_usage, **asked))["reports"] == [said]
    [usage] = (await to_thread(served.own().list_usage, repositoryName=NAME))["usages"]
    assert usage == {
        "registryId": ACCOUNT,
        **image(pushed.digest),
        "clusterName": "blue",
        "clusterArn": CLUSTER,
        "reportedAt": said["reportedAt"],
        "expiresAt": said["expiresAt"],
    }
    assert await usages(served, clusterName="blue") == [(pushed.digest, "blue")]
    await report(served)
    assert await usages(served, repositoryName=NAME) == []


async def test_a_lifecycle_policy_keeps_what_runs_and_says_where(served: Served, ecr: "ECRClient") -> None:
    child = await push_image(ecr, NAME, content=b"child")
    await push_index(ecr, NAME, child, tag="v1")
    for number in (2, 3):
        await push_image(ecr, NAME, f"v{number}", content=f"{number}".encode())
    await report(served, image(child.digest))
    text = policy_text(rule(newest=1))
    asked = {"repositoryName": NAME, "lifecyclePolicyText": text, "imageIds": [{"imageTag": "v1"}]}
    [decision] = (await to_thread(served.own().explain_lifecycle, **asked))["decisions"]
    assert decision["because"] == f"kept: its child {child.digest} is in use by cluster blue"
    await to_thread(ecr.put_lifecycle_policy, repositoryName=NAME, lifecyclePolicyText=text)
    await work(served)
    left = await to_thread(ecr.list_images, repositoryName=NAME)
    assert sorted(each.get("imageTag", "") for each in left["imageIds"]) == ["", "v1", "v3"]
    # A report is no vote on what people do.
    deleted = await to_thread(ecr.batch_delete_image, repositoryName=NAME, imageIds=[{"imageTag": "v1"}])
    assert deleted["failures"] == []


async def test_attack_27_a_reporter_names_only_what_it_may_pull(served: Served, ecr: "ECRClient") -> None:
    pushed = await push_image(ecr, NAME, "v1")
    await create(ecr, "secret/app")
    secret = await push_image(ecr, "secret/app", "v1")
    reporter = await served.add_user(
        "reporter",
        ACCOUNT,
        policy("entrepot:ReportUsage", resource=CLUSTER),
        policy("ecr:BatchGetImage", resource=REPOSITORY),
    )
    answer = await report(
        served,
        image(pushed.digest),
        image(secret.digest, "secret/app"),
        image(ABSENT),
        image("latest"),
        keys=reporter,
    )
    assert answer["report"]["imageCount"] == 1
    assert {each["failureCode"] for each in answer["failures"]} == {
        "ImageNotFound",
        "InvalidImageDigest",
        "RepositoryNotFound",
    }
    assert await usages(served, repositoryName="secret/app") == []
    refused = await refusal(served.own(keys=reporter).report_usage, clusterName="red", images=[])
    assert refused.code == "AccessDeniedException"


async def test_attack_30_a_hidden_repository_looks_as_one_that_is_not_there(
    served: Served, ecr: "ECRClient"
) -> None:
    await create(ecr, "secret/app")
    secret = await push_image(ecr, "secret/app", "v1")
    reporter = await served.add_user("reporter", ACCOUNT, policy("entrepot:ReportUsage"))
    answer = await report(
        served,
        image(secret.digest, "secret/app"),
        image(ABSENT, "secret/app"),
        image(secret.digest, "absent/app"),
        image(secret.digest, "absent/app", registryId="000000000000"),
        keys=reporter,
    )
    said = {(each["failureCode"], each["failureReason"]) for each in answer["failures"]}
    assert len(answer["failures"]) == 4
    assert said == {("RepositoryNotFound", "There is no such repository, or its images may not be pulled")}


async def test_another_account_reports_what_it_was_given(served: Served, ecr: "ECRClient") -> None:
    pushed = await push_image(ecr, NAME, "v1")
    theirs = image(pushed.digest, registryId=ACCOUNT)
    call = served.own(OTHER_ACCOUNT).report_usage
    answer = await to_thread(call, clusterName="blue", images=[theirs])
    assert answer["report"]["imageCount"] == 0
    text = orjson.dumps(
        {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": OTHER_ACCOUNT},
                    "Action": "ecr:BatchGetImage",
                }
            ]
        }
    ).decode()
    await to_thread(ecr.set_repository_policy, repositoryName=NAME, policyText=text)
    answer = await to_thread(call, clusterName="blue", images=[theirs])
    assert (answer["report"]["imageCount"], answer["failures"]) == (1, [])
    [usage] = (await to_thread(served.own().list_usage, repositoryName=NAME))["usages"]
    assert usage["clusterArn"] == f"arn:aws:entrepot:{REGION}:{OTHER_ACCOUNT}:cluster/blue"
    missing = await refusal(served.own().describe_usage, clusterNames=["blue"])
    assert (missing.code, missing.status) == ("ReportNotFoundException", 400)


async def test_attack_29_a_repository_that_is_closed_to_an_account_is_not_named_to_it_any_more(
    served: Served, ecr: "ECRClient"
) -> None:
    pushed = await push_image(ecr, NAME, "v1")
    statement = {"Effect": "Allow", "Principal": {"AWS": OTHER_ACCOUNT}, "Action": "ecr:BatchGetImage"}
    text = orjson.dumps({"Statement": [statement]}).decode()
    await to_thread(ecr.set_repository_policy, repositoryName=NAME, policyText=text)
    theirs = served.own(OTHER_ACCOUNT)
    await to_thread(
        theirs.report_usage, clusterName="blue", images=[image(pushed.digest, registryId=ACCOUNT)]
    )
    [usage] = (await to_thread(theirs.list_usage, clusterName="blue"))["usages"]
    assert (usage["registryId"], usage["repositoryName"]) == (ACCOUNT, NAME)

    await to_thread(ecr.delete_repository, repositoryName=NAME, force=True)
    renamed: Any = {"repositoryName": NAME, "newRepositoryName": "secret/plan"}
    await to_thread(served.own().restore_repository, **renamed)
    await to_thread(ecr.delete_repository_policy, repositoryName="secret/plan")

    assert (await to_thread(theirs.list_usage, clusterName="blue"))["usages"] == []


async def test_attack_29_a_list_takes_a_permission_on_what_it_lists(served: Served, ecr: "ECRClient") -> None:
    await report(served)
    reader = await served.add_user("reader", ACCOUNT, policy("entrepot:ListUsage", resource=REPOSITORY))
    own = served.own(keys=reader)
    assert (await to_thread(own.list_usage, repositoryName=NAME))["usages"] == []
    for call, asked in (
        (own.list_usage, {"clusterName": "blue"}),
        (own.list_usage, {"repositoryName": "other/app"}),
        (own.describe_usage, {}),
        (own.describe_usage, {"clusterNames": ["blue"]}),
    ):
        assert (await refusal(call, **asked)).code == "AccessDeniedException"


@pytest.mark.parametrize(
    "asked",
    [
        {"clusterName": ""},
        {"clusterName": "../x"},
        {"clusterName": "a" * 101},
        {"ttlSeconds": 59},
        {"ttlSeconds": 2_592_001},
        {"images": [image(ABSENT, "UPPER/case")]},
        {"images": [image(ABSENT, "a/../b")]},
        {"images": [image(ABSENT)] * 10_001},
        {"images": [image("x" * 141)]},
        {"images": [image(ABSENT, registryId="1")]},
        {"images": [image(ABSENT, f"team/{number}") for number in range(1001)]},
    ],
    ids=lambda asked: next(iter(asked)),
)
async def test_attack_40_a_report_is_bounded(served: Served, asked: dict[str, Any]) -> None:
    refused = await refusal(
        served.own().report_usage, **{"clusterName": "blue", "images": [image(ABSENT)], **asked}
    )
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)
    assert (await to_thread(served.own().describe_usage))["reports"] == []


async def test_attack_40_a_body_over_4_mib_is_not_read(served: Served) -> None:
    images = [image(ABSENT, "a" * 250, registryId=ACCOUNT)] * 12_000
    refused = await refusal(served.own().report_usage, clusterName="blue", images=images)
    assert (refused.code, refused.status) == ("RequestEntityTooLargeException", 413)


@pytest.mark.parametrize("asked", [{}, {"repositoryName": NAME, "clusterName": "blue"}])
async def test_a_list_is_of_a_repository_or_of_a_cluster(served: Served, asked: dict[str, str]) -> None:
    assert (await refusal(served.own().list_usage, **asked)).code == "InvalidParameterException"


async def test_names_exclude_pages(served: Served) -> None:
    refused = await refusal(served.own().describe_usage, clusterNames=["blue"], maxResults=5)
    assert refused.code == "InvalidParameterException"


async def test_the_audit_tells_of_a_report_once_and_names_no_images(served: Served, ecr: "ECRClient") -> None:
    pushed = await push_image(ecr, NAME, "v1")
    await report(served, image(pushed.digest))
    name = {"AttributeKey": "EventName", "AttributeValue": "ReportUsage"}
    [event] = (await to_thread(served.cloudtrail().lookup_events, LookupAttributes=[name]))["Events"]
    record = orjson.loads(event["CloudTrailEvent"])
    assert record["requestParameters"] == {"clusterName": "blue", "imageCount": 1}
