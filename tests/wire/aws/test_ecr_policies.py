"""Policies of repositories and registries through the ECR API."""

import json
from asyncio import to_thread
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.aws.images import create
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, Served, bare, refusal
from tests.wire.aws.test_iam import policy, user

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

NAME = "team/app"
PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PLACE = {"registryId": ACCOUNT, "repositoryName": NAME}
OTHER_ROOT = {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}

GIVEN = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"let them pull","Effect":"Allow","Principal":"*",'
    '"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}'
)
KEPT = """{
  "Version" : "2012-10-17",
  "Statement" : [ {
    "Sid" : "let them pull",
    "Effect" : "Allow",
    "Principal" : "*",
    "Action" : [ "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer" ]
  } ]
}"""


def grant(principal: object, *actions: str, effect: str = "Allow", **more: object) -> str:
    """A policy of a repository or registry with one statement."""
    statement = {"Effect": effect, "Principal": principal, "Action": list(actions), **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def writers(ecr: "ECRClient") -> list[tuple[str, Callable[..., object], dict[str, str]]]:
    """What a policy is of, the call that writes it, and the call's other parameters."""
    return [
        ("repository", ecr.set_repository_policy, {"repositoryName": NAME}),
        ("registry", ecr.put_registry_policy, {}),
    ]


@pytest.fixture(name="repository", autouse=True)
async def _repository(ecr: "ECRClient") -> str:
    return await create(ecr, NAME)


async def test_a_repositorys_policy_is_kept_as_ecr_writes_it_until_it_is_deleted(ecr: "ECRClient") -> None:
    for answer in (
        await to_thread(ecr.set_repository_policy, repositoryName=NAME, policyText=GIVEN),
        await to_thread(ecr.get_repository_policy, repositoryName=NAME, registryId=ACCOUNT),
        await to_thread(ecr.delete_repository_policy, repositoryName=NAME),
    ):
        assert bare(answer) == {**PLACE, "policyText": KEPT}
    for call in (ecr.get_repository_policy, ecr.delete_repository_policy):
        refused = await refusal(call, repositoryName=NAME)
        assert (refused.code, refused.status) == ("RepositoryPolicyNotFoundException", 400)
        assert refused.message == (
            f"Repository policy does not exist for the repository with name '{NAME}' in the registry with id "
            f"'{ACCOUNT}'"
        )


async def test_a_registrys_policy_is_kept_for_one_account_and_region(
    ecr: "ECRClient", served: Served
) -> None:
    for answer in (
        await to_thread(ecr.put_registry_policy, policyText=GIVEN),
        await to_thread(ecr.get_registry_policy),
    ):
        assert bare(answer) == {"registryId": ACCOUNT, "policyText": KEPT}
    assert (await refusal(served.ecr(region="us-east-1").get_registry_policy)).code == (
        "RegistryPolicyNotFoundException"
    )
    deleted = await to_thread(ecr.delete_registry_policy)
    assert bare(deleted) == {"registryId": ACCOUNT, "policyText": KEPT}
    for call in (ecr.get_registry_policy, ecr.delete_registry_policy):
        refused = await refusal(call)
        assert (refused.code, refused.status) == ("RegistryPolicyNotFoundException", 400)
        assert refused.message == f"Registry policy does not exist in the registry with id '{ACCOUNT}'"


async def test_a_policy_goes_with_its_repository(ecr: "ECRClient") -> None:
    await to_thread(ecr.set_repository_policy, repositoryName=NAME, policyText=GIVEN)
    await to_thread(ecr.delete_repository, repositoryName=NAME)
    gone = await refusal(ecr.get_repository_policy, repositoryName=NAME)
    assert gone.code == "RepositoryNotFoundException"
    await create(ecr, NAME)
    none = await refusal(ecr.get_repository_policy, repositoryName=NAME)
    assert none.code == "RepositoryPolicyNotFoundException"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", policy("ecr:*"), grant("*"), grant({"AWS": "somebody"}, "ecr:*"), GIVEN * 2],
)
async def test_attack_42_a_text_that_is_no_policy_is_refused(ecr: "ECRClient", text: str) -> None:
    for kind, call, place in writers(ecr):
        refused = await refusal(call, **place, policyText=text)
        assert (refused.code, refused.status) == ("InvalidParameterException", 400)
        assert refused.message.startswith("Invalid parameter at 'PolicyText' failed to satisfy constraint: ")
        assert refused.message.endswith(f"'Invalid {kind} policy provided'")


