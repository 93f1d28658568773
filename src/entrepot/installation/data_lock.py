"""One server to a data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DataFolderInUse(Exception):
    """Another server runs on this data folder."""


class DataFolderUnwritable(Exception):
    """The data folder cannot be made, or nothing can be written in it; the text says by whom and why."""


@contextmanager
def data_lock(data_dir: Path) -> Iterator[None]:
    """Hold the folder, made where it is missing; raises DataFolderInUse at once where another process does.

    The kernel lets go when the holder and its children have ended, however they end. Raises
    DataFolderUnwritable.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as cause:
        why = "it is a file" if isinstance(cause, FileExistsError) else cause.strerror
        raise DataFolderUnwritable(
            f"the data folder {data_dir} cannot be written by user {os.geteuid()}: {why}"
        ) from cause
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise DataFolderInUse(
                f"another server runs on {data_dir}: stop it, or name another --data-dir"
            ) from busy
        yield
    finally:
        os.close(descriptor)
