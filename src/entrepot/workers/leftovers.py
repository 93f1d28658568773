"""The job that clears away what uploads left in object storage."""

import logging
from datetime import timedelta

from entrepot.registry.leftovers import LeftoverCollector
from entrepot.workers.runner import Kind

logger = logging.getLogger(__name__)


def leftover_job(collector: LeftoverCollector, *, every: timedelta) -> Kind:
    """A round now and then."""

    async def collect(_unique_key: str) -> None:
        cleared = await collector.collect()
        if cleared:
            logger.info("cleared leftovers", extra={"uploads": cleared})

    return Kind("collect-leftovers", collect, every=every)
