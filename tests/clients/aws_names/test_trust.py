"""Each client trusts the authority after the commands that `entrepot tls init` prints, and only then."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from tests.clients.aws_names.site import OTHER_ACCOUNT, PYTHON, REGIONS, Shell, Site, registry
from tests.clients.oci_layout import open_layout
from tests.clients.raw_registry import OCI_MANIFEST
from tests.engines.entrepot import ACCOUNT, PROGRAM, end_process, tail
from tests.engines.private_network import TRUSTED
from tests.engines.programs import find_program

LOGIN = f"aws ecr get-login-password | %s login --username AWS --password-stdin {registry()}"
UNTRUSTED = "certificate signed by unknown authority"
CONTAINERD = """
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{folder}/socket"
"""


@pytest.fixture
def untrusting(shell: Shell) -> Iterator[Shell]:
    """A shell on a machine that trusts nobody; what it is told is forgotten afterwards."""
    network = shell.site.network
    for folder in TRUSTED:
        network.run("mount", "--types=tmpfs", "tmpfs", folder)
    yield shell
    for folder in TRUSTED:
        network.run("umount", folder)


def test_docker_refuses_another_authority(docker_shell: Shell) -> None:
    other = registry(account=OTHER_ACCOUNT)  # nobody told docker about this host yet
    trustme.CA().cert_pem.write_to_path(str(docker_shell.folder / "other.pem"))
    login = f"echo password | docker login --username AWS --password-stdin {other}"

    assert UNTRUSTED in docker_shell.type(login, is_expected_to_fail=True)
    docker_shell.type(f"install -D -m 644 other.pem /etc/docker/certs.d/{other}/ca.crt")
    assert UNTRUSTED in docker_shell.type(login, is_expected_to_fail=True)


def test_skopeo_trusts_the_folder_of_the_host(untrusting: Shell) -> None:
    login = LOGIN % "skopeo" + " --authfile auth.json"
    assert UNTRUSTED in untrusting.type(login, is_expected_to_fail=True)

    for command in untrusting.site.told("podman"):
        untrusting.type(command)

    assert "Login Succeeded" in untrusting.type(login)


def test_containerd_pulls_with_its_hosts_file(untrusting: Shell, tmp_path: Path) -> None:
    password = untrusting.type("aws ecr get-login-password").strip()
    untrusting.type("aws ecr create-repository --repository-name trust/containerd")
    layout = open_layout(tmp_path / "layout")
    image = layout.name(OCI_MANIFEST, layout.add_image())
    name = f"{registry()}/trust/containerd:1"
    push = f"skopeo --policy policy.json copy --dest-creds AWS:{password} {image} docker://{name}"
    (tmp_path / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    untrusting.variables["SSL_CERT_FILE"] = str(untrusting.site.authority)
    untrusting.type(push)
    del untrusting.variables["SSL_CERT_FILE"]
    with containerd(untrusting.site, tmp_path) as socket:
        options = f"--user AWS:{password} --hosts-dir /etc/containerd/certs.d"
        pull = f"ctr --address {socket} images pull {options} {name}"
        assert UNTRUSTED in untrusting.type(pull, is_expected_to_fail=True)

        for command in untrusting.site.told("containerd"):
            untrusting.type(command)

        assert "done" in untrusting.type(pull)


def test_every_program_trusts_the_machines_store(untrusting: Shell) -> None:
    find_program("update-ca-certificates")
    ask = f"curl --silent --show-error https://{registry()}/v2/"
    assert "certificate" in untrusting.type(ask, is_expected_to_fail=True)

    for command in untrusting.site.told("every program"):
        untrusting.type(command)

    assert "Not Authorized" in untrusting.type(ask)
    untrusting.variables["AWS_CA_BUNDLE"] = "/etc/ssl/certs/ca-certificates.crt"
    assert json.loads(untrusting.type("aws ecr describe-registry"))["registryId"] == ACCOUNT


def test_curl_asks_as_printed(untrusting: Shell) -> None:
    [command] = untrusting.site.told("curl")

    assert "Not Authorized" in untrusting.type(f"{command} --silent")


@pytest.mark.parametrize("region", REGIONS)
def test_boto3_finds_everything_by_the_bundle(untrusting: Shell, region: str) -> None:
    script = "import boto3; print(boto3.client('ecr').describe_registry()['registryId'])"
    untrusting.variables["AWS_DEFAULT_REGION"] = region
    assert untrusting.python(script).strip() == ACCOUNT

    del untrusting.variables["AWS_CA_BUNDLE"]

    printed = untrusting.type(f'{PYTHON} -c "{script}"', is_expected_to_fail=True)
    assert "CERTIFICATE_VERIFY_FAILED" in printed


@pytest.mark.parametrize(
    ("client", "ask", "refusal"),
    [
        ("programs in Go", "skopeo login --username AWS --password x %s", "invalid username/password"),
        (
            "programs on Python",
            f"{PYTHON} -c 'import requests; print(requests.get(\"https://%s/v2/\").text)'",
            "Not Authorized",
        ),
    ],
    ids=["go", "requests"],
)
def test_a_variable_is_enough_for_other_programs(
    untrusting: Shell, client: str, ask: str, refusal: str
) -> None:
    """They reach the registry, and are told that they are nobody."""
    [export] = untrusting.site.told(client)

    printed = untrusting.type(f"{export}; {ask % registry()} || true")

    assert refusal in printed


def test_env_and_configure_hand_the_authority_out(untrusting: Shell) -> None:
    """To people on the server's own machine, who go by `localhost`."""
    site, ask = untrusting.site, "aws ecr describe-registry"
    for name in [name for name in untrusting.variables if name.startswith("AWS_")]:
        del untrusting.variables[name]
    keys = untrusting.site.environment(untrusting.folder)
    untrusting.variables["ENTREPOT_ROOT_ACCESS_KEY_ID"] = keys["AWS_ACCESS_KEY_ID"]
    untrusting.variables["ENTREPOT_ROOT_SECRET_ACCESS_KEY"] = keys["AWS_SECRET_ACCESS_KEY"]

    shown = untrusting.type(f'eval "$({PROGRAM} env --data-dir {site.data_folder})"; {ask}')
    untrusting.type(f"{PROGRAM} configure --data-dir {site.data_folder} --profile site")
    by_profile = untrusting.type(f"{ask} --profile site")

    assert json.loads(shown)["registryId"] == json.loads(by_profile)["registryId"] == ACCOUNT


@contextmanager
def containerd(site: Site, folder: Path) -> Iterator[Path]:
    """A daemon on the site's machine; the path of its socket."""
    (folder / "containerd.toml").write_text(CONTAINERD.format(folder=folder))
    command = site.network.inside(find_program("containerd"), "--config", folder / "containerd.toml")
    with (folder / "containerd.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(300):
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.1)
                raise AssertionError(tail(folder / "containerd.log"))
            if (folder / "socket").exists():
                break
        yield folder / "socket"
    finally:
        end_process(process, seconds=10)
