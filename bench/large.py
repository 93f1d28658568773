"""What users wait for: 100,000 images and 300,000 tags in one repository, beside 100,000 others."""

import asyncio
import hashlib
import http.client
import json
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.engines.entrepot import ACCOUNT, REGION, ROOT_KEYS, served
from tests.unit.domain.lifecycle.builders import policy_text, rule

from bench.content import MANIFEST_TYPE
from bench.rivals import Rival, asked_by
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.lifecycle.evaluation import decide
from entrepot.domain.media_types import OCI_MANIFEST
from entrepot.ports.records import Records
from entrepot.registry.lifecycle_images import load_images
from entrepot.registry.uncollected import run_uncollected
from entrepot.storage.metadata.columns import to_column
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.store import SqlStore

IMAGES = 100_000
TAGS_AN_IMAGE = 3
REPOSITORIES = 100_000
FULL = "large/full"
RULES = 50
FILLED = f"{IMAGES:,} images, {TAGS_AN_IMAGE * IMAGES:,} tags, {REPOSITORIES:,} repositories"
_LEAST = 200  # calls of which one in a hundred may be slower
_BATCH = 10_000
_SIZE_BYTES = 1000
_TARGET = "AmazonEC2ContainerRegistry_V20150921"
_ID = "the-full-repository"

Cell = str | int | bytes | None
Table = tuple[str, tuple[str, ...], Iterable[tuple[Cell, ...]]]


@dataclass(frozen=True, slots=True)
class Filling:
    """How much is written; an image has a config, a layer of its own and one that all share."""

    images: int = IMAGES
    repositories: int = REPOSITORIES

    def load(self, database: Path) -> None:
        """Write it beside what a server has made, while none runs."""
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA cache_size = -262144")
            for table, columns, rows in self._tables():
                marks = ", ".join("?" for _ in columns)
                statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
                remaining = iter(rows)
                while batch := list(islice(remaining, _BATCH)):
                    connection.execute("BEGIN")
                    connection.executemany(statement, batch)
                    connection.execute("COMMIT")
            connection.execute("ANALYZE")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _tables(self) -> Iterator[Table]:
        began = to_column(datetime.now(UTC) - timedelta(days=365))
        images = sorted(range(self.images), key=partial(_digest, "image"))
        names = [
            (_ID, FULL),
            *((f"repository-{n:06}", f"team-{n:06}/app") for n in range(self.repositories - 1)),
        ]
        yield (
            "repository",
            (
                "id", "account", "region", "name", "created_at", "mutability", "mutability_filters",
                "scan_on_push", "encryption_type", "kms_key",
            ),
            (
                (each, ACCOUNT, REGION, name, began, "MUTABLE", "[]", 0, "AES256", None)
                for each, name in names
            ),
        )  # fmt: skip
        yield (
            "image",
            (
                "repository_id", "digest", "media_type", "manifest_bytes", "size_bytes", "annotations",
                "pushed_at", "last_pulled_at",
            ),
            (
                (
                    _ID, _digest("image", n), OCI_MANIFEST, 1000, 3 * _SIZE_BYTES, "{}",
                    began + n * 1_000_000, began + n * 2_000_000 if n % 2 else None,
                )
                for n in images
            ),
        )  # fmt: skip
        yield (
            "manifest",
            ("repository_id", "digest", "wrapped_key", "sealed"),
            ((_ID, _digest("image", n), bytes(60), bytes(1000)) for n in images),
        )
        yield (
            "tag",
            ("repository_id", "tag", "digest", "pointed_at"),
            (
                (_ID, f"{word}-{n:06}", _digest("image", n), began)
                for word in ("build", "release", "v")
                for n in range(self.images)
            ),
        )
        yield (
            "image_layer",
            ("repository_id", "digest", "blob_digest", "media_type"),
            (
                (_ID, _digest("image", n), digest, "application/vnd.oci.image.layer.v1.tar+gzip")
                for n in images
                for digest in sorted((_digest("config", n), _digest("layer", n), _digest("base", 0)))
            ),
        )
        blobs = [("base", 0), *((kind, n) for kind in ("config", "layer") for n in range(self.images))]
        yield (
            "blob",
            ("blob_key", "digest", "encryption_key", "size_bytes", "wrapped_key", "created_at"),
            ((_key(kind, n), _digest(kind, n), "AES256", _SIZE_BYTES, bytes(60), began) for kind, n in blobs),
        )
        yield (
            "held_layer",
            ("repository_id", "digest", "blob_key", "held_at"),
            ((_ID, _digest(kind, n), _key(kind, n), began) for kind, n in blobs),
        )


