"""A disk that is small, and can be filled to the last byte."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.engines.programs import require_root

_PAGE_BYTES = 4096


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mounted on a new folder; `size` as in `48m`."""
    require_root("mounting a small disk")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Take all the room that is left on the disk of the folder; the file that takes it."""
    filler, taken = folder / "filler", 0
    with filler.open("wb") as file:
        while room := _room(folder):
            with suppress(OSError):  # others take some of it at the same time
                piece = max(room // 2, min(room, _PAGE_BYTES))
                os.posix_fallocate(file.fileno(), taken, piece)
                taken += piece
    return filler


def _room(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
