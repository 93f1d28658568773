"""The compose file of three nodes, and the secrets that are made for it."""

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from entrepot.installation.first_start import ACCESS_KEY_VARIABLE, SECRET_VARIABLE
from entrepot.keys.ring_text import parse_ring
from tests.deploy.conftest import BuiltImage
from tests.engines.docker import Docker
from tests.engines.entrepot import end_process
from tests.engines.private_network import PrivateNetwork
from tests.engines.programs import PATH, ROOT, find_program, run_program

NODES = ("node1", "node2", "node3")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The compose file where it can get secrets, beside the proxy's configuration."""
    for name in ("compose", "haproxy"):
        shutil.copytree(ROOT / "deploy" / name, tmp_path / name, ignore=shutil.ignore_patterns("secrets*"))
    return tmp_path / "compose"


def give_secrets(place: Path) -> None:
    (place / "secrets").mkdir()
    for name in ("entrepot.env", "postgres-password", "root-key", "s3.json"):
        (place / "secrets" / name).touch()


def resolve(place: Path) -> dict[str, Any]:
    """What docker-compose makes of the file, by service."""
    printed = run_program(find_program("docker-compose"), "--file", place / "compose.yaml", "config")
    return dict(yaml.safe_load(printed)["services"])


def test_docker_compose_takes_the_file(place: Path) -> None:
    give_secrets(place)

    assert resolve(place).keys() == {*NODES, "balancer", "postgres", "seaweedfs", "bucket"}


def test_attack_50_nothing_starts_before_secrets_are_made(place: Path) -> None:
    printed = run_program(
        find_program("docker-compose"), "--file", place / "compose.yaml", "config", is_expected_to_fail=True
    )

    assert "secrets/entrepot.env" in printed


def test_nodes_differ_in_their_folder_alone(place: Path) -> None:
    give_secrets(place)
    services = resolve(place)

    for name in NODES:
        assert services[name]["volumes"][0] == f"{name}:/var/lib/entrepot:rw"
    told = [{**services[name], "volumes": services[name]["volumes"][1:]} for name in NODES]
    assert told[0] == told[1] == told[2]
    assert (told[0]["read_only"], told[0]["cap_drop"]) == (True, ["ALL"])


def test_balancer_knows_the_nodes_by_their_names() -> None:
    said = (ROOT / "deploy" / "haproxy" / "haproxy.cfg").read_text()

    assert [line.split()[2] for line in said.splitlines() if line.split()[:1] == ["server"]] == [
        f"{name}:5050" for name in NODES
    ]


def test_attack_50_secrets_are_random_private_and_never_replaced(
    docker: Docker, image: BuiltImage, place: Path
) -> None:
    make = place / "make-secrets"
    printed = run_program(make, image.name, environment=docker.environment)
    secrets = {file.name: file.read_text() for file in (place / "secrets").iterdir()}

    assert stat.S_IMODE((place / "secrets").stat().st_mode) == 0o700
    key = (place / "secrets" / "root-key").stat()
    assert (key.st_uid, stat.S_IMODE(key.st_mode)) == (65532, 0o600)
    assert len(parse_ring(secrets["root-key"].encode())) == 1
    variables = dict(line.split("=", 1) for line in secrets["entrepot.env"].splitlines())
    assert secrets["postgres-password"] in variables["ENTREPOT_DATABASE"]
    [identity] = json.loads(secrets["s3.json"])["identities"]
    assert identity["credentials"][0]["secretKey"] == variables["AWS_SECRET_ACCESS_KEY"]
    assert len(variables[ACCESS_KEY_VARIABLE]) == 20
    made = {secrets["postgres-password"], variables["AWS_SECRET_ACCESS_KEY"], variables[SECRET_VARIABLE]}
    assert len(made) == 3
    assert not any(secret in printed for secret in (*made, secrets["root-key"]))

    again = run_program(make, image.name, environment=docker.environment, is_expected_to_fail=True)

    assert "it is not replaced" in again
    assert {file.name: file.read_text() for file in (place / "secrets").iterdir()} == secrets


def test_bucket_is_made_in_seaweedfs_as_the_file_says(
    network: PrivateNetwork, place: Path, tmp_path: Path
) -> None:
    give_secrets(place)
    services = resolve(place)
    (tmp_path / "s3.json").write_text('{"identities": []}')
    (tmp_path / "data").mkdir()
    places = {"=/data": f"={tmp_path}/data", "=/run/secrets/": f"={tmp_path}/"}
    command = [_moved(argument, places) for argument in services["seaweedfs"]["command"]]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            network.inside(find_program("weed"), *command),
            env={"PATH": PATH, "HOME": str(tmp_path), "GOMEMLIMIT": "300MiB"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        bucket = services["bucket"]
        script = [argument.replace("$$", "$") for argument in bucket["command"]]
        network.run(*bucket["entrypoint"], *script, environment={"PATH": PATH, "HOME": str(tmp_path)})

        listed = network.run(
            "curl", "--silent", "--fail", "http://seaweedfs:8888/buckets/?limit=10",
            "--header", "Accept: application/json",
        )  # fmt: skip
        assert "/buckets/layers" in [entry["FullPath"] for entry in json.loads(listed)["Entries"]]
    finally:
        end_process(server, seconds=2)


def _moved(argument: str, places: dict[str, str]) -> str:
    for place, moved in places.items():
        argument = argument.replace(place, moved)
    return argument


def test_secrets_are_kept_out_of_the_repository() -> None:
    ignored = run_program("git", "check-ignore", "deploy/compose/secrets/root-key", folder=ROOT)

    assert ignored.strip() == "deploy/compose/secrets/root-key"
    assert os.access(ROOT / "deploy" / "compose" / "make-secrets", os.X_OK)
