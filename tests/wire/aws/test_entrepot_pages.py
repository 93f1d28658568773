"""Tokens of pages that no list gave: every list of our own service refuses them, or goes on somewhere."""

from asyncio import to_thread
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from tests.unit.aws.builders import model
from tests.unit.domain.lifecycle.builders import policy_text, rule
from tests.wire.aws.images import create, push_image
from tests.wire.aws.served import Served, refusal

from entrepot.aws.model import Structure
from entrepot.services.entrepot.service import ENTREPOT_OFFERED

MODEL = model("entrepot")
KINDS = {
    "DescribeSharedLayers": ("shared-layers", 1),
    "DescribeUsage": ("usage-reports", 1),
    "ExplainLifecycle": ("lifecycle-explanation", 3),
    "ListAccounts": ("accounts", 1),
    "ListDeletedImages": ("deleted-images", 2),
    "ListDeletedRepositories": ("deleted-repositories", 2),
    "ListLayerFiles": ("layer-files", 1),
    "ListPins": ("pins", 2),
    "ListSessions": ("sessions", 2),
    "ListTagHistory": ("tag-events", 1),
    "ListUsage": ("usage-of-repository", 2),
}
"""What each list calls its tokens, and how many parts their positions have."""

IN_ORDERS = {"ListImageStatistics", "ListRepositoryStatistics"}
"""Lists whose tokens have tests of their own."""

EARLIEST, LATEST = "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"
STRANGE = ("", "x", "0" * 40, "-1", "9" * 19, EARLIEST, LATEST, "\U0010ffff")


def token(kind: str, *position: str) -> str:
    return urlsafe_b64encode("\0".join((kind, *position)).encode()).decode()


def members(operation: str) -> set[str]:
    shape = MODEL.shapes[MODEL.operations[operation].input or ""]
    assert isinstance(shape, Structure)
    return {*shape.members}


def test_every_list_is_tried_here() -> None:
    assert {name for name in ENTREPOT_OFFERED if "nextToken" in members(name)} - IN_ORDERS == {*KINDS}


async def test_attack_40_a_forged_token_fails_nobody(served: Served) -> None:
    ecr = served.ecr()
    image = await push_image(ecr, await create(ecr), "v1")
    params: dict[str, Any] = {
        "repositoryName": "team/app",
        "imageId": {"imageDigest": image.digest},
        "imageTag": "v1",
        "layerDigest": "sha256:" + 64 * "0",
        "lifecyclePolicyText": policy_text(rule(newest=1)),
    }
    for operation, (kind, parts) in KINDS.items():
        given = {name: params[name] for name in params.keys() & members(operation)}
        call = getattr(served.own(), xform_name(operation))
        for each in (token("repositories", *["x"] * parts), token(kind, *["x"] * (parts + 1)), "=", "é"):
            assert (await refusal(call, **given, nextToken=each)).code == "InvalidParameterException"
        for part in STRANGE:
            forged = token(kind, *[part] * parts)
            assert await status(call, **given, nextToken=forged) in (200, 400), (operation, part)


async def status(call: Callable[..., dict[str, Any]], **asked: Any) -> int:
    try:
        answer = await to_thread(call, **asked)
    except ClientError as refused:
        return int(refused.response["ResponseMetadata"]["HTTPStatusCode"])
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])
