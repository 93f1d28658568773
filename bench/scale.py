"""`python -m bench.scale`: what requests cost the database as a registry grows, on both databases.

The use cases run in this process, on tables that were filled directly. A request's cost is its statements,
what the database had to touch for them, the time of a processor that this process and the database took,
and how many a second they got done; only the last depends on what else the machine does. What is touched
is counted by the database itself: rows by PostgreSQL's EXPLAIN ANALYZE, steps of its virtual machine by
SQLite, which has no such count of rows.
"""

import argparse
import asyncio
import json
import os
import random
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import asyncpg
from tests.engines.many_rows import ManyImages
from tests.engines.postgres import postgres_server
from tests.engines.programs import ROOT
from tests.engines.recording import RecordingDatabase, Statement
from tests.unit.builders import REGISTRY, START, SettableClock, World, key_ring

from entrepot.domain.names import RepositoryName
from entrepot.domain.repositories import Repository
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.statistics import Statistics
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.metadata.connection import Database
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.store import SqlStore

_RESULTS = ROOT / "bench" / "results-cluster.json"
_SIZES = (1_000, 100_000)
_AT_ONCE = 8  # requests under way, so that the round trips of one hide behind the others
_MOVED = 17  # images between which tags are moved; no multiple of _AT_ONCE, or none would move
_COUNTED = 5  # requests whose statements and rows are counted; the middle one is shown
_PLACEHOLDER = re.compile(r"\$([0-9]+)")

_SHAPE = ManyImages(1)  # names of images do not depend on how many there are


async def _everybody(_name: RepositoryName) -> bool:
    return True


Request = Callable[[World, Repository, int, str], Awaitable[object]]

