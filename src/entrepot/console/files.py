"""The built files: which there are, what type each has, and its bytes, packed or not."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BUILT = Path(__file__).parent / "site"
"""Where the build puts them, in a source tree and in the wheel alike."""

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_PACKED = ".gz"
# Vite writes name-HASH.ext, with eight letters of base64url: a changed file has another name.
_HASHED = re.compile(r"assets/[^/]*-[\w-]{8}\.[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file of the build; `is_packed` is whether the build left it gzipped."""

    path: Path
    media_type: str
    is_packed: bool
    is_hashed: bool


class BuiltFiles:
    """The files of one build by their path below the console's prefix.

    A path is only ever looked up in the table, never joined to a folder. Bytes are read when they are
    first asked for and kept: all together are smaller than one layer.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` may be missing: then there is nothing."""
        self._files = dict(_list(folder))
        self._bytes: dict[Path, bytes] = {}

    def find(self, name: str) -> BuiltFile | None:
        """The file of this name, `assets/index-Cm3x_8aZ.js`; None where there is none."""
        return self._files.get(name)

    def read(self, file: BuiltFile) -> bytes:
        """The bytes of a file that was found here, as they lie there."""
        content = self._bytes.get(file.path)
        if content is None:
            content = self._bytes[file.path] = file.path.read_bytes()
        return content

    def unpack(self, file: BuiltFile) -> bytes:
        """The bytes of a packed file for the few who do not take it as it is; made anew each time."""
        return gzip.decompress(self.read(file))


def _list(folder: Path) -> Iterator[tuple[str, BuiltFile]]:
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        is_packed = path.suffix == _PACKED
        name = path.relative_to(folder).as_posix().removesuffix(_PACKED)
        media_type = _TYPES.get(Path(name).suffix)
        if media_type is not None and path.is_file():
            yield name, BuiltFile(path, media_type, is_packed, is_hashed=_HASHED.fullmatch(name) is not None)
