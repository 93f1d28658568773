"""Undo at the doors: what was deleted is gone at every one of them, and comes back for who may."""

import json
from asyncio import to_thread
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.domain.lifecycle.builders import policy_text, rule
from tests.wire.aws.images import CONFIG, Image, create, push_image, push_index
from tests.wire.aws.served import ACCOUNT, OTHER_ACCOUNT, REGION, Served, refusal
from tests.wire.aws.test_iam import arn, policy, user
from tests.wire.aws.test_image_tags import LOGIN, NAME, door, on_tags
from tests.wire.oci.world import digest_of

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

IN: Any = {"repositoryName": NAME}
LAYER = digest_of(b"a layer")
BIN = f"arn:aws:entrepot:{REGION}:{ACCOUNT}:recycle-bin"


async def ask(own: Any, operation: str, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await to_thread(getattr(own, operation), **params)
    return answer


async def delete(ecr: "ECRClient", *images: Image) -> None:
    ids: Any = [{"imageDigest": image.digest} for image in images]
    answer = await to_thread(ecr.batch_delete_image, repositoryName=NAME, imageIds=ids)
    assert answer["failures"] == []


async def tags(served: Served, name: str = NAME) -> dict[str, str]:
    found = await to_thread(served.ecr().list_images, repositoryName=name)
    return {each["imageTag"]: each["imageDigest"] for each in found["imageIds"] if "imageTag" in each}


async def test_attack_25_a_deleted_image_is_gone_at_every_door_and_comes_back_as_it_was(
    served: Served,
) -> None:
    ecr, own = served.ecr(), served.own()
    image = await push_image(ecr, await create(ecr, NAME), "v1", "v2")
    v2 = await door(served, served.roots[ACCOUNT])
    before = await v2.ask("GET", "manifests/v1")
    await delete(ecr, image)

    for path in ("manifests/v1", f"manifests/{image.digest}"):
        for method in ("GET", "HEAD", "DELETE"):
            assert (await v2.ask(method, path))[0] == 404
    assert '"tags":[]' in (await v2.ask("GET", "tags/list"))[1]
    ids: Any = [{"imageDigest": image.digest}, {"imageTag": "v1"}]
    found = await to_thread(ecr.batch_get_image, repositoryName=NAME, imageIds=ids)
    assert [each["failureCode"] for each in found["failures"]] == ["ImageNotFound"] * 2
    assert (await to_thread(ecr.describe_images, repositoryName=NAME))["imageDetails"] == []
    assert (await refusal(ecr.get_download_url_for_layer, repositoryName=NAME, layerDigest=LAYER)).code == (
        "LayerInaccessibleException"
    )
    (deleted,) = (await ask(own, "list_deleted_images", **IN))["deletedImages"]
    assert (deleted["imageDigest"], deleted["imageTags"]) == (image.digest, ["v1", "v2"])
    assert (deleted["cause"], deleted["deletedBy"]) == ("CALL", f"arn:aws:iam::{ACCOUNT}:root")
    assert deleted["restorableUntil"] - deleted["deletedAt"] == timedelta(days=7)

    answer = await ask(own, "restore_image", **IN, imageDigest=image.digest)

    assert answer["restoredImages"] == [{"imageDigest": image.digest, "imageTags": ["v1", "v2"]}]
    assert answer["keptTags"] == []
    assert await v2.ask("GET", "manifests/v1") == before
    assert (await v2.ask("GET", f"blobs/{LAYER}"))[0] == 200
    again = await refusal(own.restore_image, **IN, imageDigest=image.digest)
    assert (again.code, again.status) == ("DeletedImageNotFoundException", 400)


async def test_a_layer_whose_deletion_came_too_is_unavailable_until_the_image_is_back(served: Served) -> None:
    ecr = served.ecr()
    image = await push_image(ecr, await create(ecr, NAME), "v1")
    v2 = await door(served, served.roots[ACCOUNT])
    await delete(ecr, image)
    assert (await v2.ask("DELETE", f"blobs/{LAYER}"))[0] == 202

    async def availability() -> str:
        checked = await to_thread(
            ecr.batch_check_layer_availability, repositoryName=NAME, layerDigests=[LAYER]
        )
        return checked["layers"][0]["layerAvailability"]

    assert await availability() == "UNAVAILABLE"
    assert (await v2.ask("HEAD", f"blobs/{LAYER}"))[0] == 404
    other = await create(ecr, "team/other")
    mount = f"{other}/blobs/uploads/?mount={LAYER}&from={NAME}"
    assert (await v2.ask("POST", mount, b"", is_whole=True))[0] == 202
    await ask(served.own(), "restore_image", **IN, imageDigest=image.digest)
    assert await availability() == "AVAILABLE"


async def test_a_digest_that_is_pushed_again_is_new_and_the_bin_keeps_the_old_tags(served: Served) -> None:
    ecr, own = served.ecr(), served.own()
    image = await push_image(ecr, await create(ecr, NAME), "v1")
    await delete(ecr, image)
    assert await push_image(ecr, NAME, "v2") == image
    assert await tags(served) == {"v2": image.digest}
    answer = await ask(own, "restore_image", **IN, imageDigest=image.digest)
    assert answer["restoredImages"] == [{"imageDigest": image.digest, "imageTags": ["v1"]}]
    assert await tags(served) == {"v1": image.digest, "v2": image.digest}


async def test_attack_22_no_restoration_moves_an_immutable_tag(served: Served) -> None:
    ecr, own = served.ecr(), served.own()
    old = await push_image(ecr, await create(ecr, NAME), "v1")
    await to_thread(ecr.put_image_tag_mutability, repositoryName=NAME, imageTagMutability="IMMUTABLE")
    await delete(ecr, old)
    new = await push_image(ecr, NAME, "v1", content=b"new")

    answer = await ask(own, "restore_image", **IN, imageDigest=old.digest, moveTags=True)
    refused = await refusal(own.restore_tag, **IN, imageTag="v1", imageDigest=old.digest)

    kept = {"imageTag": "v1", "imageDigest": new.digest, "reason": "IMMUTABLE"}
    assert answer["keptTags"] == [kept]
    assert refused.code == "ImageTagAlreadyExistsException"
    assert await tags(served) == {"v1": new.digest}


async def test_attack_21_a_build_restores_the_tags_that_it_may_push_and_no_others(served: Served) -> None:
    ecr = served.ecr()
    image = await push_image(ecr, await create(ecr, NAME), "dev-1", "prod-1")
    await delete(ecr, image)
    restoring = policy("entrepot:RestoreImage", "entrepot:RestoreTag", resource=arn(NAME))
    keys = await user(served.iam(), "build", restoring, on_tags("dev-*", "ecr:PutImage"))
    own, asked = served.own(keys=keys), {**IN, "imageDigest": image.digest}

    for params in (asked, {**asked, "imageTags": ["prod-1"]}, {**asked, "imageTags": []}):
        refused = await refusal(own.restore_image, **params)
        assert refused.code == "AccessDeniedException"
        assert "ecr:PutImage" in refused.message
    refused = await refusal(own.restore_tag, **IN, imageTag="prod-1")
    assert refused.code == "AccessDeniedException"
    assert await tags(served) == {}

    await ask(own, "restore_image", **asked, imageTags=["dev-1"])
    assert await tags(served) == {"dev-1": image.digest}


async def test_attack_21_what_comes_with_an_image_needs_the_right_to_its_tags_too(served: Served) -> None:
    ecr = served.ecr()
    await create(ecr, NAME)
    child = await push_image(ecr, NAME, "prod-1")
    index = await push_index(ecr, NAME, child, tag="dev-1")
    await delete(ecr, index, child)
    keys = await user(
        served.iam(),
        "build",
        policy("entrepot:RestoreImage", resource=arn(NAME)),
        on_tags("dev-*", "ecr:PutImage"),
    )
    refused = await refusal(served.own(keys=keys).restore_image, **IN, imageDigest=index.digest)
    assert refused.code == "AccessDeniedException"
    await ask(served.own(keys=keys), "restore_image", **IN, imageDigest=index.digest, imageTags=["dev-1"])
    assert await tags(served) == {"dev-1": index.digest}


async def test_attack_27_a_repository_is_restored_by_who_may_make_its_name_and_restore_the_old_one(
    served: Served,
) -> None:
    """Under a name of one's own, another team's images would be for oneself to see."""
    ecr = served.ecr()
    await push_image(ecr, await create(ecr, "prod/app"), "v1")
    await to_thread(ecr.delete_repository, repositoryName="prod/app", force=True)
    everything_of_dev = policy("ecr:*", "entrepot:*", resource=arn("dev/*"))
    dev = await user(served.iam(), "dev", everything_of_dev)
    half = await user(
        served.iam(), "half", everything_of_dev, policy("entrepot:RestoreRepository", resource=arn("prod/*"))
    )
    asked: Any = {"repositoryName": "prod/app", "newRepositoryName": "dev/app"}

    refused = await refusal(served.own(keys=dev).restore_repository, **asked)
    assert (refused.code, "entrepot:RestoreRepository" in refused.message) == ("AccessDeniedException", True)
    refused = await refusal(served.own(keys=half).restore_repository, repositoryName="prod/app")
    assert (refused.code, "ecr:CreateRepository" in refused.message) == ("AccessDeniedException", True)

    answer = await ask(served.own(keys=half), "restore_repository", **asked)
    assert answer["repositoryArn"] == arn("dev/app")
    assert list(await tags(served, "dev/app")) == ["v1"]


async def test_attack_21_under_another_name_all_that_a_repository_brings_is_put_there(served: Served) -> None:
    """Who may make names could else fill them: with images, and with a policy that lets in whom it likes."""
    ecr = served.ecr()
    await push_image(ecr, await create(ecr, "dev/app"), "v1")
    resource = arn("dev/app")
    await to_thread(ecr.tag_resource, resourceArn=resource, tags=[{"Key": "team", "Value": "dev"}])
    for_all = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]})
    await to_thread(ecr.set_repository_policy, repositoryName="dev/app", policyText=for_all)
    lifecycle = policy_text(rule(newest=1))
    await to_thread(ecr.put_lifecycle_policy, repositoryName="dev/app", lifecyclePolicyText=lifecycle)
    await to_thread(ecr.delete_repository, repositoryName="dev/app", force=True)
    iam = served.iam()
    keys = await user(iam, "dev", policy("ecr:*", "entrepot:*", resource=arn("dev/*")))
    asked: Any = {"repositoryName": "dev/app", "newRepositoryName": "prod/app"}

    allowed: list[str] = []
    needed = "CreateRepository", "PutImage", "TagResource", "SetRepositoryPolicy", "PutLifecyclePolicy"
    for action in needed:
        refused = await refusal(served.own(keys=keys).restore_repository, **asked)
        assert (refused.code, f"ecr:{action} on" in refused.message) == ("AccessDeniedException", True)
        allowed.append(f"ecr:{action}")
        document = policy(*allowed, resource=arn("prod/*"))
        await to_thread(iam.put_user_policy, UserName="dev", PolicyName="prod", PolicyDocument=document)

    assert (await ask(served.own(keys=keys), "restore_repository", **asked))["repositoryName"] == "prod/app"


