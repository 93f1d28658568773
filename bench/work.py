"""The rows of the table: the work each server does, how it is measured, what the project asks of it."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from tests.engines.skopeo import Skopeo, open_skopeo

from bench import collecting, content, large
from bench.content import MANIFEST_TYPE, REPOSITORY, SMALL_BLOB, TAG, Blob
from bench.generator import Crowd, Report, put_load
from bench.memory import watched
from bench.rivals import (
    Rival,
    distribution,
    entrepot,
    entrepot_for_a_user,
    entrepot_on_postgresql,
    entrepot_plain,
    moto,
)

MIB = 1 << 20
GIB = 1 << 30

MANY = 16  # connections of small requests; enough to keep two processors busy
REPOSITORIES = 100
_SLOW_READERS = 500
_SLOW_BYTES_PER_SECOND = 10_000
_SLOW_LEAD_SECONDS = 6  # until all of them have begun to read
_PUSHES_IN_BACKGROUND = 4
_OTHERS = 4  # connections of those who must not suffer from a crowd beside them
UPLOADS = f"/v2/{REPOSITORY}/blobs/uploads/"
MANIFEST_BY_TAG = f"/v2/{REPOSITORY}/manifests/{TAG}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: the figure, and the reports of the load generator that it comes from."""

    value: float
    reports: tuple[Report, ...] = ()


Measure = Callable[[Rival, float], Sample]


