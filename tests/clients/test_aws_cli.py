"""The AWS command line, unmodified, against a served Entrepot."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.engines.entrepot import ACCOUNT, Endpoint
from tests.engines.programs import find_program, run_program

NewRepository = Callable[[], str]


def aws(entrepot: Endpoint, home: Path, *arguments: str, is_expected_to_fail: bool = False) -> str:
    return run_program(
        find_program("aws"),
        *arguments,
        environment=entrepot.client_environment(home),
        is_expected_to_fail=is_expected_to_fail,
    )


def test_repository_is_made_shown_and_deleted(entrepot: Endpoint, tmp_path: Path) -> None:
    aws(
        entrepot,
        tmp_path,
        "ecr",
        "create-repository",
        "--repository-name",
        "cli/app",
        "--image-tag-mutability=IMMUTABLE",
    )

    shown = json.loads(
        aws(entrepot, tmp_path, "ecr", "describe-repositories", "--repository-names", "cli/app")
    )
    assert shown["repositories"][0]["imageTagMutability"] == "IMMUTABLE"

    aws(entrepot, tmp_path, "ecr", "delete-repository", "--repository-name", "cli/app", "--force")
    printed = aws(
        entrepot,
        tmp_path,
        "ecr",
        "describe-repositories",
        "--repository-names",
        "cli/app",
        is_expected_to_fail=True,
    )
    assert (
        "An error occurred (RepositoryNotFoundException) when calling the DescribeRepositories operation: "
        f"The repository with name 'cli/app' does not exist in the registry with id '{ACCOUNT}'" in printed
    )


def test_pages_are_followed(entrepot: Endpoint, tmp_path: Path) -> None:
    for number in range(4):
        entrepot.create_repository(f"cli-pages/{number}")

    printed = aws(
        entrepot, tmp_path, "ecr", "describe-repositories", "--page-size", "2", "--output", "text",
        "--query", "repositories[?starts_with(repositoryName, `cli-pages/`)].repositoryName",
    )  # fmt: skip

    assert sorted(printed.split()) == [f"cli-pages/{number}" for number in range(4)]


def test_login_password_is_one_line_without_a_colon(entrepot: Endpoint, tmp_path: Path) -> None:
    printed = aws(entrepot, tmp_path, "ecr", "get-login-password")

    assert len(printed.splitlines()) == 1
    assert ":" not in printed


def test_repository_settings_are_changed(
    entrepot: Endpoint, tmp_path: Path, new_repository: NewRepository
) -> None:
    name = new_repository()
    arn = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{name}"

    for arguments in (
        ("put-image-tag-mutability", "--repository-name", name, "--image-tag-mutability", "IMMUTABLE"),
        (
            "put-image-scanning-configuration",
            "--repository-name",
            name,
            "--image-scanning-configuration",
            "scanOnPush=true",
        ),
        ("tag-resource", "--resource-arn", arn, "--tags", "Key=team,Value=blue"),
    ):
        aws(entrepot, tmp_path, "ecr", *arguments)

    [shown] = entrepot.ecr().describe_repositories(repositoryNames=[name])["repositories"]
    assert shown["imageTagMutability"] == "IMMUTABLE"
    assert shown["imageScanningConfiguration"] == {"scanOnPush": True}
    assert entrepot.ecr().list_tags_for_resource(resourceArn=arn)["tags"] == [
        {"Key": "team", "Value": "blue"}
    ]


def test_account_settings_are_read_and_put(entrepot: Endpoint, tmp_path: Path) -> None:
    shown = json.loads(aws(entrepot, tmp_path, "ecr", "get-account-setting", "--name", "BLOB_MOUNTING"))

    assert shown == {"name": "BLOB_MOUNTING", "value": "ENABLED"}
    assert json.loads(aws(entrepot, tmp_path, "ecr", "describe-registry"))["registryId"] == ACCOUNT


def test_configure_by_hand_works(entrepot: Endpoint, tmp_path: Path) -> None:
    """The four questions of `aws configure`, answered, and nothing in the environment but the endpoint."""
    environment = {
        "PATH": entrepot.client_environment(tmp_path)["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL_STS": entrepot.url,
    }
    answers = f"{entrepot.access_key_id}\n{entrepot.secret_access_key}\neu-central-1\njson\n"
    program = find_program("aws")

    run_program(program, "configure", environment=environment, stdin=answers)
    printed = run_program(program, "sts", "get-caller-identity", environment=environment)

    assert json.loads(printed)["Account"] == ACCOUNT
