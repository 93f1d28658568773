"""Names, tags and digests that a caller may not see: no list and no refusal tells of them, at either door."""

from asyncio import to_thread
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import Served, refusal
from tests.wire.aws.test_iam import arn, policy, user
from tests.wire.aws.test_image_tags import LOGIN, NAME, Door, door
from tests.wire.oci.world import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_ecr import ECRClient

SECRET, ABSENT = "secret/app", "secret/none"
LAYER = digest_of(b"a secret")
EVERYTHING_OF_THE_TEAM = policy("ecr:*", resource=arn("team/*"))


@pytest.fixture(name="secret")
async def _secret(served: Served) -> str:
    """The digest of an image in a repository that is not the team's."""
    ecr = served.ecr()
    await create(ecr, NAME)
    return (await push_image(ecr, await create(ecr, SECRET), "v1", content=b"a secret")).digest


@pytest.fixture(name="eve")
async def _eve(served: Served) -> tuple["ECRClient", Door]:
    keys = await user(served.iam(), "eve", LOGIN, EVERYTHING_OF_THE_TEAM)
    return served.ecr(keys=keys), await door(served, keys)


def at(v2: Door, name: str) -> Door:
    return replace(v2, name=name)


@pytest.mark.usefixtures("secret")
async def test_attack_29_a_list_of_all_repositories_is_for_those_who_may_see_all(
    served: Served, eve: tuple["ECRClient", Door]
) -> None:
    ecr, v2 = eve
    asked: list[dict[str, Any]] = [{}, {"maxResults": 1}, {"repositoryNames": [NAME, SECRET]}]
    for params in asked:
        refused = await refusal(ecr.describe_repositories, **params)
        assert refused.code == "AccessDeniedException"
    for path in ("_catalog", "_catalog?n=1", "_catalog?last=a"):
        status, said = await v2.ask("GET", path, is_whole=True)
        assert (status, SECRET in said) == (403, False)
    described = await to_thread(ecr.describe_repositories, repositoryNames=[NAME])
    assert [found["repositoryName"] for found in described["repositories"]] == [NAME]
    everything = policy("ecr:DescribeRepositories", resource=arn("*"))
    asked_iam = {"UserName": "eve", "PolicyName": "all", "PolicyDocument": everything}
    await to_thread(served.iam().put_user_policy, **asked_iam)
    status, said = await v2.ask("GET", "_catalog", is_whole=True)
    assert (status, SECRET in said) == (200, True)


async def test_attack_29_no_list_of_a_repository_shows_another(
    eve: tuple["ECRClient", Door], secret: str
) -> None:
    """What is asked of one's own repository with digests of another's."""
    ecr, v2 = eve
    asked: dict[str, Any] = {"repositoryName": NAME}
    assert (await to_thread(ecr.list_images, **asked))["imageIds"] == []
    assert (await to_thread(ecr.describe_images, **asked))["imageDetails"] == []
    subject: Any = {"imageDigest": secret}
    assert (await to_thread(ecr.list_image_referrers, **asked, subjectId=subject))["referrers"] == []
    found = await to_thread(ecr.batch_get_image, **asked, imageIds=[subject])
    assert [failure["failureCode"] for failure in found["failures"]] == ["ImageNotFound"]
    checked = await to_thread(ecr.batch_check_layer_availability, **asked, layerDigests=[LAYER])
    assert [layer["layerAvailability"] for layer in checked["layers"]] == ["UNAVAILABLE"]
    assert '"tags":[]' in (await v2.ask("GET", "tags/list"))[1]
    assert '"manifests":[]' in (await v2.ask("GET", f"referrers/{secret}"))[1]
    for method in ("GET", "HEAD"):
        assert (await v2.ask(method, f"manifests/{secret}"))[0] == 404
        assert (await v2.ask(method, f"blobs/{LAYER}"))[0] == 404