@dataclass(frozen=True, slots=True)
class Side:
    """One column of a row: what it is called, the server it is measured on, and how."""

    label: str
    server: str
    measure: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. Targets are of the ratio of last to first side, or of the only side's figure."""

    name: str
    work: str
    unit: str
    sides: tuple[Side, ...]
    required: float | None = None
    goal: float | None = None
    is_less_better: bool = False
    rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows that share their servers; these start empty, are filled once and removed after the last row."""

    servers: tuple[Callable[[Path], AbstractContextManager[Rival]], ...]
    rows: tuple[Row, ...]
    fill: Callable[[Rival], None]
    disk_bytes: int


def groups() -> tuple[Group, ...]:
    """Everything that is measured, in the order of the table."""
    return (
        _small(entrepot, required=5, goal=10),
        _small(
            entrepot_on_postgresql, prefix="postgresql/", suffix=", rows in PostgreSQL", required=1, goal=3
        ),
        _small(
            entrepot_for_a_user,
            prefix="user/",
            suffix=", by a user under 20 policies of 10 statements",
            required=5,
            goal=10,
        ),
        _downloads("sealed", entrepot, "sealed", _SEALED),
        _downloads("plain", entrepot_plain, "storage declared encrypted", _PLAIN),
        *_pushes(),
        _beside_pushes(),
        _images(),
        _repositories(),
        _memory(),
        _slow_readers(),
        _large(),
        _collection(),
    )


# Required and goal by the number of connections (issue 3 of the project).
_SEALED = {1: (0.8, 1.0), 4: (1.0, 1.4), 16: (1.0, 1.4)}
_PLAIN = {1: (1.5, 2.0), 4: (1.5, 2.0), 16: (1.5, 2.0)}
_PUSHED = {1: (1.5, 2.0), 4: (1.2, 1.5)}


def _against_distribution(measure: Measure) -> tuple[Side, ...]:
    return (Side("distribution", "distribution", measure), Side("Entrepot", "entrepot", measure))


def _small(
    server: Callable[[Path], AbstractContextManager[Rival]],
    *,
    prefix: str = "",
    suffix: str = "",
    required: float,
    goal: float,
) -> Group:
    manifest = {"by tag": TAG, "by digest": content.manifest_digest()}
    blob = f"/v2/{REPOSITORY}/blobs/{SMALL_BLOB.digest}"
    asked = [
        (
            f"manifest/{method.lower()}-{how.replace(' ', '-')}",
            f"manifest {method} {how}",
            method,
            f"/v2/{REPOSITORY}/manifests/{reference}",
        )
        for method in ("GET", "HEAD")
        for how, reference in manifest.items()
    ]
    asked += [("blob/head", "blob HEAD", "HEAD", blob), ("blob/get-4k", "4 KiB blob GET", "GET", blob)]
    rows = [
        Row(
            name=f"{prefix}{name}",
            work=f"{work}{suffix}",
            unit="/s",
            sides=_against_distribution(_request_rate(method, path)),
            required=required,
            goal=goal,
        )
        for name, work, method, path in asked
    ]
    return Group(
        servers=(distribution, server), rows=tuple(rows), fill=fill_with_an_image, disk_bytes=10 * MIB
    )


def fill_with_an_image(rival: Rival) -> None:
    rival.put_blob(SMALL_BLOB)
    rival.put_manifest()


def requests(method: str, path: str, connections: int) -> Crowd:
    # Without Accept distribution answers a manifest GET with 400.
    return Crowd(
        name="requests",
        connections=connections,
        method=method,
        paths=(path,),
        headers={"Accept": MANIFEST_TYPE},
    )


def _request_rate(method: str, path: str) -> Measure:
    def measure(rival: Rival, seconds: float) -> Sample:
        reports = put_load(rival, requests(method, path, MANY), seconds=seconds)
        return Sample(reports[0].requests_per_second, reports)

    return measure


def _downloads(
    name: str,
    server: Callable[[Path], AbstractContextManager[Rival]],
    storage: str,
    targets: dict[int, tuple[float, float]],
) -> Group:
    blobs = {"64m": Blob(64 * MIB), "1g": Blob(GIB)}
    spoken = {"64m": "64 MiB", "1g": "1 GiB"}
    rows = [
        Row(
            name=f"{name}/{size}/{connections}",
            work=f"{spoken[size]} blob GET, {storage}, {_connections(connections)}",
            unit="MB/s",
            sides=_against_distribution(_download_rate(blob, connections)),
            required=required,
            goal=goal,
        )
        for size, blob in blobs.items()
        for connections, (required, goal) in targets.items()
    ]

    def fill(rival: Rival) -> None:
        for blob in blobs.values():
            rival.put_blob(blob)

    return Group(servers=(distribution, server), rows=tuple(rows), fill=fill, disk_bytes=3 * GIB)


def _download_rate(blob: Blob, connections: int) -> Measure:
    path = f"/v2/{REPOSITORY}/blobs/{blob.digest}"

    def measure(rival: Rival, seconds: float) -> Sample:
        reports = put_load(rival, requests("GET", path, connections), seconds=seconds)
        return Sample(reports[0].megabytes_per_second, reports)

    return measure


def _pushes() -> Iterator[Group]:
    """A group for each row: what is pushed stays on the disk until its servers go."""
    for size in (64, 256):
        for is_chunked in (False, True):
            for connections, (required, goal) in _PUSHED.items():
                coding = "chunked" if is_chunked else "length"
                row = Row(
                    name=f"push/{size}m/{coding}/{connections}",
                    work=f"{size} MiB push, {'chunked' if is_chunked else 'with length'}, "
                    f"{_connections(connections)}",
                    unit="MB/s",
                    sides=_against_distribution(_push_rate(size * MIB, connections, is_chunked=is_chunked)),
                    required=required,
                    goal=goal,
                )
                yield Group(
                    servers=(distribution, entrepot), rows=(row,), fill=_fill_nothing, disk_bytes=20 * GIB
                )


def _fill_nothing(_rival: Rival) -> None:
    """Where the work itself brings everything."""


def _push_rate(size_bytes: int, connections: int, *, is_chunked: bool) -> Measure:
    crowd = pushes(size_bytes, connections, is_chunked=is_chunked)

    def measure(rival: Rival, seconds: float) -> Sample:
        reports = put_load(rival, crowd, seconds=seconds)
        return Sample(reports[0].megabytes_per_second, reports)

    return measure


def pushes(size_bytes: int, connections: int, *, is_chunked: bool) -> Crowd:
    return Crowd(
        name="pushes",
        connections=connections,
        push_path=UPLOADS,
        size_bytes=size_bytes,
        is_chunked=is_chunked,
    )


def _beside_pushes() -> Group:
    behind = replace(pushes(256 * MIB, _PUSHES_IN_BACKGROUND, is_chunked=True), is_background=True)

    def measure(rival: Rival, seconds: float) -> Sample:
        asked = requests("GET", MANIFEST_BY_TAG, _OTHERS)
        reports = put_load(rival, behind, asked, seconds=2 * seconds, lead_seconds=0.5)
        return Sample(reports[1].p99_ms, reports)

    row = Row(
        name="beside-pushes/p99",
        work="small requests while 4 big pushes run, p99",
        unit="ms",
        sides=_against_distribution(measure),
        required=0.7,
        goal=0.5,
        is_less_better=True,
    )
    return Group(servers=(distribution, entrepot), rows=(row,), fill=fill_with_an_image, disk_bytes=20 * GIB)


def _images() -> Group:
    rows = [
        Row(
            name=f"image/{way}",
            work=f"image of {content.LAYERS_AN_IMAGE} x 16 MiB, skopeo copy, {way}",
            unit="MB/s",
            sides=_against_distribution(measure),
            required=1.1,
            goal=1.25,
        )
        for way, measure in (("push", _push_image), ("pull", _pull_image))
    ]
    return Group(servers=(distribution, entrepot), rows=tuple(rows), fill=_fill_nothing, disk_bytes=8 * GIB)


def _push_image(rival: Rival, _seconds: float) -> Sample:
    with _skopeo(rival) as (skopeo, layout, target):
        return _timed_copy(skopeo, layout, target)


def _pull_image(rival: Rival, _seconds: float) -> Sample:
    with _skopeo(rival) as (skopeo, layout, target):
        skopeo.copy(layout, target)
        return _timed_copy(skopeo, target, f"dir:{skopeo.folder}/pulled")


@contextmanager
def _skopeo(rival: Rival) -> Iterator[tuple[Skopeo, str, str]]:
    """A client that knows nothing yet, an image that nobody knows, and the name to give it."""
    folder = rival.folder / f"skopeo-{uuid4().hex}"
    folder.mkdir()
    try:
        skopeo = open_skopeo(folder)
        if rival.password:
            skopeo.login(rival.address, rival.password)
        content.write_image(folder / "image")
        yield skopeo, f"oci:{folder}/image:{TAG}", f"docker://{rival.address}/{REPOSITORY}:{folder.name}"
    finally:
        shutil.rmtree(folder)


def _timed_copy(skopeo: Skopeo, source: str, target: str) -> Sample:
    began = time.monotonic()
    skopeo.copy(source, target)
    return Sample(content.LAYERS_AN_IMAGE * content.LAYER_BYTES / (time.monotonic() - began) / 1e6)


def _repositories() -> Group:
    def measure(rival: Rival, seconds: float) -> Sample:
        reports = put_load(rival, describe_repositories(rival), seconds=seconds)
        return Sample(reports[0].requests_per_second, reports)

    row = Row(
        name="describe-repositories",
        work=f"DescribeRepositories, signed, {REPOSITORIES} repositories",
        unit="/s",
        sides=(Side("moto", "moto", measure), Side("Entrepot", "entrepot", measure)),
        required=15,
        goal=20,
    )
    return Group(servers=(moto, entrepot), rows=(row,), fill=fill_with_repositories, disk_bytes=10 * MIB)


def fill_with_repositories(rival: Rival) -> None:
    # Entrepot's server was given one for the other rows.
    rival.create_repositories(REPOSITORIES - (rival.name == "entrepot"))


def describe_repositories(rival: Rival) -> Crowd:
    body = "{}"
    return Crowd(
        name="calls",
        connections=MANY,
        method="POST",
        paths=("/",),
        body=body,
        headers=rival.sign_describe_repositories(body),
    )


def _memory() -> Group:
    crowd = replace(pushes(GIB, 16, is_chunked=True), repeat=1)

    def measure(rival: Rival, _seconds: float) -> Sample:
        with watched(rival.pid) as peak:
            reports = put_load(rival, crowd, seconds=0)
        return Sample(peak.pss_bytes / 1e6, reports)

    row = Row(
        name="memory",
        work="memory (PSS of all processes) under 16 pushes of 1 GiB",
        unit="MB",
        sides=(Side("Entrepot", "entrepot", measure),),
        required=300,
        is_less_better=True,
        rounds=1,
    )
    return Group(servers=(entrepot,), rows=(row,), fill=_fill_nothing, disk_bytes=20 * GIB)


def _slow_readers() -> Group:
    blob = Blob(64 * MIB)
    big = f"/v2/{REPOSITORY}/blobs/{blob.digest}"
    slow = Crowd(
        name="slow readers",
        connections=_SLOW_READERS,
        is_background=True,
        paths=(big,),
        bytes_per_second=_SLOW_BYTES_PER_SECOND,
    )

    def sides(path: str, read: Callable[[Report], float]) -> tuple[Side, ...]:
        others = requests("GET", path, _OTHERS)

        def measure_alone(rival: Rival, seconds: float) -> Sample:
            reports = put_load(rival, others, seconds=seconds)
            return Sample(read(reports[0]), reports)

        def measure_beside(rival: Rival, seconds: float) -> Sample:
            reports = put_load(rival, slow, others, seconds=seconds, lead_seconds=_SLOW_LEAD_SECONDS)
            return Sample(read(reports[1]), reports)

        return (
            Side("Entrepot, alone", "entrepot", measure_alone),
            Side("Entrepot, beside", "entrepot", measure_beside),
        )

    beside = f"beside {_SLOW_READERS} readers at 10 KB/s"
    rate = Row(
        name="slow-readers/rate",
        work=f"manifest GET {beside}",
        unit="/s",
        sides=sides(MANIFEST_BY_TAG, lambda report: report.requests_per_second),
    )
    p99 = Row(
        name="slow-readers/p99",
        work=f"manifest GET {beside}, p99",
        unit="ms",
        sides=sides(MANIFEST_BY_TAG, lambda report: report.p99_ms),
        is_less_better=True,
    )
    get = Row(
        name="slow-readers/get",
        work=f"64 MiB blob GET {beside}",
        unit="MB/s",
        sides=sides(big, lambda report: report.megabytes_per_second),
    )

    def measure_memory(rival: Rival, seconds: float) -> Sample:
        alone = replace(slow, is_background=False)
        with watched(rival.pid) as peak:
            reports = put_load(rival, alone, seconds=_SLOW_LEAD_SECONDS + seconds)
        return Sample(peak.pss_bytes / 1e6, reports)

    memory = Row(
        name="slow-readers/memory",
        work=f"memory (PSS of all processes) under {_SLOW_READERS} readers at 10 KB/s",
        unit="MB",
        sides=(Side("Entrepot", "entrepot", measure_memory),),
        is_less_better=True,
        rounds=1,
    )

    def fill(rival: Rival) -> None:
        fill_with_an_image(rival)
        rival.put_blob(blob)

    # Memory last: what a process took once it may keep.
    return Group(servers=(entrepot,), rows=(rate, p99, get, memory), fill=fill, disk_bytes=GIB)


def _large() -> Group:
    """Rows about a large repository; only that of pushes has another side, an empty registry."""

    def alone(measure: Callable[[Rival, float], float]) -> tuple[Side, ...]:
        return (Side("Entrepot", "full", lambda rival, seconds: Sample(measure(rival, seconds))),)

    rows = [
        Row(
            name=f"large/{name}",
            work=f"page of {call.entries} by {call.operation}, p99, {large.FILLED}",
            unit="ms",
            sides=alone(large.page_p99(call)),
            required=50,
            is_less_better=True,
        )
        for name, call in large.LISTINGS.items()
    ]
    rows.append(
        Row(
            name="large/tags",
            work=f"page of 100 tags, p99, {large.FILLED}",
            unit="ms",
            sides=alone(large.tags_p99),
            required=50,
            is_less_better=True,
        )
    )
    rows.append(
        Row(
            name="large/evaluation",
            work=f"evaluation of {large.RULES} rules, {large.FILLED}",
            unit="s",
            sides=alone(large.evaluation_seconds),
            required=2,
            is_less_better=True,
        )
    )
    empty, full = large.push_ms(REPOSITORY), large.push_ms(large.FULL)
    rows.append(
        Row(
            name="large/push",
            work=f"push of an image: empty registry, then {large.FILLED}",
            unit="ms",
            sides=(
                Side("Entrepot, empty", "entrepot", lambda rival, seconds: Sample(empty(rival, seconds))),
                Side("Entrepot, full", "full", lambda rival, seconds: Sample(full(rival, seconds))),
            ),
            required=1.1,
            is_less_better=True,
        )
    )
    return Group(
        servers=(entrepot, large.entrepot_full), rows=tuple(rows), fill=_fill_nothing, disk_bytes=2 * GIB
    )


def _collection() -> Group:
    row = Row(
        name="collection",
        work=f"collection of {collecting.BLOBS:,} blobs that nobody holds",
        unit="/s",
        sides=(
            Side(
                "Entrepot",
                "entrepot",
                lambda rival, seconds: Sample(collecting.blobs_a_second(rival, seconds)),
            ),
        ),
        required=1000,
    )
    return Group(servers=(entrepot,), rows=(row,), fill=_fill_nothing, disk_bytes=GIB)


def _connections(count: int) -> str:
    return "1 connection" if count == 1 else f"{count} connections"
