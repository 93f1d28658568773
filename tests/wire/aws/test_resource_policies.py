"""What policies of repositories and registries say holds at both of ECR's doors, for all accounts."""

from asyncio import to_thread
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError
from tests.unit.domain.lifecycle.builders import policy_text, rule
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served, refusal
from tests.wire.aws.test_ecr_policies import OTHER_ROOT, PULL, grant
from tests.wire.aws.test_iam import PULL_ONLY, arn, policy, user
from tests.wire.aws.test_image_tags import LOGIN, NAME, Door, door
from tests.wire.oci.world import digest_of

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

READ = (*PULL, "ecr:BatchCheckLayerAvailability")
PUSH = ("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage")
LAYER = digest_of(b"a layer")
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.localhost"


async def let(ecr: "ECRClient", *statement: Any, name: str = NAME, **more: Any) -> None:
    """Set the repository's policy to one statement."""
    await to_thread(ecr.set_repository_policy, repositoryName=name, policyText=grant(*statement, **more))


async def is_open(call: Callable[..., object], **asked: Any) -> bool:
    """Whether the call goes through; what else than a refusal by policies may stop it is a failure."""
    try:
        await to_thread(call, **asked)
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
    return True


async def pulls(ecr: "ECRClient", v2: Door) -> set[bool]:
    """Whether each way to an image and its layer is open."""
    asked: dict[str, Any] = {"registryId": ACCOUNT, "repositoryName": NAME}
    ways: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (ecr.batch_get_image, {"imageIds": [{"imageTag": "v1"}]}),
        (ecr.get_download_url_for_layer, {"layerDigest": LAYER}),
    ]
    opened = {await is_open(call, **asked, **more) for call, more in ways}
    for path in ("manifests/v1", f"blobs/{LAYER}"):
        for method in ("GET", "HEAD"):
            status, _ = await v2.ask(method, path)
            assert status in (200, 403)
            opened.add(status == 200)
    return opened


@pytest.fixture(name="ecr")
async def _ecr(served: Served) -> "ECRClient":
    ecr = served.ecr()
    await push_image(ecr, await create(ecr, NAME), "v1")
    return ecr


async def test_a_repository_lets_a_user_without_policies_in(served: Served, ecr: "ECRClient") -> None:
    keys = await user(served.iam(), "eve", LOGIN)
    eve, v2 = served.ecr(keys=keys), await door(served, keys)
    assert await pulls(eve, v2) == {False}
    await let(ecr, {"AWS": f"arn:aws:iam::{ACCOUNT}:user/eve"}, *PULL)
    assert await pulls(eve, v2) == {True}
    assert (await v2.ask("GET", "tags/list"))[0] == 403
    await to_thread(ecr.delete_repository_policy, repositoryName=NAME)
    assert await pulls(eve, v2) == {False}


async def test_naming_the_account_leaves_it_to_its_own_policies(served: Served, ecr: "ECRClient") -> None:
    keys = await user(served.iam(), "eve", LOGIN)
    await let(ecr, {"AWS": ACCOUNT}, *PULL)
    assert await pulls(served.ecr(keys=keys), await door(served, keys)) == {False}


async def test_attack_19_another_account_pulls_where_both_sides_allow_it(
    served: Served, ecr: "ECRClient"
) -> None:
    iam = served.iam(OTHER_ACCOUNT)
    keys = await user(iam, "robot", LOGIN)
    robot, v2 = served.ecr(keys=keys), await door(served, keys, HOST)
    assert await pulls(robot, v2) == {False}
    await let(ecr, OTHER_ROOT, *PULL)
    assert await pulls(robot, v2) == {False}
    await to_thread(iam.attach_user_policy, UserName="robot", PolicyArn=PULL_ONLY)
    assert await pulls(robot, v2) == {True}
    assert await pulls(served.ecr(OTHER_ACCOUNT), await door(served, served.roots[OTHER_ACCOUNT], HOST)) == {
        True
    }
    await to_thread(ecr.delete_repository_policy, repositoryName=NAME)
    assert await pulls(robot, v2) == {False}


async def test_attack_19_another_account_pushes_where_both_sides_allow_it(
    served: Served, ecr: "ECRClient"
) -> None:
    keys = await user(served.iam(OTHER_ACCOUNT), "build", LOGIN, policy("ecr:*", resource=arn(NAME)))
    build, v2 = served.ecr(keys=keys), await door(served, keys, HOST)
    content = b"a layer of another account"
    manifest = (await push_image(ecr, NAME, "v2", content=b"another")).manifest
    upload, put = f"blobs/uploads/?digest={digest_of(content)}", "manifests/theirs"
    asked: dict[str, Any] = {"registryId": ACCOUNT, "repositoryName": NAME}
    assert (await v2.ask("POST", upload, content))[0] == 403
    assert (await v2.ask("PUT", put, manifest.encode()))[0] == 403
    assert (await refusal(build.initiate_layer_upload, **asked)).code == "AccessDeniedException"
    await let(ecr, OTHER_ROOT, *PUSH)
    assert (await v2.ask("POST", upload, content))[0] == 201
    assert (await v2.ask("PUT", put, manifest.encode()))[0] == 201
    await to_thread(build.initiate_layer_upload, **asked)
    await to_thread(build.put_image, **asked, imageManifest=manifest, imageTag="theirs-too")
    tags = await to_thread(ecr.list_images, repositoryName=NAME)
    assert {each.get("imageTag") for each in tags["imageIds"]} == {"v1", "v2", "theirs", "theirs-too"}


