"""A server that answers and takes no change, at every door and operation."""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from entrepot.domain.errors import ReadOnly
from entrepot.domain.media_types import OCI_MANIFEST
from entrepot.installation.first_start import CannotStart
from entrepot.services.ecr.service import ECR_OFFERED
from entrepot.services.sts.service import STS_OFFERED
from tests.engines.entrepot import REGION
from tests.wire.oci.raw_http import Lines
from tests.wire.oci.world import digest_of, manifest
from tests.wire.serving.port import Port, PushedImage, open_port

ACCOUNT = "123456789012"
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"
REASON = "This registry is read-only now and takes no changes"
LAYER = b"a layer"
IN = {"repositoryName": "team/app"}
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/scanner"
LIFECYCLE = (
    '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", '
    '"countNumber": 9}, "action": {"type": "expire"}}]}'
)
POLICY = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:ListImages"}]}'


@dataclass(slots=True)
class Frozen:
    """A registry that was filled, and is served again read-only."""

    port: Port
    folder: Path
    image: PushedImage
    upload: str
    part: str
    login: Lines

    def state(self) -> str:
        """Everything that lies in the folder: rows, layers and uploads."""
        running = hashlib.sha256()
        with closing(sqlite3.connect(self.folder / "metadata" / "entrepot.db")) as rows:
            for line in rows.iterdump():
                running.update(line.encode())
        for path in sorted((self.folder / "blobs").rglob("*")):
            if path.is_file():
                running.update(str(path).encode() + path.read_bytes())
        return running.hexdigest()


@pytest.fixture
async def frozen(tmp_path: Path) -> AsyncIterator[Frozen]:
    folder = tmp_path / "data"
    async with open_port(folder) as port:
        await port.create_repository("team/app")
        login = await port.login()
        image = await port.push_image(login)
        await asyncio.to_thread(
            lambda: port.ecr().set_repository_policy(repositoryName="team/app", policyText=POLICY)
        )
        await asyncio.to_thread(lambda: port.ecr().put_registry_policy(policyText=POLICY))
        await asyncio.to_thread(
            lambda: port.ecr().put_lifecycle_policy(repositoryName="team/app", lifecyclePolicyText=LIFECYCLE)
        )
        await asyncio.to_thread(lambda: port.ecr().start_lifecycle_policy_preview(repositoryName="team/app"))
        begun = await port.ask("POST", "/v2/team/app/blobs/uploads/", login, b"")
        upload = begun.headers["location"]
        await port.ask("PATCH", upload, login, b"half a layer")
        part = await asyncio.to_thread(
            lambda: port.ecr().initiate_layer_upload(repositoryName="team/app")["uploadId"]
        )
        await asyncio.to_thread(
            lambda: port.ecr().upload_layer_part(
                repositoryName="team/app",
                uploadId=part,
                partFirstByte=0,
                partLastByte=3,
                layerPartBlob=b"part",
            )
        )
    async with open_port(folder, read_only="true") as port:
        yield Frozen(port, folder, image, upload, part, await port.login())


Parameters = Callable[[Frozen], dict[str, Any]]

