"""The entries of a tar archive: ustar, pax and GNU, read forward and without keeping any content.

One block's fields are read by the standard library. What follows from them is our own: its reader goes
through the archive at a tenth of the speed (1.1 s instead of 0.1 s for 12,000 entries), and keeps every
entry and extended header of any length in memory.
"""

import tarfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from entrepot.decoding.budget import Budget, damaged
from entrepot.decoding.unpacking import Archive
from entrepot.domain.layer_files import FileType, Whiteout

_BLOCK = 512
_ZEROS = bytes(_BLOCK)
_TYPES = {
    tarfile.REGTYPE: FileType.FILE,
    tarfile.AREGTYPE: FileType.FILE,
    tarfile.CONTTYPE: FileType.FILE,
    tarfile.GNUTYPE_SPARSE: FileType.FILE,
    tarfile.LNKTYPE: FileType.HARDLINK,
    tarfile.SYMTYPE: FileType.SYMLINK,
    tarfile.CHRTYPE: FileType.CHARACTER_DEVICE,
    tarfile.BLKTYPE: FileType.BLOCK_DEVICE,
    tarfile.DIRTYPE: FileType.DIRECTORY,
    tarfile.FIFOTYPE: FileType.FIFO,
}
# Of these a size in the header is no content (POSIX ustar, and Go's archive/tar, which packs most layers).
_WITHOUT_CONTENT = frozenset(
    {
        FileType.HARDLINK,
        FileType.SYMLINK,
        FileType.CHARACTER_DEVICE,
        FileType.BLOCK_DEVICE,
        FileType.DIRECTORY,
        FileType.FIFO,
    }
)
_EXTENDING = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)
_LINKS = frozenset({FileType.HARDLINK, FileType.SYMLINK})
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_LONGEST_PATH = 4096  # Linux's PATH_MAX: nothing can be unpacked under a longer one
_MOST = 2**63 - 1
_WANTED = frozenset(
    {"path", "linkpath", "size", "uid", "gid", "mtime", "GNU.sparse.name", "GNU.sparse.realsize"}
)

Extended = Mapping[str, str]


class Entry(NamedTuple):
    """An entry as it leaves the process: the fields of a LayerFile in words and numbers."""

    path: str
    type: str
    size: int | None
    mode: int
    uid: int | None
    gid: int | None
    modified: float | None
    link: str | None
    whiteout: str | None
    leaves_root: bool


def entries(archive: Archive, budget: Budget) -> Iterator[Entry]:
    """Every entry but the root itself; raises Ended."""
    shared: dict[str, str] = {}
    own: dict[str, str] = {}
    while True:
        block = archive.read(_BLOCK)
        if not block or block == _ZEROS:
            return
        header = _header(block)
        if header.type in _EXTENDING:
            told = shared if header.type == tarfile.XGLTYPE else own
            told |= _told(header.type, _extended(archive, header.size, budget.limits.header_bytes))
            continue
        found, size = _entry(header, block, shared | own), _size_of(header, own)
        own = {}
        if found is not None:
            budget.spend_entry(len(found.path) + len(found.link or ""))
            yield found
        if header.type == tarfile.GNUTYPE_SPARSE:
            _skip_sparse_map(archive, block)
        if _TYPES.get(header.type) not in _WITHOUT_CONTENT and not archive.skip(_padded(size)):
            raise damaged()


def _header(block: bytes) -> tarfile.TarInfo:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError) as cause:
        raise damaged() from cause
    if header.size < 0:
        raise damaged()
    return header


def _size_of(header: tarfile.TarInfo, own: Extended) -> int:
    """How many bytes of content follow; a pax header may know better, of its own entry alone."""
    told = _number(own.get("size"))
    return header.size if told is None else told


def _extended(archive: Archive, size: int, limit: int) -> bytes:
    content = archive.read(_padded(size)) if size <= limit else b""
    if size > limit or len(content) < size:
        raise damaged()
    return content[:size]


