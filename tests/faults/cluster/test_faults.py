"""Things fail while eight clients push and pull: nothing that was acknowledged is lost.

`ENTREPOT_SOAK_SECONDS` (default 5) says how long each fault goes on being done.
"""

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from tests.engines.balancers import Balancer, haproxy, nginx
from tests.engines.cable import cable_to
from tests.engines.clock import open_clock
from tests.engines.cluster import Cluster, Stores, cluster
from tests.engines.disk import fill, small_disk
from tests.engines.machines import End, machine
from tests.engines.overload import Overload
from tests.engines.postgres import PostgresServer, postgres_server, synchronous_standby
from tests.engines.seaweedfs import SeaweedFS, seaweedfs_server
from tests.engines.storage_proxy import storage_proxy
from tests.faults.cluster.aftermath import assert_whole
from tests.faults.cluster.figures import figures_of, note_figures
from tests.faults.cluster.load import Load, loaded

_SOAK_SECONDS = float(os.environ.get("ENTREPOT_SOAK_SECONDS", "5"))
_REPOSITORY = "team/app"

Note = Callable[[Load], None]


@pytest.fixture
def running(stores: Stores, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path, stores, "--workers=1") as nodes:
        nodes.endpoint.create_repository(_REPOSITORY)
        yield nodes


@pytest.mark.parametrize("balancer", [haproxy, nginx])
def test_attack_45_a_node_is_killed(stores: Stores, tmp_path: Path, note: Note, balancer: Balancer) -> None:
    chance = random.Random(1)
    with cluster(tmp_path, stores, "--workers=1", balancer=balancer) as running:
        running.endpoint.create_repository(_REPOSITORY)
        with loaded(running.endpoint, _REPOSITORY, seed=1) as load:
            for _ in rounds(load):
                node = chance.choice(running.nodes)
                load.note_fault()
                node.kill9()
                load.await_operations()
                node.start()
                load.await_operations()
        note(load)
        assert_whole(running.nodes, load)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_attack_45_the_database_restarts(
    running: Cluster, postgres: PostgresServer, note: Note, mode: str
) -> None:
    with loaded(running.endpoint, _REPOSITORY, seed=2) as load:
        for _ in rounds(load):
            load.note_fault()
            postgres.restart(mode)
            load.await_operations()
    note(load)
    assert_whole(running.nodes, load)


def test_attack_45_the_primary_is_lost_and_its_synchronous_standby_promoted(
    blobs: str, seaweedfs: SeaweedFS, tmp_path: Path, note: Note
) -> None:
    with postgres_server() as primary, synchronous_standby(primary) as standby:
        database = asyncio.run(primary.create_database())
        both = database.replace(f":{primary.port}/", f":{primary.port},127.0.0.1:{standby.port}/")
        stores = Stores(f"{both}?target_session_attrs=read-write", blobs, seaweedfs.credentials)
        with cluster(tmp_path, stores, "--workers=1") as running:
            running.endpoint.create_repository(_REPOSITORY)
            with loaded(running.endpoint, _REPOSITORY, seed=8) as load:
                load.await_operations(16)
                leading, following = primary, standby
                for _ in rounds(load):
                    load.note_fault()
                    leading.kill9()
                    following.promote()
                    load.await_operations(16)
                    leading.follow(following)
                    leading, following = following, leading
            note(load)
            assert_whole(running.nodes, load)


@pytest.mark.parametrize("is_alone", [False, True], ids=["from_its_stores", "from_everything"])
def test_attack_45_a_node_is_cut_off(
    blobs: str, seaweedfs: SeaweedFS, tmp_path: Path, note: Note, *, is_alone: bool
) -> None:
    with ExitStack() as stack:
        apart = stack.enter_context(machine())
        postgres = stack.enter_context(postgres_server(also_at=apart.back.near))
        s3 = seaweedfs.ports["s3"]
        way = stack.enter_context(cable_to(s3, address=apart.back.near))
        stores = Stores(asyncio.run(postgres.create_database()), blobs, seaweedfs.credentials)
        over_there = stores.by(postgres.port, f"{apart.back.near}:{postgres.port}", "?command_timeout=5").by(
            s3, f"{apart.back.near}:{way.port}"
        )
        running = stack.enter_context(
            cluster(tmp_path, [over_there, stores, stores], "--workers=1", machines=[apart, None, None])
        )
        running.endpoint.create_repository(_REPOSITORY)
        with loaded(running.endpoint, _REPOSITORY, seed=3) as load:
            for _ in rounds(load):
                load.note_fault()
                apart.back.take_down(End.NEAR)
                if is_alone:
                    apart.front.take_down(End.FAR)
                load.await_operations(16)
                apart.back.bring_up(End.NEAR)
                if is_alone:
                    apart.front.bring_up(End.FAR)
                load.await_operations()
        note(load)
        assert_whole(running.nodes, load)


