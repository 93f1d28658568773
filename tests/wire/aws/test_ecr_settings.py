"""Account settings and resource tags through the ECR API."""

from asyncio import to_thread
from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served, bare, refusal

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"
INVALID_ARN = "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE"),
        ("REGISTRY_POLICY_SCOPE", "V2"),
        ("BLOB_MOUNTING", "ENABLED"),
    ],
)
async def test_a_setting_never_written_has_its_default(ecr: "ECRClient", name: str, value: str) -> None:
    answer = await to_thread(ecr.get_account_setting, name=name)
    assert bare(answer) == {"name": name, "value": value}


async def test_a_setting_is_written_for_one_account_and_region(ecr: "ECRClient", served: Served) -> None:
    put = await to_thread(ecr.put_account_setting, name="BLOB_MOUNTING", value="DISABLED")

    assert bare(put) == {"name": "BLOB_MOUNTING", "value": "DISABLED"}
    assert (await to_thread(ecr.get_account_setting, name="BLOB_MOUNTING"))["value"] == "DISABLED"
    for elsewhere in (served.ecr(OTHER_ACCOUNT), served.ecr(region="us-east-1")):
        assert (await to_thread(elsewhere.get_account_setting, name="BLOB_MOUNTING"))["value"] == "ENABLED"


@pytest.mark.parametrize("name", ["", "x", "x" * 65, "blob_mounting", "BLOB_MOUNTING\x00"])
async def test_a_name_that_is_no_setting_is_refused(ecr: "ECRClient", name: str) -> None:
    for refused in (
        await refusal(ecr.get_account_setting, name=name),
        await refusal(ecr.put_account_setting, name=name, value="ENABLED"),
    ):
        assert (refused.code, refused.status) == ("InvalidParameterException", 400)
        assert "'name'" in refused.message


@pytest.mark.parametrize(
    ("name", "value"),
    [("BLOB_MOUNTING", "enabled"), ("BASIC_SCAN_TYPE_VERSION", "CLAIR"), ("REGISTRY_POLICY_SCOPE", "V3")],
)
async def test_a_value_that_nothing_here_has_is_refused(ecr: "ECRClient", name: str, value: str) -> None:
    refused = await refusal(ecr.put_account_setting, name=name, value=value)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)
    assert refused.message.startswith(
        "Invalid parameter at 'value' failed to satisfy constraint: 'Member must satisfy enum value set: ["
    )


@pytest.fixture(name="repository")
async def _repository(ecr: "ECRClient") -> str:
    return await create(ecr, "team/app")


async def tags_of(ecr: "ECRClient") -> dict[str, str]:
    answer = await to_thread(ecr.list_tags_for_resource, resourceArn=ARN)
    return {tag["Key"]: tag["Value"] for tag in answer["tags"]}


