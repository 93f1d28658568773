"""docker under policies: robots that pull, builds that push, another account, logins that end."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.engines.clock import open_clock
from tests.engines.docker import Docker
from tests.engines.entrepot import ACCOUNT, PROGRAM, REGION, Entrepot, registry_password, served
from tests.engines.programs import PATH, run_program

PULL_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
OTHER_ACCOUNT = "210987654321"
LOGIN = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
]
_TURN_SECONDS = 60
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Keys:
    """Of somebody who is not the root."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrepot]:
    """One for this module, because some tests end all that a user has."""
    with served(tmp_path_factory.mktemp("policies"), "--workers=2") as entrepot:
        yield entrepot


@pytest.fixture
def repository(server: Entrepot) -> str:
    return server.create_repository(f"team/app-{next(_numbers)}")


@pytest.fixture
def image(server: Entrepot, repository: str, docker_engine: Docker) -> str:
    """The name of an image that is in the repository, and not in the daemon."""
    name = f"{server.registry}/{repository}:v1"
    docker_engine.login(server.registry, server.password())
    docker_engine.import_image(name, {"noise": os.urandom(100_000)})
    docker_engine.push(name)
    docker_engine.run("rmi", name)
    docker_engine.run("logout", server.registry)
    return name


def document(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def arn(repository: str) -> str:
    return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"


def add_user(server: Entrepot, *policies: str, **documents: str) -> Keys:
    """A user with managed policies by ARN and inline ones by name."""
    iam, name = server.iam(), f"user-{next(_numbers)}"
    iam.create_user(UserName=name)
    for policy in policies:
        iam.attach_user_policy(UserName=name, PolicyArn=policy)
    for inline, text in documents.items():
        iam.put_user_policy(UserName=name, PolicyName=inline, PolicyDocument=text)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Keys(key["AccessKeyId"], key["SecretAccessKey"])


def password(server: Entrepot, keys: Keys) -> str:
    """What logs in to the registry of the default account."""
    ecr = server.ecr(
        access_key_id=keys.access_key_id,
        secret_access_key=keys.secret_access_key,
        session_token=keys.session_token,
    )
    return registry_password(ecr)


def tags(server: Entrepot, repository: str) -> list[str]:
    listed = server.ecr().list_images(repositoryName=repository)["imageIds"]
    return sorted(one["imageTag"] for one in listed if "imageTag" in one)


def test_the_pull_only_policy_alone_pulls_and_does_nothing_else(
    docker_engine: Docker, server: Entrepot, repository: str, image: str
) -> None:
    robot = add_user(server, PULL_ONLY)
    docker_engine.login(server.registry, password(server, robot))

    docker_engine.run("pull", image)
    digest = docker_engine.digest(image)
    docker_engine.run("rmi", image)
    docker_engine.run("pull", f"{server.registry}/{repository}@{digest}")

    other = f"{server.registry}/{repository}:v2"
    docker_engine.import_image(other, {"noise": os.urandom(1000)})
    said = docker_engine.run("push", other, is_expected_to_fail=True)
    assert "is not authorized to perform: ecr:InitiateLayerUpload" in said
    assert tags(server, repository) == ["v1"]


def test_a_pull_only_robot_of_one_repository_pulls_no_other(
    docker_engine: Docker, server: Entrepot, repository: str, image: str
) -> None:
    pulling = {"Effect": "Allow", "Action": PULL, "Resource": arn(repository)}
    robot = add_user(server, pull=document(LOGIN, pulling))
    docker_engine.login(server.registry, password(server, robot))
    docker_engine.run("pull", image)

    secret = server.create_repository(f"secret/app-{next(_numbers)}")
    answers = [
        docker_engine.run("pull", f"{server.registry}/{name}:v1", is_expected_to_fail=True)
        for name in (secret, "secret/none")
    ]

    assert "ecr:BatchGetImage" in answers[0]
    assert answers[0].replace(secret, "NAME") == answers[1].replace("secret/none", "NAME")


def test_attack_21_a_build_role_pushes_dev_tags_and_no_prod_tag(
    docker_engine: Docker, server: Entrepot, repository: str
) -> None:
    """A role, assumed by a runner that may do nothing else."""
    iam, name = server.iam(), f"build-{next(_numbers)}"
    runner = add_user(server)
    sts = server.sts(access_key_id=runner.access_key_id, secret_access_key=runner.secret_access_key)
    user = sts.get_caller_identity()["Arn"]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": user}}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    pushing = {"Effect": "Allow", "Action": [*PULL, *PUSH], "Resource": arn(repository)}
    dev = {"StringLike": {"ecr:ImageTag": "dev-*"}}
    tagging = {"Effect": "Allow", "Action": "ecr:PutImage", "Resource": arn(repository), "Condition": dev}
    text = document(LOGIN, pushing, tagging)
    iam.put_role_policy(RoleName=name, PolicyName="push", PolicyDocument=text)
    given = sts.assume_role(RoleArn=role, RoleSessionName="job")["Credentials"]
    session = Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    docker_engine.login(server.registry, password(server, session))

    pushed = f"{server.registry}/{repository}"
    docker_engine.import_image(f"{pushed}:dev-1", {"noise": os.urandom(100_000)})
    docker_engine.push(f"{pushed}:dev-1")
    for tag in ("prod-1", "latest"):
        docker_engine.run("tag", f"{pushed}:dev-1", f"{pushed}:{tag}")
        said = docker_engine.run("push", f"{pushed}:{tag}", is_expected_to_fail=True)
        assert "is not authorized to perform: ecr:PutImage" in said

    assert tags(server, repository) == ["dev-1"]


def test_attack_19_another_account_pulls_once_the_repository_lets_it(
    docker_engine: Docker, server: Entrepot, repository: str, image: str
) -> None:
    """A robot of another account; the image's name has the plain host, so the password names the registry."""
    data = f"--data-dir={server.data_folder}"
    run_program(PROGRAM, "credentials", f"--account={OTHER_ACCOUNT}", data, environment={"PATH": PATH})
    held = json.loads((server.data_folder / "credentials" / f"{OTHER_ACCOUNT}.json").read_bytes())
    root = Keys(held["accessKeyId"], held["secretAccessKey"])
    theirs = server.iam(access_key_id=root.access_key_id, secret_access_key=root.secret_access_key)
    theirs.create_user(UserName="robot")
    theirs.attach_user_policy(UserName="robot", PolicyArn=PULL_ONLY)
    key = theirs.create_access_key(UserName="robot")["AccessKey"]
    robot = Keys(key["AccessKeyId"], key["SecretAccessKey"])
    docker_engine.login(server.registry, password(server, robot))

    said = docker_engine.run("pull", image, is_expected_to_fail=True)
    assert "no resource-based policy allows the ecr:BatchGetImage action" in said
    granting = {"Effect": "Allow", "Principal": {"AWS": OTHER_ACCOUNT}, "Action": PULL}
    server.ecr().set_repository_policy(repositoryName=repository, policyText=document(granting))
    docker_engine.run("pull", image)

    docker_engine.run("tag", image, f"{server.registry}/{repository}:theirs")
    docker_engine.run("push", f"{server.registry}/{repository}:theirs", is_expected_to_fail=True)
    server.ecr().delete_repository_policy(repositoryName=repository)
    docker_engine.run("rmi", image)
    docker_engine.run("pull", image, is_expected_to_fail=True)


@pytest.mark.parametrize("how", ["deactivated", "deleted", "policy taken away"])
def test_attack_19_a_login_ends_at_once(
    docker_engine: Docker, server: Entrepot, image: str, how: str
) -> None:
    iam, name = server.iam(), f"robot-{next(_numbers)}"
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=PULL_ONLY)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    docker_engine.login(server.registry, password(server, Keys(key["AccessKeyId"], key["SecretAccessKey"])))
    docker_engine.run("pull", image)
    docker_engine.run("rmi", image)

    ends: dict[str, Callable[[], object]] = {
        "deactivated": lambda: iam.update_access_key(
            UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive"
        ),
        "deleted": lambda: iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"]),
        "policy taken away": lambda: iam.detach_user_policy(UserName=name, PolicyArn=PULL_ONLY),
    }
    ends[how]()

    said = docker_engine.run("pull", image, is_expected_to_fail=True)
    word = "not authorized" if how == "policy taken away" else "authentication required"
    assert word in said


def test_attack_19_an_expired_login_says_so(tmp_path: Path, docker_engine: Docker) -> None:
    """After twelve hours by the server's clock, which the test turns."""
    clock = open_clock(tmp_path)
    with served(tmp_path, "--workers=1", environment=clock.environment) as server:
        name = f"{server.registry}/{server.create_repository('team/app')}:v1"
        robot = add_user(server, PULL_ONLY)
        docker_engine.login(server.registry, password(server, robot))
        absent = "Requested image not found"
        assert absent in _refusal(docker_engine, name)

        clock.turn(timedelta(hours=12, minutes=1))

        last = time.monotonic() + _TURN_SECONDS
        while absent in (said := _refusal(docker_engine, name)):
            assert time.monotonic() < last, "the server never saw the new time"
        assert "Your authorization token has expired. Reauthenticate and try again." in said


def _refusal(docker: Docker, name: str) -> str:
    return docker.run("pull", name, is_expected_to_fail=True)