@pytest.mark.parametrize("end", [SeaweedFS.stop, SeaweedFS.kill9], ids=["stopped", "killed"])
def test_attack_45_the_object_storage_restarts(
    running: Cluster, seaweedfs: SeaweedFS, note: Note, end: Callable[[SeaweedFS], None]
) -> None:
    with loaded(running.endpoint, _REPOSITORY, seed=6) as load:
        for _ in rounds(load):
            load.note_fault()
            end(seaweedfs)
            seaweedfs.start()
            load.await_operations()
    note(load)
    assert_whole(running.nodes, load)


def test_attack_45_the_object_storage_is_overloaded(
    stores: Stores, seaweedfs: SeaweedFS, tmp_path: Path, note: Note
) -> None:
    with ExitStack() as stack:
        proxy, storage = stack.enter_context(storage_proxy(seaweedfs.endpoint)), Overload()
        proxy.plan = storage.plan
        behind = stores.by(seaweedfs.ports["s3"], f"127.0.0.1:{proxy.port}")
        running = stack.enter_context(cluster(tmp_path, behind, "--workers=1"))
        running.endpoint.create_repository(_REPOSITORY)
        with loaded(running.endpoint, _REPOSITORY, seed=7) as load:
            for _ in rounds(load):
                load.note_fault()
                storage.refused, storage.delay = 0.4, timedelta(seconds=0.1)
                load.await_operations(24)
                storage.refused = 1
                load.await_setbacks()
                storage.refused, storage.delay = 0, timedelta(0)
                load.await_operations()
        note(load)
        assert_whole(running.nodes, load)


def test_attack_45_a_clock_jumps(database: str, tmp_path: Path, note: Note) -> None:
    """On files: an object storage refuses what a node signs by such a clock."""
    clock, chance = open_clock(tmp_path), random.Random(4)
    stores = Stores(database, f"file://{tmp_path / 'blobs'}")
    environments = [clock.environment, {}, {}]
    with cluster(tmp_path, stores, "--workers=1", "--collect-seconds=1", own=environments) as running:
        running.endpoint.create_repository(_REPOSITORY)
        with loaded(running.endpoint, _REPOSITORY, seed=4) as load:
            for _ in rounds(load):
                for hours in (2, -2, 0):
                    load.note_fault()
                    clock.turn(timedelta(hours=hours, seconds=chance.randrange(60)))
                    load.await_operations(16)
            clock.turn(timedelta(0))
        note(load)
        assert_whole(running.nodes, load)


def test_attack_45_the_disk_of_the_layers_is_full(database: str, tmp_path: Path, note: Note) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "512m"):
        stores = Stores(database, f"file://{disk / 'blobs'}")
        _fill_now_and_then(disk, stores, tmp_path, note, seed=5)


def test_attack_45_the_disk_of_the_object_storage_is_full(database: str, tmp_path: Path, note: Note) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "512m"), seaweedfs_server(volumes=disk) as storage:
        stores = Stores(database, storage.blobs_url(storage.create_bucket()), storage.credentials)
        _fill_now_and_then(disk, stores, tmp_path, note, seed=9)


def _fill_now_and_then(disk: Path, stores: Stores, tmp_path: Path, note: Note, *, seed: int) -> None:
    with cluster(tmp_path, stores, "--workers=1") as running:
        running.endpoint.create_repository(_REPOSITORY)
        with loaded(running.endpoint, _REPOSITORY, seed=seed, sizes=(28, 70_000)) as load:
            for _ in rounds(load):
                load.note_fault()
                filler = fill(disk)
                load.await_setbacks()
                filler.unlink()
                load.await_operations()
        note(load)
        assert_whole(running.nodes, load)


def rounds(load: Load) -> Iterator[None]:
    """One round, and more of them until the time is up; each begins with clients at work."""
    while True:
        load.await_operations()
        yield
        if load.seconds > _SOAK_SECONDS:
            return


@pytest.fixture
def note(request: pytest.FixtureRequest, tell: Callable[[str], None]) -> Note:
    """Tells what the clients saw, and keeps it where TEST_FIGURES names a file."""

    def take(load: Load) -> None:
        note_figures(figures_of(request.node.name, load), tell)

    return take