@contextmanager
def entrepot_full(folder: Path) -> Iterator[Rival]:
    """Entrepot with all of that in it; the workers do not collect meanwhile."""
    with served(folder, "--collect-seconds=86400") as server:
        server.stop()
        Filling().load(server.data_folder / "metadata" / "entrepot.db")
        server.start()
        rival = asked_by(server, server.password(), "full")
        _begin_preview(rival)
        yield rival


@dataclass(frozen=True, slots=True)
class Call:
    """An operation that answers in pages, and how many entries a page has."""

    operation: str
    parameters: Mapping[str, object]
    entries: int


def page_p99(call: Call) -> Callable[[Rival, float], float]:
    """The 99th percentile, in ms, of pages that follow each other, from a signed request to its last byte."""

    def measure(rival: Rival, seconds: float) -> float:
        taken: list[float] = []
        last, token = time.monotonic() + seconds, None
        with closing(http.client.HTTPConnection("127.0.0.1", rival.port, timeout=60)) as connection:
            while time.monotonic() < last or len(taken) < _LEAST:
                paging = {"maxResults": call.entries} | ({"nextToken": token} if token else {})
                took_ms, said = ask(connection, rival, call.operation, {**call.parameters, **paging})
                taken.append(took_ms)
                token = said.get("nextToken")
        return statistics.quantiles(taken, n=100)[98]

    return measure


