"""Counters, gauges and histograms on a process's sheet; an update is a fraction of a microsecond."""

from bisect import bisect_left
from collections.abc import Callable
from typing import Generic, TypeVar

from entrepot.telemetry.families import Family
from entrepot.telemetry.sheets import Ledger, Sheet

C = TypeVar("C")

_OTHER = "other"
_LONGEST_LABEL = 256


class Counter:
    """One series of a counter or gauge."""

    __slots__ = ("_lock", "_numbers", "_place")

    def __init__(self, sheet: Sheet, _family: Family, place: int) -> None:
        self._lock, self._numbers, self._place = sheet.lock, sheet.numbers, place

    def add(self, amount: float = 1) -> None:
        """Count; for a gauge the amount may be negative."""
        with self._lock:
            self._numbers[self._place] += amount

    def put(self, value: float) -> None:
        """What a gauge shows, or how far a counter is that somebody else counts."""
        self._numbers[self._place] = value


class Histogram:
    """One series of a histogram."""

    __slots__ = ("_bounds", "_lock", "_numbers", "_place", "_sum")

    def __init__(self, sheet: Sheet, family: Family, place: int) -> None:
        self._lock, self._numbers, self._place = sheet.lock, sheet.numbers, place
        self._bounds, self._sum = family.bounds, place + family.width - 1

    def observe(self, value: float) -> None:
        """Count the value into its bucket."""
        place = self._place + bisect_left(self._bounds, value)
        with self._lock:
            self._numbers[place] += 1
            self._numbers[self._sum] += value


class Series(Generic[C]):
    """The series of one family, by their labels."""

    def __init__(self, family: Family, sheet: Sheet, cell: Callable[[Sheet, Family, int], C]) -> None:
        self._family = family
        self._sheet = sheet
        self._cell = cell
        self._cells: dict[tuple[str, ...], C] = {}
        if not family.labels:
            self.of()  # shows 0 before anything happens

    def of(self, *labels: str) -> C:
        """The series with these labels; where there are too many, the one whose labels say `other`."""
        found = self._cells.get(labels)
        return self._add(labels) if found is None else found

    def _add(self, labels: tuple[str, ...]) -> C:
        if len(labels) != len(self._family.labels):
            raise ValueError(f"{self._family.name} has the labels {self._family.labels}")
        # a lone surrogate has no place in UTF-8, and so none on a page
        shown = tuple(label[:_LONGEST_LABEL].encode("utf-8", "replace").decode("utf-8") for label in labels)
        if len(self._cells) >= self._family.most_series:
            shown = (_OTHER,) * len(labels)
            found = self._cells.get(shown)
            if found is not None:
                return found
        cell = self._cell(self._sheet, self._family, self._sheet.place(self._family, shown))
        self._cells[shown] = cell
        return cell


class Meters:
    """The meters of one process."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    @classmethod
    def alone(cls) -> "Meters":
        """Of a process that shares its numbers with none."""
        return cls(Ledger(["alone"]).sheet("alone"))

    def counters(self, family: Family) -> Series[Counter]:
        """The series of a counter or a gauge."""
        return Series(family, self._sheet, Counter)

    def histograms(self, family: Family) -> Series[Histogram]:
        """The series of a histogram."""
        return Series(family, self._sheet, Histogram)
