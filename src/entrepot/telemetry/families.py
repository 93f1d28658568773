"""Every metric there is: its name, what it counts, and what its labels tell apart."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How the values of a metric are to be read."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """One metric, told apart by its labels.

    A process keeps at most `most_series` of it; what comes after those counts under labels that all
    say `other`. Where `by_process`, a label `process` comes first, else all processes are one.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    by_process: bool = False
    most_series: int = 600

    @property
    def label_names(self) -> tuple[str, ...]:
        """All labels, in their order."""
        return ("process", *self.labels) if self.by_process else self.labels

    @property
    def width(self) -> int:
        """How many numbers one series has: a histogram's counts, the one over its bounds, and the sum."""
        return len(self.bounds) + 2 if self.kind is Kind.HISTOGRAM else 1


def _counter(name: str, says: str, *labels: str, most_series: int = 600, by_process: bool = False) -> Family:
    return Family(name, Kind.COUNTER, says, labels, by_process=by_process, most_series=most_series)


def _gauge(name: str, says: str, *labels: str, by_process: bool = False) -> Family:
    return Family(name, Kind.GAUGE, says, labels, by_process=by_process)


def _histogram(
    name: str, says: str, *labels: str, bounds: tuple[float, ...], by_process: bool = False
) -> Family:
    return Family(name, Kind.HISTOGRAM, says, labels, bounds, by_process, most_series=200)


_ANSWERING = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_STORING = (0.00005, 0.0002, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 10)
_WORKING = (0.01, 0.1, 1, 10, 60, 600, 3600)
_LAGGING = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)

