"""What the rooms below report, counted and, where somebody collects traces, traced."""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, Protocol

from entrepot.ports.reports import DatabaseWork
from entrepot.telemetry import families
from entrepot.telemetry.meters import Counter, Histogram, Meters


class Spans(Protocol):
    """Traces, as reports draw them."""

    def piece(self, name: str, began: float, attributes: Mapping[str, str], *, is_failure: bool) -> None:
        """A piece of work that has just ended, within what is being traced here and now."""

    def job(self, kind: str) -> AbstractContextManager[None]:
        """A trace of its own, within which the pieces of a job are drawn."""


class CountedReports:
    """The reports of one process."""

    def __init__(self, meters: Meters, spans: Spans | None = None) -> None:
        self._spans = spans
        self._operations = meters.counters(families.DATABASE_OPERATIONS)
        self._operation_seconds = meters.histograms(families.DATABASE_SECONDS)
        self._found: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._retries = meters.counters(families.DATABASE_RETRIES)
        self._lent = meters.counters(families.DATABASE_LENT).of()
        self._blob_operations = meters.counters(families.BLOB_OPERATIONS)
        self._blob_seconds = meters.histograms(families.BLOB_SECONDS)
        self._blob_bytes = meters.counters(families.BLOB_BYTES)
        self._s3_requests = meters.counters(families.S3_REQUESTS)
        self._s3_seconds = meters.histograms(families.S3_SECONDS)
        self._jobs = meters.counters(families.JOBS)
        self._job_seconds = meters.histograms(families.JOB_SECONDS)
        self._collected = meters.counters(families.COLLECTED)
        self._audit_dropped = meters.counters(families.AUDIT_DROPPED)

    def database_operation(self, work: DatabaseWork, began: float, outcome: str) -> None:
        found = self._found.get((work, outcome))
        if found is None:
            found = self._operations.of(work, outcome), self._operation_seconds.of(work)
            self._found[work, outcome] = found
        counter, seconds = found
        counter.add()
        seconds.observe(time.perf_counter() - began)
        if self._spans is not None:
            is_failure = outcome not in ("done", "refused")
            self._spans.piece(f"database {work}", began, {"entrepot.outcome": outcome}, is_failure=is_failure)

    def database_retry(self, reason: Literal["conflict", "lost"]) -> None:
        self._retries.of(reason).add()

    def database_lent(self, change: Literal[1, -1]) -> None:
        self._lent.add(change)

    def blob_operation(self, operation: str, began: float, outcome: str) -> None:
        self._blob_operations.of(operation, outcome).add()
        self._blob_seconds.of(operation).observe(time.perf_counter() - began)
        if self._spans is not None:
            attributes = {"entrepot.outcome": outcome}
            self._spans.piece(f"blob {operation}", began, attributes, is_failure=outcome != "done")

    def blob_bytes(self, work: Literal["hashed", "read", "written"], count: int) -> None:
        self._blob_bytes.of(work).add(count)

    def s3_request(self, operation: str, began: float, status: int) -> None:
        self._s3_requests.of(operation, status_class(status)).add()
        self._s3_seconds.of(operation).observe(time.perf_counter() - began)
        if self._spans is not None:
            attributes = {"http.response.status_code": str(status)}
            is_failure = status == 0 or status >= 500
            self._spans.piece(f"s3 {operation}", began, attributes, is_failure=is_failure)

    @contextmanager
    def job(self, kind: str) -> Iterator[None]:
        began, outcome = time.perf_counter(), "failed"
        try:
            if self._spans is None:
                yield
            else:
                with self._spans.job(kind):
                    yield
            outcome = "done"
        finally:
            self._jobs.of(kind, outcome).add()
            self._job_seconds.of(kind).observe(time.perf_counter() - began)

    def collected(self, what: str, count: int) -> None:
        if count:
            self._collected.of(what).add(count)

    def audit_dropped(self, what: Literal["refusal", "signature"], count: int) -> None:
        if count:
            self._audit_dropped.of(what).add(count)


def status_class(status: int) -> str:
    """`2xx` and so on; `none` for no status at all."""
    return f"{status // 100}xx" if 100 <= status < 600 else "none"