def ask(
    connection: http.client.HTTPConnection, rival: Rival, operation: str, parameters: Mapping[str, object]
) -> tuple[float, dict[str, Any]]:
    """How long the answer took, in ms, and the answer."""
    body = json.dumps(parameters)
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{_TARGET}.{operation}"}
    request = AWSRequest("POST", f"http://{rival.address}/", headers=headers, data=body)
    keys = Credentials(ROOT_KEYS["ENTREPOT_ROOT_ACCESS_KEY_ID"], ROOT_KEYS["ENTREPOT_ROOT_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, "ecr", REGION).add_auth(request)
    signed = dict(request.headers.items())
    began = time.perf_counter()
    connection.request("POST", "/", body, signed)
    answer = connection.getresponse()
    said = answer.read()
    took_ms = (time.perf_counter() - began) * 1000
    if answer.status != 200:
        raise RuntimeError(f"{operation}: {answer.status} {said[:300]!r}")
    return took_ms, json.loads(said)


def tags_p99(rival: Rival, seconds: float) -> float:
    """The same of the registry protocol's list of tags, 100 a page."""
    taken: list[float] = []
    last, path = time.monotonic() + seconds, f"/v2/{FULL}/tags/list?n=100"
    with closing(http.client.HTTPConnection("127.0.0.1", rival.port, timeout=60)) as connection:
        while time.monotonic() < last or len(taken) < _LEAST:
            began = time.perf_counter()
            connection.request("GET", path, headers=dict(rival.headers))
            answer = connection.getresponse()
            answer.read()
            taken.append((time.perf_counter() - began) * 1000)
            link = answer.headers.get("Link")
            path = link[link.index("<") + 1 : link.index(">")] if link else f"/v2/{FULL}/tags/list?n=100"
    return statistics.quantiles(taken, n=100)[98]


def evaluation_seconds(rival: Rival, _seconds: float) -> float:
    """Loading every image of the repository, and deciding by 50 rules, as the worker does it."""
    return asyncio.run(_evaluate(rival.folder / "data" / "metadata" / "entrepot.db"))


async def _evaluate(database: Path) -> float:
    opened = await connect(f"sqlite://{database}")
    try:
        began = time.perf_counter()
        images = await SqlStore(opened).scan(_load)
        decided = run_uncollected(decide, parse_policy(policy()), images, datetime.now(UTC))
        took = time.perf_counter() - began
    finally:
        await opened.close()
    if len(decided) < IMAGES:
        raise RuntimeError(f"{len(decided)} images were decided on")
    return took


async def _load(records: Records) -> Any:
    return await load_images(records, _ID)


def policy() -> str:
    """50 rules, most of which look at every tag and find nothing to do."""
    patterns = [f"{word}-{number}*" for number in range(16) for word in ("build", "release", "v")]
    rules = [
        rule(number, patterns=[pattern], newest=500)
        for number, pattern in enumerate(patterns[: RULES - 1], 1)
    ]
    last = rule(RULES, newest=IMAGES // 2)
    return policy_text(*rules, last)


def push_ms(repository: str) -> Callable[[Rival, float], float]:
    """The median time, in ms, of the push of an image with a config and a layer that nobody has."""

    def measure(rival: Rival, seconds: float) -> float:
        taken: list[float] = []
        last = time.monotonic() + seconds
        while time.monotonic() < last or len(taken) < 20:
            began = time.perf_counter()
            _push(rival, repository)
            taken.append((time.perf_counter() - began) * 1000)
        return statistics.median(taken)

    return measure


def _push(rival: Rival, repository: str) -> None:
    config, layer = uuid4().bytes, random.randbytes(_SIZE_BYTES)
    with closing(http.client.HTTPConnection("127.0.0.1", rival.port, timeout=60)) as connection:
        for content in (config, layer):
            place = _send(connection, rival, f"POST /v2/{repository}/blobs/uploads/", b"", 202)
            joint = "&" if "?" in place else "?"
            _send(connection, rival, f"PUT {place}{joint}digest={_sha256(content)}", content, 201)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": _described("application/vnd.oci.image.config.v1+json", config),
            "layers": [_described("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
        }
        path = f"PUT /v2/{repository}/manifests/{uuid4().hex}"
        _send(connection, rival, path, json.dumps(manifest).encode(), 201)


def _send(connection: http.client.HTTPConnection, rival: Rival, target: str, body: bytes, status: int) -> str:
    """The Location of the answer, which must have this status; the target is method and path."""
    method, _, path = target.partition(" ")
    connection.request(method, path, body, {**rival.headers, "Content-Type": MANIFEST_TYPE})
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != status:
        raise RuntimeError(f"{method} {path}: {answer.status} {said[:300]!r}")
    return answer.headers.get("Location", "").removeprefix(f"http://{rival.address}")


def _begin_preview(rival: Rival) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", rival.port, timeout=60)) as connection:
        start = {"repositoryName": FULL, "lifecyclePolicyText": policy()}
        ask(connection, rival, "StartLifecyclePolicyPreview", start)
        last = time.monotonic() + 300
        while time.monotonic() < last:
            _, said = ask(connection, rival, "GetLifecyclePolicyPreview", {"repositoryName": FULL})
            if said["status"] == "COMPLETE":
                return
            time.sleep(0.2)
    raise RuntimeError(f"no preview: {said['status']}")


LISTINGS = {
    "list-images/100": Call("ListImages", {"repositoryName": FULL}, 100),
    "list-images/1000": Call("ListImages", {"repositoryName": FULL}, 1000),
    "describe-images/100": Call("DescribeImages", {"repositoryName": FULL}, 100),
    "describe-images/1000": Call("DescribeImages", {"repositoryName": FULL}, 1000),
    "describe-repositories/100": Call("DescribeRepositories", {}, 100),
    "describe-repositories/1000": Call("DescribeRepositories", {}, 1000),
    "preview/100": Call("GetLifecyclePolicyPreview", {"repositoryName": FULL}, 100),
}


def _described(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _sha256(content), "size": len(content)}


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _digest(kind: str, number: int) -> str:
    return _sha256(f"{kind} {number}".encode())


def _key(kind: str, number: int) -> str:
    return hashlib.sha256(f"key {kind} {number}".encode()).hexdigest()[:32]
