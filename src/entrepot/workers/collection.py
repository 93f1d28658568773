"""The jobs that clear away what nobody needs."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

from entrepot.identity.credentials import Credentials
from entrepot.registry.catalog import FORGET_REPOSITORY
from entrepot.registry.collection import Collector
from entrepot.workers.runner import Kind

logger = logging.getLogger(__name__)

_EVERY = timedelta(minutes=15)


def collection_jobs(collector: Collector, credentials: Credentials) -> Sequence[Kind]:
    """Collection now and then, ended sessions with it, and removed repositories when asked."""

    async def collect(_unique_key: str) -> None:
        done = await collector.collect()
        sessions = await credentials.remove_expired()
        if done.anything or sessions:
            logger.info("collected", extra={**asdict(done), "sessions": sessions})

    return (
        Kind("collect", collect, every=_EVERY),
        Kind(FORGET_REPOSITORY, collector.forget_repository),
    )
