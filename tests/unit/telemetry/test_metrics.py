"""Metrics: what each process counts is shown for all, and no caller can make them grow without end."""

import os

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from entrepot.telemetry import families
from entrepot.telemetry.exposition import Exposition
from entrepot.telemetry.families import FAMILIES, Family, Kind
from entrepot.telemetry.meters import Meters
from entrepot.telemetry.sheets import Ledger

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def shown(ledger: Ledger, sample: str) -> dict[tuple[str, ...], float]:
    """The values of a sample by its labels, in the order of their names."""
    page, _ = Exposition(ledger).write("")
    return {
        tuple(value for _, value in sorted(each.labels.items())): each.value
        for metric in parse_text(page.decode())
        for each in metric.samples
        if each.name == sample
    }


def test_what_processes_count_alike_is_added_up() -> None:
    ledger = Ledger(["requests-1", "requests-2"])
    for process in ("requests-1", "requests-2"):
        Meters(ledger.sheet(process)).counters(families.OUTAGES).of("oci").add(2)

    assert shown(ledger, "entrepot_outages_total") == {("oci",): 4}


def test_what_is_each_process_s_own_has_its_name() -> None:
    ledger = Ledger(["requests-1", "jobs"])
    for number, process in enumerate(("requests-1", "jobs")):
        Meters(ledger.sheet(process)).counters(families.MEMORY).of().put(number + 1)

    assert shown(ledger, "entrepot_process_resident_memory_bytes") == {("requests-1",): 1, ("jobs",): 2}


def test_a_forked_process_counts_into_the_same_memory() -> None:
    ledger = Ledger(["child"])
    child = os.fork()
    if child == 0:
        Meters(ledger.sheet("child")).counters(families.OUTAGES).of("aws").add()
        os._exit(0)
    os.waitpid(child, 0)

    assert shown(ledger, "entrepot_outages_total") == {("aws",): 1}


def test_a_successor_goes_on_counting_and_forgets_the_gauges() -> None:
    ledger = Ledger(["requests-1"])
    first = Meters(ledger.sheet("requests-1"))
    first.counters(families.CONNECTIONS_MADE).of().add(3)
    first.counters(families.CONNECTIONS).of().add(3)

    Meters(ledger.sheet("requests-1")).counters(families.CONNECTIONS_MADE).of().add()

    assert shown(ledger, "entrepot_connections_accepted_total") == {(): 4}
    assert shown(ledger, "entrepot_connections") == {(): 0}


def test_a_histogram_counts_each_value_at_its_bound_and_all_above() -> None:
    ledger = Ledger(["one"])
    seconds = Meters(ledger.sheet("one")).histograms(families.JOB_SECONDS).of("collect")
    for value in (0.01, 0.05, 100_000):
        seconds.observe(value)

    buckets = shown(ledger, "entrepot_job_duration_seconds_bucket")
    assert buckets["collect", "0.01"] == 1
    assert buckets["collect", "0.1"] == 2
    assert buckets["collect", "3600"] == 2
    assert buckets["collect", "+Inf"] == 3
    assert shown(ledger, "entrepot_job_duration_seconds_sum") == {("collect",): pytest.approx(100_000.06)}
    assert shown(ledger, "entrepot_job_duration_seconds_count") == {("collect",): 3}


def test_attack_46_a_metric_has_no_more_series_than_its_limit() -> None:
    ledger = Ledger(["one"])
    requests = Meters(ledger.sheet("one")).counters(families.REQUESTS)
    for number in range(families.REQUESTS.most_series + 500):
        requests.of("oci", f"made-up-{number}", "GET", "4xx").add()

    values = shown(ledger, "entrepot_requests_total")
    assert len(values) == families.REQUESTS.most_series + 1
    assert values["other", "other", "other", "other"] == 500


def test_a_full_sheet_counts_what_it_knows_and_nothing_new() -> None:
    ledger = Ledger(["one"])
    meters = Meters(ledger.sheet("one"))
    known = meters.counters(families.OUTAGES).of("oci")
    names = meters.counters(Family("entrepot_x", Kind.COUNTER, "", ("name",), most_series=100_000))
    with pytest.raises(ValueError, match="not in tuple"):
        names.of("a family that is in no list")
    repositories = families.REPOSITORY_REQUESTS
    for number in range(repositories.most_series):
        meters.counters(repositories).of("1" * 12, "r" * 256, f"{number}" * 80, "ecr:PutImage").add()
    known.add()

    assert shown(ledger, "entrepot_outages_total") == {("oci",): 1}


@pytest.mark.parametrize("text", ['"', "\\", "\n", "a\r\nb", "\x1b[31m", "\u2028", "ünï", "{}", "\udc80"])
def test_attack_49_hostile_label_values_stay_in_their_place(text: str) -> None:
    ledger = Ledger(["one"])
    Meters(ledger.sheet("one")).counters(families.OUTAGES).of(text).add()

    shown_as = text.encode("utf-8", "replace").decode()
    assert shown(ledger, "entrepot_outages_total") == {(shown_as,): 1}


@pytest.mark.parametrize("accept", ["", OPENMETRICS, "text/plain", "*/*", "\0", "application/json"])
def test_the_page_can_be_read_in_the_format_that_is_asked_for(accept: str) -> None:
    ledger = Ledger(["one"])
    meters = Meters(ledger.sheet("one"))
    for family in FAMILIES:
        labels = ["x"] * len(family.labels)
        if family.kind is Kind.HISTOGRAM:
            meters.histograms(family).of(*labels).observe(1)
        else:
            meters.counters(family).of(*labels).add()

    page, content_type = Exposition(ledger).write(accept)
    is_openmetrics = "openmetrics" in accept
    assert content_type.startswith("application/openmetrics-text" if is_openmetrics else "text/plain")
    parse = parse_openmetrics if is_openmetrics else parse_text
    found = [metric.name for metric in parse(page.decode())]
    assert {family.name.removesuffix("_total") for family in FAMILIES} == set(found)


def test_every_family_is_in_the_list_once_with_a_name_that_has_its_unit() -> None:
    declared = [value for value in vars(families).values() if isinstance(value, Family)]

    assert sorted(FAMILIES, key=id) == sorted(declared, key=id)
    # OpenMetrics names a counter without its ending
    assert len({family.name.removesuffix("_total") for family in FAMILIES}) == len(FAMILIES)
    for family in FAMILIES:
        assert family.name.startswith("entrepot_")
        assert (family.kind is Kind.COUNTER) == family.name.endswith("_total")
        assert family.kind is not Kind.HISTOGRAM or family.name.endswith(("_seconds", "_bytes"))
        assert list(family.bounds) == sorted(set(family.bounds))