async def test_attack_28_an_explicit_deny_wins_over_every_allow(served: Served, ecr: "ECRClient") -> None:
    keys = await user(served.iam(), "eve", LOGIN, policy("ecr:*"))
    eve, v2 = served.ecr(keys=keys), await door(served, keys)
    assert await pulls(eve, v2) == {True}
    await let(ecr, "*", *READ, effect="Deny")
    assert await pulls(eve, v2) == {False}
    status, said = await v2.ask("GET", "manifests/v1")
    assert (status, "with an explicit deny in a resource-based policy" in said) == (403, True)
    await to_thread(ecr.delete_repository_policy, repositoryName=NAME)
    await to_thread(ecr.put_registry_policy, policyText=grant("*", *READ, effect="Deny"))
    assert await pulls(eve, v2) == {False}
    await to_thread(ecr.delete_registry_policy)
    assert await pulls(eve, v2) == {True}


async def test_attack_29_a_registrys_policy_opens_and_lists_the_repositories_it_names_alone(
    served: Served, ecr: "ECRClient"
) -> None:
    await create(ecr, "other/app")
    keys = await user(served.iam(OTHER_ACCOUNT), "robot", LOGIN, policy("ecr:*"))
    robot, v2 = served.ecr(keys=keys), await door(served, keys, HOST)
    text = grant(OTHER_ROOT, "ecr:*", Resource=arn("team/*"))
    await to_thread(ecr.put_registry_policy, policyText=text)
    assert await pulls(robot, v2) == {True}
    ways: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (robot.list_images, {"repositoryName": "other/app"}),
        (robot.describe_repositories, {}),
        (robot.describe_repositories, {"repositoryNames": [NAME, "other/app"]}),
    ]
    for call, more in ways:
        asked: dict[str, Any] = {"registryId": ACCOUNT, **more}
        assert (await refusal(call, **asked)).code == "AccessDeniedException"


async def test_attack_19_a_download_url_ends_with_the_policy_that_opened_it(
    served: Served, ecr: "ECRClient"
) -> None:
    await let(ecr, OTHER_ROOT, *PULL)
    answer = await to_thread(
        served.ecr(OTHER_ACCOUNT).get_download_url_for_layer,
        registryId=ACCOUNT,
        repositoryName=NAME,
        layerDigest=LAYER,
    )
    url = served.url + urlsplit(answer["downloadUrl"]).path
    assert await fetch(url) == 200
    await to_thread(ecr.delete_repository_policy, repositoryName=NAME)
    assert await fetch(url) == 403


async def test_attack_24_a_grant_on_one_repository_shows_no_layer_of_another(
    served: Served, ecr: "ECRClient"
) -> None:
    await push_image(ecr, await create(ecr, "secret/app"), "v1", content=b"a secret")
    await let(ecr, OTHER_ROOT, *READ)
    stranger, v2 = served.ecr(OTHER_ACCOUNT), await door(served, served.roots[OTHER_ACCOUNT], HOST)
    secret = digest_of(b"a secret")
    for method in ("HEAD", "GET"):
        assert (await v2.ask(method, f"blobs/{secret}"))[0] == 404
    asked: dict[str, Any] = {"registryId": ACCOUNT, "layerDigest": secret}
    unknown = await refusal(stranger.get_download_url_for_layer, **asked, repositoryName=NAME)
    assert unknown.code == "LayersNotFoundException"
    denied = await refusal(stranger.get_download_url_for_layer, **asked, repositoryName="secret/app")
    assert denied.code == "AccessDeniedException"


async def fetch(url: str) -> int:
    def get() -> int:
        try:
            with urlopen(url) as answer:
                return int(answer.status)
        except HTTPError as refused:
            with refused:
                return refused.code

    return await to_thread(get)


async def test_attack_12_a_mount_asks_the_policy_of_its_source_with_all_that_the_request_has(
    served: Served, ecr: "ECRClient"
) -> None:
    await create(ecr, "base/app")
    await push_image(ecr, "base/app", "v1", content=b"a base")
    await let(ecr, OTHER_ROOT, *PUSH)
    keys = await user(served.iam(OTHER_ACCOUNT), "build", LOGIN, policy("ecr:*"))
    v2 = await door(served, keys, HOST)
    target = f"blobs/uploads/?mount={digest_of(b'a base')}&from=base/app"
    assert (await v2.ask("POST", target, b""))[0] == 202
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.1/32"}}
    text = grant(OTHER_ROOT, *PULL)
    denied = text.replace(
        '"Statement": [',
        '"Statement": [' + _statement(grant("*", *READ, effect="Deny", Condition=here)) + ",",
    )
    await to_thread(ecr.set_repository_policy, repositoryName="base/app", policyText=denied)
    assert (await v2.ask("POST", target, b""))[0] == 202
    await let(ecr, OTHER_ROOT, *PULL, name="base/app", Condition=here)
    assert (await v2.ask("POST", target, b""))[0] == 201


