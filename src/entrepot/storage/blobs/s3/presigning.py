"""Presigned addresses of plain blobs, made without asking anybody.

    {base}/{name}?response-…&X-Amz-Algorithm=…&X-Amz-Credential=…&X-Amz-Date=…&X-Amz-Expires=…
        &X-Amz-SignedHeaders=host[&X-Amz-Security-Token=…]&X-Amz-Signature=…

The same, byte for byte, as botocore's own presigner gives, which takes ten times as long.
"""

import time
from datetime import timedelta
from urllib.parse import quote, urlsplit

from botocore.credentials import ReadOnlyCredentials

from entrepot.domain.signature_v4 import ALGORITHM, TIME_FORMAT, scope_of, sign
from entrepot.ports.clock import Clock
from entrepot.storage.blobs.s3.bucket import Bucket
from entrepot.storage.blobs.s3.names import Names

LIFE = timedelta(minutes=5)
_SERVICE = "s3"
_CREDENTIALS_SECONDS = 60.0  # botocore renews them ten minutes before they end


class PresignedBlobs:
    """BlobLinks to one bucket, as clients reach it."""

    def __init__(self, bucket: Bucket, clock: Clock, *, endpoint: str | None = None) -> None:
        """`endpoint` is how clients reach the storage, where it differs from ours."""
        self._bucket = bucket
        self._region = bucket.location.region
        self._clock = clock
        self._names = Names(bucket.location.prefix)
        base = bucket.base(endpoint)
        self._origin, self._path = base.origin, base.path
        self._host = urlsplit(base.origin).netloc
        self._credentials: ReadOnlyCredentials | None = None
        self._looked_up_at = 0.0

    async def link(self, key: str, *, headers: dict[str, str]) -> str:
        credentials = await self._current_credentials()
        timestamp = self._clock().strftime(TIME_FORMAT)
        path = f"{self._path}/{self._names.blob(key)}"
        asked = [(f"response-{name.lower()}", quote(value, safe="-_.~")) for name, value in headers.items()]
        scope = f"{credentials.access_key}/{scope_of(timestamp[:8], self._region, _SERVICE)}"
        claim = [
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", quote(scope, safe="-_.~")),
            ("X-Amz-Date", timestamp),
            ("X-Amz-Expires", str(int(LIFE.total_seconds()))),
            ("X-Amz-SignedHeaders", "host"),
        ]
        if credentials.token:
            claim.append(("X-Amz-Security-Token", quote(credentials.token, safe="-_.~")))
        canonical = (
            f"GET\n{path}\n{_query(sorted(asked + claim))}\nhost:{self._host}\n\nhost\nUNSIGNED-PAYLOAD"
        )
        signature = sign(
            credentials.secret_key,
            timestamp,
            region=self._region,
            service=_SERVICE,
            canonical_request=canonical.encode("ascii"),
        )
        return f"{self._origin}{path}?{_query(asked + claim)}&X-Amz-Signature={signature}"

    async def _current_credentials(self) -> ReadOnlyCredentials:
        """Kept for a while: renewing temporary ones asks a server, and is no work for the event loop."""
        now = time.monotonic()
        if self._credentials is None or now - self._looked_up_at > _CREDENTIALS_SECONDS:
            found = await self._bucket.run(self._bucket.credentials)
            self._credentials, self._looked_up_at = found, now
        return self._credentials


def _query(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)
