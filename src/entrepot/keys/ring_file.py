"""The file of the root key ring: private, made once, replaced whole."""

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from entrepot.keys.ring import KeyRing
from entrepot.keys.ring_text import KeyRingError, RootKey, format_ring, parse_ring


def create(path: Path, created_at: datetime) -> KeyRing:
    """A new ring of one random key, durable; FileExistsError where there is a file already."""
    with _locked_folder(path.parent) as folder:
        if path.exists():
            raise FileExistsError(path)
        _replace(path, (_new_key(1, created_at),), folder)
    return load(path)


def load(path: Path) -> KeyRing:
    """The ring in the file, which it reads again when another process has rotated it.

    Raises FileNotFoundError, and KeyRingError where others may read it or it is no ring.
    """
    return KeyRing(_read(path), reload=lambda: _read(path))


def rotate(path: Path, created_at: datetime) -> KeyRing:
    """Add a version, durably; it seals from now on, and the older ones still open."""
    with _locked_folder(path.parent) as folder:
        keys = _read(path)
        newest = max(key.version for key in keys)
        _replace(path, (*keys, _new_key(newest + 1, created_at)), folder)
    return load(path)


def _new_key(version: int, created_at: datetime) -> RootKey:
    return RootKey(version, secrets.token_bytes(32), created_at)


def _read(path: Path) -> tuple[RootKey, ...]:
    with path.open("rb") as file:
        if _is_open_to_others(os.fstat(file.fileno())):
            raise KeyRingError(f"{path} can be read by others than its owner: chmod 600 it")
        return parse_ring(file.read())


def _is_open_to_others(status: os.stat_result) -> bool:
    """A group may read what root owns: so Kubernetes shows a secret to a process that is not root."""
    allowed = 0o740 if status.st_uid == 0 else 0o700
    return bool(stat.S_IMODE(status.st_mode) & ~allowed)


def _replace(path: Path, keys: tuple[RootKey, ...], folder: int) -> None:
    """Put the ring in place whole: a crash leaves the file that was there, or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)  # of a crash; its keys never sealed anything
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(format_ring(keys))
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    os.fsync(folder)


@contextlib.contextmanager
def _locked_folder(folder: Path) -> Iterator[int]:
    """The folder's descriptor, while no other process makes or rotates a ring in it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
