"""The container image: what is in it, and that the real docker daemon runs it as the documents say."""

import json
import os
import re
import subprocess
import tarfile
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from deploy.image.__main__ import BUDGET_BYTES
from deploy.image.contents import BUILD_ONLY, SERVICE_MODELS

from entrepot import __version__
from tests.deploy.conftest import BuiltImage, build_image, built
from tests.deploy.container import SEALED_OFF, Container, running
from tests.engines.docker import Docker
from tests.engines.private_network import PrivateNetwork
from tests.engines.programs import PATH, ROOT


@pytest.fixture(scope="session")
def members(image: BuiltImage) -> dict[str, tarfile.TarInfo]:
    """What the layers hold, by path."""
    found = {}
    with tarfile.open(image.archive) as archive:
        manifest = json.load(_member(archive, "manifest.json"))[0]
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=_member(archive, layer)) as files:
                found.update({file.name: file for file in files})
    return found


def _member(archive: tarfile.TarFile, name: str) -> BytesIO:
    content = archive.extractfile(name)
    assert content is not None
    return BytesIO(content.read())


@pytest.fixture(scope="module")
def container(
    docker: Docker, network: PrivateNetwork, image: BuiltImage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    home = tmp_path_factory.mktemp("home")
    with running(docker, network, image, home, "--health-interval=1s", port=5050) as started:
        docker.login(started.registry, started.password())
        yield started


def push_noise(docker: Docker, repository: str, size: int = 200_000) -> str:
    """Push an image of random bytes under the tag 1; its digest."""
    docker.import_image(f"{repository}:1", {"noise": os.urandom(size)})
    return docker.push(f"{repository}:1")


def test_image_is_the_same_when_it_is_built_again(image: BuiltImage, tmp_path: Path) -> None:
    assert built(tmp_path, build_image(tmp_path)).digest == image.digest


def test_image_is_within_its_budget(docker: Docker, image: BuiltImage) -> None:
    size = int(docker.run("image", "inspect", "--format", "{{.Size}}", image.name))

    assert size <= BUDGET_BYTES


def test_image_has_no_shell_and_nothing_to_gain_rights_with(members: dict[str, tarfile.TarInfo]) -> None:
    programs = {
        path for path, file in members.items() if file.isreg() and file.mode & 0o111 and "/bin/" in path
    }

    assert programs == {"usr/bin/python3.11", "usr/local/bin/entrepot"}
    assert not [path for path, file in members.items() if file.isreg() and file.mode & 0o6022]


def test_image_has_every_package_of_the_lock_at_its_version(members: dict[str, tarfile.TarInfo]) -> None:
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    wanted = {
        f"{name.replace('-', '_')}-{version}" for name, version in locked.items() if name not in BUILD_ONLY
    }

    found = {match[1] for path in members if (match := re.search(r"/([^/]+)\.dist-info/METADATA$", path))}

    assert found == wanted | {f"entrepot-{__version__}"}


def test_image_tells_scanners_which_debian_packages_it_has(members: dict[str, tarfile.TarInfo]) -> None:
    noted = {Path(path).name for path in members if path.startswith("var/lib/dpkg/status.d/")}

    assert {"libc6", "libssl3", "python3.11-minimal"} <= noted
    for package in noted:  # and under which licence each is
        folder = members.get(f"usr/share/doc/{package}")
        shared = folder.linkname if folder is not None and folder.issym() else package
        assert f"usr/share/doc/{shared}/copyright" in members


def test_image_says_what_it_is(docker: Docker, image: BuiltImage) -> None:
    config = json.loads(docker.run("image", "inspect", image.name))[0]["Config"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["entrepot"]
    assert config["StopSignal"] == "SIGTERM"
    assert list(config["ExposedPorts"]) == ["5050/tcp"]
    assert not config.get(
        "Volumes"
    )  # a forgotten volume must be an error, not data that goes with the container
    assert config["Labels"]["org.opencontainers.image.version"] == project["version"]


def test_attack_50_image_holds_no_secret_and_each_start_makes_its_own(
    container: Container, image: BuiltImage, tmp_path: Path
) -> None:
    docker = container.docker
    with running(docker, container.network, image, tmp_path, port=5051) as another:
        secrets = [started.settings()["AWS_SECRET_ACCESS_KEY"] for started in (container, another)]

        for started, secret in zip((container, another), secrets, strict=True):
            assert secret not in docker.run("inspect", started.name) + docker.run("logs", started.name)
    assert secrets[0] != secrets[1]
    assert "SECRET" not in docker.run("image", "inspect", image.name)


def test_server_in_the_container_is_not_root_and_writes_nowhere_else(container: Container) -> None:
    assert container.inspect("{{.HostConfig.ReadonlyRootfs}}") == "true"
    processes = container.docker.run("top", container.name, "-o", "pid,uid")

    assert {line.split()[1] for line in processes.splitlines()[1:]} == {"65532"}


def test_image_pushed_by_docker_is_pulled_by_docker_and_skopeo(container: Container, tmp_path: Path) -> None:
    repository = container.create_repository("team/app")
    pushed = push_noise(container.docker, repository)
    container.docker.run("rmi", f"{repository}:1")

    container.docker.run("pull", f"{repository}:1")
    container.network.run(
        "skopeo", "copy", "--insecure-policy", "--src-tls-verify=false",
        f"--src-creds=AWS:{container.password()}", f"docker://{repository}:1", f"oci:{tmp_path / 'pulled'}:1",
        environment={"PATH": PATH, "HOME": str(tmp_path)},
    )  # fmt: skip

    assert container.docker.digest(f"{repository}:1") == pushed
    [manifest] = json.loads((tmp_path / "pulled" / "index.json").read_text())["manifests"]
    assert manifest["digest"]


def test_image_of_entrepot_is_carried_to_a_registry_under_its_own_digest(
    container: Container, image: BuiltImage, tmp_path: Path
) -> None:
    repository = container.create_repository("entrepot")

    container.network.run(
        "skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false",
        f"--dest-creds=AWS:{container.password()}", f"oci-archive:{image.archive}", f"docker://{repository}:1",
        environment={"PATH": PATH, "HOME": str(tmp_path)},
    )  # fmt: skip

    described = json.loads(container.aws("ecr", "describe-images", "--repository-name=entrepot"))
    assert [detail["imageDigest"] for detail in described["imageDetails"]] == [image.digest]


def test_container_that_is_restarted_has_its_data(container: Container) -> None:
    repository = container.create_repository("team/kept")
    pushed = push_noise(container.docker, repository)
    secret = container.settings()["AWS_SECRET_ACCESS_KEY"]

    container.docker.run("restart", "--time=60", container.name)
    container.wait_until_ready()

    container.docker.run("rmi", f"{repository}:1")
    container.docker.run("pull", f"{repository}:1")
    assert container.docker.digest(f"{repository}:1") == pushed
    assert container.settings()["AWS_SECRET_ACCESS_KEY"] == secret


def test_uploads_go_on_in_another_process(container: Container) -> None:
    """Only with the libcrypto that the design trusts: see storage/blobs/hashing.py."""
    saved = container.docker.run(
        "exec", container.name, "python3", "-I", "-c",
        "from entrepot.storage.blobs.hashing import new_sha256, resume_sha256;"
        "begun = new_sha256(); begun.update(b'a'); print(resume_sha256(begun.save(), 1) is not None)",
    )  # fmt: skip

    assert saved.strip() == "True"


def test_image_has_the_services_that_entrepot_asks(container: Container) -> None:
    """Most of botocore's models are left out: see deploy/image/contents.py."""
    container.docker.run(
        "exec", container.name, "python3", "-I", "-c",
        "from botocore.session import get_session\n"
        f"for name in {SERVICE_MODELS}:\n"
        "    get_session().create_client(name, 'eu', aws_access_key_id='a', aws_secret_access_key='b')",
    )  # fmt: skip


def test_docker_learns_that_the_server_is_ready(container: Container) -> None:
    health = "{{.State.Health.Status}} {{len .State.Health.Log}}"
    while container.inspect(health) == "starting 0":  # docker waits a second before it asks
        container.wait_until_ready()

    assert container.inspect("{{.State.Health.Status}}") == "healthy"


def test_stopped_container_lets_a_download_finish_and_ends_well(container: Container) -> None:
    size = 24_000_000
    push_noise(container.docker, container.create_repository("team/slow"), size)
    downloading = subprocess.Popen(
        container.network.inside(
            "curl", "--silent", "--fail", "--max-time", "60", "--limit-rate", "6M", layer_url(container)
        ),
        stdout=subprocess.PIPE,
    )
    with downloading:
        assert downloading.stdout is not None
        first = downloading.stdout.read(1)
        with container.docker.start("stop", "--time=60", container.name):
            rest = downloading.stdout.read()
    status = container.inspect("{{.State.ExitCode}}")
    container.docker.run("start", container.name)
    container.wait_until_ready()

    assert (downloading.returncode, status) == (0, "0")
    assert len(first + rest) >= size


def layer_url(container: Container) -> str:
    """Where the layer of team/slow can be downloaded, for whoever has the URL."""
    manifest = container.aws(
        "ecr", "batch-get-image", "--repository-name=team/slow", "--image-ids=imageTag=1",
        "--query=images[0].imageManifest", "--output=text",
    )  # fmt: skip
    layer = json.loads(manifest)["layers"][0]["digest"]
    told = container.aws(
        "ecr", "get-download-url-for-layer", "--repository-name=team/slow", f"--layer-digest={layer}"
    )
    # Not through the published port: docker's proxy throws away what it holds when a container ends.
    address = container.inspect("{{.NetworkSettings.IPAddress}}")
    return str(json.loads(told)["downloadUrl"]).replace("localhost", address)


def test_container_without_a_volume_refuses_in_one_line(docker: Docker, image: BuiltImage) -> None:
    printed = docker.run("run", "--rm", *SEALED_OFF, image.name, is_expected_to_fail=True)

    assert printed.splitlines() == [
        "entrepot: the data folder /var/lib/entrepot cannot be written by user 65532: Read-only file system"
    ]


def test_container_whose_volume_is_anothers_refuses_in_one_line(
    docker: Docker, image: BuiltImage, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    printed = docker.run(
        "run",
        "--rm",
        *SEALED_OFF,
        f"--volume={tmp_path}:/var/lib/entrepot",
        image.name,
        is_expected_to_fail=True,
    )

    assert printed.splitlines() == [
        "entrepot: the data folder /var/lib/entrepot cannot be written by user 65532: Permission denied"
    ]
