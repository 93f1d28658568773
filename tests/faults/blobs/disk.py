"""A disk that fails at a chosen call: the process is killed there, or the power goes.

Counted are the calls by which the store changes anything: making, writing, cutting, syncing, renaming
and removing files. At the chosen one, half of what was to be written is written, and then

- `kill`: the process gets SIGKILL; what it wrote stays;
- `power`: bytes that no sync made durable are lost, kept or torn, page by page, as the seed has it;
  names go back to where they stood at a moment, chosen by the seed, after their folder was last synced.
"""

import os
import random
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from stat import S_ISDIR
from typing import Literal, NoReturn

Mode = Literal["kill", "power"]
PAGE_BYTES = 4096


class FailingDisk:
    """Stands between this process and the files in some folders, from `install` to the process's end."""

    def __init__(self, folders: Sequence[Path], *, mode: Mode, fails_at: int, seed: int) -> None:
        self._folders = folders
        self._mode = mode
        self._calls_left = fails_at
        self._random = random.Random(seed)
        self._durable = {path.stat().st_ino: path.read_bytes() for path in files(folders)}
        self._names = {path: path.stat().st_ino for path in files(folders)}
        self._renamings: list[tuple[Path | None, Path | None, int]] = []
        self._settled = 0
        self._removed: dict[int, bytes] = {}

    def install(self) -> None:
        """Take the place of the calls of `os`, for good: this process ends by them."""
        # the operating system's calls are stood in for, never code of ours
        os.open = self._opening(os.open)
        os.pwrite = self._writing(os.pwrite)
        os.ftruncate = self._cutting(os.ftruncate)
        os.fsync = os.fdatasync = self._sync  # type: ignore[assignment]
        os.rename = self._renaming(os.rename)
        self._unlink = os.unlink
        os.unlink = self._remove  # type: ignore[assignment]

    def _opening(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: str | Path, flags: int, mode: int = 0o777) -> int:
            if not flags & os.O_CREAT:
                return real(path, flags, mode)
            self._meet_fate()
            is_new = not Path(path).exists()
            descriptor = real(path, flags, mode)
            if is_new:
                self._renamings.append((None, Path(path), os.fstat(descriptor).st_ino))
            return descriptor

        return call

    def _writing(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(descriptor: int, data: memoryview, offset: int) -> int:
            self._meet_fate(lambda: real(descriptor, data[: len(data) // 2], offset))
            return real(descriptor, data, offset)

        return call

    def _cutting(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(descriptor: int, size: int) -> None:
            self._meet_fate()
            real(descriptor, size)

        return call

    def _sync(self, descriptor: int) -> None:
        self._meet_fate()
        status = os.fstat(descriptor)
        if S_ISDIR(status.st_mode):
            # a file that was moved is found again only where its new folder was synced
            folders = [(target or source or Path()).parent for source, target, _ in self._renamings]
            touched = [n for n, at in enumerate(folders, start=1) if at.stat().st_ino == status.st_ino]
            self._settled = max([self._settled, *touched])
        else:
            for path in files(self._folders):
                if path.stat().st_ino == status.st_ino:
                    self._durable[status.st_ino] = path.read_bytes()

    def _renaming(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(source: str | Path, target: str | Path) -> None:
            self._meet_fate()
            real(source, target)
            self._renamings.append((Path(source), Path(target), Path(target).stat().st_ino))

        return call

    def _remove(self, path: str | Path) -> None:
        self._meet_fate()
        inode, content = Path(path).stat().st_ino, Path(path).read_bytes()
        self._unlink(path)
        self._removed[inode] = content
        self._renamings.append((Path(path), None, inode))

    def _meet_fate(self, half_done: Callable[[], object] = lambda: None) -> None:
        self._calls_left -= 1
        if self._calls_left >= 0:
            return
        half_done()
        self.fail()

    def fail(self) -> NoReturn:
        """Now."""
        if self._mode == "power":
            self._lose_power()
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody outlives that")

    def _lose_power(self) -> None:
        live = self._removed | {path.stat().st_ino: path.read_bytes() for path in files(self._folders)}
        names = dict(self._names)
        for source, target, inode in self._renamings[
            : self._random.randint(self._settled, len(self._renamings))
        ]:
            if source is not None:
                names.pop(source, None)
            if target is not None:
                names[target] = inode
        for path in files(self._folders):
            self._unlink(path)
        for path, inode in names.items():
            path.write_bytes(self._torn(self._durable.get(inode, b""), live.get(inode, b"")))

    def _torn(self, durable: bytes, live: bytes) -> bytes:
        """What is found of a file: all old, all new, or each page either."""
        chances = self._random.choice([(0.0,), (1.0,), (0.0, 1.0)])
        content = bytearray(live if self._random.choice(chances) else durable)
        for at in range(0, len(content), PAGE_BYTES):
            source = live if self._random.choice(chances) else durable
            page = source[at : at + PAGE_BYTES][: len(content) - at]
            content[at : at + len(page)] = page
        return bytes(content)


def files(folders: Sequence[Path]) -> list[Path]:
    """All files in the folders, which hold nothing else."""
    return [path for folder in folders for path in folder.iterdir()]
