"""The files of one layer, kept as the lines that a reader of its archive wrote, and looked at in parts."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import orjson

from entrepot.domain.layer_files import End, FileType, LayerFile, Whiteout

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = 2**63 - 1
_BEHIND = "0"  # the character behind the slash: below `usr/` is what stands between it and `usr0`


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """An entry, and the place of the last line that it stands for: a page goes on behind it."""

    place: int
    file: LayerFile


class FileList:
    """Every entry that was read of a layer, by path.

    Lines of JSON take a fifth of the memory that objects would; those that somebody looks at are read.
    """

    def __init__(self, content: bytes) -> None:
        """`content` is an ArchiveReader's; raises ValueError where its first entry could not be read."""
        head, _, lines = content.partition(b"\n")
        told = orjson.loads(head)
        if told["end"] == "unreadable":
            raise ValueError("not an archive")
        self.end = None if told["end"] is None else End(told["end"])
        self.count: int = told["entries"]
        self.size_bytes: int = told["bytes"]
        self._lines = lines.split(b"\n")[:-1]
        self._sums = array("d", [0.0])  # sizes before each line; not exact over 2^53, but never too large
        # Of the first line of each path, whether one of its lines is a folder: there may be very many.
        self._folders = bytearray(len(self._lines))
        first, before = 0, ""
        for place, line in enumerate(self._lines):
            path, kind, size, *_, whiteout, _ = orjson.loads(line)
            self._sums.append(self._sums[-1] + (size or 0))
            if path != before:
                first, before = place, path
            if kind == FileType.DIRECTORY and whiteout is None:
                self._folders[first] = True
        self.kept_bytes = len(content) + 48 * self.count  # with what Python has beside each line

    def everything(self, prefix: str, after: int, limit: int) -> list[PlacedFile]:
        """Entries whose paths begin with the prefix, from behind a place; -1 begins."""
        first = max(after + 1, self._first(prefix))
        found = [
            PlacedFile(place, self._file(place)) for place in range(first, min(first + limit, self.count))
        ]
        return [placed for placed in found if placed.file.path.startswith(prefix)]

    def one_level(self, prefix: str, after: int, limit: int) -> list[PlacedFile]:
        """What lies in the prefix's folder under a name that begins with the rest of the prefix.

        Of a folder, what lies below it is added up; one without an entry of its own is told all the same.
        """
        return list(islice(self._level(prefix, after), limit))

    def _level(self, prefix: str, after: int) -> Iterator[PlacedFile]:
        folder = prefix[: prefix.rfind("/") + 1]
        place = max(after + 1, self._first(prefix))
        while place < self.count:
            path = self._path(place)
            if not path.startswith(prefix):
                return
            name, slash, _ = path[len(folder) :].partition("/")
            if not slash:
                yield PlacedFile(place, self._with_sums(self._file(place)))
                place += 1
                continue
            below, beyond = f"{folder}{name}", self._first(f"{folder}{name}{_BEHIND}")
            if not self._is_folder(below):
                yield PlacedFile(beyond - 1, self._with_sums(LayerFile(below, FileType.DIRECTORY)))
            place = beyond

    def _with_sums(self, file: LayerFile) -> LayerFile:
        if file.type is not FileType.DIRECTORY or file.whiteout is not None:
            return file
        first, beyond = self._first(f"{file.path}/"), self._first(file.path + _BEHIND)
        size = min(int(self._sums[beyond] - self._sums[first]), _MOST)
        return replace(file, count=beyond - first, size_bytes=size)

    def _is_folder(self, path: str) -> bool:
        """Whether a folder has an entry of its own."""
        place = self._first(path)
        return place < self.count and self._path(place) == path and bool(self._folders[place])

    def _first(self, path: str) -> int:
        """The place of the first entry whose path is not before this one."""
        return bisect_left(self._lines, path, key=_path_of)

    def _path(self, place: int) -> str:
        return _path_of(self._lines[place])

    def _file(self, place: int) -> LayerFile:
        return _file_of(orjson.loads(self._lines[place]))


def _path_of(line: bytes) -> str:
    path: str = orjson.loads(line)[0]
    return path


def _file_of(told: Sequence[Any]) -> LayerFile:
    path, kind, size, mode, uid, gid, modified, link, whiteout, leaves_root = told
    return LayerFile(
        path=path,
        type=FileType(kind),
        size_bytes=size,
        mode=mode,
        uid=uid,
        gid=gid,
        modified_at=None if modified is None else _EPOCH + timedelta(seconds=modified),
        link_target=link,
        whiteout=None if whiteout is None else Whiteout(whiteout),
        leaves_root=leaves_root,
    )