READS: Mapping[str, Parameters] = {
    "BatchCheckLayerAvailability": lambda f: {**IN, "layerDigests": [f.image.layer]},
    "BatchGetImage": lambda f: {**IN, "imageIds": [{"imageDigest": f.image.digest}]},
    "DescribeImages": lambda _: IN,
    "DescribeRegistry": lambda _: {},
    "DescribeRepositories": lambda _: {},
    "GetAccountSetting": lambda _: {"name": "BLOB_MOUNTING"},
    "GetAuthorizationToken": lambda _: {},
    "GetDownloadUrlForLayer": lambda f: {**IN, "layerDigest": f.image.layer},
    "GetLifecyclePolicy": lambda _: IN,
    "GetLifecyclePolicyPreview": lambda _: IN,
    "GetRegistryPolicy": lambda _: {},
    "GetRepositoryPolicy": lambda _: IN,
    "ListImageReferrers": lambda f: {**IN, "subjectId": {"imageDigest": f.image.digest}},
    "ListImages": lambda _: IN,
    "ListPullTimeUpdateExclusions": lambda _: {},
    "ListTagsForResource": lambda _: {"resourceArn": ARN},
}
CHANGES: Mapping[str, Parameters] = {
    "BatchDeleteImage": lambda f: {**IN, "imageIds": [{"imageDigest": f.image.digest}]},
    "CompleteLayerUpload": lambda f: {**IN, "uploadId": f.part, "layerDigests": [digest_of(b"part")]},
    "CreateRepository": lambda _: {"repositoryName": "team/new"},
    "DeleteLifecyclePolicy": lambda _: IN,
    "DeleteRegistryPolicy": lambda _: {},
    "DeleteRepository": lambda _: {**IN, "force": True},
    "DeleteRepositoryPolicy": lambda _: IN,
    "DeregisterPullTimeUpdateExclusion": lambda _: {"principalArn": USER_ARN},
    "InitiateLayerUpload": lambda _: IN,
    "PutAccountSetting": lambda _: {"name": "BLOB_MOUNTING", "value": "DISABLED"},
    "PutImage": lambda _: {**IN, "imageManifest": image_again(), "imageTag": "again"},
    "PutImageScanningConfiguration": lambda _: {**IN, "imageScanningConfiguration": {"scanOnPush": True}},
    "PutImageTagMutability": lambda _: {**IN, "imageTagMutability": "IMMUTABLE"},
    "PutLifecyclePolicy": lambda _: {**IN, "lifecyclePolicyText": LIFECYCLE},
    "PutRegistryPolicy": lambda _: {"policyText": POLICY},
    "RegisterPullTimeUpdateExclusion": lambda _: {"principalArn": USER_ARN},
    "SetRepositoryPolicy": lambda _: {**IN, "policyText": POLICY},
    "StartLifecyclePolicyPreview": lambda _: IN,
    "TagResource": lambda _: {"resourceArn": ARN, "tags": [{"Key": "k", "Value": "v"}]},
    "UntagResource": lambda _: {"resourceArn": ARN, "tagKeys": ["k"]},
    "UpdateImageStorageClass": lambda f: {
        **IN, "imageId": {"imageDigest": f.image.digest}, "targetStorageClass": "ARCHIVE",
    },
    "UploadLayerPart": lambda f: {
        **IN, "uploadId": f.part, "partFirstByte": 4, "partLastByte": 4, "layerPartBlob": b"!",
    },
}  # fmt: skip


def image_again() -> str:
    return manifest(config=b"{}", layers=[LAYER]).decode()


