"""Every statement of real work is answered from an index, on both databases, however many images there are.

The statements are those that the use cases run, the plans those of planners that know the tables' sizes.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from entrepot.domain.audit import actor_of
from entrepot.domain.images import ImageId
from entrepot.domain.mutability import Mutability, TagMutability
from entrepot.domain.names import RepositoryName
from entrepot.domain.policy.requests import Context
from entrepot.domain.repositories import Repository
from entrepot.domain.usage import Cluster
from entrepot.identity.credentials import new_key
from entrepot.identity.revocation import Revocations
from entrepot.identity.signing import Signer
from entrepot.identity.tokens import Tokens
from entrepot.ports.orders import ImageOrder, RepositoryOrder
from entrepot.ports.records import KeysOf, KeysOfAccount, OneKey
from entrepot.ports.reports import NoReports
from entrepot.registry.deletion_estimates import DeletionEstimates
from entrepot.registry.lifecycle_runs import PushedRepositories
from entrepot.registry.mounts import Mounts
from entrepot.registry.orders import Orders
from entrepot.registry.pull_times import PullTimes
from entrepot.registry.registry_totals import DAYS_KEPT, RegistryTotals
from entrepot.registry.repository_totals import RepositoryTotals
from entrepot.registry.rewrapping import Rewrapping
from entrepot.registry.sealed_tokens import SealedTokens
from entrepot.registry.shared_layers import SharedLayers
from entrepot.registry.statistics import Statistics
from entrepot.registry.usage import NamedImage
from entrepot.storage.blobs.memory import MemoryBlobs
from entrepot.storage.metadata.connection import Connection, Database
from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.migrate import migrate, packaged
from entrepot.storage.metadata.node_stamp import NodeStamp
from entrepot.storage.metadata.revision_watch import RevisionWatch
from entrepot.storage.metadata.store import SqlStore
from entrepot.workers.collection import collection_jobs
from entrepot.workers.lifecycle import lifecycle_jobs
from entrepot.workers.recycling import history_jobs, recycling_jobs
from entrepot.workers.runner import Runner
from tests.engines.many_rows import ManyImages
from tests.engines.recording import RecordingDatabase, Statement
from tests.unit.builders import ACCOUNT, REGISTRY, ROOT, START, SettableClock, World, key_ring, new_id
from tests.unit.registry.lifecycles import keep_newest, policy

if TYPE_CHECKING:
    from tests.engines.postgres import PostgresServer

IMAGES = ManyImages(60_000)
_LARGE = 500  # rows; a smaller table may well be read to its end

# Once in the life of a root key, over the few uploads that are under way.
_MAY_READ_ALL = {"upload": "AS sealed FROM upload"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A full database, and what is run on it."""

    kind: str
    recording: RecordingDatabase

    @property
    def database(self) -> Database:
        return self.recording.database


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a full database; what the tests add and remove does not matter to the others."""
    server: PostgresServer | None = None
    url = f"sqlite://{tmp_path_factory.mktemp('plans')}/rows.db"
    if request.param == "postgres":
        server = request.getfixturevalue("server")
        url = asyncio.run(server.create_database())
    asyncio.run(fill(url))
    yield url
    if server is not None:
        asyncio.run(server.drop_database(url))


async def fill(url: str) -> None:
    database = await connect(url)
    await migrate(database, packaged(), now=START)
    if not url.startswith("sqlite:"):
        # A preview fills it here with one preview alone, and all of that is deleted: on a slow machine its
        # statistics are made meanwhile, and PostgreSQL then reads the whole, which is no more.
        await database.define("ALTER TABLE lifecycle_preview_result SET (autovacuum_enabled = false)")
    await database.close()
    await IMAGES.load(url)


@pytest.fixture
async def loaded(full: str) -> AsyncIterator[Loaded]:
    database = await connect(full)
    yield Loaded(full.partition(":")[0], RecordingDatabase(database))
    await database.close()


async def test_no_statement_reads_a_large_table_to_its_end(loaded: Loaded) -> None:
    await work(loaded.recording)
    statements = {statement.sql: statement for statement in loaded.recording.statements}
    assert len(statements) > 60
    large = await large_tables(loaded)
    assert {"image", "tag", "manifest", "held_layer", "blob", "image_layer", "access_key"} <= large
    found = [
        (read, sql)
        for sql, statement in statements.items()
        for read in await read_to_the_end(loaded, statement)
        if read in large and _MAY_READ_ALL.get(read, sql + "!") not in sql
    ]
    assert found == [], found


async def test_the_hot_requests_take_as_few_statements_as_they_can(loaded: Loaded) -> None:
    world = a_world(loaded.recording)
    image = IMAGES.samples[9]
    repository = await world.catalog.get(REGISTRY, RepositoryName(IMAGES.repository_name(image)))
    pulls, layers, statements = world.pulls, world.layers, loaded.recording.statements

    async def counted(work: Any) -> int:
        statements.clear()
        await work
        return len(statements)

    assert await counted(world.pulls.find(repository, IMAGES.tag(image))) == 1
    again = 0 if loaded.kind == "sqlite" else 1  # where nothing was committed meanwhile
    for repeated in (1, again):
        assert await counted(pulls.get(repository, IMAGES.tag(image))) == repeated
        assert await counted(pulls.get(repository, IMAGES.digest(image))) == repeated
        assert await counted(layers.get(repository, IMAGES.layer(image))) == repeated
    assert await counted(pulls.find(repository, IMAGES.tag(image))) == again


async def large_tables(loaded: Loaded) -> set[str]:
    tables = re.findall(r"^CREATE TABLE (\w+)", "\n".join(step.sql for step in packaged()), re.MULTILINE)

    async def count(connection: Connection) -> set[str]:
        found = set()
        for table in tables:
            row = await connection.row(f"SELECT count(*) FROM {table}")
            assert row is not None
            if row[0] > _LARGE:
                found.add(table)
        return found

    return await loaded.database.scan(count)


async def read_to_the_end(loaded: Loaded, statement: Statement) -> list[str]:
    """The tables that the statement's plan reads without looking anything up in an index."""
    if loaded.kind == "sqlite":
        return [
            match[1]
            for step in await explained(loaded, f"EXPLAIN QUERY PLAN {statement.sql}", statement)
            if (match := re.match(r"SCAN (\w+)(?! USING)", step["detail"]))
        ]
    (row,) = await explained(loaded, f"EXPLAIN (FORMAT JSON) {statement.sql}", statement)
    return list(sequential(orjson.loads(row[0])[0]["Plan"]))


