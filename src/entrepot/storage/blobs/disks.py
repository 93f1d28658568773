"""A disk that cannot be used for now: what the kernel says of it, as an outage."""

import errno
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

from entrepot.ports.outages import Outage

T = TypeVar("T")
P = ParamSpec("P")

# No room, no room for this user, mounted again for reading only (which a kernel does on errors), failing.
_OUTAGES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


@dataclass(eq=False)
class DiskUnusable(Outage):
    """The disk of the blobs did not do what it was asked, and may do it once somebody has seen to it."""

    reason: str


class DiskThreads(Executor):
    """Another pool, whose jobs raise DiskUnusable where the disk refuses; other failures are theirs."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool

    def submit(self, job: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> Future[T]:
        return self._pool.submit(_told, partial(job, *arguments, **named))


def _told(job: Callable[[], T]) -> T:
    try:
        return job()
    except OSError as cause:
        if cause.errno not in _OUTAGES:
            raise
        raise DiskUnusable(os.strerror(cause.errno)) from cause
