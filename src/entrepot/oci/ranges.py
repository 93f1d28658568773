"""Parts of blobs: the Range of a download, the Content-Range of a chunk."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from entrepot.domain.errors import RangeInvalid
from entrepot.oci.refusals import ChunkMisplaced

_NUMBER = "[0-9]{1,18}"  # far beyond any blob, and short enough to convert
_RANGE = re.compile(f"({_NUMBER})?-({_NUMBER})?")
_CHUNK = re.compile(rf"(?:bytes )?({_NUMBER})-({_NUMBER})(?:/(?:{_NUMBER}|\*))?")


@dataclass(frozen=True, slots=True)
class Part:
    """`length` bytes from `start`."""

    start: int
    length: int

    def content_range(self, size_bytes: int) -> str:
        """The header that tells which part of the whole this is."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size_bytes}"


def parse_range(lines: Sequence[str], size_bytes: int) -> Part | None:
    """The one part that Range header lines ask for; None for the whole.

    Other units, and several ranges at once, are answered with the whole, as RFC 9110 (14.2) allows.
    Raises RangeInvalid where nothing can be sent: a form that is no range, one that ends before it
    begins, or one that lies behind the end.
    """
    if len(lines) != 1:
        return None
    unit, equals, wanted = lines[0].partition("=")
    if not equals or unit.strip().lower() != "bytes" or "," in wanted:
        return None
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or found[0] == "-":
        raise RangeInvalid("The range is not of the form first-last", size_bytes)
    part = _part(found[1], found[2], size_bytes)
    if part.length <= 0:
        raise RangeInvalid("The range holds nothing of the blob", size_bytes)
    return part


def _part(first: str | None, last: str | None, size_bytes: int) -> Part:
    if first is None:
        length = min(int(last or "0"), size_bytes)
        return Part(size_bytes - length, length)
    start = int(first)
    end = min(int(last), size_bytes - 1) if last else size_bytes - 1
    return Part(start, end + 1 - start)


def parse_chunk_range(lines: Sequence[str], announced_bytes: int | None) -> Part | None:
    """Where a chunk says it belongs; None where it does not say.

    Raises ChunkMisplaced for what is no range, or not as long as the body that was announced.
    """
    if not lines:
        return None
    found = _CHUNK.fullmatch(lines[0].strip()) if len(lines) == 1 else None
    if found is None:
        raise ChunkMisplaced("The Content-Range is not of the form first-last")
    part = Part(int(found[1]), int(found[2]) + 1 - int(found[1]))
    if part.length <= 0 or announced_bytes not in (None, part.length):
        raise ChunkMisplaced("The Content-Range is not as long as the body")
    return part
