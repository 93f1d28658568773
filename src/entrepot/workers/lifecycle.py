"""The jobs that carry out lifecycle policies and make previews of them."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from entrepot.registry.lifecycle_policies import EVALUATE_LIFECYCLE
from entrepot.registry.lifecycle_previews import PREVIEW_LIFECYCLE, LifecyclePreviews
from entrepot.registry.lifecycle_runs import LifecycleRuns
from entrepot.registry.usage import UsageReports
from entrepot.workers.runner import Kind

logger = logging.getLogger(__name__)

_LOOK_EVERY = timedelta(seconds=30)  # for repositories whose turn has come


def lifecycle_jobs(runs: LifecycleRuns, previews: LifecyclePreviews, usage: UsageReports) -> Sequence[Kind]:
    """A look for what is due and what is over, a job for each repository, and a job for each preview."""

    async def look(_unique_key: str) -> None:
        await runs.enqueue_due()
        await previews.clear_expired()
        await usage.clear_ended()

    async def evaluate(repository_id: str) -> None:
        went = await runs.run(repository_id)
        if went:
            logger.info("carried out a policy", extra={"repository": repository_id, "images": went})

    return (
        Kind("lifecycle-turns", look, every=_LOOK_EVERY),
        Kind(EVALUATE_LIFECYCLE, evaluate),
        Kind(PREVIEW_LIFECYCLE, previews.make),
    )
