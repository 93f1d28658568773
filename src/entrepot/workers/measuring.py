"""The job that counts what the registry holds."""

from collections.abc import Sequence
from datetime import timedelta

from entrepot.registry.totals import Totals
from entrepot.workers.runner import Kind

_EVERY = timedelta(minutes=1)


def measuring_jobs(totals: Totals) -> Sequence[Kind]:
    """Counting what is due."""

    async def measure(_unique_key: str) -> None:
        await totals.count()

    return (Kind("measure", measure, every=_EVERY),)
