"""One request's exclusive hold on an upload's file, among all threads and processes of a file system."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from entrepot.ports.blobs import BlobMissing, UploadBusy
from entrepot.storage.blobs.places import Places


@dataclass(frozen=True, slots=True)
class Hold:
    """An open, locked file; closing the descriptor lets go.

    `is_finished`: it stands among the blobs already. `is_new`: nobody before ever wrote to it.
    """

    descriptor: int
    path: Path
    is_finished: bool
    is_new: bool

    def is_at(self, path: Path) -> bool:
        """Whether the path names the open file."""
        try:
            named = path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(self.descriptor))

    def is_dropped(self) -> bool:
        """Whether the upload was deleted under the hold: its file has no name any more."""
        return os.fstat(self.descriptor).st_nlink == 0

    def release(self) -> None:
        """Let go."""
        os.close(self.descriptor)


def hold(places: Places, key: str, *, offset_bytes: int) -> Hold:
    """Lock the upload's file, made now if nothing was acknowledged yet; changes nothing in it.

    Raises UploadBusy when another holds it, BlobMissing when acknowledged bytes are gone.
    """
    for _ in range(10):
        found = _open(places, key, offset_bytes=offset_bytes)
        if found is None:
            continue
        try:
            fcntl.flock(found.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            found.release()
            raise UploadBusy(key) from cause
        if found.is_new and places.blob(key).exists():
            found.path.unlink(missing_ok=True)  # another finished it between our looking and our making it
        elif found.is_at(found.path):
            return found
        # moved or dropped between opening and locking: look again
        found.release()
    raise UploadBusy(key)


def _open(places: Places, key: str, *, offset_bytes: int) -> Hold | None:
    """The file wherever it is now; None when it moved while we looked."""
    for path, is_finished in ((places.upload(key), False), (places.blob(key), True)):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        return Hold(descriptor, path, is_finished=is_finished, is_new=False)
    if offset_bytes > 0:
        raise BlobMissing(key)
    try:
        descriptor = os.open(places.upload(key), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return None
    return Hold(descriptor, places.upload(key), is_finished=False, is_new=True)
