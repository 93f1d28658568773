"""A file of a layer, as the layer's archive tells of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FileType(StrEnum):
    """What an entry of an archive is."""

    BLOCK_DEVICE = "block-device"
    CHARACTER_DEVICE = "character-device"
    DIRECTORY = "directory"
    FIFO = "fifo"
    FILE = "file"
    HARDLINK = "hardlink"
    OTHER = "other"
    SYMLINK = "symlink"


class Whiteout(StrEnum):
    """What an entry takes away of the layers below (OCI image-spec, layer.md, "Whiteouts")."""

    CONTENT = "content"
    ENTRY = "entry"


class End(StrEnum):
    """What ended the reading of an archive before its end."""

    DAMAGE = "damage"
    ENTRIES = "entries"
    NAMES = "names"
    RATIO = "ratio"
    SIZE = "size"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class LayerFile:
    """An entry; `path` has no slash at either end, and is that of what a whiteout takes away.

    `mode` is None of a folder that is there only by what lies in it. What cannot be told in 64 bits, or in
    years of four digits, is None too. `leaves_root` where the path was pushed with a slash before it, or
    with two dots in it. `count` is how many entries lie below a folder where that was asked for, and
    `size_bytes` their sizes.
    """

    path: str
    type: FileType
    size_bytes: int | None = None
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    modified_at: datetime | None = None
    link_target: str | None = None
    whiteout: Whiteout | None = None
    leaves_root: bool = False
    count: int | None = None
