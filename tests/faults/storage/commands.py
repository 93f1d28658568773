"""The commands that move and check a registry, as processes that may be killed."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engines.entrepot import PROGRAM, Entrepot

_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command came to."""

    status: int
    out: str
    err: str


@dataclass(slots=True)
class Command:
    """`entrepot …` in a folder, with these variables beside the machine's."""

    folder: Path
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(PROGRAM), *self.arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> Ended:
        """To its end."""
        process = self.start()
        try:
            out, err = process.communicate(timeout=_SECONDS)
        finally:
            process.kill()
            process.wait()
        return Ended(process.returncode, out, err)


def findings(server: Entrepot, *options: str) -> list[dict[str, Any]]:
    """What `entrepot check --deep` finds of a server's data; bytes are orphans at once."""
    arguments = ("check", "--deep", "--json", "--grace-minutes=0", f"--data-dir={server.data_folder}")
    ended = Command(server.folder, (*arguments, *options), server.environment).run()
    assert ended.status in (0, 1), ended
    found: list[dict[str, Any]] = json.loads(ended.out)["findings"]
    return found