def sequential(plan: dict[str, Any]) -> Sequence[str]:
    """The tables that a plan of PostgreSQL reads to their end."""
    own = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" else []
    return [*own, *(name for child in plan.get("Plans", []) for name in sequential(child))]


class _Planned(Exception):
    """Ends the transaction that a plan was made in; it has changed nothing."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.rows = rows


async def explained(loaded: Loaded, sql: str, statement: Statement) -> Sequence[Any]:
    async def body(connection: Connection) -> None:
        raise _Planned(await connection.rows(sql, *statement.values))

    try:
        await loaded.database.write(body)
    except _Planned as planned:
        return planned.rows
    raise AssertionError


def a_world(database: Database) -> World:
    store, clock = SqlStore(database), SettableClock(START)
    return World(store, MemoryBlobs(), key_ring(1), clock, PullTimes(store, clock))


async def work(database: Database) -> None:
    """A day of the registry: every use case, on what is there."""
    world = a_world(database)
    image = IMAGES.samples[7]
    repository = await world.catalog.get(REGISTRY, RepositoryName(IMAGES.repository_name(image)))
    await read_images(world, repository, image)
    await push_images(world, repository, image)
    await run_policies(world, repository, image)
    await tell_statistics(world, repository, image)
    await keep_images(world, repository, image)
    await run_the_registry(world)
    await run_the_server(world, database)


async def read_images(world: World, repository: Repository, image: int) -> None:
    tag, digest = IMAGES.tag(image), IMAGES.digest(image)
    ids = [ImageId(tag=tag), ImageId(digest=digest), ImageId(digest=digest, tag=tag)]
    await world.pulls.get(repository, tag)
    await world.pulls.get(repository, digest)
    await world.pulls.find(repository, tag)
    await world.pulls.get_batch(repository, ids)
    await world.listings.describe(repository, ids)
    for tagged in (None, True, False):
        for limit in (100, 1000):
            page = await world.listings.images(repository, token=None, limit=limit, tagged=tagged)
            await world.listings.images(repository, token=page.next_token, limit=limit, tagged=tagged)
            found = await world.listings.image_ids(repository, token=None, limit=limit, tagged=tagged)
            await world.listings.image_ids(repository, token=found.next_token, limit=limit, tagged=tagged)
    await world.listings.tags(repository, after=tag, limit=100)
    for types in ((), ("application/spdx+json",)):
        await world.listings.referrers(repository, digest, token=None, limit=50, artifact_types=types)
    await world.layers.get_referenced(repository, IMAGES.layer(image))
    await world.layers.find_many(repository, [IMAGES.layer(image), IMAGES.base(image)])


async def push_images(world: World, repository: Repository, image: int) -> None:
    pushed = await world.push(repository, IMAGES.manifest(image, again="yes"), tags=["again"])
    await world.push(repository, IMAGES.manifest(image, again="no"), tags=["again"])
    new = await world.image(repository, "new", tags=["new"])
    await world.index(repository, [pushed, new], tags=["both"])
    begun = await world.uploads.begin(repository, ROOT)
    await world.uploads.cancel(repository, ROOT, begun.id)
    other = await world.repository("other/app")
    mounts = Mounts(world.store, world.settings, world.decisions, world.clock)
    await mounts.mount(other, ROOT, IMAGES.layer(image), repository.name, Context())
    await mounts.mount(other, ROOT, IMAGES.base(image), None, Context())
    await world.deletions.delete_tag(repository, IMAGES.tag(image))
    await world.deletions.delete_batch(repository, [ImageId(tag=IMAGES.tag(image + 1))])
    await world.deletions.delete_image(repository, IMAGES.digest(image))
    await world.deletions.delete_layer(other, IMAGES.layer(image))
    await undo(world, repository, image)
    await world.pulls.get(repository, "again")  # type: ignore[arg-type]
    await world.pull_times.flush()


async def undo(world: World, repository: Repository, image: int) -> None:
    """What was deleted comes back, is listed, and is deleted again for good."""
    recycle_bin, restorations = world.recycle_bin, world.restorations
    for token in (None, (await recycle_bin.images(repository, token=None, limit=1)).next_token):
        await recycle_bin.images(repository, token=token, limit=100)
    await recycle_bin.describe(REGISTRY, repository)
    await restorations.tags_of(REGISTRY, repository.name, IMAGES.digest(image))
    await restorations.image(repository, IMAGES.digest(image), tags=None, move=True)
    await restorations.tag(repository, IMAGES.tag(image), None)
    for tag in (None, IMAGES.tag(image)):
        await world.tag_history.page(repository, tag, token=None, limit=100)
    await world.deletions.delete_image(repository, IMAGES.digest(image))
    await recycle_bin.purge_images(repository, [IMAGES.digest(image)])
    await world.catalog.delete(REGISTRY, repository.name, force=True)
    await recycle_bin.describe(REGISTRY, None)
    for name in (None, repository.name):
        await recycle_bin.repositories(REGISTRY, name, token=None, limit=100)
    await restorations.repository(REGISTRY, repository.name, new_name=repository.name, deletion_id=None)
    await world.deletion_protection.begin(REGISTRY, repository.name)
    await world.deletion_protection.end(REGISTRY, repository.name)


async def run_policies(world: World, repository: Repository, image: int) -> None:
    ids = [ImageId(digest=IMAGES.digest(image)), ImageId(tag=IMAGES.tag(image + 2))]
    policies, previews = world.lifecycle_policies, world.lifecycle_previews
    await policies.put(REGISTRY, repository.name, policy(keep_newest(10)))
    await previews.start(REGISTRY, repository.name, None)
    await previews.make(repository.id)
    for tagged in (None, True, False):
        await previews.page(REGISTRY, repository.name, token=None, limit=100, tagged=tagged)
    await previews.of_images(REGISTRY, repository.name, ids, tagged=None)
    await policies.put(REGISTRY, repository.name, policy(keep_newest(1_000_000)))
    await world.lifecycle_runs().run(repository.id)
    few = await world.repository("few/app")
    for number in range(3):
        await world.image(few, f"image {number}", tags=[f"v{number}"])
    await policies.put(REGISTRY, few.name, policy(keep_newest(1)))
    await world.lifecycle_runs().run(few.id)
    pushed = PushedRepositories(world.store, world.clock)
    pushed.note(repository)
    await pushed.flush()
    await policies.get(REGISTRY, repository.name)
    await policies.delete(REGISTRY, repository.name)
    await world.pull_exclusions.register(REGISTRY, ROOT.arn)
    await world.pull_exclusions.page(REGISTRY, token=None, limit=100)
    await world.pull_exclusions.deregister(REGISTRY, ROOT.arn)


async def tell_statistics(world: World, repository: Repository, image: int) -> None:
    statistics = Statistics(world.store, world.clock)
    totals, registries = RepositoryTotals(world.store, world.clock), RegistryTotals(world.store, world.clock)
    await statistics.of_repositories([repository])
    await totals.fold()
    await totals.count_due()
    await totals.compute_unique()
    await registries.add_up()
    await registries.add_up_stored()
    world.clock.advance(timedelta(days=DAYS_KEPT - 100))
    await registries.forget_days()
    world.clock.at = START
    await statistics.of_repositories([repository])
    ids = [ImageId(digest=IMAGES.digest(image + 3)), ImageId(tag=IMAGES.tag(image + 4))]
    await statistics.of_images(repository, ids)
    await statistics.of_registry(REGISTRY, limit=10, may_be_named=everybody)
    orders = Orders(world.store, SealedTokens(key_ring(1)))
    for is_descending in (False, True):
        asked: Any = {"is_descending": is_descending, "token": None, "limit": 100}
        for order in RepositoryOrder:
            await orders.repositories(REGISTRY, order, may_be_named=everybody, **asked)
        for image_order in ImageOrder:
            await orders.images(repository, image_order, **asked)
    await statistics.days_of_repository(repository, since=START - timedelta(days=30), until=None)
    await statistics.days_of_registry(REGISTRY, since=None, until=None)
    await DeletionEstimates(world.store, world.clock).of(repository, ids)
    await SharedLayers(world.store).of_image(
        repository, ids[0], everybody, token=None, limit=100, most_images=10
    )


async def everybody(_name: RepositoryName) -> bool:
    return True


async def keep_images(world: World, repository: Repository, image: int) -> None:
    kept = ImageId(digest=IMAGES.digest(image + 2))
    await world.pins.pin(REGISTRY, repository.name, kept, by=ROOT.arn, reason=None, until=None)
    for name in (None, repository.name):
        for limit in (100, 1000):
            await world.pins.page(REGISTRY, name, token=None, limit=limit)
    cluster = Cluster(REGISTRY, "blue")
    named = [NamedImage(REGISTRY, repository.name, IMAGES.digest(image + 2))]

    async def may_pull(_repository: Repository) -> bool:
        return True

    await world.usage.report(cluster, named, by=ROOT.arn, life=None, may_pull=may_pull)
    await world.usage.page_of_reports(REGISTRY, token=None, limit=100)
    await world.usage.reports_of([cluster])
    await world.usage.page_of_repository(REGISTRY, repository.name, token=None, limit=100)
    await world.usage.page_of_cluster(cluster, token=None, limit=100, may_pull=may_pull)
    await world.usage.report(cluster, [], by=ROOT.arn, life=None, may_pull=may_pull)
    few = RepositoryName("few/app")
    await world.lifecycle_explanations.page(REGISTRY, few, policy(keep_newest(1)), token=None, limit=9)
    text = policy(keep_newest(1, "v"), action={"type": "untag"})
    await world.lifecycle_explanations.page(REGISTRY, few, text, token=None, limit=9)
    await world.image(await world.catalog.get(REGISTRY, few), "another", tags=["v9", "v10"])
    await world.lifecycle_policies.put(REGISTRY, few, text)
    await world.lifecycle_runs().run((await world.catalog.get(REGISTRY, few)).id)
    await world.pins.unpin(REGISTRY, repository.name, kept)


async def run_the_registry(world: World) -> None:
    catalog, name = world.catalog, RepositoryName("other/app")
    await catalog.page(REGISTRY, token=None, limit=100)
    await catalog.set_mutability(REGISTRY, name, TagMutability(Mutability.IMMUTABLE))
    await catalog.set_scan_on_push(REGISTRY, name, scan_on_push=True)
    await catalog.tag(REGISTRY, name, {"a": "b"})
    await catalog.tags(REGISTRY, name)
    await catalog.untag(REGISTRY, name, ["a"])
    await world.settings.put(REGISTRY, "BLOB_MOUNTING", "ENABLED")
    await catalog.delete(REGISTRY, name, force=True)


async def run_the_server(world: World, database: Database) -> None:
    key = new_key()
    await world.credentials.set_root_key(ACCOUNT, key)
    principal = await world.credentials.principal(key.access_key_id)
    assert principal is not None
    session = await world.credentials.issue_session(principal, timedelta(hours=1))
    await world.credentials.find(session.access_key_id)
    tokens = Tokens(Signer(world.store, world.ring, world.clock), world.credentials, world.clock)
    await tokens.read((await tokens.issue(principal, REGISTRY)).token)
    revocations = Revocations(world.store, world.clock)
    role = KeysOf(f"arn:aws:sts::{ACCOUNT}:assumed-role/build/")
    for scope in (role, KeysOfAccount(ACCOUNT)):
        await revocations.sessions(scope, after=("", ""), limit=100)
    for revoked in (role, KeysOf(principal.arn), OneKey(key.access_key_id)):
        await revocations.revoke(ACCOUNT, revoked)
    await world.credentials.set_root_key(ACCOUNT, new_key())
    await RevisionWatch(database, NodeStamp()).look()
    await Rewrapping(world.store, world.ring).rewrap()
    every = timedelta(minutes=15)
    kinds = [
        *collection_jobs(world.collector, world.credentials, NoReports(), every=every, actor=actor_of(ROOT)),
        *lifecycle_jobs(world.lifecycle_runs(), world.lifecycle_previews, world.usage),
        *recycling_jobs(world.recycle_bin, NoReports(), actor=actor_of(ROOT)),
        *history_jobs(world.tag_history, world.clock, NoReports(), kept=every),
    ]
    runner = Runner(world.store, kinds, world.clock, new_id, poll=timedelta(0))
    await runner._schedule_recurring()
    await runner.run_due()
