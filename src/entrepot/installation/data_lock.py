"""One server to a data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DataFolderInUse(Exception):
    """Another server runs on this data folder."""


@contextmanager
def data_lock(data_dir: Path) -> Iterator[None]:
    """Hold the folder; raises DataFolderInUse at once where another process does.

    The kernel lets go when the holder and its children have ended, however they end.
    """
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise DataFolderInUse(f"another server runs on {data_dir}") from busy
        yield
    finally:
        os.close(descriptor)
