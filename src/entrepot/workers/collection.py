"""The jobs that clear away what nobody needs."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

from entrepot.domain.audit import Actor, own_deed
from entrepot.identity.auditing import doing
from entrepot.identity.credentials import Credentials
from entrepot.ports.reports import JobReports
from entrepot.registry.catalog import FORGET_REPOSITORY
from entrepot.registry.collection import Collector
from entrepot.workers.runner import Kind

logger = logging.getLogger(__name__)


def collection_jobs(
    collector: Collector, credentials: Credentials, reports: JobReports, *, every: timedelta, actor: Actor
) -> Sequence[Kind]:
    """Collection now and then, ended sessions with it, and removed repositories when asked.

    The audit tells of collection as the doing of `actor`; of the others it has told already.
    """

    async def collect(_unique_key: str) -> None:
        with doing(lambda: own_deed(actor, "CollectGarbage")):
            done = await collector.collect()
        sessions = await credentials.remove_expired()
        cleared = {**asdict(done), "sessions": sessions}
        for what, count in cleared.items():
            reports.collected(what, count)
        if done.anything or sessions:
            logger.info("collected", extra=cleared)

    return (
        Kind("collect", collect, every=every),
        Kind(FORGET_REPOSITORY, collector.forget_repository),
    )
