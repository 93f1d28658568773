"""Small files that must be whole or absent, whatever happens while they are written."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrepot.storage.blobs.places import sync_folder


def make_folder(folder: Path) -> None:
    """A folder that only its owner may enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_durably(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace the file with this content; it is on disk, under its name, when this returns.

    Raises OSError for a device or the like: root could put a file in the place of /dev/null.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "not a regular file, so it is not replaced", str(path))
    with _draft(path, content, mode) as draft:
        draft.rename(path)
    sync_folder(path.parent)


def write_once(path: Path, content: bytes, *, mode: int = 0o600) -> bool:
    """Make the file, as durably, unless there is one of its name: then False, and nothing is written."""
    with _draft(path, content, mode) as draft:
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return False
    sync_folder(path.parent)
    return True


@contextmanager
def _draft(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """The content on disk beside its place, gone afterwards if it is not moved there."""
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
