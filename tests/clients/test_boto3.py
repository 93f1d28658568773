"""boto3, unmodified, against a served Entrepot."""

import hashlib
import json
import urllib.request
from collections.abc import Callable

import pytest

from tests.clients.oci_layout import describe
from tests.clients.raw_registry import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, sha256
from tests.engines.entrepot import ACCOUNT, Endpoint

NewRepository = Callable[[], str]


def upload_layer(entrepot: Endpoint, repository: str, content: bytes) -> str:
    ecr = entrepot.ecr()
    begun = ecr.initiate_layer_upload(repositoryName=repository)
    digest = sha256(content)
    ecr.upload_layer_part(
        repositoryName=repository,
        uploadId=begun["uploadId"],
        partFirstByte=0,
        partLastByte=len(content) - 1,
        layerPartBlob=content,
    )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=begun["uploadId"], layerDigests=[digest])
    return digest


def put_image(entrepot: Endpoint, repository: str, tag: str) -> str:
    """An image whose content is its tag, so that no two are the same."""
    config, layer = b"{}", tag.encode()
    for content in (config, layer):
        if not is_available(entrepot, repository, sha256(content)):
            upload_layer(entrepot, repository, content)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": describe(OCI_CONFIG, config),
            "layers": [describe(OCI_LAYER, layer)],
        }
    )
    entrepot.ecr().put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)
    return manifest


def is_available(entrepot: Endpoint, repository: str, digest: str) -> bool:
    answer = entrepot.ecr().batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])
    return any(layer["layerAvailability"] == "AVAILABLE" for layer in answer["layers"])


def test_caller_is_the_root_of_the_default_account(entrepot: Endpoint) -> None:
    identity = entrepot.sts().get_caller_identity()

    assert identity["Account"] == ACCOUNT
    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


def test_endpoint_of_the_token_is_where_repositories_are(
    entrepot: Endpoint, new_repository: NewRepository
) -> None:
    ecr = entrepot.ecr()
    [granted] = ecr.get_authorization_token()["authorizationData"]
    [repository] = ecr.describe_repositories(repositoryNames=[new_repository()])["repositories"]

    host = granted["proxyEndpoint"].removeprefix("http://")
    assert host == entrepot.registry
    assert repository["repositoryUri"] == f"{host}/{repository['repositoryName']}"


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-west-1", "ap-southeast-2", "cn-north-1", "us-gov-west-1"]
)
def test_repositories_of_a_region_are_its_own(entrepot: Endpoint, region: str) -> None:
    name = f"regional/{region}"
    entrepot.create_repository(name, region=region)

    [here] = entrepot.ecr(region).describe_repositories(repositoryNames=[name])["repositories"]

    assert here["repositoryArn"].split(":")[2:5] == ["ecr", region, ACCOUNT]
    other = entrepot.ecr("sa-east-1")
    with pytest.raises(other.exceptions.RepositoryNotFoundException):
        other.describe_repositories(repositoryNames=[name])


def test_refusals_are_the_exceptions_of_the_model(entrepot: Endpoint, new_repository: NewRepository) -> None:
    ecr, repository = entrepot.ecr(), new_repository()

    with pytest.raises(ecr.exceptions.RepositoryAlreadyExistsException) as refused:
        ecr.create_repository(repositoryName=repository)

    assert refused.value.response["Error"]["Message"] == (
        f"The repository with name '{repository}' already exists in the registry with id '{ACCOUNT}'"
    )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": "absent"}])


def test_paginator_gives_every_repository_once(entrepot: Endpoint) -> None:
    names = {entrepot.create_repository(f"many/{number:02}", region="eu-north-1") for number in range(25)}

    pages = list(
        entrepot.ecr("eu-north-1")
        .get_paginator("describe_repositories")
        .paginate(PaginationConfig={"PageSize": 10})
    )

    assert len(pages) == 3
    seen = [one["repositoryName"] for page in pages for one in page["repositories"]]
    assert len(seen) == 25
    assert set(seen) == names