def _statement(text: str) -> str:
    return text.partition('"Statement": [')[2].removesuffix("]}")


async def test_attack_30_to_a_stranger_there_is_no_difference_between_what_is_there_and_what_is_not(
    served: Served, ecr: "ECRClient"
) -> None:
    await create(ecr, "open/app")
    await let(ecr, OTHER_ROOT, *PULL, name="open/app")
    stranger, v2 = served.ecr(OTHER_ACCOUNT), await door(served, served.roots[OTHER_ACCOUNT], HOST)
    said = []
    for name in (NAME, "team/none"):
        asked: dict[str, Any] = {"registryId": ACCOUNT, "repositoryName": name}
        refused = await refusal(stranger.list_images, **asked)
        said.append((refused.code, refused.message.replace(name, "NAME")))
    assert said[0] == said[1]
    assert (await v2.ask("GET", "tags/list"))[0] == 403


async def test_a_policy_may_ask_for_the_tags_of_its_repository(served: Served, ecr: "ECRClient") -> None:
    keys = await user(served.iam(), "eve", LOGIN, policy("ecr:*"))
    eve, v2 = served.ecr(keys=keys), await door(served, keys)
    secret = {"StringEquals": {"aws:ResourceTag/secret": "yes"}}
    await let(ecr, "*", *READ, effect="Deny", Condition=secret)
    assert await pulls(eve, v2) == {True}
    tags: Any = [{"Key": "secret", "Value": "yes"}]
    await to_thread(ecr.tag_resource, resourceArn=arn(NAME), tags=tags)
    assert await pulls(eve, v2) == {False}


ABOUT_A_REPOSITORY: list[tuple[str, dict[str, Any]]] = [
    ("describe_recycle_bin", {}),
    ("describe_image_statistics", {"imageIds": [{"imageTag": "v1"}]}),
    ("describe_shared_layers", {"imageId": {"imageTag": "v1"}}),
    ("estimate_deletion", {"imageIds": [{"imageTag": "v1"}]}),
    ("explain_lifecycle", {"lifecyclePolicyText": policy_text(rule(newest=1))}),
    ("get_deletion_protection", {}),
    ("list_deleted_images", {}),
    ("list_layer_files", {"imageTag": "v1", "layerDigest": LAYER}),
    ("list_pins", {}),
    ("list_statistics_history", {}),
    ("list_tag_history", {}),
    ("list_usage", {}),
    ("pin_image", {"imageId": {"imageTag": "v1"}}),
    ("purge_recycle_bin", {}),
    ("put_deletion_protection", {"enabled": False}),
    ("restore_image", {"imageDigest": LAYER}),
    ("restore_tag", {"imageTag": "v1"}),
    ("unpin_image", {"imageId": {"imageTag": "v1"}}),
]


async def test_attack_23_a_repositorys_denial_holds_for_every_operation_of_ours_that_is_about_it(
    served: Served, ecr: "ECRClient"
) -> None:
    """Who is denied a repository would else read its tags, erase what it deleted and end its protection."""
    keys = await user(served.iam(), "eve", policy("*"))
    await let(ecr, {"AWS": f"arn:aws:iam::{ACCOUNT}:user/eve"}, "*", effect="Deny")
    own = served.own(keys=keys)
    for operation, params in ABOUT_A_REPOSITORY:
        refused = await refusal(getattr(own, operation), repositoryName=NAME, **params)
        assert (refused.code, refused.message.endswith("explicit deny in a resource-based policy")) == (
            "AccessDeniedException",
            True,
        ), operation
    refused = await refusal(own.describe_repository_statistics, repositoryNames=[NAME])
    assert refused.code == "AccessDeniedException"


async def test_attack_28_a_deleted_repository_keeps_its_own_policy_whoever_has_its_name(
    served: Served, ecr: "ECRClient"
) -> None:
    eve = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/eve"}
    keys = await user(served.iam(), "eve", policy("ecr:*", resource=arn("eve/*")))
    await let(ecr, eve, "*", effect="Deny")
    await to_thread(ecr.delete_repository, repositoryName=NAME, force=True)
    await create(ecr, NAME)
    await let(ecr, eve, "*")
    asked: Any = {"repositoryName": NAME, "newRepositoryName": "eve/loot"}
    assert (await refusal(served.own(keys=keys).restore_repository, **asked)).code == "AccessDeniedException"
    (deleted,) = (await to_thread(served.own().list_deleted_repositories))["deletedRepositories"]
    named = {"deletionId": deleted["deletionId"]}
    assert (await refusal(served.own(keys=keys).purge_recycle_bin, **named)).code == "AccessDeniedException"