@pytest.mark.usefixtures("secret")
async def test_attack_30_at_the_api_unknown_and_forbidden_are_refused_alike(
    eve: tuple["ECRClient", Door], secret: str
) -> None:
    ecr, _ = eve
    image: Any = {"imageDigest": secret}
    calls: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (ecr.list_images, {}),
        (ecr.describe_images, {}),
        (ecr.batch_get_image, {"imageIds": [image]}),
        (ecr.batch_delete_image, {"imageIds": [image, {"imageTag": "v1"}]}),
        (ecr.batch_check_layer_availability, {"layerDigests": [LAYER]}),
        (ecr.get_download_url_for_layer, {"layerDigest": LAYER}),
        (ecr.initiate_layer_upload, {}),
        (ecr.put_image, {"imageManifest": "{}", "imageTag": "v1"}),
        (ecr.list_image_referrers, {"subjectId": image}),
        (ecr.get_repository_policy, {}),
        (ecr.set_repository_policy, {"policyText": "{}"}),
        (ecr.delete_repository, {"force": True}),
        (ecr.put_image_tag_mutability, {"imageTagMutability": "IMMUTABLE"}),
    ]
    for call, more in calls:
        said = []
        for name in (SECRET, ABSENT):
            refused = await refusal(call, repositoryName=name, **more)
            said.append((refused.code, refused.status, refused.message.replace(name, "NAME")))
        assert said[0] == said[1]
        assert said[0][0] == "AccessDeniedException"
    by_arn: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (ecr.list_tags_for_resource, {}),
        (ecr.tag_resource, {"tags": []}),
        (ecr.untag_resource, {"tagKeys": []}),
    ]
    for call, more in by_arn:
        refusals = [await refusal(call, resourceArn=arn(name), **more) for name in (SECRET, ABSENT)]
        assert {refused.code for refused in refusals} == {"AccessDeniedException"}


ROUTES = [
    ("GET", "tags/list"),
    ("GET", "manifests/v1"),
    ("HEAD", "manifests/v1"),
    ("PUT", "manifests/v1"),
    ("DELETE", "manifests/v1"),
    ("GET", f"blobs/{LAYER}"),
    ("HEAD", f"blobs/{LAYER}"),
    ("DELETE", f"blobs/{LAYER}"),
    ("GET", f"referrers/{LAYER}"),
    ("POST", "blobs/uploads/"),
    ("POST", f"blobs/uploads/?mount={LAYER}&from={NAME}"),
    ("PATCH", "blobs/uploads/1b671a64-40d5-491e-99b0-da01ff1f3341"),
    ("PUT", f"blobs/uploads/1b671a64-40d5-491e-99b0-da01ff1f3341?digest={LAYER}"),
    ("GET", "blobs/uploads/1b671a64-40d5-491e-99b0-da01ff1f3341"),
    ("DELETE", "blobs/uploads/1b671a64-40d5-491e-99b0-da01ff1f3341"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_attack_30_in_the_registry_unknown_and_forbidden_are_refused_alike(
    eve: tuple["ECRClient", Door], secret: str, method: str, path: str
) -> None:
    _, v2 = eve
    body = b"{}" if method in ("PUT", "POST", "PATCH") else None
    paths = {path, path.replace("manifests/v1", f"manifests/{secret}")}
    for each in paths:
        there = await at(v2, SECRET).ask(method, each, body)
        absent = await at(v2, ABSENT).ask(method, each, body)
        assert there[0] == absent[0] == 403
        assert there[1].replace(SECRET, "NAME") == absent[1].replace(ABSENT, "NAME")


async def test_attack_24_a_layer_of_a_repository_that_may_not_be_seen_is_pushed_anew(
    eve: tuple["ECRClient", Door], secret: str
) -> None:
    """Below, both are one blob; above, nothing of it is told, and nothing is had without the bytes."""
    ecr, v2 = eve
    assert (await v2.ask("POST", f"blobs/uploads/?mount={LAYER}&from={SECRET}", b""))[0] == 202
    put = await refusal(
        ecr.put_image, repositoryName=NAME, imageManifest=_manifest_of(secret), imageTag="stolen"
    )
    assert put.code in ("LayersNotFoundException", "InvalidParameterException")
    pushed = await push_image(ecr, NAME, "own", content=b"a secret")
    assert pushed.digest == secret


def _manifest_of(digest: str) -> str:
    """An image whose layer is the secret one, which somebody may know by its digest."""
    layer = f'{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{LAYER}","size":8}}'
    return (
        '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":'
        f'{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":2}},'
        f'"layers":[{layer}]}}'
    )
