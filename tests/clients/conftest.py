"""One served Entrepot and one docker daemon for all clients; each test has repositories of its own."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.oci_layout import Layout, open_layout
from tests.clients.raw_registry import RawRegistry
from tests.clients.request_log import RequestLog, open_request_log
from tests.engines.docker import Docker, docker_daemon
from tests.engines.entrepot import Endpoint
from tests.engines.sites import site
from tests.engines.skopeo import Skopeo, open_skopeo

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def entrepot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with site(tmp_path_factory.mktemp("entrepot")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def password(entrepot: Endpoint) -> str:
    return entrepot.password()


@pytest.fixture
def new_repository(entrepot: Endpoint) -> Callable[[], str]:
    """Makes a repository that no other test knows, and gives its name."""
    return lambda: entrepot.create_repository(f"team/app-{next(_numbers)}")


@pytest.fixture
def repository_uri(entrepot: Endpoint, new_repository: Callable[[], str]) -> str:
    """The registry and the name of a repository that no other test knows, as ECR calls it."""
    return f"{entrepot.registry}/{new_repository()}"


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Docker]:
    with docker_daemon() as engine:
        yield engine


@pytest.fixture(scope="session")
def docker(docker_engine: Docker, entrepot: Endpoint, password: str) -> Docker:
    """A docker that is logged in."""
    docker_engine.login(entrepot.registry, password)
    return docker_engine


@pytest.fixture
def skopeo(tmp_path: Path, entrepot: Endpoint, password: str) -> Skopeo:
    """A skopeo that is logged in."""
    client = open_skopeo(tmp_path)
    client.login(entrepot.registry, password)
    return client


@pytest.fixture
def raw(entrepot: Endpoint, password: str) -> RawRegistry:
    return RawRegistry(entrepot.host, entrepot.port, password)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return open_layout(tmp_path / "layout")


@pytest.fixture
def request_log(entrepot: Endpoint) -> RequestLog:
    """What the server is asked from here on."""
    return open_request_log(entrepot)
