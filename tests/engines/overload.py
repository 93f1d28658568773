"""A server that is overloaded: an HTTP proxy before it that answers 503 for it, and takes its time."""

import asyncio
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from tests.engines.relays import relay

_REQUEST = re.compile(rb"[A-Z]+ \S+ HTTP/1\.1\r\n")
_REFUSAL = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\n"
    b"Content-Length: 36\r\nConnection: close\r\n\r\n"
    b"<Error><Code>SlowDown</Code></Error>"
)


@dataclass(slots=True)
class Overload:
    """A share of the requests is `refused`, and each is held back for the `delay`."""

    far_port: int
    port: int = 0
    refused: float = 0
    delay: timedelta = timedelta(0)
    _chance: random.Random = field(default_factory=lambda: random.Random(1))

    async def carry(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            far, to_far = await asyncio.open_connection("127.0.0.1", self.far_port)
        except OSError:
            to_near.close()
            return
        try:
            await asyncio.gather(self._requests(near, to_far, to_near), _answers(far, to_near))
        finally:
            to_far.close()
            to_near.close()

    async def _requests(
        self, near: asyncio.StreamReader, to_far: asyncio.StreamWriter, to_near: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await near.read(1 << 16):
                if _REQUEST.match(chunk):
                    await asyncio.sleep(self.delay.total_seconds())
                    if self._chance.random() < self.refused:
                        to_near.write(_REFUSAL)
                        await to_near.drain()
                        break
                to_far.write(chunk)
                await to_far.drain()
        to_far.close()


async def _answers(far: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await far.read(1 << 16):
            to_near.write(chunk)
            await to_near.drain()
    to_near.close()


@contextmanager
def overloaded(far_port: int) -> Iterator[Overload]:
    """A proxy to 127.0.0.1:far_port that lets everything pass at first."""
    overload = Overload(far_port)
    with relay(overload.carry) as (overload.port, _):
        yield overload
