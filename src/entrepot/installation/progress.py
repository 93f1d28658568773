"""Telling a person, or a log, how far long work is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

_BAR = 24  # characters
_EVERY_SECONDS = {True: 0.2, False: 10.0}  # by whether it is a terminal


@dataclass(frozen=True, slots=True)
class Step:
    """Where the work is: bytes and things done of all of them; `total` is None where that is not known."""

    what: str
    done: int
    total: int | None
    done_bytes: int = 0
    total_bytes: int = 0


class ProgressLine:
    """One line that is written over on a terminal, else a line now and then; silent in between."""

    def __init__(self, out: TextIO, seconds: Callable[[], float], *, is_terminal: bool) -> None:
        """`seconds` is a clock that never goes back."""
        self._out = out
        self._seconds = seconds
        self._is_terminal = is_terminal
        self._began = seconds()
        self._told = float("-inf")
        self._first: Step | None = None
        self._width = 0

    def tell(self, step: Step) -> None:
        """Say it, if it is time to or the work is done."""
        if self._first is None or self._first.what != step.what:
            self._first, self._began = step, self._seconds()
        now = self._seconds()
        if (step.total is None or step.done < step.total) and now - self._told < _EVERY_SECONDS[
            self._is_terminal
        ]:
            return
        self._told = now
        self._write(describe(step, self._first, now - self._began, has_bar=self._is_terminal))

    def end(self) -> None:
        """Leave the line, so that others may follow."""
        if self._width:
            self._out.write("\n")
            self._out.flush()
            self._width = 0

    def _write(self, line: str) -> None:
        if self._is_terminal:
            self._out.write(f"\r{line.ljust(self._width)}")
            self._width = len(line)
        else:
            self._out.write(f"{line}\n")
        self._out.flush()


def describe(step: Step, first: Step, seconds: float, *, has_bar: bool) -> str:
    """The line: what, how much of it, how fast since the first step, and how long it may still take."""
    if step.total is None:
        return f"{step.what} {step.done}"
    share = step.done_bytes / step.total_bytes if step.total_bytes else 1.0
    bar = f" [{'#' * int(share * _BAR):-<{_BAR}}]" if has_bar else ""
    rate = (step.done_bytes - first.done_bytes) / seconds if seconds > 0 else 0.0
    left = step.total_bytes - step.done_bytes
    ahead = f", {_time(left / rate)} left" if rate > 0 and left else ""
    return (
        f"{step.what}{bar} {step.done}/{step.total}, {_size(step.done_bytes)} of {_size(step.total_bytes)}"
        f" ({share:.0%}), {_size(rate)}/s{ahead}"
    )


def _size(size_bytes: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} TiB"


def _time(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
