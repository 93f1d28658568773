"""aws-cdk's publisher of assets, told of the endpoint by its environment alone, with a real docker daemon."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clients.image_assets import ImageAsset
from tests.engines.client import Client, open_client
from tests.engines.docker import Docker
from tests.engines.entrepot import ACCOUNT, REGION, Endpoint

NewRepository = Callable[[], str]

# The repository of CDK's bootstrap template, which needs an ECR-shaped name for this.
BOOTSTRAPPED = "cdk-hnb659fds-container-assets-{account}-{region}"
ROLE = f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/cdk-hnb659fds-image-publishing-role"


@pytest.fixture
def publisher(tmp_path: Path, docker_engine: Docker, entrepot: Endpoint) -> Client:
    """The program, with a docker that is logged in nowhere."""
    variables = {
        **docker_engine.environment,
        **entrepot.client_environment(tmp_path),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
    }
    return open_client("cdk-assets", tmp_path, variables)


@pytest.fixture
def asset(tmp_path: Path) -> ImageAsset:
    return ImageAsset(tmp_path)


def publish(publisher: Client, *, is_expected_to_fail: bool = False) -> str:
    return publisher.run("publish", "--verbose", is_expected_to_fail=is_expected_to_fail)


def test_an_asset_is_pushed_once(publisher: Client, asset: ImageAsset, entrepot: Endpoint) -> None:
    ecr, name = entrepot.ecr(), BOOTSTRAPPED.format(account=ACCOUNT, region=REGION)
    made = ecr.create_repository(
        repositoryName=name,
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
    )["repository"]
    asset.write(BOOTSTRAPPED.format(account="${AWS::AccountId}", region="${AWS::Region}"), region=REGION)
    uri = f"{made['repositoryUri']}:{asset.id}"

    first, second = publish(publisher), publish(publisher)

    assert f"Push {uri}" in first
    assert f"Found {uri}" in second
    assert "Push" not in second
    [detail] = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert detail["imageTags"] == [asset.id]
    assert detail["imageDigest"] in first


def test_an_asset_that_was_deleted_is_pushed_again(
    publisher: Client, asset: ImageAsset, entrepot: Endpoint, new_repository: NewRepository
) -> None:
    repository = new_repository()
    asset.write(repository, region=REGION)
    publish(publisher)
    entrepot.ecr().batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": asset.id}])

    assert "Push" in publish(publisher)

    assert entrepot.ecr().describe_images(repositoryName=repository)["imageDetails"]


def test_a_repository_that_is_missing_is_told_with_its_account(publisher: Client, asset: ImageAsset) -> None:
    """Known by the name of the error, and the account by asking STS."""
    asset.write("cdk/never-made", region=REGION)

    printed = publish(publisher, is_expected_to_fail=True)

    assert f"No ECR repository named 'cdk/never-made' in account {ACCOUNT}." in printed


def test_the_root_cannot_assume_the_role_of_an_asset(
    publisher: Client, asset: ImageAsset, new_repository: NewRepository
) -> None:
    """CDK's default synthesizer names one; the program does not try again, and says what is wrong."""
    asset.write(new_repository(), region=REGION, role=ROLE)

    printed = publish(publisher, is_expected_to_fail=True)

    assert "Roles may not be assumed by root accounts." in printed


def test_a_user_publishes_in_the_role_of_the_asset(
    publisher: Client, asset: ImageAsset, entrepot: Endpoint, new_repository: NewRepository
) -> None:
    """The role may push and the user may only assume it, as CDK's bootstrap template has it."""
    iam, repository, role = entrepot.iam(), new_repository(), ROLE.rpartition("/")[2]
    trusts = _allow("sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusts)
    powers = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser"
    iam.attach_role_policy(RoleName=role, PolicyArn=powers)
    iam.create_user(UserName="cdk")
    assumes = _allow("sts:AssumeRole", Resource=ROLE.replace("${AWS::Partition}", "aws"))
    iam.put_user_policy(UserName="cdk", PolicyName="assume", PolicyDocument=assumes)
    key = iam.create_access_key(UserName="cdk")["AccessKey"]
    keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    asset.write(repository, region=REGION, role=ROLE)

    publish(replace(publisher, variables={**publisher.variables, **keys}))

    [detail] = entrepot.ecr().describe_images(repositoryName=repository)["imageDetails"]
    assert detail["imageTags"] == [asset.id]


def _allow(action: str, **others: object) -> str:
    statement = {"Effect": "Allow", "Action": action, **others}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def test_an_asset_goes_to_the_region_of_its_destination(
    publisher: Client, asset: ImageAsset, entrepot: Endpoint
) -> None:
    """On a host that serves every region, the region is that of the token."""
    region = "ca-central-1"
    entrepot.create_repository("cdk/elsewhere", region=region)
    asset.write("cdk/elsewhere", region=region)

    publish(publisher)

    [detail] = entrepot.ecr(region).describe_images(repositoryName="cdk/elsewhere")["imageDetails"]
    assert detail["imageTags"] == [asset.id]


def test_its_credential_helper_logs_docker_in(
    publisher: Client, entrepot: Endpoint, new_repository: NewRepository, docker_engine: Docker
) -> None:
    name = f"{entrepot.registry}/{new_repository()}:1"
    config, grants = publisher.home / "docker", publisher.home / "credentials.json"
    config.mkdir()
    (config / "config.json").write_text(json.dumps({"credHelpers": {entrepot.registry: "cdk-assets"}}))
    grants.write_text(
        json.dumps(
            {
                "version": "1.0",
                "domainCredentials": {f"https://{entrepot.registry}": {"ecrRepository": True}},
            }
        )
    )
    tools = publisher.program.parent
    variables = {
        **publisher.variables,
        "PATH": f"{tools}:{publisher.variables['PATH']}",
        "CDK_DOCKER_CREDS_FILE": str(grants),
    }
    docker = open_client("docker", publisher.home, variables)
    docker_engine.import_image(name, {"greeting": b"hello"})

    assert "digest: sha256:" in docker.run("push", name)
