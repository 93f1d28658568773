"""Archives to be read: honest ones by the standard library, dishonest ones block by block."""

import io
import tarfile
from collections.abc import Mapping
from typing import Any

import orjson
from backports import zstd

from entrepot.decoding.budget import Limits
from entrepot.decoding.reader import listing

BLOCK = 512
END = bytes(2 * BLOCK)


def archive(*members: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive of these, files with as many bytes as they say."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(bytes(member.size)) if member.isreg() else None)
    return packed.getvalue()


def member(name: str, **fields: Any) -> tarfile.TarInfo:
    """A file of 3 bytes unless the fields say otherwise."""
    info = tarfile.TarInfo(name)
    for field, value in ({"size": 3, "mode": 0o644, "mtime": 1_700_000_000} | fields).items():
        setattr(info, field, value)
    return info


def header(name: str, **fields: Any) -> bytes:
    """One block, with no content behind it, whatever size it says."""
    return member(name, **fields).tobuf(tarfile.GNU_FORMAT)


def zstd_of(content: bytes) -> bytes:
    return zstd.compress(content)


def read(
    content: bytes, limits: Limits | None = None, *, piece: int = 1 << 20
) -> tuple[Mapping[str, Any], list[Any]]:
    """What the reader tells of an archive as a whole, and of each entry."""
    stream = io.BytesIO(content)
    answer = listing(lambda size: stream.read(min(size, piece)), limits or Limits())
    head, *lines = map(orjson.loads, answer.split(b"\n")[:-1])
    return head, lines


def paths(content: bytes) -> list[str]:
    return [line[0] for line in read(content)[1]]
