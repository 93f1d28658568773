"""A registry of one's own for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.builders import World, open_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as opened:
        yield opened
