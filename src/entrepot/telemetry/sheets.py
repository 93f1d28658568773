"""The numbers of all processes, in memory that they share: each writes its own sheet, any may read all.

A sheet, whose every part begins at a multiple of 8 bytes:

    sheet  = end of the records (8) ‖ record*
    record = index of the family (8) ‖ length of the labels (8) ‖ labels ‖ number (8)*
    labels = JSON, padded with spaces

A record is written before the end moves behind it, so that a reader never sees a part of one. A process
that follows a dead one goes on with its sheet: counters do not begin anew.
"""

import mmap
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from entrepot.telemetry.families import FAMILIES, Family, Kind

SHEET_BYTES = 2 << 20  # of which only what is written to takes memory
_WORD = 8
_HEAD_WORDS = 2  # of a record


@dataclass(frozen=True, slots=True)
class Reading:
    """One series as one process left it."""

    family: Family
    labels: tuple[str, ...]
    numbers: tuple[float, ...]


class Ledger:
    """The sheets of a server, made before its processes are; each is named as its process."""

    def __init__(self, processes: Sequence[str]) -> None:
        self._processes = tuple(processes)
        self._memory = memoryview(mmap.mmap(-1, SHEET_BYTES * len(self._processes)))

    def sheet(self, process: str) -> "Sheet":
        """The sheet to write to, for the process of that name alone."""
        return Sheet(self._part(process))

    def read(self) -> Iterator[Reading]:
        """Every series of every process; those of a family `by_process` have its name as first label."""
        for process in self._processes:
            part = self._part(process)
            numbers = part.cast("d")
            for family, labels, place in _records(part):
                named = (process, *labels) if family.by_process else labels
                yield Reading(family, named, tuple(numbers[place : place + family.width]))

    def _part(self, process: str) -> memoryview:
        start = self._processes.index(process) * SHEET_BYTES
        return self._memory[start : start + SHEET_BYTES]


class Sheet:
    """One process's numbers, to be written by its threads under `lock`."""

    def __init__(self, memory: memoryview) -> None:
        self.lock = threading.Lock()
        self.numbers = memory.cast("d")
        self._memory = memory
        self._words = memory.cast("Q")
        self._scratch = len(self.numbers) - max(family.width for family in FAMILIES)
        self._places = {(family, labels): place for family, labels, place in _records(memory)}
        for (family, _), place in self._places.items():
            if family.kind is Kind.GAUGE:
                self.numbers[place] = 0  # it told of a process that is gone

    def place(self, family: Family, labels: tuple[str, ...]) -> int:
        """Where the numbers of a series begin; a full sheet has one place for all that is new."""
        with self.lock:
            found = self._places.get((family, labels))
            if found is None:
                found = self._places[family, labels] = self._add(family, labels)
            return found

    def _add(self, family: Family, labels: tuple[str, ...]) -> int:
        text = orjson.dumps(labels)
        text += b" " * (-len(text) % _WORD)
        start = self._words[0] or 1
        place = start + _HEAD_WORDS + len(text) // _WORD
        if place + family.width > self._scratch:
            return self._scratch
        self._words[start], self._words[start + 1] = FAMILIES.index(family), len(text)
        self._memory[(start + _HEAD_WORDS) * _WORD : place * _WORD] = text
        self._words[0] = place + family.width
        return place


def _records(memory: memoryview) -> Iterator[tuple[Family, tuple[str, ...], int]]:
    words = memory.cast("Q")
    position, end = 1, words[0]
    while position < end:
        family = FAMILIES[words[position]]
        start = position + _HEAD_WORDS
        place = start + words[position + 1] // _WORD
        yield family, tuple(orjson.loads(memory[start * _WORD : place * _WORD])), place
        position = place + family.width
