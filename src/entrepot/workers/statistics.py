"""The jobs that keep totals of repositories and registries."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from entrepot.registry.registry_totals import RegistryTotals
from entrepot.registry.repository_totals import RepositoryTotals
from entrepot.workers.runner import Kind

logger = logging.getLogger(__name__)

_FOLD_EVERY = timedelta(seconds=15)  # until then a reader adds the changes itself
_ADD_UP_EVERY = timedelta(minutes=1)
_COUNT_EVERY = timedelta(minutes=10)  # what is due: at first after an upgrade, then once a day
_STORED_EVERY = timedelta(hours=1)  # it reads every blob and whoever holds it


def statistics_jobs(repositories: RepositoryTotals, registries: RegistryTotals) -> Sequence[Kind]:
    """Adding up changes, counting anew, unique bytes, and sums of registries with their days."""

    async def fold(_unique_key: str) -> None:
        await repositories.fold()
        await repositories.compute_unique()

    async def count(_unique_key: str) -> None:
        counted = await repositories.count_due()
        if counted:
            logger.info("counted repositories", extra={"repositories": counted})

    async def add_up(_unique_key: str) -> None:
        await registries.add_up()

    async def add_up_stored(_unique_key: str) -> None:
        await registries.add_up_stored()
        await registries.forget_days()

    return (
        Kind("count-repositories", count, every=_COUNT_EVERY),
        Kind("fold-totals", fold, every=_FOLD_EVERY),
        Kind("registry-totals", add_up, every=_ADD_UP_EVERY),
        Kind("stored-bytes", add_up_stored, every=_STORED_EVERY),
    )
