"""A port for each test, and the log as it would stand on standard error."""

import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from entrepot.serving.access_log import set_up_logging
from tests.wire.serving.port import Port, open_port


class Log:
    """What was logged since it was last asked."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def text(self) -> str:
        """All of it, as it would stand on a terminal."""
        told = self._stream.getvalue()
        self._stream.seek(0)
        self._stream.truncate()
        return told

    def lines(self) -> list[dict[str, object]]:
        """Line by line; each has to be JSON."""
        return [json.loads(line) for line in self.text().split("\n")[:-1]]


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Port]:
    async with open_port(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_logging("info")
    try:
        yield Log(stream)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
