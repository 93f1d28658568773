"""What the rounds came to: medians, ratios, and how they stand to what is asked."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from bench.work import Row, Sample

FOOT = """\
distribution keeps layers plain, checks nobody's password, and answers a push before its bytes are safe: it
never calls fsync. Entrepot authenticates and authorizes every request, keeps its rows in SQLite, seals layers
(except where storage is declared encrypted) and answers a push when its bytes are on the disk. Each figure is
the median of its rounds; the ratio is that of the medians, in brackets those of the lowest and the highest
round. Client and server share the machine.\
"""

_HEADINGS = ("work", "baseline", "Entrepot", "", "ratio", "(rounds)", "required", "goal", "")


@dataclass(frozen=True, slots=True)
class Result:
    """A row and its samples: one list a side, in the order of the rounds."""

    row: Row
    samples: tuple[list[Sample], ...]

    @property
    def medians(self) -> tuple[float, ...]:
        return tuple(median(sample.value for sample in side) for side in self.samples)

    @property
    def ratio(self) -> float | None:
        """The last side to the first; None where there is one side or the first came to nothing."""
        return _ratio(self.medians)

    @property
    def ratios(self) -> list[float]:
        """The ratio of each round."""
        rounds = (_ratio([sample.value for sample in one]) for one in zip(*self.samples, strict=True))
        return [ratio for ratio in rounds if ratio is not None]

    @property
    def verdict(self) -> str:
        """Empty where nothing is asked or nothing was measured."""
        figure = self.medians[-1] if len(self.samples) == 1 else self.ratio
        if figure is None or self.row.required is None:
            return ""
        if self.row.goal is not None and self._reaches(figure, self.row.goal):
            return "goal"
        return "required" if self._reaches(figure, self.row.required) else "missed"

    @property
    def failures(self) -> list[str]:
        """What went wrong in whose crowds; figures beside failures mean little."""
        return [
            f"{side.label}: {report.name}: {report.failures} failures, the first: {report.first_failure}"
            for side, samples in zip(self.row.sides, self.samples, strict=True)
            for sample in samples
            for report in sample.reports
            if report.failures
        ]

    def document(self) -> dict[str, object]:
        """The result in results.json."""
        return {
            "name": self.row.name,
            "work": self.row.work,
            "unit": self.row.unit,
            "is_less_better": self.row.is_less_better,
            "required": self.row.required,
            "goal": self.row.goal,
            "ratio": self.ratio,
            "verdict": self.verdict,
            "sides": [
                {"label": side.label, "median": value, "samples": [asdict(sample) for sample in samples]}
                for side, value, samples in zip(self.row.sides, self.medians, self.samples, strict=True)
            ],
        }

    def cells(self) -> tuple[str, ...]:
        """The result as a line of the table."""
        first = _number(self.medians[0]) if len(self.samples) > 1 else ""
        is_ratio = len(self.samples) > 1
        bound = "≤" if self.row.is_less_better else "≥"
        spread = f"({min(self.ratios):.2f}-{max(self.ratios):.2f})" if self.ratios else ""
        return (
            self.row.work,
            first,
            _number(self.medians[-1]),
            self.row.unit,
            "" if self.ratio is None else f"{self.ratio:.2f}x",
            spread,
            _target(bound, self.row.required, is_ratio=is_ratio),
            _target(bound, self.row.goal, is_ratio=is_ratio),
            self.verdict,
        )

    def _reaches(self, figure: float, target: float) -> bool:
        return figure <= target if self.row.is_less_better else figure >= target


def draw(results: Iterable[Result]) -> str:
    """The table in Markdown, columns aligned, and under it what failed."""
    results = list(results)
    lines = [_HEADINGS, *(result.cells() for result in results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    drawn = [_line(cells, widths) for cells in lines]
    drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    failures = [f"{result.row.name}: {failure}" for result in results for failure in result.failures]
    return "\n".join([*drawn, "", FOOT, *failures])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _ratio(values: Sequence[float]) -> float | None:
    return values[-1] / values[0] if len(values) > 1 and values[0] else None


def _target(bound: str, target: float | None, *, is_ratio: bool) -> str:
    return "" if target is None else f"{bound} {target:g}{'x' if is_ratio else ''}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
