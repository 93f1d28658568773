"""The door as the tests here meet it."""

from collections.abc import AsyncIterator

import pytest

from entrepot.storage.blobs.memory import MemoryBlobs
from tests.wire.oci.world import World, open_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A door with the repository `team/app`; no request of a test may have failed as a bug does."""
    async with open_world(MemoryBlobs()) as opened:
        yield opened
        assert opened.failures == []