def test_paginators_give_every_image_once(entrepot: Endpoint, new_repository: NewRepository) -> None:
    repository = new_repository()
    tags = {f"tag-{number}" for number in range(5)}
    for tag in tags:
        put_image(entrepot, repository, tag)
    ecr = entrepot.ecr()

    listed = ecr.get_paginator("list_images").paginate(
        repositoryName=repository, PaginationConfig={"PageSize": 2}
    )
    described = ecr.get_paginator("describe_images").paginate(
        repositoryName=repository, PaginationConfig={"PageSize": 2}
    )

    assert sorted(one["imageTag"] for page in listed for one in page["imageIds"]) == sorted(tags)
    assert sorted(
        tag for page in described for one in page["imageDetails"] for tag in one["imageTags"]
    ) == sorted(tags)


def test_waiters_are_there(entrepot: Endpoint) -> None:
    ecr = entrepot.ecr()

    assert [ecr.get_waiter(name).name for name in ecr.waiter_names] == [
        "ImageScanComplete",
        "LifecyclePolicyPreviewComplete",
    ]


def test_image_put_through_the_api_comes_back_whole(
    entrepot: Endpoint, new_repository: NewRepository
) -> None:
    repository = new_repository()
    manifest = put_image(entrepot, repository, "v1")
    ecr = entrepot.ecr()

    [image] = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["images"]
    link = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=sha256(b"v1"))["downloadUrl"]
    with urllib.request.urlopen(link, timeout=30) as answer:
        layer = answer.read()

    assert image["imageManifest"] == manifest
    assert image["imageId"]["imageDigest"] == sha256(manifest.encode())
    assert layer == b"v1"


def test_large_layer_goes_up_in_parts(entrepot: Endpoint, new_repository: NewRepository) -> None:
    repository, ecr = new_repository(), entrepot.ecr()
    part = bytes(range(256)) * (20 * 1024 * 1024 // 256)
    content = part + b"the rest"
    begun = ecr.initiate_layer_upload(repositoryName=repository)
    assert begun["partSize"] <= len(part)

    for first, chunk in ((0, part), (len(part), b"the rest")):
        received = ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=begun["uploadId"],
            partFirstByte=first,
            partLastByte=first + len(chunk) - 1,
            layerPartBlob=chunk,
        )
        assert received["lastByteReceived"] == first + len(chunk) - 1
    done = ecr.complete_layer_upload(
        repositoryName=repository,
        uploadId=begun["uploadId"],
        layerDigests=[f"sha256:{hashlib.sha256(content).hexdigest()}"],
    )

    assert is_available(entrepot, repository, done["layerDigest"])


def test_untagged_and_tagged_images_are_told_apart(entrepot: Endpoint, new_repository: NewRepository) -> None:
    repository, ecr = new_repository(), entrepot.ecr()
    first, second = (put_image(entrepot, repository, tag) for tag in ("one", "two"))
    ecr.put_image(repositoryName=repository, imageManifest=second, imageTag="one")

    tagged = ecr.list_images(repositoryName=repository, filter={"tagStatus": "TAGGED"})["imageIds"]
    untagged = ecr.list_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})["imageIds"]

    assert {one["imageTag"] for one in tagged} == {"one", "two"}
    assert [one["imageDigest"] for one in untagged] == [sha256(first.encode())]


def test_tags_of_a_repository_are_kept(entrepot: Endpoint) -> None:
    ecr = entrepot.ecr()
    made = ecr.create_repository(repositoryName="team/labelled", tags=[{"Key": "team", "Value": "blue"}])
    arn = made["repository"]["repositoryArn"]

    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "stage", "Value": "test"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["team"])

    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "stage", "Value": "test"}]


def test_attack_32_a_wrong_secret_is_refused(entrepot: Endpoint) -> None:
    stranger = entrepot.ecr(secret_access_key="not-the-secret-of-this-key-at-all-000000")

    with pytest.raises(stranger.exceptions.ClientError) as refused:
        stranger.describe_repositories()

    assert refused.value.response["Error"]["Code"] == "InvalidSignatureException"


def test_operation_that_is_not_offered_says_so(entrepot: Endpoint, new_repository: NewRepository) -> None:
    ecr = entrepot.ecr()

    with pytest.raises(ecr.exceptions.ClientError) as refused:
        ecr.start_image_scan(repositoryName=new_repository(), imageId={"imageTag": "v1"})

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501  # which no SDK retries
    assert "not offered" in refused.value.response["Error"]["Message"]