REQUESTS = _counter(
    "entrepot_requests_total",
    "Requests answered. The status is its class, `2xx` to `5xx`, or `gone` where the client left first.",
    "door",
    "operation",
    "method",
    "status",
    most_series=1000,
)
REQUEST_SECONDS = _histogram(
    "entrepot_request_duration_seconds",
    "From a request's headers to the end of its answer's making; for blobs, of its sending.",
    "door",
    "operation",
    bounds=_ANSWERING,
)
REPOSITORY_REQUESTS = _counter(
    "entrepot_repository_requests_total",
    "Answered requests at /v2/ for repositories that exist; only with --metrics-repositories.",
    "account",
    "region",
    "repository",
    "operation",
    most_series=5000,
)
REQUEST_BYTES = _counter("entrepot_request_body_bytes_total", "Bytes of request bodies that came in.", "door")
RESPONSE_BYTES = _counter("entrepot_response_body_bytes_total", "Bytes of answers that went out.", "door")
IN_FLIGHT = _gauge("entrepot_requests_in_flight", "Requests that are being answered.")
CONNECTIONS = _gauge("entrepot_connections", "Connections that are open.")
CONNECTIONS_MADE = _counter("entrepot_connections_accepted_total", "Connections that were taken.")
CONNECTIONS_REFUSED = _counter(
    "entrepot_connections_refused_total",
    "Connections that were closed for their PROXY header: `malformed`, `late`, or `lost` before its end.",
    "reason",
)
OUTAGES = _counter("entrepot_outages_total", "Requests that met an outage and were answered 503.", "door")
FAILURES = _counter("entrepot_failures_total", "Requests that met a bug and were answered 500.", "door")
AUTHENTICATION_REFUSALS = _counter(
    "entrepot_authentication_refusals_total",
    "Requests refused for who asked: `no_credentials`, `bad_credentials`, `bad_signature`, `malformed`, "
    "`expired`, `elsewhere` (a token of another region) or `denied`.",
    "door",
    "reason",
)
AUDIT_DROPPED = _counter(
    "entrepot_audit_dropped_total",
    "Events that came too fast to be kept in the audit: a `refusal`, or a failed `signature`. Of changes "
    "none is ever dropped.",
    "what",
)
DATABASE_OPERATIONS = _counter(
    "entrepot_database_operations_total",
    "Operations on the database, by what came of them: `done`, `refused`, or an outage.",
    "work",
    "outcome",
)
DATABASE_SECONDS = _histogram(
    "entrepot_database_operation_duration_seconds",
    "Operations on the database, with their retries.",
    "work",
    bounds=_STORING,
)
DATABASE_RETRIES = _counter(
    "entrepot_database_retries_total",
    "Operations that were run again, after a `conflict` or a `lost` connection.",
    "reason",
)
DATABASE_LENT = _gauge(
    "entrepot_database_connections_in_use", "Connections of the pool in use (PostgreSQL).", by_process=True
)
BLOB_OPERATIONS = _counter(
    "entrepot_blob_operations_total", "Calls of the blob store.", "operation", "outcome"
)
BLOB_SECONDS = _histogram(
    "entrepot_blob_operation_duration_seconds", "Calls of the blob store.", "operation", bounds=_STORING
)
BLOB_BYTES = _counter(
    "entrepot_blob_bytes_total", "Bytes of blobs that were `hashed`, `read` or `written` here.", "work"
)
S3_REQUESTS = _counter(
    "entrepot_s3_requests_total",
    "Requests to the object storage, by class of status; `none` where no answer came.",
    "operation",
    "status",
)
S3_SECONDS = _histogram(
    "entrepot_s3_request_duration_seconds",
    "Requests to the object storage.",
    "operation",
    bounds=_ANSWERING,
)
JOBS = _counter("entrepot_jobs_total", "Runs of background jobs: `done` or `failed`.", "kind", "outcome")
JOB_SECONDS = _histogram("entrepot_job_duration_seconds", "Runs of background jobs.", "kind", bounds=_WORKING)
JOBS_WAITING = _gauge("entrepot_jobs_waiting", "Jobs in the table that are due or will be.", "kind")
JOBS_RUNNING = _gauge("entrepot_jobs_running", "Jobs that some node holds.", "kind")
JOBS_LATE = _gauge(
    "entrepot_jobs_late_seconds", "How long the job that waits longest is overdue; 0 where none is.", "kind"
)
COLLECTED = _counter("entrepot_collected_total", "What the collector cleared away on this node.", "what")
STORED = _gauge(
    "entrepot_stored",
    "What the registry keeps: `accounts`, `repositories`, `images`, `tags`, `blobs`, those of them that are "
    "`archived`, `uploads` under way.",
    "what",
)
STORED_BYTES = _gauge(
    "entrepot_stored_bytes",
    "Bytes of `blobs`, of what is `archived` as it lies there, of `images` as ECR counts them (layers that "
    "they share count for each), and of `uploads` under way.",
    "what",
)
STORED_AT = _gauge(
    "entrepot_stored_timestamp_seconds", "When these were counted, seconds since 1970.", "what"
)
RESTARTS = _counter(
    "entrepot_process_restarts_total", "Processes that ended unasked and were followed by another.", "process"
)
BUILD = _gauge("entrepot_build_info", "Always 1; the labels say what runs.", "version", "python")
READY = _gauge(
    "entrepot_ready", "1 where /readyz last said so, 0 where not or while draining.", by_process=True
)
CLOCK_LEAD = _gauge(
    "entrepot_clock_lead_seconds",
    "How far the clock was before the database's when /readyz was last asked; negative where behind.",
    by_process=True,
)
STARTED_AT = _gauge(
    "entrepot_process_start_time_seconds", "When the process began, seconds since 1970.", by_process=True
)
MEMORY = _gauge("entrepot_process_resident_memory_bytes", "Memory of the process.", by_process=True)
DESCRIPTORS = _gauge("entrepot_process_open_fds", "Open file descriptors of the process.", by_process=True)
MOST_DESCRIPTORS = _gauge(
    "entrepot_process_max_fds", "File descriptors that the process may open.", by_process=True
)
CPU_SECONDS = _counter(
    "entrepot_process_cpu_seconds_total", "Processor time of the process and its successors.", by_process=True
)
LAG_SECONDS = _histogram(
    "entrepot_event_loop_lag_seconds",
    "How late the event loop wakes a task that slept half a second.",
    bounds=_LAGGING,
    by_process=True,
)

FAMILIES = (
    REQUESTS,
    REQUEST_SECONDS,
    REPOSITORY_REQUESTS,
    REQUEST_BYTES,
    RESPONSE_BYTES,
    IN_FLIGHT,
    CONNECTIONS,
    CONNECTIONS_MADE,
    CONNECTIONS_REFUSED,
    OUTAGES,
    FAILURES,
    AUTHENTICATION_REFUSALS,
    AUDIT_DROPPED,
    DATABASE_OPERATIONS,
    DATABASE_SECONDS,
    DATABASE_RETRIES,
    DATABASE_LENT,
    BLOB_OPERATIONS,
    BLOB_SECONDS,
    BLOB_BYTES,
    S3_REQUESTS,
    S3_SECONDS,
    JOBS,
    JOB_SECONDS,
    JOBS_WAITING,
    JOBS_RUNNING,
    JOBS_LATE,
    COLLECTED,
    STORED,
    STORED_BYTES,
    STORED_AT,
    RESTARTS,
    BUILD,
    READY,
    CLOCK_LEAD,
    STARTED_AT,
    MEMORY,
    DESCRIPTORS,
    MOST_DESCRIPTORS,
    CPU_SECONDS,
    LAG_SECONDS,
)
"""All of them, in the order of the page that shows them; a test finds one that was forgotten."""
