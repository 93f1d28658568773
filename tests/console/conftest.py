"""One served Entrepot and one browser; each test has a region of its own, which holds nothing else."""

import itertools
import json
from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Browser, expect

from tests.console.registry import Registry
from tests.console.visits import sign_in
from tests.engines.browser import Visitor, chromium, visiting
from tests.engines.entrepot import Entrepot, served

_numbers = itertools.count(1)
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def entrepot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrepot]:
    # By name: browsers let pages copy on https and on localhost.
    with served(tmp_path_factory.mktemp("entrepot"), host="localhost") as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def registry(entrepot: Entrepot) -> Registry:
    """The registry of a region that no other test knows."""
    return Registry(entrepot, f"test-{next(_numbers)}")


@pytest.fixture
def stranger(browser: Browser, entrepot: Entrepot) -> Iterator[Visitor]:
    """A tab in which nobody is signed in."""
    with visiting(browser, entrepot.url) as visitor:
        yield visitor


@pytest.fixture(scope="session")
def kept_session(browser: Browser, entrepot: Entrepot) -> Mapping[str, str]:
    """What a tab keeps after the root credential has signed in."""
    with visiting(browser, entrepot.url) as visitor:
        sign_in(visitor, Registry(entrepot, "first"))
        kept: dict[str, str] = json.loads(visitor.page.evaluate("sessionStorage['entrepot.session']"))
        return kept


@pytest.fixture
def visitor(stranger: Visitor, registry: Registry, kept_session: Mapping[str, str]) -> Visitor:
    """A tab in which the root credential is signed in, in the registry's region."""
    session = json.dumps({**kept_session, "region": registry.region})
    stranger.open("icon.svg")
    stranger.page.evaluate("(session) => sessionStorage.setItem('entrepot.session', session)", session)
    stranger.open()
    return stranger
