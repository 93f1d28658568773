"""The files of a layer are listed for whoever may pull the image, and told to nobody else."""

import gzip
import json
from asyncio import to_thread
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.decoding.archives import END, archive, header, member, zstd_of
from tests.wire.aws.images import create, push_image, push_index
from tests.wire.aws.served import OTHER_ACCOUNT, Served, bare, refusal
from tests.wire.aws.test_iam import arn, policy, user
from tests.wire.oci.world import digest_of

NAME = "team/app"
PACKED = archive(member("etc/hosts", size=9, uid=7), member("etc/ssl/key"), member("usr/.wh.old", size=0))
LAYER = gzip.compress(PACKED, mtime=0)
ABSENT = "sha256:" + "0" * 64
READ = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


@pytest.fixture(name="image")
async def _image(served: Served) -> str:
    ecr = served.ecr()
    return (await push_image(ecr, await create(ecr, NAME), "v1", content=LAYER)).digest


def asked(digest: str, **more: Any) -> dict[str, Any]:
    return {"repositoryName": NAME, "imageDigest": digest, "layerDigest": digest_of(LAYER), **more}


async def test_files_are_told_with_what_the_archive_says_of_them(served: Served, image: str) -> None:
    told = bare(await to_thread(served.own().list_layer_files, **asked(image)))
    at = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    shared = {"type": "file", "mode": "0644", "gid": 0}
    assert told == {
        "files": [
            {"path": "etc/hosts", "sizeInBytes": 9, "uid": 7, "modifiedAt": at, **shared},
            {"path": "etc/ssl/key", "sizeInBytes": 3, "uid": 0, "modifiedAt": at, **shared},
            {"path": "usr/old", "sizeInBytes": 0, "uid": 0, "modifiedAt": at, "whiteout": "entry", **shared},
        ],
        "fileCount": 3,
        "sizeInBytes": 12,
        "isComplete": True,
    }


async def test_one_level_has_folders_and_pages_go_on(served: Served, image: str) -> None:
    own = served.own()
    root = await to_thread(own.list_layer_files, **asked(image, oneLevel=True))
    assert [(file["path"], file["type"], file["fileCount"]) for file in root["files"]] == [
        ("etc", "directory", 2),
        ("usr", "directory", 1),
    ]
    pages = own.get_paginator("list_layer_files").paginate(
        **asked(image, prefix="etc/", oneLevel=True), PaginationConfig={"PageSize": 1}
    )
    listed = await to_thread(lambda: [file["path"] for page in pages for file in page["files"]])
    assert listed == ["etc/hosts", "etc/ssl"]


@pytest.mark.parametrize("content", [PACKED, zstd_of(PACKED)])
async def test_layers_that_are_packed_otherwise_are_read_too(served: Served, content: bytes) -> None:
    ecr = served.ecr()
    await push_image(ecr, await create(ecr, NAME), "v1", content=content)
    told = await to_thread(
        served.own().list_layer_files, repositoryName=NAME, imageTag="v1", layerDigest=digest_of(content)
    )
    assert (told["fileCount"], told["isComplete"]) == (3, True)


async def test_a_look_is_no_pull(served: Served, image: str) -> None:
    await to_thread(served.own().list_layer_files, **asked(image))
    await served.pull_times.flush()
    [found] = (await to_thread(served.ecr().describe_images, repositoryName=NAME))["imageDetails"]
    assert "lastRecordedPullTime" not in found


async def test_a_layer_without_an_archive_is_refused(served: Served) -> None:
    ecr = served.ecr()
    image = await push_image(ecr, await create(ecr, NAME), content=b'{"no": "archive"}')
    refused = await refusal(
        served.own().list_layer_files,
        repositoryName=NAME,
        imageDigest=image.digest,
        layerDigest=digest_of(b'{"no": "archive"}'),
    )
    assert (refused.code, refused.status) == ("LayerUnreadableException", 400)


async def test_attack_37_a_bomb_is_told_as_far_as_it_was_read(served: Served) -> None:
    bomb = gzip.compress(header("first", size=0) + header("bomb", size=2**60) + bytes(32 << 20) + END)
    ecr = served.ecr()
    await push_image(ecr, await create(ecr, NAME), "v1", content=bomb)
    told = await to_thread(
        served.own().list_layer_files, repositoryName=NAME, imageTag="v1", layerDigest=digest_of(bomb)
    )
    assert (told["isComplete"], told["endedBy"]) == (False, "damage")
    assert [file["path"] for file in told["files"]] == ["bomb", "first"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"imageDigest": ABSENT}, "ImageNotFoundException"),
        ({"imageTag": "none", "imageDigest": None}, "ImageNotFoundException"),
        ({"imageDigest": None}, "InvalidParameterException"),
        ({"layerDigest": ABSENT}, "LayersNotFoundException"),
        ({"layerDigest": "sha256:../../x"}, "InvalidParameterException"),
        ({"layerDigest": "md5:" + "0" * 32}, "InvalidParameterException"),
        ({"repositoryName": "team/none"}, "RepositoryNotFoundException"),
        ({"repositoryName": "team/../app"}, "InvalidParameterException"),
    ],
)
async def test_what_is_not_there_is_refused(
    served: Served, image: str, more: dict[str, Any], code: str
) -> None:
    params = {name: value for name, value in asked(image, **more).items() if value is not None}
    refused = await refusal(served.own().list_layer_files, **params)
    assert (refused.code, refused.status) == (code, 400)


