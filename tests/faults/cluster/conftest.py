"""The engines and nodes that faults are done to."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.engines.cluster import Stores
from tests.engines.seaweedfs import SeaweedFS, seaweedfs_server


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    with seaweedfs_server() as running:
        yield running


@pytest.fixture(scope="session")
def bucket(seaweedfs: SeaweedFS) -> str:
    """One for all tests: SeaweedFS takes some of its 40 volumes for each bucket."""
    return seaweedfs.create_bucket()


@pytest.fixture
def blobs(seaweedfs: SeaweedFS, bucket: str) -> str:
    """The URL of an empty part of the bucket."""
    return seaweedfs.blobs_url(bucket, uuid4().hex)


@pytest.fixture
def stores(database: str, blobs: str, seaweedfs: SeaweedFS) -> Stores:
    """Empty ones."""
    return Stores(database, blobs, seaweedfs.credentials)
