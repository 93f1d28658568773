"""Accounts and regions are apart: what one holds, the others can neither see nor guess."""

from asyncio import to_thread
from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served, refusal
from tests.wire.aws.test_ecr_repositories import MISSING_REPOSITORY

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

REGIONS = ["us-east-1", "cn-north-1", "us-gov-west-1", "onprem-1", "x", "a" * 32]


@pytest.mark.parametrize("region", REGIONS)
async def test_every_region_has_its_own_registry(ecr: "ECRClient", served: Served, region: str) -> None:
    await create(ecr, "team/app")
    there = served.ecr(region=region)
    assert (await to_thread(there.describe_repositories))["repositories"] == []

    created = (await to_thread(there.create_repository, repositoryName="team/app"))["repository"]

    partition = {"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}.get(region, "aws")
    assert created["repositoryArn"] == f"arn:{partition}:ecr:{region}:{ACCOUNT}:repository/team/app"


@pytest.mark.parametrize("region", ["-", "a" * 33, "eu-west-1-", "eu.west"])
async def test_a_region_that_could_be_no_host_name_is_refused(served: Served, region: str) -> None:
    answer = await served.ask("DescribeRepositories", region=region)
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")
    assert answer.message == f"Credential should be scoped to a valid region, not '{region}'. "


async def test_two_accounts_have_one_name_each(ecr: "ECRClient", served: Served) -> None:
    other = served.ecr(OTHER_ACCOUNT)
    await create(ecr, "team/app")
    await push_image(ecr, "team/app", "v1")

    theirs = (await to_thread(other.create_repository, repositoryName="team/app"))["repository"]

    assert theirs["registryId"] == OTHER_ACCOUNT
    assert theirs["repositoryUri"] == f"{OTHER_ACCOUNT}.dkr.ecr.eu-west-1.localhost:{served.port}/team/app"
    assert (await to_thread(other.list_images, repositoryName="team/app"))["imageIds"] == []


async def test_ones_own_registry_may_be_named(ecr: "ECRClient") -> None:
    await create(ecr, "team/app")
    answer = await to_thread(ecr.describe_repositories, registryId=ACCOUNT, repositoryNames=["team/app"])
    assert answer["repositories"][0]["registryId"] == ACCOUNT


IN_REGISTRY = [
    *MISSING_REPOSITORY,
    ("CreateRepository", {}),
]


@pytest.mark.parametrize(("operation", "params"), IN_REGISTRY, ids=[name for name, _ in IN_REGISTRY])
@pytest.mark.parametrize("name", ["team/secret", "team/absent"])
@pytest.mark.parametrize("account", [OTHER_ACCOUNT, "000000000000"])
async def test_another_accounts_registry_is_denied_whether_or_not_the_name_is_there(
    served: Served, operation: str, params: dict[str, object], name: str, account: str
) -> None:
    await create(served.ecr(OTHER_ACCOUNT), "team/secret")

    answer = await served.ask(operation, {"registryId": account, "repositoryName": name, **params})

    action = "BatchGetImage" if operation == "ListImageReferrers" else operation
    assert (answer.status, answer.code) == (400, "AccessDeniedException")
    assert answer.message == (
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: ecr:{action} on resource: "
        f"arn:aws:ecr:eu-west-1:{account}:repository/{name} because no resource-based policy allows the "
        f"ecr:{action} action"
    )


async def test_another_accounts_listing_is_denied(ecr: "ECRClient") -> None:
    refused = await refusal(ecr.describe_repositories, registryId=OTHER_ACCOUNT)
    assert (refused.code, refused.status) == ("AccessDeniedException", 400)
    assert refused.message.startswith(
        f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: ecr:DescribeRepositories on "
        f"resource: arn:aws:ecr:{REGION}:{OTHER_ACCOUNT}:repository/* "
    )


async def test_another_accounts_resource_tags_are_denied(ecr: "ECRClient", served: Served) -> None:
    created = await to_thread(served.ecr(OTHER_ACCOUNT).create_repository, repositoryName="team/secret")
    arn = created["repository"]["repositoryArn"]
    calls: list[tuple[Any, dict[str, Any]]] = [
        (ecr.list_tags_for_resource, {}),
        (ecr.tag_resource, {"tags": [{"Key": "a", "Value": "b"}]}),
        (ecr.untag_resource, {"tagKeys": ["a"]}),
    ]
    for call, params in calls:
        assert (await refusal(call, resourceArn=arn, **params)).code == "AccessDeniedException"


@pytest.mark.parametrize("account", ["", "1", "12345678901", "1234567890123", "12345678901x", ACCOUNT + "\n"])
async def test_a_registry_id_that_is_none_is_refused(served: Served, account: str) -> None:
    answer = await served.ask("DescribeRepositories", {"registryId": account})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


async def test_a_user_without_policies_may_do_nothing(served: Served) -> None:
    user = served.ecr(keys=await served.add_user("ci"))
    refused = await refusal(user.create_repository, repositoryName="team/app")
    assert refused.code == "AccessDeniedException"
    assert refused.message.endswith("because no identity-based policy allows the ecr:CreateRepository action")


async def test_the_registry_describes_itself(ecr: "ECRClient", served: Served) -> None:
    for account, client in ((ACCOUNT, ecr), (OTHER_ACCOUNT, served.ecr(OTHER_ACCOUNT))):
        answer = await to_thread(client.describe_registry)
        assert answer["registryId"] == account
        assert answer["replicationConfiguration"] == {"rules": []}
