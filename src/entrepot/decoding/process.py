"""Starts the confined process, feeds it an archive and takes what it found."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress

from entrepot.decoding.budget import Limits
from entrepot.ports.decoding import ArchiveUnreadable

_START = "import sys; sys.path[:0] = sys.argv[1:]; from entrepot.decoding.reader import main; main()"
_MOST_OUTPUT_BYTES = 96 << 20  # names, and about 100 bytes beside them for each entry
_PIECE_BYTES = 256 << 10
_LIMITS = Limits()


class ConfinedReader:
    """Reads archives, each in a process of its own that has neither keys, files, network nor environment."""

    def __init__(self, *, wall_seconds: float = _LIMITS.wall_seconds) -> None:
        self._wall_seconds = wall_seconds

    async def entries(self, content: AsyncIterator[bytes]) -> bytes:
        """What `reader` writes; raises ArchiveUnreadable where it takes too long, or ends before its time."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _START, *filter(None, sys.path)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={},
            cwd="/",
        )
        feeding = asyncio.create_task(_feed(process, content))
        try:
            async with asyncio.timeout(self._wall_seconds):
                found = await _output(process)
                status = await process.wait()
        except TimeoutError as cause:
            raise ArchiveUnreadable from cause
        finally:
            feeding.cancel()
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            with suppress(asyncio.CancelledError):
                await feeding
        if status != 0:
            raise ArchiveUnreadable
        return found


async def _feed(process: Process, content: AsyncIterator[bytes]) -> None:
    """Everything, as fast as it is taken; a process that has seen enough closes its end."""
    stdin = process.stdin
    assert stdin is not None  # noqa: S101 (it was asked for)
    try:
        async for piece in content:
            stdin.write(piece)
            await stdin.drain()
    except ConnectionError:
        pass
    finally:
        stdin.close()


async def _output(process: Process) -> bytes:
    stdout = process.stdout
    assert stdout is not None  # noqa: S101 (it was asked for)
    pieces: list[bytes] = []
    room = _MOST_OUTPUT_BYTES
    while piece := await stdout.read(_PIECE_BYTES):
        pieces.append(piece)
        room -= len(piece)
        if room < 0:
            raise ArchiveUnreadable
    return b"".join(pieces)
