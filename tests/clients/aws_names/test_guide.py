"""The commands of ECR's user guide, verbatim: no endpoint, AWS's names, a real docker daemon."""

import json

import pytest

from tests.clients.aws_names.site import REGIONS, Shell, registry
from tests.engines.entrepot import ACCOUNT
from tests.engines.programs import ROOT

# "Moving an image through its lifecycle in Amazon ECR", aws_account_id and region filled in.
LOGIN = (
    "aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {registry}"
)
BUILD = "docker build -t hello-world ."
CREATE = "aws ecr create-repository --repository-name hello-repository --region {region}"
TAG = "docker tag hello-world:latest {registry}/hello-repository"
PUSH = "docker push {registry}/hello-repository"
PULL = "docker pull {registry}/hello-repository:latest"
DELETE_IMAGE = (
    "aws ecr batch-delete-image --repository-name hello-repository --image-ids imageTag=latest"
    " --region {region}"
)
DELETE = "aws ecr delete-repository --repository-name hello-repository --force --region {region}"


@pytest.mark.parametrize("region", REGIONS)
def test_the_guide_works_as_written(docker_shell: Shell, region: str) -> None:
    def type_in(command: str) -> str:
        return docker_shell.type(command.format(region=region, registry=registry(region)))

    type_in(BUILD)
    assert "Login Succeeded" in type_in(LOGIN)
    made = json.loads(type_in(CREATE))["repository"]
    assert made["repositoryUri"] == f"{registry(region)}/hello-repository"
    type_in(TAG)
    pushed = type_in(PUSH).rsplit("digest: ", 1)[1].split()[0]
    docker_shell.type(f"docker rmi {made['repositoryUri']}")
    assert pushed in type_in(PULL)
    assert json.loads(type_in(DELETE_IMAGE))["failures"] == []
    assert json.loads(type_in(DELETE))["repository"]["repositoryName"] == "hello-repository"


@pytest.mark.parametrize("command", [LOGIN, BUILD, CREATE, TAG, PUSH, PULL, DELETE_IMAGE, DELETE])
def test_the_howto_shows_the_command(command: str) -> None:
    page = (ROOT / "docs" / "howto" / "air-gapped-aws-names.md").read_text(encoding="utf-8")

    assert command.format(region=REGIONS[0], registry=registry()) in page.splitlines()


@pytest.mark.parametrize("form", ["{registry}", "{registry}/team/app", "https://{registry}"])
def test_a_login_in_any_form_opens_the_registry(docker_shell: Shell, form: str) -> None:
    named = registry()
    name = f"login-{'path' if '/team' in form else form.partition(':')[0].strip('{}')}"
    docker_shell.type(f"aws ecr create-repository --repository-name {name}")

    printed = docker_shell.type(LOGIN.format(region=REGIONS[0], registry=form.format(registry=named)))
    docker_shell.type(f"docker build -t {named}/{name}:1 .")
    pushed = docker_shell.type(f"docker push {named}/{name}:1")

    assert "Login Succeeded" in printed
    assert "digest: sha256:" in pushed


def test_a_token_of_another_region_does_not_log_in(docker_shell: Shell) -> None:
    printed = docker_shell.type(
        LOGIN.format(region=REGIONS[1], registry=registry(REGIONS[0])), is_expected_to_fail=True
    )

    assert "403" in printed or "400" in printed


def test_the_caller_is_known_at_both_hosts_of_sts(shell: Shell) -> None:
    for kind in ("regional", "legacy"):
        printed = shell.type(f"AWS_STS_REGIONAL_ENDPOINTS={kind} aws sts get-caller-identity --debug 2>debug")
        assert json.loads(printed)["Account"] == ACCOUNT
        host = "sts.us-east-1.amazonaws.com" if kind == "regional" else "sts.amazonaws.com"
        assert f"https://{host}" in (shell.folder / "debug").read_text()


@pytest.mark.parametrize("region", REGIONS)
def test_users_are_managed_at_the_one_host_of_iam(shell: Shell, region: str) -> None:
    """The CLI signs for us-east-1 there, whatever its own region."""
    shell.variables["AWS_DEFAULT_REGION"] = region
    name = f"of-{region}"
    printed = shell.type(f"aws iam create-user --user-name {name} --debug 2>debug")
    assert json.loads(printed)["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{name}"
    assert "https://iam.amazonaws.com" in (shell.folder / "debug").read_text()

    policy = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    shell.type(f"aws iam attach-user-policy --user-name {name} --policy-arn {policy}")
    keys = shell.type(
        f"aws iam create-access-key --user-name {name} --output text"
        " --query 'AccessKey.[AccessKeyId,SecretAccessKey]'"
    ).split()
    shell.variables["AWS_ACCESS_KEY_ID"], shell.variables["AWS_SECRET_ACCESS_KEY"] = keys

    assert json.loads(shell.type("aws sts get-caller-identity"))["Arn"].endswith(f"user/{name}")
    refused = shell.type("aws ecr describe-repositories", is_expected_to_fail=True)
    assert "AccessDenied" in refused


@pytest.mark.parametrize("host", ["api.ecr.us-east-1", "ecr.us-east-1", "sts.us-east-1"])
def test_a_signature_for_another_region_than_the_hosts_is_refused(shell: Shell, host: str) -> None:
    command = "sts get-caller-identity" if host.startswith("sts") else "ecr describe-repositories"
    asked = f"aws {command} --region eu-west-1 --endpoint-url https://{host}.amazonaws.com"

    printed = shell.type(asked, is_expected_to_fail=True)

    assert "Credential should be scoped to a valid region, not 'eu-west-1'. " in printed
