"""What rooms tell of the work they do, to whoever counts it or traces it.

`began` is `time.perf_counter()` as the work began. Reports are quick, never raise and may come from any
thread.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol

DatabaseWork = Literal["read", "scan", "write"]


class DatabaseReports(Protocol):
    """What the database's side tells."""

    def database_operation(self, work: DatabaseWork, began: float, outcome: str) -> None:
        """An operation has ended: `done`, `refused` by its own body, or the outage that it met."""

    def database_retry(self, reason: Literal["conflict", "lost"]) -> None:
        """An operation runs again, because others were in its way or its connection was lost."""

    def database_lent(self, change: Literal[1, -1]) -> None:
        """A connection of the pool was lent, or came back."""


class BlobReports(Protocol):
    """What the blob store's side tells."""

    def blob_operation(self, operation: str, began: float, outcome: str) -> None:
        """A call of the blob ports has ended: `done`, or `failed`."""

    def blob_bytes(self, work: Literal["hashed", "read", "written"], count: int) -> None:
        """Bytes were hashed, read from disk or written to it."""


class S3Reports(Protocol):
    """What an S3 client tells."""

    def s3_request(self, operation: str, began: float, status: int) -> None:
        """A request of a kind such as `UploadPart` was answered, or was not: then the status is 0."""


class JobReports(Protocol):
    """What background work tells."""

    def job(self, kind: str) -> AbstractContextManager[None]:
        """Surrounds one run of a job; what it raises goes on, and counts as a failure."""

    def collected(self, what: str, count: int) -> None:
        """The collector cleared so many of these away."""


class AuditReports(Protocol):
    """What the audit tells."""

    def audit_dropped(self, what: Literal["refusal", "signature"], count: int) -> None:
        """So many events were over the bounds and are not kept."""


class Reports(DatabaseReports, BlobReports, S3Reports, JobReports, AuditReports, Protocol):
    """Everything that one process has to tell."""


class NoReports:
    """The reports of whoever neither counts nor traces."""

    def database_operation(self, work: DatabaseWork, began: float, outcome: str) -> None: ...

    def database_retry(self, reason: Literal["conflict", "lost"]) -> None: ...

    def database_lent(self, change: Literal[1, -1]) -> None: ...

    def blob_operation(self, operation: str, began: float, outcome: str) -> None: ...

    def blob_bytes(self, work: Literal["hashed", "read", "written"], count: int) -> None: ...

    def s3_request(self, operation: str, began: float, status: int) -> None: ...

    def job(self, kind: str) -> AbstractContextManager[None]:
        del kind
        return nullcontext()

    def collected(self, what: str, count: int) -> None: ...

    def audit_dropped(self, what: Literal["refusal", "signature"], count: int) -> None: ...
