"""The served app, and the guard that stands behind every test here."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from tests.wire.aws.served import Served, open_served

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient


@pytest.fixture(name="served")
async def _served() -> AsyncIterator[Served]:
    """Afterwards: no operation may have answered with a code that neither it nor all operations have."""
    async with open_served() as served:
        yield served
        assert served.endpoint.strange == set()


@pytest.fixture(name="ecr")
def _ecr(served: Served) -> "ECRClient":
    """The default account's root."""
    return served.ecr()
