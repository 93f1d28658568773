"""The registry protocol by hand: requests as http.client sends them, answers as they came."""

import base64
import hashlib
import http.client
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class RawRegistry:
    """A registry and the password for it. Every request has a connection of its own, as docker's have."""

    host: str
    port: int
    password: str
    patience_seconds: float = 60
    """How long it waits for a connection, and for each piece of an answer."""

    def send(
        self,
        method: str,
        target: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """An iterable body is sent chunked, without a length."""
        secret = base64.b64encode(f"AWS:{self.password}".encode()).decode()
        sent = {"Authorization": f"Basic {secret}", **(headers or {})}
        with closing(
            http.client.HTTPConnection(self.host, self.port, timeout=self.patience_seconds)
        ) as connection:
            connection.request(
                method, target, body, sent, encode_chunked=body is not None and not isinstance(body, bytes)
            )
            answer = connection.getresponse()
            received = answer.read()
            return Answer(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, received
            )

    def begin_upload(self, repository: str) -> str:
        """Where the upload goes on."""
        begun = self.send("POST", f"/v2/{repository}/blobs/uploads/")
        assert begun.status == 202, begun
        return target_of(begun)

    def push_blob(self, repository: str, content: bytes) -> str:
        """Store a blob whole, and give its digest."""
        digest = sha256(content)
        stored = self.send("PUT", with_query(self.begin_upload(repository), digest=digest), content)
        assert stored.status == 201, stored
        return digest

    def push_manifest(self, repository: str, reference: str, manifest: bytes, media_type: str) -> Answer:
        target = f"/v2/{repository}/manifests/{reference}"
        return self.send("PUT", target, manifest, {"Content-Type": media_type})


def target_of(answer: Answer) -> str:
    """The path and query of the Location, which may be absolute."""
    where = urlsplit(answer.headers["location"])
    return where.path + (f"?{where.query}" if where.query else "")


def with_query(target: str, **parameters: str) -> str:
    return target + ("&" if "?" in target else "?") + urlencode(parameters)


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def sha512(content: bytes) -> str:
    return f"sha512:{hashlib.sha512(content).hexdigest()}"
