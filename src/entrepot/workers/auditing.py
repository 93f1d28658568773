"""The job that forgets events of the audit in time."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from entrepot.identity.audit_trail import AuditTrail
from entrepot.ports.clock import Clock
from entrepot.ports.reports import JobReports
from entrepot.workers.runner import Kind

logger = logging.getLogger(__name__)

_EVERY = timedelta(hours=1)


def retention_jobs(
    trail: AuditTrail, clock: Clock, reports: JobReports, *, kept: timedelta
) -> Sequence[Kind]:
    """Forgetting what was kept for so long, now and then."""

    async def forget(_unique_key: str) -> None:
        forgotten = await trail.forget(clock() - kept)
        reports.collected("audit_events", forgotten)
        if forgotten:
            logger.info("forgot events of the audit", extra={"events": forgotten})

    return (Kind("forget-audit", forget, every=_EVERY),)
