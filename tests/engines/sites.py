"""The sites on which the end-to-end suite runs: one server on each pair of stores, and a cluster.

TEST_SITE in the environment chooses one; `single`, by default, is a server with nothing set.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engines.cluster import Stores, cluster
from tests.engines.entrepot import Endpoint, served
from tests.engines.postgres import postgres_server
from tests.engines.seaweedfs import seaweedfs_server


@dataclass(frozen=True, slots=True)
class Site:
    """Which engines a site has."""

    has_postgres: bool = False
    has_s3: bool = False
    nodes: int = 1


SINGLE = "single"
SITES = {
    SINGLE: Site(),
    "sqlite-s3": Site(has_s3=True),
    "postgres-file": Site(has_postgres=True),
    "postgres-s3": Site(has_postgres=True, has_s3=True),
    "cluster": Site(has_postgres=True, has_s3=True, nodes=3),
}


def site_name() -> str:
    """The site that this run is to use."""
    name = os.environ.get("TEST_SITE") or SINGLE
    assert name in SITES, f"TEST_SITE={name}: there is no such site, but {', '.join(SITES)}"
    return name


@contextmanager
def site(folder: Path, *options: str) -> Iterator[Endpoint]:
    """The site of this run, served with these options, with everything it keeps in the folder."""
    chosen = SITES[site_name()]
    with stores(has_postgres=chosen.has_postgres, has_s3=chosen.has_s3) as found:
        if chosen.nodes > 1:
            with cluster(folder, found, *options, count=chosen.nodes) as running:
                yield running.endpoint
        else:
            with served(folder, *found.options, *options, environment=found.environment) as server:
                yield server


@contextmanager
def stores(*, has_postgres: bool, has_s3: bool) -> Iterator[Stores]:
    """Empty stores on engines of their own; what is not asked for lies in the data folder."""
    with ExitStack() as stack:
        database = blobs = ""
        environment: dict[str, str] = {}
        if has_postgres:
            postgres = stack.enter_context(postgres_server())
            database = asyncio.run(postgres.create_database())
        if has_s3:
            seaweedfs = stack.enter_context(seaweedfs_server())
            blobs = seaweedfs.blobs_url(seaweedfs.create_bucket())
            environment = seaweedfs.credentials
        yield Stores(database, blobs, environment)
