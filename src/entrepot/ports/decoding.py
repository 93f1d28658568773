"""What reads archives that others have packed."""

from collections.abc import AsyncIterator
from typing import Protocol


class ArchiveUnreadable(Exception):
    """The archive takes more time or memory than there is for it."""


class ArchiveReader(Protocol):
    """Reads archives where they can do no harm."""

    async def entries(self, content: AsyncIterator[bytes]) -> bytes:
        """The entries of an archive by path, as lines of JSON; raises ArchiveUnreadable.

        The content need not be read to its end, and may fail; that failure is raised.
        """
