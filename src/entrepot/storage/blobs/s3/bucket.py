"""The few requests that blobs are made of, to one bucket: blocking, retried, with failures told apart.

Nothing here relies on conditional requests: engines differ in them (design, section 6).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from time import perf_counter
from typing import Any, TypeVar
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.loaders import Loader, create_loader

from entrepot.ports.outages import Outage
from entrepot.ports.reports import NoReports, S3Reports
from entrepot.storage.blobs.locations import Bucket as Location
from entrepot.storage.blobs.threads import run

T = TypeVar("T")

THREADS = 16  # requests to the storage at once, in one process
_CONNECT_SECONDS = 3
_READ_SECONDS = 15  # of silence; a part is 6 MiB
_ATTEMPTS = 3
_BEGAN = "entrepot_began"
_SILENT = NoReports()
_ABSENT = frozenset({"NoSuchKey", "NoSuchUpload", "404", "NotFound"})
_WRONG_PARTS = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall"})


@dataclass(eq=False)
class StorageUnreachable(Outage):
    """The object storage did not do what it was asked, and may do it later."""

    reason: str


@dataclass(eq=False)
class BucketUnfit(Exception):
    """The bucket cannot be used, as it is set up; the text says why."""

    reason: str

    def __str__(self) -> str:
        return self.reason


class ObjectAbsent(Exception):
    """There is no such object, or no such multipart upload any more."""


class PartsRefused(Exception):
    """The parts of a multipart upload are not those that were named."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that the storage has."""

    number: int
    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Leftover:
    """An object, or with `upload_id` a multipart upload under way, and since when it is there."""

    name: str
    since: datetime
    upload_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as the bucket lists it."""

    name: str
    size_bytes: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Base:
    """The scheme and host that a bucket is reached at, and the path before its objects' names."""

    origin: str
    path: str


