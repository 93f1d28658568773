"""What policies say of image tags and of single permissions holds at both of ECR's doors."""

import asyncio
from asyncio import to_thread
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import Served, refusal
from tests.wire.aws.test_iam import PULL_ONLY, arn, password, policy, user
from tests.wire.oci.world import digest_of

from entrepot.domain.media_types import OCI_MANIFEST
from entrepot.identity.credentials import IssuedKey

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

NAME = "team/app"
LOGIN = policy("ecr:GetAuthorizationToken")
EVERYTHING_BUT_TAGS = policy(
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    resource=arn(NAME),
)


def on_tags(pattern: str, *actions: str, effect: str = "Allow") -> str:
    return policy(
        *actions, resource=arn(NAME), effect=effect, Condition={"StringLike": {"ecr:ImageTag": pattern}}
    )


@pytest.fixture(name="iam")
async def _iam(served: Served) -> "IAMClient":
    return served.iam()


@dataclass(frozen=True, slots=True)
class Door:
    """One repository on `/v2/`; `host` is that of the registry, where it is not the default one."""

    url: str
    token: str
    host: str | None = None
    name: str = NAME

    async def ask(
        self, method: str, path: str, body: bytes | None = None, *, is_whole: bool = False
    ) -> tuple[int, str]:
        """Status and body; the path is one of the repository unless `is_whole`."""
        return await to_thread(self._ask, method, path if is_whole else f"{self.name}/{path}", body)

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, str]:
        headers = {"Authorization": f"Basic {b64encode(self.token.encode()).decode()}"}
        if self.host is not None:
            headers["Host"] = self.host
        if body is not None:
            headers["Content-Type"] = OCI_MANIFEST
        request = Request(f"{self.url}/v2/{path}", body, headers, method=method)
        try:
            with urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()


async def door(served: Served, keys: IssuedKey, host: str | None = None) -> Door:
    return Door(served.url, await password(served.ecr(keys=keys)), host)


async def test_attack_21_a_build_pushes_the_tags_it_may_and_no_others_at_both_doors(
    served: Served, iam: "IAMClient"
) -> None:
    await create(served.ecr(), NAME)
    keys = await user(iam, "build", LOGIN, EVERYTHING_BUT_TAGS, on_tags("dev-*", "ecr:PutImage"))
    ecr, v2 = served.ecr(keys=keys), await door(served, keys)
    pushed = await push_image(ecr, NAME, "dev-1")
    body = pushed.manifest.encode()
    assert (await v2.ask("PUT", "manifests/dev-2", body))[0] == 201
    asked: dict[str, Any] = {"repositoryName": NAME, "imageManifest": pushed.manifest}
    for tag in ("prod-1", "latest"):
        refused = await refusal(ecr.put_image, **asked, imageTag=tag)
        assert refused.code == "AccessDeniedException"
        status, said = await v2.ask("PUT", f"manifests/{tag}", body)
        assert (status, "ecr:PutImage" in said) == (403, True)
    assert (await refusal(ecr.put_image, **asked)).code == "AccessDeniedException"
    for query in ("", "?tag=prod-1", "?tag=dev-3&tag=prod-1"):
        assert (await v2.ask("PUT", f"manifests/{pushed.digest}{query}", body))[0] == 403
    tags = await to_thread(served.ecr().list_images, repositoryName=NAME)
    assert {each["imageTag"] for each in tags["imageIds"]} == {"dev-1", "dev-2"}


async def test_attack_21_a_push_by_digest_names_each_of_its_tags(served: Served, iam: "IAMClient") -> None:
    pushed = await push_image(served.ecr(), await create(served.ecr(), NAME), "base")
    keys = await user(iam, "build", LOGIN, policy("ecr:*"), on_tags("prod-*", "ecr:PutImage", effect="Deny"))
    v2, body = await door(served, keys), pushed.manifest.encode()
    assert (await v2.ask("PUT", f"manifests/{pushed.digest}?tag=dev-1", body))[0] == 201
    assert (await v2.ask("PUT", f"manifests/{pushed.digest}?tag=dev-2&tag=prod-1", body))[0] == 403


