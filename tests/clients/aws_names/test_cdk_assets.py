"""aws-cdk's publisher of assets, unmodified: no endpoint is told, the registry goes by AWS's name."""

import json
from pathlib import Path

import pytest

from tests.clients.aws_names.site import REGIONS, Shell, registry
from tests.clients.image_assets import ImageAsset
from tests.engines.entrepot import ACCOUNT
from tests.engines.programs import find_program


@pytest.mark.parametrize("region", REGIONS)
def test_an_asset_is_published_to_aws_names(docker_shell: Shell, tmp_path: Path, region: str) -> None:
    asset, program = ImageAsset(tmp_path), find_program("cdk-assets")
    trust_in(docker_shell)
    docker_shell.type(f"aws ecr create-repository --repository-name cdk/assets --region {region}")
    asset.write("cdk/assets", region=region)

    publish = f"{program} publish --verbose --path assets.json {asset.id} 2>&1"
    first, second = docker_shell.type(publish), docker_shell.type(publish)

    uri = f"{registry(region)}/cdk/assets:{asset.id}"
    assert f"Push {uri}" in first
    assert f"Found {uri}" in second
    shown = docker_shell.type(f"aws ecr list-images --repository-name cdk/assets --region {region}")
    assert json.loads(shown)["imageIds"][0]["imageTag"] == asset.id


def test_a_missing_repository_is_told_with_its_account(shell: Shell, tmp_path: Path) -> None:
    """The account is asked of STS at the host of AWS_REGION; Node's SDK reads no AWS_DEFAULT_REGION."""
    ImageAsset(tmp_path).write("cdk/never-made", region=REGIONS[0])
    trust_in(shell)
    shell.variables["AWS_REGION"] = REGIONS[1]

    printed = shell.type(f"{find_program('cdk-assets')} publish 2>&1", is_expected_to_fail=True)

    assert f"No ECR repository named 'cdk/never-made' in account {ACCOUNT}." in printed


def trust_in(shell: Shell) -> None:
    """Node adds this to the authorities that it brings with it; the machine's store it does not read."""
    shell.variables["NODE_EXTRA_CA_CERTS"] = str(shell.site.authority)
