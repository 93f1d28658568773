"""The numbers of all processes as Prometheus reads them, in its own text format or as OpenMetrics."""

import platform
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

from entrepot import __version__
from entrepot.telemetry.families import BUILD, FAMILIES, Family, Kind
from entrepot.telemetry.sheets import Ledger

Numbers = tuple[float, ...]


class Exposition(Collector):
    """One view of a whole server: what its processes counted alike is added up."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def write(self, accept: str) -> tuple[bytes, str]:
        """The page, and its media type, in the format that an Accept header asks for."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry need not look for doubles."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every family, those without a series too."""
        sums: dict[Family, dict[tuple[str, ...], Numbers]] = {family: {} for family in FAMILIES}
        sums[BUILD][__version__, platform.python_version()] = (1.0,)
        for reading in self._ledger.read():
            series = sums[reading.family]
            before = series.get(reading.labels)
            series[reading.labels] = reading.numbers if before is None else _sum(before, reading.numbers)
        for family, series in sums.items():
            yield _METRICS[family.kind](family, series)


def _sum(one: Numbers, other: Numbers) -> Numbers:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _counter(family: Family, series: dict[tuple[str, ...], Numbers]) -> Metric:
    metric = CounterMetricFamily(family.name, family.help, labels=family.label_names)
    for labels, (value,) in series.items():
        metric.add_metric(labels, value)
    return metric


def _gauge(family: Family, series: dict[tuple[str, ...], Numbers]) -> Metric:
    metric = GaugeMetricFamily(family.name, family.help, labels=family.label_names)
    for labels, (value,) in series.items():
        metric.add_metric(labels, value)
    return metric


def _histogram(family: Family, series: dict[tuple[str, ...], Numbers]) -> Metric:
    metric = HistogramMetricFamily(family.name, family.help, labels=family.label_names)
    for labels, numbers in series.items():
        *counts, total = numbers
        buckets, running = [], 0.0
        for bound, count in zip((*map(str, family.bounds), "+Inf"), counts, strict=True):
            running += count
            buckets.append((bound, running))
        metric.add_metric(labels, buckets, total)
    return metric


_METRICS = {Kind.COUNTER: _counter, Kind.GAUGE: _gauge, Kind.HISTOGRAM: _histogram}