async def test_attack_23_a_tag_that_may_not_be_deleted_is_not_deleted_by_digest(
    served: Served, iam: "IAMClient"
) -> None:
    pushed = await push_image(served.ecr(), await create(served.ecr(), NAME), "dev-1")
    await to_thread(
        served.ecr().put_image, repositoryName=NAME, imageManifest=pushed.manifest, imageTag="prod-1"
    )
    keys = await user(
        iam, "cleaner", LOGIN, policy("ecr:*"), on_tags("prod-*", "ecr:BatchDeleteImage", effect="Deny")
    )
    ecr, v2 = served.ecr(keys=keys), await door(served, keys)
    for image_id in ({"imageDigest": pushed.digest}, {"imageTag": "prod-1"}):
        asked: dict[str, Any] = {"repositoryName": NAME, "imageIds": [{"imageTag": "dev-1"}, image_id]}
        assert (await refusal(ecr.batch_delete_image, **asked)).code == "AccessDeniedException"
    for reference in (pushed.digest, "prod-1"):
        assert (await v2.ask("DELETE", f"manifests/{reference}"))[0] == 403
    assert (await v2.ask("DELETE", "manifests/dev-1"))[0] == 202
    assert (await v2.ask("GET", "manifests/prod-1"))[0] == 200


async def test_attack_23_who_may_not_delete_deletes_at_no_door(served: Served, iam: "IAMClient") -> None:
    ecr = served.ecr()
    pushed = await push_image(ecr, await create(ecr, NAME), "v1")
    denial = policy("ecr:BatchDeleteImage", effect="Deny")
    keys = await user(iam, "eve", LOGIN, policy("ecr:*"), denial)
    eve, v2 = served.ecr(keys=keys), await door(served, keys)
    images: Any = [{"imageTag": "v1"}, {"imageDigest": pushed.digest}]
    for image in images:
        asked: dict[str, Any] = {"repositoryName": NAME, "imageIds": [image]}
        assert (await refusal(eve.batch_delete_image, **asked)).code == "AccessDeniedException"
    layer = digest_of(b"a layer")
    for path in ("manifests/v1", f"manifests/{pushed.digest}", f"blobs/{layer}"):
        assert (await v2.ask("DELETE", path))[0] == 403
    for path in ("manifests/v1", f"blobs/{layer}"):
        assert (await v2.ask("GET", path))[0] == 200


async def test_attack_22_an_immutable_tag_moves_only_through_a_deletion(
    served: Served, iam: "IAMClient"
) -> None:
    """Pushes at both doors and deletions, all at once: each tag that was set was free before."""
    ecr = served.ecr()
    await create(ecr, NAME)
    await to_thread(ecr.put_image_tag_mutability, repositoryName=NAME, imageTagMutability="IMMUTABLE")
    keys = await user(iam, "build", policy("ecr:*"))
    builder, v2 = served.ecr(keys=keys), await door(served, keys)
    images = [await push_image(ecr, NAME, content=f"{n}".encode()) for n in range(8)]

    async def put(text: str) -> bool:
        return (await v2.ask("PUT", "manifests/v1", text.encode()))[0] == 201

    async def put_image(text: str) -> bool:
        asked: dict[str, Any] = {"repositoryName": NAME, "imageManifest": text, "imageTag": "v1"}
        return await _succeeds(builder.put_image, "ImageTagAlreadyExistsException", **asked)

    async def delete() -> bool:
        return (await v2.ask("DELETE", "manifests/v1"))[0] == 202

    pushes = [(put if n % 2 else put_image)(image.manifest) for n, image in enumerate(images)]
    done = await asyncio.gather(*pushes, *(delete() for _ in range(3)))

    pushed, deleted = sum(done[: len(pushes)]), sum(done[len(pushes) :])
    assert 1 <= pushed <= deleted + 1
    is_there = (await v2.ask("GET", "manifests/v1"))[0] == 200
    assert pushed == deleted + is_there


async def _succeeds(call: Callable[..., object], unless: str, **asked: Any) -> bool:
    try:
        await to_thread(call, **asked)
    except ClientError as refused:
        if refused.response["Error"]["Code"] != unless:
            raise
        return False
    return True


async def test_attack_26_whoever_leaves_a_group_is_out_at_both_doors(
    served: Served, iam: "IAMClient"
) -> None:
    ecr = served.ecr()
    await push_image(ecr, await create(ecr, NAME), "v1")
    keys = await user(iam, "maya", LOGIN)
    pulling = policy("ecr:BatchGetImage", resource=arn(NAME))
    await to_thread(iam.create_group, GroupName="team")
    asked = {"GroupName": "team", "PolicyName": "pull", "PolicyDocument": pulling}
    await to_thread(iam.put_group_policy, **asked)
    maya, v2 = served.ecr(keys=keys), await door(served, keys)
    image: Any = {"repositoryName": NAME, "imageIds": [{"imageTag": "v1"}]}
    for change, is_in in ((iam.add_user_to_group, True), (iam.remove_user_from_group, False)):
        await to_thread(change, GroupName="team", UserName="maya")
        assert await _succeeds(maya.batch_get_image, "AccessDeniedException", **image) is is_in
        assert (await v2.ask("GET", "manifests/v1"))[0] == (200 if is_in else 403)


