"""The image, built once for all tests of it, and a docker daemon that has it."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engines.docker import Docker, docker_daemon
from tests.engines.private_network import PrivateNetwork, private_network
from tests.engines.programs import ROOT, find_program

# What the compose file calls its services, and the proxies their nodes.
NAMES = ("node1", "node2", "node3", "postgres", "seaweedfs")


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """What `make image` wrote and said."""

    archive: Path
    name: str
    digest: str


def build_image(folder: Path) -> "subprocess.Popen[str]":
    """Start writing folder/image.tar."""
    find_program("apt-get")
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.image", f"--output={folder / 'image.tar'}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def built(folder: Path, building: "subprocess.Popen[str]") -> BuiltImage:
    """What came of it."""
    printed, _ = building.communicate()
    assert building.returncode == 0, printed
    name, digest = printed.splitlines()[-2].split()
    return BuiltImage(folder / "image.tar", name, digest)


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> BuiltImage:
    folder = tmp_path_factory.mktemp("image")
    return built(folder, build_image(folder))


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNetwork]:
    """Any port may be published in there."""
    with private_network(tmp_path_factory.mktemp("network"), NAMES) as opened:
        yield opened


@pytest.fixture(scope="session")
def docker(network: PrivateNetwork, image: BuiltImage) -> Iterator[Docker]:
    with docker_daemon(network, publishes_ports=True) as engine:
        engine.run("load", "--input", str(image.archive))
        yield engine
