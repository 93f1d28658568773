"""A SeaweedFS for all, and a proxy before it for each test."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from tests.engines.seaweedfs import SeaweedFS, seaweedfs_server
from tests.engines.storage_proxy import StorageProxy, storage_proxy


@dataclass(frozen=True, slots=True)
class Storage:
    """A bucket of the test's own, reached through the proxy."""

    server: SeaweedFS
    proxy: StorageProxy
    bucket: str
    client: Any
    """One of boto3, past the proxy."""

    @property
    def blobs_url(self) -> str:
        return self.server.blobs_url(self.bucket, "layers", endpoint=self.proxy.endpoint)

    def names(self) -> list[str]:
        """What lies in the bucket, finished or not."""
        objects = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        begun = self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        return [found["Key"] for found in (*objects, *begun)]


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    with seaweedfs_server() as server:
        yield server


@pytest.fixture
def storage(seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    for name, value in seaweedfs.credentials.items():
        monkeypatch.setenv(name, value)
    with storage_proxy(seaweedfs.endpoint) as proxy, closing(seaweedfs.client()) as client:
        yield Storage(seaweedfs, proxy, seaweedfs.create_bucket(), client)
