"""Where blobs and uploads lie in a folder.

    {root}/uploads/{k[:2]}/{k}         an upload's bytes
    {root}/uploads/{k[:2]}/{k}.tail    its acknowledged last segment, while that is being overwritten
    {root}/blobs/{k[:2]}/{k}           a finished blob

for a blob key k of 32 to 64 lower-case hex digits. All of it must be one file system: finishing an
upload is a rename.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from entrepot.ports.blobs import Stage

_KEY = re.compile(r"[0-9a-f]{32,64}")
_TAIL = ".tail"


class Places:
    """The folders of one store, all made at the start, so that no file's folder is ever in doubt."""

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._uploads = _make_shards(root / "uploads")
        self._blobs = _make_shards(root / "blobs")
        sync_folder(root)
        sync_folder(root.parent)

    def upload(self, key: str) -> Path:
        """The bytes of an upload; raises ValueError unless the key is one."""
        return _sharded(self._uploads, key)

    def tail(self, key: str) -> Path:
        """The copy of an upload's last segment."""
        path = self.upload(key)
        return path.with_name(path.name + _TAIL)

    def blob(self, key: str) -> Path:
        """The bytes of a finished blob."""
        return _sharded(self._blobs, key)

    def entries(self, stage: Stage, key: str) -> tuple[Path, ...]:
        """Wherever the bytes of a key lie in this form."""
        return (self.blob(key),) if stage is Stage.BLOB else (self.upload(key), self.tail(key))

    def keys(self, stage: Stage, *, after: str) -> Iterator[str]:
        """The keys that have an entry in this form, in order, from behind `after`."""
        folder = self._blobs if stage is Stage.BLOB else self._uploads
        for number in range(int(after[:2] or "0", 16), 256):
            names = [path.name.removesuffix(_TAIL) for path in (folder / f"{number:02x}").iterdir()]
            yield from sorted({name for name in names if _is_key(name) and name > after})

    def all_of(self, key: str) -> tuple[Path, ...]:
        """Wherever anything of the key may lie."""
        return self.upload(key), self.tail(key), self.blob(key)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_shards(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    for number in range(256):
        (folder / f"{number:02x}").mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder)
    return folder


def _is_key(name: str) -> bool:
    return _KEY.fullmatch(name) is not None


def _sharded(folder: Path, key: str) -> Path:
    if not _is_key(key):
        raise ValueError(f"not a blob key: {key[:80]!r}")
    return folder / key[:2] / key
