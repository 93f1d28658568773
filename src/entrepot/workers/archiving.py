"""The jobs that follow changes of storage class, and move layers between the tiers."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

from entrepot.registry.archiving import FOLLOW_STORAGE_CLASS
from entrepot.registry.restoring import StorageClassRuns
from entrepot.registry.tier_moves import TierMover
from entrepot.workers.runner import Kind

logger = logging.getLogger(__name__)

_MOVE_EVERY = timedelta(seconds=10)


def archiving_jobs(runs: StorageClassRuns, mover: TierMover | None) -> Sequence[Kind]:
    """A job for each image whose class was changed, and a look for layers to move, where there is a tier."""
    follow = Kind(FOLLOW_STORAGE_CLASS, runs.run)
    if mover is None:
        return (follow,)

    async def move(_unique_key: str) -> None:
        moved = await mover.run()
        if moved.archived or moved.brought_back:
            logger.info("moved layers", extra=asdict(moved))

    return (follow, Kind("move-layers", move, every=_MOVE_EVERY))