# By name: (world, repository, number of the image, a word nobody has used).
REQUESTS: dict[str, Request] = {
    "manifest GET by tag": lambda world, repository, image, _: world.pulls.get(repository, _SHAPE.tag(image)),
    "blob HEAD": lambda world, repository, image, _: world.layers.get(repository, _SHAPE.layer(image)),
    "DescribeImages, 100": lambda world, repository, _image, _word: world.listings.images(
        repository, token=None, limit=100, tagged=None
    ),
    "ListImages, 100": lambda world, repository, _image, _word: world.listings.image_ids(
        repository, token=None, limit=100, tagged=None
    ),
    "repository's totals": lambda world, repository, _image, _word: Statistics(
        world.store, world.clock
    ).of_repositories([repository]),
    "registry's totals": lambda world, _repository, _image, _word: Statistics(
        world.store, world.clock
    ).of_registry(REGISTRY, limit=10, may_be_named=_everybody),
    "push of an image": lambda world, repository, image, word: world.push(
        repository, _SHAPE.manifest(image, word=word), tags=[f"push-{word}"]
    ),
    "tag move": lambda world, repository, image, word: world.push(
        repository, _SHAPE.manifest(image), tags=[f"moved-{word[-1]}"]
    ),
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where the database is: its URL, and the process that leads the server where there is one."""

    url: str
    leader: int | None = None

    def processor_seconds(self) -> float:
        """What this process and all of the server's have used so far."""
        used = time.process_time()
        if self.leader is not None:
            children = Path(f"/proc/{self.leader}/task/{self.leader}/children").read_text().split()
            for process in children:
                fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return used


@dataclass(frozen=True, slots=True)
class Cost:
    """What one kind of request costs at one size; `touched` is rows or, of SQLite, steps."""

    database: str
    images: int
    request: str
    per_second: float
    processor_ms: float
    statements: int
    touched: int
    unit: str


def main() -> int:
    arguments = _arguments()
    costs: list[Cost] = []
    loads: list[dict[str, Any]] = []
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for kind in arguments.databases:
        for size in arguments.sizes:
            with (
                tempfile.TemporaryDirectory(dir=arguments.folder) as name,
                _place(kind, Path(name)) as server,
            ):
                began = time.monotonic()
                asyncio.run(_fill(server.url, size))
                loads.append({"database": kind, "images": size, "seconds": time.monotonic() - began})
                print(f"{kind}: {size:,} images written in {loads[-1]['seconds']:.0f} s", flush=True)
                costs += asyncio.run(_measure(kind, server, size, arguments.seconds))
    print("\n" + draw(costs))
    report = {"seconds": arguments.seconds, "loads": loads, "costs": [asdict(cost) for cost in costs]}
    arguments.results.write_text(json.dumps(report, indent=1) + "\n")
    print(f"{arguments.results} has every figure")
    return 0


def draw(costs: Sequence[Cost]) -> str:
    """A line for each request and database, a column for each size."""
    sizes = sorted({cost.images for cost in costs})
    lines = [f"{'':32}" + "".join(f"{f'{size:,} images':>38}" for size in sizes)]
    lines.append(f"{'':32}" + f"{'/s':>9}{'CPU ms':>9}{'statements':>11}{'touched':>9}" * len(sizes))
    for kind in dict.fromkeys(cost.database for cost in costs):
        for request in REQUESTS:
            found = {cost.images: cost for cost in costs if (cost.database, cost.request) == (kind, request)}
            cells = "".join(
                f"{cost.per_second:9.0f}{cost.processor_ms:9.2f}{cost.statements:11}{cost.touched:9}"
                for cost in (found[size] for size in sizes if size in found)
            )
            lines.append(f"{kind:12}{request:20}{cells}")
    return "\n".join([*lines, "touched: rows on PostgreSQL, virtual machine steps on SQLite", ""])


@contextmanager
def _place(kind: str, folder: Path) -> Iterator[Server]:
    if kind == "sqlite":
        yield Server(f"sqlite://{folder}/rows.db")
        return
    with postgres_server() as server:
        leader = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        yield Server(asyncio.run(server.create_database()), leader)


async def _fill(url: str, size: int) -> None:
    database = await connect(url)
    await migrate(database, packaged(), now=START)
    await database.close()
    await ManyImages(size).load(url)


async def _measure(kind: str, server: Server, size: int, seconds: float) -> list[Cost]:
    images = ManyImages(size)
    recording = RecordingDatabase(await connect(server.url))
    try:
        costs = []
        for name in REQUESTS:
            counted = await _count(kind, server.url, recording, images, name)
            rate, cost_ms = await _rate(server, recording.database, images, name, seconds)
            unit = "rows" if kind == "postgresql" else "steps"
            costs.append(Cost(kind, size, name, rate, cost_ms, *counted, unit))
            print(f"  {name}: {rate:.0f}/s, {cost_ms:.2f} ms, {counted}", flush=True)
        return costs
    finally:
        await recording.close()


async def _rate(
    server: Server, database: Database, images: ManyImages, name: str, seconds: float
) -> tuple[float, float]:
    """Requests a second, and the milliseconds of a processor that each took.

    Each finds its manifest sealed in the rows, as if nobody had asked for it lately.
    """
    world, request, done = _world(database), REQUESTS[name], 0
    repositories, places = await _repositories(world, images), cycle(_chosen(images, name))
    for image in _chosen(images, name)[:_MOVED]:
        await request(world, repositories[images.repository_name(image)], image, f"first-{image}")
    began, used = time.monotonic(), server.processor_seconds()

    async def go_on(number: int) -> None:
        nonlocal done
        while time.monotonic() < began + seconds:
            image = next(places)
            repository = repositories[images.repository_name(image)]
            await request(world, repository, image, f"rate-{done}-{number}")
            done += 1
            await asyncio.sleep(0)

    await asyncio.gather(*(go_on(number) for number in range(_AT_ONCE)))
    took, used = time.monotonic() - began, server.processor_seconds() - used
    return done / took, 1000 * used / done


async def _count(
    kind: str, url: str, recording: RecordingDatabase, images: ManyImages, name: str
) -> tuple[int, int]:
    """Statements and touched rows or steps of one request: the medians of a few."""
    world, request = _world(recording), REQUESTS[name]
    repositories = await _repositories(world, images)
    statements, touched = [], []
    for number, image in enumerate(_chosen(images, name)[-_COUNTED:]):
        repository = repositories[images.repository_name(image)]
        if name == "tag move":
            await request(world, repository, image, f"first-{number}")
        recording.statements.clear()
        await request(world, repository, image, f"count-{number + _COUNTED}")
        ran = list(recording.statements)
        statements.append(len(ran))
        touched.append(await (_rows(url, ran) if kind == "postgresql" else _steps(url, ran)))
    return int(statistics.median(statements)), int(statistics.median(touched))


async def _rows(url: str, statements: Sequence[Statement]) -> int:
    """The rows that PostgreSQL reads, joins or writes, by running the statements again and undoing that."""
    connection = await asyncpg.connect(url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        rows = 0
        for statement in statements:
            explained = await connection.fetchval(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", *statement.values
            )
            rows += _rows_of(json.loads(explained)[0]["Plan"])
        await transaction.rollback()
        return rows
    finally:
        await connection.close()


def _rows_of(plan: dict[str, Any]) -> int:
    dropped = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    own = (plan["Actual Rows"] + dropped) * plan["Actual Loops"]
    return int(own) + sum(_rows_of(child) for child in plan.get("Plans", []))


async def _steps(url: str, statements: Sequence[Statement]) -> int:
    """The steps that SQLite's virtual machine takes, likewise."""
    with closing(sqlite3.connect(url.removeprefix("sqlite://"), isolation_level=None)) as connection:
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        connection.execute("SELECT 1 FROM image LIMIT 1")  # so that the schema is read by now
        connection.execute("BEGIN IMMEDIATE")
        connection.set_progress_handler(count, 1)
        for statement in statements:
            connection.execute(_PLACEHOLDER.sub(r"?\1", statement.sql), statement.values).fetchall()
        connection.set_progress_handler(None, 0)
        connection.execute("ROLLBACK")
        return steps


def _world(database: Database) -> World:
    store, clock = SqlStore(database), SettableClock(START + timedelta(days=1))
    return World(store, MemoryBlobs(), key_ring(1), clock, PullTimes(store, clock))


async def _repositories(world: World, images: ManyImages) -> dict[str, Repository]:
    """Those of the samples, by name; a server keeps them in memory."""
    catalog = world.catalog
    names = {images.repository_name(image) for image in images.samples}
    return {name: await catalog.get(REGISTRY, RepositoryName(name)) for name in sorted(names)}


def _chosen(images: ManyImages, name: str) -> Sequence[int]:
    """Images that the requests are about, one after another: from all over, as those of clients are."""
    anywhere = list(images.samples)
    random.Random(1).shuffle(anywhere)
    return anywhere[:_MOVED] if name == "tag move" else anywhere


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-cluster ARGS=…", description=__doc__)
    parser.add_argument("--sizes", nargs="+", type=int, default=list(_SIZES), metavar="IMAGES")
    kinds = ["sqlite", "postgresql"]
    parser.add_argument("--databases", nargs="+", default=kinds, choices=kinds)
    parser.add_argument("--seconds", type=float, default=3, help="length of each measurement (default 3)")
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / "build" / "bench",
        help="for SQLite; a million images take 4 GB, and PostgreSQL's as much in /tmp",
    )
    parser.add_argument("--results", type=Path, default=_RESULTS, help="default bench/results-cluster.json")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