async def test_attack_42_a_policy_full_of_wildcards_is_asked_at_both_doors(
    served: Served, iam: "IAMClient"
) -> None:
    """As long as IAM takes: 6,144 characters in a managed policy, ten of them on one user."""
    ecr = served.ecr()
    await push_image(ecr, await create(ecr, NAME), "v1")
    keys = await user(iam, "eve", LOGIN, policy("ecr:BatchGetImage", resource=arn(NAME)))
    for number in range(10):
        stars = "*?a" * 1_900
        text = policy("ecr:*", effect="Deny", resource=f"arn:*:ecr:*:*:repository/{stars}{number}")
        made = await to_thread(iam.create_policy, PolicyName=f"p{number}", PolicyDocument=text)
        await to_thread(iam.attach_user_policy, UserName="eve", PolicyArn=made["Policy"]["Arn"])
    eve, v2 = served.ecr(keys=keys), await door(served, keys)
    image: Any = {"repositoryName": NAME, "imageIds": [{"imageTag": "v1"}]}
    assert await _succeeds(eve.batch_get_image, "AccessDeniedException", **image)
    assert (await v2.ask("GET", "manifests/v1"))[0] == 200
    assert (await replace(v2, name="a" * 200).ask("GET", "manifests/v1"))[0] == 403


async def test_the_pull_only_policy_is_enough_to_pull_and_for_nothing_else(
    served: Served, iam: "IAMClient"
) -> None:
    pushed = await push_image(served.ecr(), await create(served.ecr(), NAME), "v1")
    keys = await user(iam, "robot")
    await to_thread(iam.attach_user_policy, UserName="robot", PolicyArn=PULL_ONLY)
    v2 = await door(served, keys)
    layer = digest_of(b"a layer")
    for method in ("HEAD", "GET"):
        for path in ("manifests/v1", f"manifests/{pushed.digest}", f"blobs/{layer}"):
            assert (await v2.ask(method, path))[0] == 200, (method, path)
    assert (await v2.ask("GET", f"referrers/{pushed.digest}"))[0] == 200
    assert (await v2.ask("GET", "tags/list"))[0] == 403
    assert (await v2.ask("POST", "blobs/uploads/", b""))[0] == 403
    assert (await v2.ask("PUT", "manifests/v2", pushed.manifest.encode()))[0] == 403
    assert (await v2.ask("DELETE", "manifests/v1"))[0] == 403


async def test_attack_12_nothing_is_mounted_from_a_repository_that_the_caller_may_not_read(
    served: Served, iam: "IAMClient"
) -> None:
    await push_image(served.ecr(), await create(served.ecr(), "secret/app"), "v1")
    await create(served.ecr(), NAME)
    keys = await user(iam, "build", LOGIN, EVERYTHING_BUT_TAGS)
    v2 = await door(served, keys)
    there, absent = digest_of(b"a layer"), digest_of(b"not there")
    for source in ("&from=secret/app", "&from=secret/none", ""):
        for digest in (there, absent):
            assert (await v2.ask("POST", f"blobs/uploads/?mount={digest}{source}", b""))[0] == 202
    reading = policy("ecr:GetDownloadUrlForLayer", resource=arn("secret/app"))
    asked = {"UserName": "build", "PolicyName": "read", "PolicyDocument": reading}
    await to_thread(iam.put_user_policy, **asked)
    assert (await v2.ask("POST", f"blobs/uploads/?mount={there}&from=secret/app", b""))[0] == 201


async def test_attack_19_a_token_does_no_more_than_its_users_policies_now(
    served: Served, iam: "IAMClient"
) -> None:
    await push_image(served.ecr(), await create(served.ecr(), NAME), "v1")
    keys = await user(iam, "reader", LOGIN, policy("ecr:BatchGetImage", resource=arn(NAME)))
    v2 = await door(served, keys)
    assert (await v2.ask("GET", "manifests/v1"))[0] == 200
    await to_thread(iam.delete_user_policy, UserName="reader", PolicyName="p1")
    assert (await v2.ask("GET", "manifests/v1"))[0] == 403
    asked = {"UserName": "reader", "AccessKeyId": keys.access_key_id}
    await to_thread(iam.delete_access_key, **asked)
    answers = await asyncio.gather(*(v2.ask("GET", path) for path in ("manifests/v1", "tags/list")))
    assert {status for status, _ in answers} == {401}