async def test_attack_24_a_layer_of_another_image_is_none_of_this_one(served: Served, image: str) -> None:
    ecr = served.ecr()
    other = (await push_image(ecr, NAME, "other", content=b"another layer")).digest
    await push_image(ecr, await create(ecr, "team/there"), content=b"elsewhere")
    for digest in (digest_of(b"another layer"), digest_of(b"elsewhere")):
        refused = await refusal(served.own().list_layer_files, **asked(image, layerDigest=digest))
        assert refused.code == "LayersNotFoundException"
    config = json.loads(
        (await to_thread(ecr.batch_get_image, repositoryName=NAME, imageIds=[{"imageDigest": other}]))[
            "images"
        ][0]["imageManifest"]
    )["config"]["digest"]
    refused = await refusal(served.own().list_layer_files, **asked(other, layerDigest=config))
    assert refused.code == "LayersNotFoundException"


async def test_attack_15_an_index_has_no_layers(served: Served) -> None:
    ecr = served.ecr()
    child = await push_image(ecr, await create(ecr, NAME), content=LAYER)
    index = await push_index(ecr, NAME, child)
    refused = await refusal(served.own().list_layer_files, **asked(index.digest))
    assert refused.code == "LayersNotFoundException"


async def test_attack_28_who_may_pull_the_image_may_look_into_it(served: Served, image: str) -> None:
    keys = await user(served.iam(), "reader", policy(*READ, resource=arn(NAME)))
    told = await to_thread(served.own(keys=keys).list_layer_files, **asked(image))
    assert told["fileCount"] == 3


@pytest.mark.parametrize("missing", READ)
async def test_attack_24_who_lacks_a_part_of_pulling_may_not(
    served: Served, image: str, missing: str
) -> None:
    others = [action for action in READ if action != missing]
    allowed = policy(*others, "entrepot:*", resource=arn(NAME))
    keys = await user(served.iam(), "reader", allowed)
    refused = await refusal(served.own(keys=keys).list_layer_files, **asked(image))
    assert (refused.code, missing in refused.message) == ("AccessDeniedException", True)


async def test_attack_23_a_policy_may_deny_it(served: Served, image: str) -> None:
    denied = policy("entrepot:ListLayerFiles", effect="Deny", resource=arn(NAME))
    keys = await user(served.iam(), "reader", policy(*READ, resource=arn(NAME)), denied)
    refused = await refusal(served.own(keys=keys).list_layer_files, **asked(image))
    assert (refused.code, "explicit deny" in refused.message) == ("AccessDeniedException", True)


async def test_attack_30_unknown_and_forbidden_are_refused_alike(served: Served, image: str) -> None:
    keys = await user(served.iam(), "eve", policy(*READ, resource=arn("other/*")))
    said = set()
    for name in (NAME, "team/none"):
        params = asked(image, repositoryName=name)
        refused = await refusal(served.own(keys=keys).list_layer_files, **params)
        said.add((refused.code, refused.status, refused.message.replace(name, "NAME")))
    assert len(said) == 1
    [(code, _, _)] = said
    assert code == "AccessDeniedException"


async def test_attack_19_another_accounts_root_finds_nothing(served: Served, image: str) -> None:
    refused = await refusal(served.own(OTHER_ACCOUNT).list_layer_files, **asked(image))
    assert refused.code == "RepositoryNotFoundException"


@pytest.mark.parametrize("most", [0, -1, 1001, 2**31 - 1])
async def test_attack_40_pages_of_other_sizes_are_refused(served: Served, image: str, most: int) -> None:
    refused = await refusal(served.own().list_layer_files, **asked(image, maxResults=most))
    assert refused.code == "InvalidParameterException"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "bGF5ZXItZmlsZXMAeA==",
        "bGF5ZXItZmlsZXMALTE=",
        "bGF5ZXItZmlsZXMAOTk5OTk5OTk5OTk5",
        "YWNjb3VudHMAMQ==",
    ],
)
async def test_attack_40_a_forged_token_is_refused(served: Served, image: str, token: str) -> None:
    refused = await refusal(served.own().list_layer_files, **asked(image, nextToken=token))
    assert refused.code == "InvalidParameterException"


@pytest.mark.parametrize("prefix", ["x" * 4097, 5])
async def test_attack_40_a_prefix_that_is_none_is_refused(served: Served, image: str, prefix: object) -> None:
    refused = await refusal(served.own().list_layer_files, **asked(image, prefix=prefix))
    assert refused.code in ("InvalidParameterException", "SerializationException")


@pytest.mark.parametrize("prefix", ["../", "/etc/", "\0", "*", "etc/\ud7ff", "é"])
async def test_attack_01_a_prefix_reaches_nothing_but_the_archive(
    served: Served, image: str, prefix: str
) -> None:
    told = await to_thread(served.own().list_layer_files, **asked(image, prefix=prefix))
    assert {file["path"] for file in told["files"]} <= {"etc/hosts", "etc/ssl/key"}
