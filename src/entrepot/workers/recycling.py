"""The jobs that let go of what lay in the recycle bin for its time, and of what happened to tags long ago."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from entrepot.domain.audit import Actor, own_deed
from entrepot.identity.auditing import doing
from entrepot.ports.clock import Clock
from entrepot.ports.reports import JobReports
from entrepot.registry.recycle_bin import RecycleBin
from entrepot.registry.tag_history import TagHistory
from entrepot.workers.runner import Kind

logger = logging.getLogger(__name__)

_EMPTY_EVERY = timedelta(minutes=5)
_FORGET_EVERY = timedelta(hours=6)


def recycling_jobs(recycle_bin: RecycleBin, reports: JobReports, *, actor: Actor) -> Sequence[Kind]:
    """Emptying, which the audit tells of as the doing of `actor`."""

    async def empty(_unique_key: str) -> None:
        with doing(lambda: own_deed(actor, "EmptyRecycleBin")):
            images, repositories = await recycle_bin.empty()
        reports.collected("bin_images", images)
        reports.collected("bin_repositories", repositories)
        if images or repositories:
            logger.info("emptied the bin", extra={"images": images, "repositories": repositories})

    return (Kind("empty-recycle-bin", empty, every=_EMPTY_EVERY),)


def history_jobs(
    history: TagHistory, clock: Clock, reports: JobReports, *, kept: timedelta
) -> Sequence[Kind]:
    """Forgetting what happened to tags so long ago, as the audit of it is forgotten."""

    async def forget(_unique_key: str) -> None:
        forgotten = await history.forget(clock() - kept)
        reports.collected("tag_events", forgotten)
        if forgotten:
            logger.info("forgot what happened to tags", extra={"events": forgotten})

    return (Kind("forget-tag-history", forget, every=_FORGET_EVERY),)
