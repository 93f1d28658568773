"""A clock that tests turn, for one program at a time: Debian's libfaketime. The machine's is left alone."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.engines.programs import find_program

_LIBRARY = "usr/lib/*/faketime/libfaketimeMT.so.1"


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of whatever runs in this environment."""

    file: Path

    @property
    def environment(self) -> dict[str, str]:
        find_program("faketime")
        [library] = Path("/").glob(_LIBRARY)
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",  # seconds after which the file is read again
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # a jump of the wall clock leaves that alone too
        }

    def turn(self, offset: timedelta) -> None:
        """Show the true time and the offset, from a second later on."""
        changed = self.file.with_suffix(".new")
        changed.write_text(f"{offset.total_seconds():+.0f}\n")
        changed.replace(self.file)


def open_clock(folder: Path) -> Clock:
    """A clock that is right."""
    clock = Clock(folder / "clock")
    clock.turn(timedelta(0))
    return clock