def method_of(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")


def test_every_operation_of_ecr_is_tried_here() -> None:
    assert sorted([*READS, *CHANGES]) == sorted(ECR_OFFERED)


@pytest.mark.parametrize("operation", READS)
async def test_a_read_of_the_ecr_api_is_answered(operation: str, frozen: Frozen) -> None:
    before = frozen.state()
    call = getattr(frozen.port.ecr(), method_of(operation))

    answer = await asyncio.to_thread(lambda: call(**READS[operation](frozen)))

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert not answer.get("failures")
    assert frozen.state() == before


@pytest.mark.parametrize("operation", CHANGES)
async def test_a_change_of_the_ecr_api_is_refused_with_the_reason(operation: str, frozen: Frozen) -> None:
    before = frozen.state()
    call = getattr(frozen.port.ecr(), method_of(operation))

    with pytest.raises(ClientError) as refused:
        await asyncio.to_thread(lambda: call(**CHANGES[operation](frozen)))

    said = refused.value.response["Error"]
    assert said["Code"] == "AccessDeniedException"
    assert said["Message"].startswith(REASON)
    assert frozen.state() == before


OF_THE_BIN: Mapping[str, Parameters] = {
    "PurgeRecycleBin": lambda _: {"everything": True},
    "PutDeletionProtection": lambda _: {**IN, "enabled": True},
    "PutRecycleBinSettings": lambda _: {"retentionDays": 0},
    "RestoreImage": lambda f: {**IN, "imageDigest": f.image.digest},
    "RestoreRepository": lambda _: {"repositoryName": "team/old"},
    "RestoreTag": lambda f: {**IN, "imageTag": "2", "imageDigest": f.image.digest},
}


@pytest.mark.parametrize("operation", OF_THE_BIN)
async def test_a_change_of_the_recycle_bin_is_refused_with_the_reason(operation: str, frozen: Frozen) -> None:
    before = frozen.state()
    call = getattr(frozen.port.client("entrepot"), method_of(operation))

    with pytest.raises(ClientError, match=REASON) as refused:
        await asyncio.to_thread(lambda: call(**OF_THE_BIN[operation](frozen)))

    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert frozen.state() == before


STS_READS = {"GetCallerIdentity"}
STS_CHANGES: Mapping[str, Mapping[str, str]] = {
    "GetSessionToken": {},
    "GetFederationToken": {"Name": "guest"},
}
ROOT_MAY_NOT = {"AssumeRole", "AssumeRoleWithWebIdentity"}  # the second takes the token of an issuer instead


def test_every_operation_of_sts_is_one_of_these() -> None:
    assert STS_READS | {*STS_CHANGES} | ROOT_MAY_NOT == {*STS_OFFERED}


@pytest.mark.parametrize("operation", sorted(STS_READS | {*STS_CHANGES}))
async def test_sts_tells_who_one_is_and_makes_no_session(operation: str, frozen: Frozen) -> None:
    before = frozen.state()
    call = getattr(frozen.port.client("sts"), method_of(operation))

    if operation in STS_READS:
        assert (await asyncio.to_thread(call))["Account"] == ACCOUNT
    else:
        with pytest.raises(ClientError, match=REASON) as refused:
            await asyncio.to_thread(call, **STS_CHANGES[operation])
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert frozen.state() == before


ROUTES: Mapping[str, tuple[str, Callable[[Frozen], tuple[str, bytes]]]] = {
    "begin an upload": ("POST", lambda _: ("/v2/team/app/blobs/uploads/", b"")),
    "push a layer at once": (
        "POST",
        lambda _: (f"/v2/team/app/blobs/uploads/?digest={digest_of(b'new')}", b"new"),
    ),
    "mount a layer": (
        "POST",
        lambda f: (f"/v2/team/app/blobs/uploads/?mount={f.image.layer}&from=team/app", b""),
    ),
    "continue an upload": ("PATCH", lambda f: (f.upload, b"more")),
    "finish an upload": ("PUT", lambda f: (f"{f.upload}?digest={digest_of(b'half a layer')}", b"")),
    "drop an upload": ("DELETE", lambda f: (f.upload, b"")),
    "push a manifest": ("PUT", lambda _: ("/v2/team/app/manifests/2", image_again().encode())),
    "delete a tag": ("DELETE", lambda _: ("/v2/team/app/manifests/1", b"")),
    "delete an image": ("DELETE", lambda f: (f"/v2/team/app/manifests/{f.image.digest}", b"")),
    "delete a layer": ("DELETE", lambda _: (f"/v2/team/app/blobs/{digest_of(b'loose')}", b"")),
}
GETS: Mapping[str, Callable[[Frozen], str]] = {
    "the base": lambda _: "/v2/",
    "a manifest by tag": lambda _: "/v2/team/app/manifests/1",
    "a manifest by digest": lambda f: f"/v2/team/app/manifests/{f.image.digest}",
    "a layer": lambda f: f"/v2/team/app/blobs/{f.image.layer}",
    "tags": lambda _: "/v2/team/app/tags/list",
    "the catalog": lambda _: "/v2/_catalog",
    "referrers": lambda f: f"/v2/team/app/referrers/{f.image.digest}",
    "an upload": lambda f: f.upload,
    "health": lambda _: "/healthz",
    "readiness": lambda _: "/readyz",
}


@pytest.mark.parametrize("name", ROUTES)
async def test_a_change_on_the_registry_door_is_denied_with_the_reason(name: str, frozen: Frozen) -> None:
    before = frozen.state()
    method, aim = ROUTES[name]
    target, body = aim(frozen)

    lines = [*frozen.login, ("Content-Type", OCI_MANIFEST if "manifest" in target else "application/x")]
    answer = await frozen.port.ask(method, target, lines, body)

    assert answer.status == 403, answer
    assert b'"DENIED"' in answer.body
    assert REASON.encode() in answer.body
    assert frozen.state() == before


@pytest.mark.parametrize("name", GETS)
async def test_a_read_on_the_registry_door_is_answered(name: str, frozen: Frozen) -> None:
    before = frozen.state()

    answer = await frozen.port.ask("GET", GETS[name](frozen), frozen.login)

    assert answer.status in (200, 204), answer
    assert frozen.state() == before


async def test_pulls_are_not_written_down(frozen: Frozen) -> None:
    before = frozen.state()
    await frozen.port.ask("GET", "/v2/team/app/manifests/1", frozen.login)

    for gathering in frozen.port.app.gatherings:
        await gathering.flush()

    assert frozen.state() == before


async def test_the_store_itself_refuses_a_write(frozen: Frozen) -> None:
    async def body(_records: object) -> None:
        raise AssertionError("was run")

    with pytest.raises(ReadOnly):
        await frozen.port.app.store.write(body)


async def test_a_folder_that_was_never_served_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="start `entrepot serve` first"):
        async with open_port(tmp_path / "data", read_only="true"):
            pass
    assert not (tmp_path / "data" / "metadata").exists()


async def test_tables_of_an_earlier_release_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with open_port(folder):
        pass
    with closing(sqlite3.connect(folder / "metadata" / "entrepot.db", isolation_level=None)) as rows:
        rows.execute("DELETE FROM migration WHERE number = (SELECT MAX(number) FROM migration)")

    with pytest.raises(CannotStart, match="without --read-only"):
        async with open_port(folder, read_only="true"):
            pass