async def test_attack_42_a_policy_has_up_to_10240_characters_of_wildcards(ecr: "ECRClient") -> None:
    text = grant("*", *PULL, Resource="*" * 100)
    wild = text.replace("*" * 100, "arn:aws:ecr:*:*:repository/" + "*?a" * ((10_240 - len(text)) // 3))
    assert len(wild) <= 10_240
    await to_thread(ecr.set_repository_policy, repositoryName=NAME, policyText=wild)
    await to_thread(ecr.batch_get_image, repositoryName=NAME, imageIds=[{"imageTag": "v1"}])
    long = await refusal(ecr.set_repository_policy, repositoryName=NAME, policyText=text.ljust(10_241))
    assert long.code == "InvalidParameterException"


@pytest.mark.parametrize(
    "principal",
    ["999999999999", f"arn:aws:iam::{ACCOUNT}:user/nobody", f"arn:aws:iam::{OTHER_ACCOUNT}:role/none"],
)
async def test_a_principal_that_does_not_exist_is_not_found(ecr: "ECRClient", principal: str) -> None:
    text = grant({"AWS": [f"arn:aws:iam::{ACCOUNT}:root", principal]}, *PULL)
    for _, call, place in writers(ecr):
        refused = await refusal(call, **place, policyText=text)
        assert (refused.code, refused.status) == ("InvalidParameterException", 400)
        assert refused.message == (
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'"
        )


async def test_nobody_shuts_himself_out_without_force(served: Served) -> None:
    keys = await user(served.iam(), "owner", policy("ecr:*"))
    owner = served.ecr(keys=keys)
    text = grant("*", "ecr:SetRepositoryPolicy", effect="Deny")
    refused = await refusal(owner.set_repository_policy, repositoryName=NAME, policyText=text)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)
    assert "'PolicyText'" in refused.message
    assert (await refusal(owner.get_repository_policy, repositoryName=NAME)).code == (
        "RepositoryPolicyNotFoundException"
    )
    await to_thread(owner.set_repository_policy, repositoryName=NAME, policyText=text, force=True)
    shut = await refusal(owner.set_repository_policy, repositoryName=NAME, policyText=GIVEN)
    assert shut.code == "AccessDeniedException"
    assert shut.message.endswith("with an explicit deny in a resource-based policy")


async def test_the_root_always_finds_back(served: Served, ecr: "ECRClient") -> None:
    everything = grant("*", "ecr:*", effect="Deny")
    await to_thread(ecr.set_repository_policy, repositoryName=NAME, policyText=everything)
    await to_thread(ecr.put_registry_policy, policyText=everything)
    assert (await refusal(ecr.list_images, repositoryName=NAME)).code == "AccessDeniedException"
    assert (await refusal(ecr.get_authorization_token)).code == "AccessDeniedException"
    await to_thread(ecr.get_registry_policy)
    await to_thread(ecr.put_registry_policy, policyText=everything)
    await to_thread(ecr.get_repository_policy, repositoryName=NAME)
    await to_thread(ecr.delete_registry_policy)
    assert (await refusal(ecr.list_images, repositoryName=NAME)).code == "AccessDeniedException"
    await to_thread(ecr.delete_repository_policy, repositoryName=NAME)
    await to_thread(ecr.list_images, repositoryName=NAME)


async def test_the_root_of_another_account_may_read_and_set_a_policy_only_where_one_lets_it(
    served: Served, ecr: "ECRClient"
) -> None:
    stranger = served.ecr(OTHER_ACCOUNT)
    asked: dict[str, Any] = {"registryId": ACCOUNT, "repositoryName": NAME}
    calls: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (stranger.get_repository_policy, {}),
        (stranger.delete_repository_policy, {}),
        (stranger.set_repository_policy, {"policyText": GIVEN, "force": True}),
    ]
    for call, more in calls:
        assert (await refusal(call, **asked, **more)).code == "AccessDeniedException"
    let = grant(OTHER_ROOT, "ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy")
    await to_thread(ecr.set_repository_policy, repositoryName=NAME, policyText=let)
    await to_thread(stranger.get_repository_policy, **asked)
    shut = await refusal(stranger.set_repository_policy, **asked, policyText=GIVEN)
    assert shut.code == "InvalidParameterException"
    await to_thread(stranger.set_repository_policy, **asked, policyText=GIVEN, force=True)
    assert (await refusal(stranger.get_repository_policy, **asked)).code == "AccessDeniedException"