class Bucket:
    """One bucket, through botocore's client; any thread may call, `run` calls from the event loop."""

    def __init__(self, location: Location, reports: S3Reports = _SILENT) -> None:
        self.location = location
        self._reports = reports
        session = botocore.session.Session()  # not kept: it holds the endpoints of every service
        session.register_component("data_loader", _models())
        self._credentials = session.get_credentials()
        self._client = session.create_client(
            "s3",
            region_name=location.region,
            endpoint_url=location.endpoint,
            config=_config(location),
        )
        self._client.meta.events.register("before-send.s3", _note_start)
        self._client.meta.events.register("response-received.s3", self._report)
        self._pool = ThreadPoolExecutor(THREADS, "s3")
        self._encryption = _encryption(location)

    @property
    def pool(self) -> ThreadPoolExecutor:
        """Where every request runs; bounded."""
        return self._pool

    async def run(self, request: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """One of the requests below, off the event loop."""
        within = copy_context()  # so that what is reported there belongs to who asked
        return await run(self._pool, partial(within.run, request, *arguments, **named))

    def credentials(self) -> ReadOnlyCredentials:
        """What requests are signed with now; temporary ones are renewed in time."""
        with _told():
            if self._credentials is None:
                raise NoCredentialsError
            frozen: ReadOnlyCredentials = self._credentials.get_frozen_credentials()
            return frozen

    def base(self, endpoint: str | None = None) -> "Base":
        """What the addresses of objects begin with, at our endpoint or at another one."""
        origin = endpoint or str(self._client.meta.endpoint_url)
        parts = urlsplit(origin)
        # a certificate for *.host covers no name with a dot in the star's place
        if self.location.is_path_style or (parts.scheme == "https" and "." in self.location.name):
            return Base(origin, f"/{self.location.name}")
        return Base(f"{parts.scheme}://{self.location.name}.{parts.netloc}", "")

    def check(self) -> None:
        """Raise BucketUnfit unless the bucket is there and lets us in."""
        name, at = self.location.name, self.location.endpoint or "AWS"
        try:
            self._client.list_objects_v2(Bucket=name, Prefix=self.location.prefix, MaxKeys=1)
        except ClientError as cause:
            code = _code(cause)
            if code == "NoSuchBucket":
                raise BucketUnfit(f"blobs: there is no bucket {name} at {at}") from cause
            raise BucketUnfit(f"blobs: the bucket {name} at {at} cannot be used: {code}") from cause
        except NoCredentialsError as cause:
            raise BucketUnfit("blobs: no credentials for the bucket, see AWS_ACCESS_KEY_ID") from cause
        except (BotoCoreError, HTTPClientError) as cause:
            raise BucketUnfit(f"blobs: {at} cannot be reached: {type(cause).__name__}") from cause

    def put(self, name: str, body: bytes | bytearray) -> None:
        with _told():
            self._client.put_object(Bucket=self.location.name, Key=name, Body=body, **self._encryption)

    def copy(self, source: str, name: str) -> None:
        with _told():
            self._client.copy_object(
                Bucket=self.location.name, Key=name, CopySource=self._source(source), **self._encryption
            )

    def size(self, name: str) -> int:
        """Length of the object; raises ObjectAbsent."""
        with _told():
            found: int = self._client.head_object(Bucket=self.location.name, Key=name)["ContentLength"]
            return found

    def head(self, name: str) -> Listed:
        """The object as a listing would have it; raises ObjectAbsent."""
        with _told():
            found = self._client.head_object(Bucket=self.location.name, Key=name)
        return Listed(name, found["ContentLength"], found["LastModified"])

    def open(self, name: str, start: int = 0) -> tuple[Any, int]:
        """A stream of the object's bytes from `start`, to be closed, and the object's length."""
        wanted = {"Range": f"bytes={start}-"} if start else {}
        with _told():
            answer = self._client.get_object(Bucket=self.location.name, Key=name, **wanted)
        size: int = answer["ContentLength"] + start
        return answer["Body"], size

    def read(self, name: str) -> bytes:
        """All of a small object."""
        stream, _ = self.open(name)
        with _told():
            content: bytes = stream.read()
            return content

    def delete(self, name: str) -> None:
        """Absent is fine."""
        with _told():
            self._client.delete_object(Bucket=self.location.name, Key=name)

    def begin(self, name: str) -> str:
        """The id of a new multipart upload."""
        with _told():
            answer = self._client.create_multipart_upload(
                Bucket=self.location.name, Key=name, **self._encryption
            )
        begun: str = answer["UploadId"]
        return begun

    def put_part(self, name: str, upload_id: str, number: int, body: bytes | bytearray) -> Part:
        with _told():
            answer = self._client.upload_part(
                Bucket=self.location.name, Key=name, UploadId=upload_id, PartNumber=number, Body=body
            )
        return Part(number, answer["ETag"].strip('"'), len(body))

    def copy_part(self, source: str, name: str, upload_id: str, number: int, *, size_bytes: int) -> Part:
        """Make an object of this bucket a part."""
        with _told():
            answer = self._client.upload_part_copy(
                Bucket=self.location.name,
                Key=name,
                UploadId=upload_id,
                PartNumber=number,
                CopySource=self._source(source),
            )
        return Part(number, answer["CopyPartResult"]["ETag"].strip('"'), size_bytes)

    def complete(self, name: str, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the parts an object; raises PartsRefused when they are not as named."""
        listed = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        with _told():
            self._client.complete_multipart_upload(
                Bucket=self.location.name, Key=name, UploadId=upload_id, MultipartUpload={"Parts": listed}
            )

    def abort(self, name: str, upload_id: str) -> None:
        """Absent is fine."""
        try:
            with _told():
                self._client.abort_multipart_upload(Bucket=self.location.name, Key=name, UploadId=upload_id)
        except ObjectAbsent:
            return

    def page(self, prefix: str, *, after: str, limit: int) -> list[Listed]:
        """Objects under a prefix whose names come after `after`; fewer than `limit` only at the end."""
        with _told():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.location.name,
                Prefix=prefix,
                StartAfter=after,
                PaginationConfig={"MaxItems": limit, "PageSize": min(limit, 1000)},
            )
            return [
                Listed(found["Key"], found["Size"], found["LastModified"])
                for page in pages
                for found in page.get("Contents", ())
            ]

    def objects(self, prefix: str) -> Iterator[Leftover]:
        """What lies under a prefix."""
        with _told():
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.location.name, Prefix=prefix
            ):
                for found in page.get("Contents", ()):
                    yield Leftover(found["Key"], found["LastModified"])

    def multiparts(self, prefix: str) -> Iterator[Leftover]:
        """Multipart uploads under way to names under a prefix."""
        with _told():
            for page in self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.location.name, Prefix=prefix
            ):
                for found in page.get("Uploads", ()):
                    yield Leftover(found["Key"], found["Initiated"], found["UploadId"])

    def close(self) -> None:
        """Finish what was begun and close the connections."""
        self._pool.shutdown()
        self._client.close()

    def _report(
        self, event_name: str, context: Mapping[str, Any], response_dict: Mapping[str, Any] | None, **_: Any
    ) -> None:
        """Tell of an answer, or of none; of each try one."""
        began, status = context.get(_BEGAN), (response_dict or {}).get("status_code", 0)
        if began is not None:
            self._reports.s3_request(event_name.rpartition(".")[2], began, status)

    def _source(self, name: str) -> Mapping[str, str]:
        return {"Bucket": self.location.name, "Key": name}


def _note_start(request: Any, **_: Any) -> None:
    """Before each try; the answer's event is given the same context."""
    request.context[_BEGAN] = perf_counter()


@contextmanager
def _told() -> Iterator[None]:
    """botocore's failures as ours; whatever is neither absent nor wrong may be mended by time."""
    try:
        yield
    except ClientError as cause:
        code = _code(cause)
        if code in _ABSENT:
            raise ObjectAbsent(code) from cause
        if code in _WRONG_PARTS:
            raise PartsRefused(code) from cause
        raise StorageUnreachable(f"{cause.operation_name}: {code}") from cause
    except (BotoCoreError, HTTPClientError, OSError) as cause:
        raise StorageUnreachable(type(cause).__name__) from cause


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))[:80]


@cache
def _models() -> Loader:
    """What botocore reads of S3: once, before processes are forked, which then share it (7 MB of each)."""
    return create_loader()


def _config(location: Location) -> Config:
    s3: dict[str, Any] = {"addressing_style": "path" if location.is_path_style else "virtual"}
    if location.endpoint is None or location.endpoint.startswith("https"):
        s3["payload_signing_enabled"] = False  # TLS guards the bytes; else the storage checks their digest
    return Config(
        signature_version="s3v4",
        s3=s3,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_pool_connections=THREADS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        # Ceph before 18 takes no trailing checksum, and neither engine needs one
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _encryption(location: Location) -> dict[str, str]:
    asked = {"ServerSideEncryption": location.sse, "SSEKMSKeyId": location.sse_key}
    return {name: value for name, value in asked.items() if value is not None}