async def test_attack_28_a_deleted_repository_keeps_its_own_tags_whoever_has_its_name(served: Served) -> None:
    ecr = served.ecr()
    deleted = {}
    for team in ("b", "a"):
        await push_image(ecr, await create(ecr, NAME), content=team.encode())
        await to_thread(ecr.tag_resource, resourceArn=arn(NAME), tags=[{"Key": "team", "Value": team}])
        if team == "b":
            await to_thread(ecr.delete_repository, repositoryName=NAME, force=True)
            (deleted,) = (await ask(served.own(), "list_deleted_repositories"))["deletedRepositories"]
    of_team: Any = {"Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}}
    keys = await user(
        served.iam(),
        "of-team-a",
        policy("entrepot:*", **of_team),
        policy("ecr:*", resource=arn("team-a/*")),
    )
    own, named = served.own(keys=keys), {"deletionId": deleted["deletionId"]}
    asked: Any = {**IN, "newRepositoryName": "team-a/loot"}

    assert (await refusal(own.list_deleted_repositories, **IN)).code == "AccessDeniedException"
    assert (await refusal(own.purge_recycle_bin, **named)).code == "AccessDeniedException"
    for params in (asked, {**asked, **named}):
        refused = await refusal(own.restore_repository, **params)
        assert (refused.code, "entrepot:RestoreRepository" in refused.message) == (
            "AccessDeniedException",
            True,
        )
    await to_thread(ecr.delete_repository, repositoryName=NAME, force=True)
    assert (await refusal(own.restore_repository, **asked, **named)).code == "AccessDeniedException"
    assert (await ask(own, "restore_repository", **asked))["repositoryName"] == "team-a/loot"


SAME: list[tuple[str, dict[str, Any]]] = [
    ("describe_recycle_bin", {}),
    ("get_deletion_protection", {}),
    ("list_deleted_images", {}),
    ("list_deleted_repositories", {}),
    ("list_tag_history", {}),
    ("purge_recycle_bin", {}),
    ("put_deletion_protection", {"enabled": True}),
    ("restore_image", {"imageDigest": digest_of(b"x")}),
    ("restore_repository", {}),
    ("restore_tag", {"imageTag": "v1"}),
]


@pytest.mark.parametrize(("operation", "params"), SAME)
async def test_attack_30_who_may_not_hears_the_same_of_what_is_there_and_of_what_is_not(
    served: Served, operation: str, params: dict[str, Any]
) -> None:
    ecr = served.ecr()
    image = await push_image(ecr, await create(ecr, "secret/there"), "v1")
    if operation == "restore_image":
        ids: Any = [{"imageDigest": image.digest}]
        await to_thread(ecr.batch_delete_image, repositoryName="secret/there", imageIds=ids)
        params = {"imageDigest": image.digest}
    elif operation == "restore_repository":
        await to_thread(ecr.delete_repository, repositoryName="secret/there", force=True)
    keys = await user(served.iam(), "eve", policy("ecr:*", "entrepot:*", resource=arn("team/*")))
    call = getattr(served.own(keys=keys), operation)

    said = [await refusal(call, repositoryName=name, **params) for name in ("secret/there", "secret/gone")]

    assert [each.code for each in said] == ["AccessDeniedException"] * 2
    assert said[0].message.replace("secret/there", "…") == said[1].message.replace("secret/gone", "…")


async def test_attack_29_lists_and_ids_of_the_whole_bin_are_for_who_may_see_it_whole(served: Served) -> None:
    ecr, own = served.ecr(), served.own()
    await create(ecr, "secret/app")
    await to_thread(ecr.delete_repository, repositoryName="secret/app")
    (deleted,) = (await ask(own, "list_deleted_repositories"))["deletedRepositories"]
    assert deleted["repositoryName"] == "secret/app"
    keys = await user(served.iam(), "eve", policy("ecr:*", "entrepot:*", resource=arn("team/*")))
    eve = served.own(keys=keys)

    calls: list[tuple[Any, dict[str, Any]]] = [
        (eve.list_deleted_repositories, {}),
        (eve.describe_recycle_bin, {}),
        (eve.put_recycle_bin_settings, {"retentionDays": 0}),
        (eve.purge_recycle_bin, {"everything": True}),
    ]
    for call, params in calls:
        assert (await refusal(call, **params)).code == "AccessDeniedException"
    for deletion_id in (deleted["deletionId"], "none"):
        refused = await refusal(eve.purge_recycle_bin, deletionId=deletion_id)
        assert refused.code == "AccessDeniedException"
    asked: Any = {"repositoryName": "team/app", "deletionId": deleted["deletionId"]}
    assert (await refusal(eve.restore_repository, **asked)).code == "DeletedRepositoryNotFoundException"
    other = served.own(OTHER_ACCOUNT)
    assert (await ask(other, "list_deleted_repositories"))["deletedRepositories"] == []
    refused = await refusal(other.purge_recycle_bin, deletionId=deleted["deletionId"])
    assert refused.code == "DeletedRepositoryNotFoundException"


async def test_attack_28_a_denial_of_the_whole_bin_wins(served: Served) -> None:
    allowed = policy("entrepot:*", resource="*")
    keys = await user(
        served.iam(), "maya", allowed, policy("entrepot:PutRecycleBinSettings", effect="Deny", resource=BIN)
    )
    own = served.own(keys=keys)
    assert (await refusal(own.put_recycle_bin_settings, retentionDays=0)).code == "AccessDeniedException"
    assert (await ask(own, "describe_recycle_bin"))["retentionDays"] == 7
    with_root = await ask(served.own(), "put_recycle_bin_settings", retentionDays=30)
    assert with_root["retentionDays"] == 30
    assert (await ask(own, "describe_recycle_bin"))["retentionDays"] == 30


async def test_attack_23_a_protected_repository_is_deleted_by_nobody(served: Served) -> None:
    ecr, own = served.ecr(), served.own()
    await create(ecr, NAME)
    protected = await ask(own, "put_deletion_protection", **IN, enabled=True)
    assert protected["changedBy"] == f"arn:aws:iam::{ACCOUNT}:root"
    for force in (False, True):
        refused = await refusal(ecr.delete_repository, repositoryName=NAME, force=force)
        assert (refused.code, refused.status) == ("InvalidParameterException", 400)
        assert "is protected from deletion" in refused.message
    assert (await ask(own, "get_deletion_protection", **IN))["enabled"] is True
    assert (await ask(own, "put_deletion_protection", **IN, enabled=False))["enabled"] is False
    await to_thread(ecr.delete_repository, repositoryName=NAME)
    assert (await refusal(own.get_deletion_protection, **IN)).code == "RepositoryNotFoundException"


async def test_history_tells_who_moved_a_tag_and_a_restored_tag_points_back(served: Served) -> None:
    ecr, own = served.ecr(), served.own()
    old = await push_image(ecr, await create(ecr, NAME), "latest")
    keys = await user(served.iam(), "ci", policy("ecr:*"), LOGIN)
    v2 = await door(served, keys)
    new = await push_image(ecr, NAME, content=b"new")
    assert (await v2.ask("PUT", "manifests/latest", new.manifest.encode()))[0] == 201
    assert (await v2.ask("DELETE", "manifests/latest"))[0] == 202

    gone, moved, pushed = (await ask(own, "list_tag_history", **IN, imageTag="latest"))["events"]

    ci = f"arn:aws:iam::{ACCOUNT}:user/ci"
    assert (gone["change"], gone["previousImageDigest"], gone["by"]) == ("DELETED", new.digest, ci)
    assert (moved["change"], moved["imageDigest"], moved["previousImageDigest"], moved["by"]) == (
        "MOVED",
        new.digest,
        old.digest,
        ci,
    )
    assert (pushed["change"], pushed["imageDigest"]) == ("PUSHED", old.digest)
    assert "previousImageDigest" not in pushed
    restored = await ask(own, "restore_tag", **IN, imageTag="latest", imageDigest=old.digest)
    assert "previousImageDigest" not in restored
    assert await tags(served) == {"latest": old.digest}
    again = await ask(own, "restore_tag", **IN, imageTag="latest", imageDigest=new.digest)
    assert again["previousImageDigest"] == old.digest


async def test_lists_come_in_pages(served: Served) -> None:
    ecr, own = served.ecr(), served.own()
    await create(ecr, NAME)
    images = [await push_image(ecr, NAME, "latest", content=f"{n}".encode()) for n in range(3)]
    await delete(ecr, *images)
    for name in ("one", "two"):
        await create(ecr, f"team/{name}")
        await to_thread(ecr.delete_repository, repositoryName=f"team/{name}")

    def all_of(operation: str, member: str, **params: Any) -> list[Any]:
        pages = own.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1}, **params)
        return [each for page in pages for each in page[member]]

    found = await to_thread(all_of, "list_deleted_images", "deletedImages", **IN)
    assert {each["imageDigest"] for each in found} == {image.digest for image in images}
    found = await to_thread(all_of, "list_tag_history", "events", **IN)
    assert len(found) == 4
    found = await to_thread(all_of, "list_deleted_repositories", "deletedRepositories")
    assert [each["repositoryName"] for each in found] == ["team/two", "team/one"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_attack_40_a_page_has_a_bound(served: Served, limit: int) -> None:
    await create(served.ecr(), NAME)
    refused = await refusal(served.own().list_deleted_images, **IN, maxResults=limit)
    assert refused.code == "InvalidParameterException"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"everything": False},
        {"repositoryName": NAME, "everything": True},
        {"repositoryName": NAME, "deletionId": "x"},
        {"everything": True, "imageDigests": [LAYER]},
    ],
)
async def test_what_is_to_be_purged_must_be_said_clearly(served: Served, params: dict[str, Any]) -> None:
    await create(served.ecr(), NAME)
    refused = await refusal(served.own().purge_recycle_bin, **params)
    assert refused.code == "InvalidParameterException"


async def test_purged_is_gone_for_good(served: Served) -> None:
    ecr, own = served.ecr(), served.own()
    image = await push_image(ecr, await create(ecr, NAME), "v1")
    await delete(ecr, image)
    described = await ask(own, "describe_recycle_bin", **IN)
    assert (described["imageCount"], "repositoryCount" in described) == (1, False)
    assert described["imageSizeInBytes"] == len(CONFIG) + len(b"a layer")
    answer = await ask(own, "purge_recycle_bin", **IN, imageDigests=[image.digest])
    assert (answer["imageCount"], answer["repositoryCount"]) == (1, 0)
    refused = await refusal(own.restore_image, **IN, imageDigest=image.digest)
    assert refused.code == "DeletedImageNotFoundException"