def _told(kind: bytes, content: bytes) -> dict[str, str]:
    """What a header that extends the next one says."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return {"path": _text_of(content)}
    if kind == tarfile.GNUTYPE_LONGLINK:
        return {"linkpath": _text_of(content)}
    return _records(content)


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _records(content: bytes) -> dict[str, str]:
    """The pax records that tell something here: each is `length key=value` and a newline."""
    found: dict[str, str] = {}
    start = 0
    while start < len(content) and content[start]:
        space = content.find(b" ", start, start + 20)
        length = _number(_text(content[start:space])) if space > 0 else None
        if length is None or start + length > len(content) or start + length <= space:
            raise damaged()
        key, sign, value = content[space + 1 : start + length - 1].partition(b"=")
        name = _text(key)
        if sign and name in _WANTED:
            found[name] = _text(value)
        start += length
    return found


def _skip_sparse_map(archive: Archive, block: bytes) -> None:
    """Blocks of the old GNU map, each of which tells whether another one follows."""
    is_followed = block[482]
    while is_followed:
        more = archive.read(_BLOCK)
        if len(more) < _BLOCK:
            raise damaged()
        is_followed = more[504]


def _entry(header: tarfile.TarInfo, block: bytes, extended: Extended) -> Entry | None:
    kind = _TYPES.get(header.type, FileType.OTHER)
    raw = extended.get("GNU.sparse.name") or extended.get("path") or _cleaned(header.name)
    path, leaves_root = _placed(raw)
    if not path:
        return None
    link = (extended.get("linkpath") or _cleaned(header.linkname)) if kind in _LINKS else None
    if len(path) > _LONGEST_PATH or len(link or "") > _LONGEST_PATH:
        raise damaged()
    if kind is FileType.FILE and raw.endswith("/"):  # how archives before POSIX marked folders
        kind = FileType.DIRECTORY
    path, whiteout = _whiteout(path)
    return Entry(
        path=path,
        type=kind,
        size=None if kind in _WITHOUT_CONTENT else _content_size(header, block, extended),
        mode=header.mode & 0o7777,
        uid=_within(_number(extended.get("uid")), header.uid),
        gid=_within(_number(extended.get("gid")), header.gid),
        modified=_moment(extended.get("mtime"), header.mtime),
        link=link,
        whiteout=whiteout,
        leaves_root=leaves_root,
    )


def _content_size(header: tarfile.TarInfo, block: bytes, extended: Extended) -> int | None:
    """How long the file is once it is unpacked, holes and all."""
    if header.type == tarfile.GNUTYPE_SPARSE:
        try:
            # the module's own reader of numbers, which typeshed leaves out
            return _within(tarfile.nti(block[483:495]), header.size)  # type: ignore[attr-defined]
        except tarfile.HeaderError as cause:
            raise damaged() from cause
    real = _number(extended.get("GNU.sparse.realsize"))
    return _within(real if real is not None else _number(extended.get("size")), header.size)


def _placed(raw: str) -> tuple[str, bool]:
    """The path without slashes and dots that say nothing, and whether it would lead out of the root."""
    parts = [part for part in raw.split("/") if part not in ("", ".")]
    return "/".join(parts), raw.startswith("/") or ".." in parts


def _whiteout(path: str) -> tuple[str, Whiteout | None]:
    folder, slash, name = path.rpartition("/")
    if name == _OPAQUE and folder:
        return folder, Whiteout.CONTENT
    if name.startswith(_WHITEOUT) and not name.startswith(2 * _WHITEOUT) and name != _WHITEOUT:
        return f"{folder}{slash}{name.removeprefix(_WHITEOUT)}", Whiteout.ENTRY
    return path, None


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _text_of(content: bytes) -> str:
    return _text(content.split(b"\0", 1)[0])


def _cleaned(name: str) -> str:
    """Text that can be written down: bytes that are no UTF-8 are told as such."""
    return name if name.isascii() else _text(name.encode("utf-8", "surrogateescape"))


def _number(text: str | None) -> int | None:
    """None of what is no number, or one with more digits than 64 bits can have."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    return int(text)


def _within(told: int | None, of_header: int) -> int | None:
    number = of_header if told is None else told
    return number if -_MOST <= number <= _MOST else None


def _moment(told: str | None, of_header: float) -> float | None:
    """Seconds since 1970; None outside of the years 1 to 9999."""
    try:
        seconds = float(told) if told is not None and len(told) < 40 else float(of_header)
    except (ValueError, OverflowError):
        return None
    return seconds if -62_135_596_800 <= seconds < 253_402_300_800 else None
