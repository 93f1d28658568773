"""One site and one docker daemon for all of its clients."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.aws_names.site import Shell, Site, open_site
from tests.engines.docker import Docker, docker_daemon
from tests.engines.programs import find_program


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.fixture(scope="session")
def site_docker(site: Site) -> Iterator[Docker]:
    """A daemon that trusts the site's authority as `entrepot tls init` says."""
    with docker_daemon(site.network) as docker:
        for command in site.told("docker"):
            site.network.run("/bin/sh", "-c", command)
        yield docker


@pytest.fixture
def shell(site: Site, tmp_path: Path) -> Shell:
    return Shell(site, site.environment(tmp_path), tmp_path)


@pytest.fixture
def docker_shell(site: Site, site_docker: Docker, tmp_path: Path) -> Shell:
    """A shell with docker, logged in nowhere, and a folder with a Dockerfile that needs nothing else."""
    variables = {**site_docker.environment, **site.environment(tmp_path)}
    variables["DOCKER_CONFIG"] = str(tmp_path / "docker")
    shutil.copy(find_program("busybox"), tmp_path / "busybox")
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY busybox /bin/\nCMD ["/bin/busybox", "true"]\n')
    return Shell(site, variables, tmp_path)
