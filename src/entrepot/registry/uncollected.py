"""Work that makes very many objects, none of which is in a cycle."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def uncollected() -> Iterator[None]:
    """Python's collector of cycles stands still: it would look at each object many times, and find nothing.

    That takes two fifths of the time otherwise, where there are a hundred thousand images.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def run_uncollected(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the work gives, done so."""
    with uncollected():
        return work(*args, **kwargs)