@pytest.mark.usefixtures("repository")
class TestResourceTags:
    """The tags of one repository."""

    async def test_an_untagged_repository_has_an_empty_list(self, ecr: "ECRClient") -> None:
        assert bare(await to_thread(ecr.list_tags_for_resource, resourceArn=ARN)) == {"tags": []}

    async def test_tags_are_added_and_get_new_values(self, ecr: "ECRClient") -> None:
        first: Any = [{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": ""}]
        assert bare(await to_thread(ecr.tag_resource, resourceArn=ARN, tags=first)) == {}
        await to_thread(
            ecr.tag_resource, resourceArn=ARN, tags=[{"Key": "team", "Value": "b c+-=._:/@\u00e9"}]
        )
        assert await tags_of(ecr) == {"team": "b c+-=._:/@\u00e9", "Team": ""}

    async def test_tags_are_removed_and_absent_ones_may_be(self, ecr: "ECRClient") -> None:
        await to_thread(ecr.tag_resource, resourceArn=ARN, tags=[{"Key": "a", "Value": "1"}])
        assert bare(await to_thread(ecr.untag_resource, resourceArn=ARN, tagKeys=["a", "b"])) == {}
        assert await tags_of(ecr) == {}

    async def test_a_repository_has_fifty_tags_at_most(self, ecr: "ECRClient") -> None:
        fifty: Any = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
        await to_thread(ecr.tag_resource, resourceArn=ARN, tags=fifty)
        await to_thread(ecr.tag_resource, resourceArn=ARN, tags=[{"Key": "k0", "Value": "again"}])

        refused = await refusal(ecr.tag_resource, resourceArn=ARN, tags=[{"Key": "k50", "Value": ""}])

        assert (refused.code, refused.status) == ("TooManyTagsException", 400)
        assert refused.message == "The resource 'team/app' can have at most 50 tags"
        assert len(await tags_of(ecr)) == 50

    @pytest.mark.parametrize(
        "tag",
        [
            ("aws:mine", "x"),
            ("AWS:mine", "x"),
            ("", "x"),
            ("k" * 129, "x"),
            ("key", "v" * 257),
            ("key\x00", "x"),
            ("key", "\x00"),
            ("key\n", "x"),
            ("<key>", "x"),
            ("key", "\x1b[31m"),
        ],
        ids=range(10),
    )
    async def test_a_tag_that_aws_refuses_is_refused(self, ecr: "ECRClient", tag: tuple[str, str]) -> None:
        given: Any = [{"Key": "good", "Value": ""}, {"Key": tag[0], "Value": tag[1]}]
        refused = await refusal(ecr.tag_resource, resourceArn=ARN, tags=given)
        assert (refused.code, refused.status) == ("InvalidTagParameterException", 400)
        assert await tags_of(ecr) == {}

    async def test_a_key_given_twice_is_refused(self, ecr: "ECRClient") -> None:
        given: Any = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
        refused = await refusal(ecr.tag_resource, resourceArn=ARN, tags=given)
        assert (refused.code, refused.status) == ("InvalidTagParameterException", 400)

    @pytest.mark.parametrize("key", ["aws:mine", "", "a\x00", "k" * 129, "\U0001f600"], ids=range(5))
    async def test_attack_01_a_key_that_no_tag_can_have_is_not_removed(
        self, served: Served, key: str
    ) -> None:
        given = {"resourceArn": ARN, "tagKeys": [key]}
        answer = await served.ask("UntagResource", given)
        assert (answer.status, answer.code) == (400, "InvalidTagParameterException")

    async def test_a_hundred_thousand_keys_are_no_burden(self, served: Served) -> None:
        keys = [f"k{n}" for n in range(100_000)]
        assert (await served.ask("UntagResource", {"resourceArn": ARN, "tagKeys": keys})).status == 200


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "team/app",
        "arn",
        f"arn:aws:s3:{REGION}:{ACCOUNT}:repository/team/app",
        f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/app",
        f"arn:aws-cn:ecr:{REGION}:{ACCOUNT}:repository/team/app",
        f"arn:aws:ecr:{REGION}:{ACCOUNT}:image/team/app",
        f"arn:aws:ecr:{REGION}:1234:repository/team/app",
        f"arn:aws:ecr:{REGION}::repository/team/app",
        "arn:aws:ecr:../..:" + ACCOUNT + ":repository/team/app",
        "arn:" * 100_000,
    ],
    ids=range(11),
)
async def test_what_is_no_arn_of_this_region_is_refused(served: Served, arn: str) -> None:
    for operation, params in (("ListTagsForResource", {}), ("UntagResource", {"tagKeys": ["a"]})):
        answer = await served.ask(operation, {"resourceArn": arn, **params})
        assert (answer.status, answer.code, answer.message) == (400, "InvalidParameterException", INVALID_ARN)


async def test_a_missing_repository_has_no_tags(ecr: "ECRClient") -> None:
    refused = await refusal(ecr.list_tags_for_resource, resourceArn=ARN)
    assert (refused.code, refused.status) == ("RepositoryNotFoundException", 400)
