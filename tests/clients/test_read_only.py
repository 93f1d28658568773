"""A read-only Entrepot as real clients meet it: logins and pulls work, and a refused push shows why."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.clients.oci_layout import Layout
from tests.clients.raw_registry import OCI_MANIFEST
from tests.engines.client import open_client
from tests.engines.docker import Docker
from tests.engines.entrepot import Entrepot, served
from tests.engines.skopeo import Skopeo, open_skopeo

REASON = "This registry is read-only now and takes no changes"


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrepot]:
    """A server that was used, and then started again with --read-only."""
    with served(tmp_path_factory.mktemp("frozen"), "--workers=1") as server:
        server.create_repository("team/app")
        server.password()
        yield server


def freeze(server: Entrepot) -> None:
    server.options = ("--workers=1", "--read-only")
    server.restart()


def thaw(server: Entrepot) -> None:
    server.options = ("--workers=1",)
    server.restart()


@pytest.fixture
def image(frozen: Entrepot, tmp_path: Path, layout: Layout) -> tuple[Skopeo, str]:
    """A skopeo that is logged in, and an image that was pushed before the freeze."""
    thaw(frozen)
    target = f"docker://{frozen.registry}/team/app:1"
    skopeo = open_skopeo(tmp_path)
    skopeo.login(frozen.registry, frozen.password())
    skopeo.copy(layout.name(OCI_MANIFEST, layout.add_image()), target)
    freeze(frozen)
    return skopeo, target


def test_skopeo_pulls_and_is_told_why_it_may_not_push(
    frozen: Entrepot, image: tuple[Skopeo, str], layout: Layout, tmp_path: Path
) -> None:
    skopeo, target = image
    skopeo.login(frozen.registry, frozen.password())
    skopeo.copy(target, f"dir:{tmp_path}/out")

    said = skopeo.copy(layout.name(OCI_MANIFEST, layout.add_image()), target, is_expected_to_fail=True)
    assert REASON in said

    said = skopeo.run("delete", "--tls-verify=false", target, is_expected_to_fail=True)
    assert REASON in said


def test_crane_pulls_and_is_told_why_it_may_not_push(
    frozen: Entrepot, image: tuple[Skopeo, str], layout: Layout, tmp_path: Path
) -> None:
    name = image[1].removeprefix("docker://")
    crane = open_client("crane", tmp_path)
    password = frozen.password()
    crane.run("auth", "login", "--username", "AWS", "--password-stdin", frozen.registry, stdin=password)
    crane.run("validate", "--remote", name)

    layout.name(OCI_MANIFEST, layout.add_image())
    said = crane.run("push", layout.folder, f"{frozen.registry}/team/app:2", is_expected_to_fail=True)
    assert REASON in said


def test_docker_pulls_and_is_told_why_it_may_not_push(
    frozen: Entrepot, image: tuple[Skopeo, str], docker_engine: Docker
) -> None:
    docker_engine.login(frozen.registry, frozen.password())
    name = f"{frozen.registry}/team/app:of-docker"
    docker_engine.import_image(name, {"noise": os.urandom(1000)})

    said = docker_engine.run("push", name, is_expected_to_fail=True)

    assert REASON in said


def test_sessions_tokens_and_accounts_stay_as_they_are(frozen: Entrepot) -> None:
    freeze(frozen)
    own, root = frozen.own(), f"arn:aws:iam::{frozen.account}:root"
    changes: list[tuple[str, dict[str, object]]] = [
        ("create_console_session", {}),
        ("revoke_session", {"accessKeyId": "ASIAGONEGONEGONEGONE"}),
        ("revoke_tokens", {"allPrincipals": True}),
        ("create_account", {}),
    ]
    for operation, params in changes:
        with pytest.raises(ClientError, match=REASON):
            getattr(own, operation)(**params)
    assert own.list_sessions()["sessions"] == []
    assert own.list_accounts()["accounts"][0]["accountId"] == frozen.account
    asked = {"principal": root, "action": "ecr:PutImage", "resource": "*"}
    assert own.explain_access(**asked)["decision"] == "allowed"
