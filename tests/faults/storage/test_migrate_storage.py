"""Moves that are killed, that meet full disks and lost storage, and that servers go on beside."""

import os
import random
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Event

import pytest

from tests.clients.raw_registry import sha256, with_query
from tests.engines.disk import small_disk
from tests.engines.entrepot import Entrepot, served
from tests.engines.seaweedfs import SeaweedFS, seaweedfs_server
from tests.faults.serving.images import Acknowledged, OciPusher, TestImage, make_image, pull, registry_of
from tests.faults.serving.processes import wait_until
from tests.faults.storage.commands import Command, Ended, findings

MIB = 1 << 20
SEEDS = [1]  # more of them by hand: each kills at other places


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    """A server with images, stopped."""
    with served(tmp_path, "--workers=1") as running:
        running.create_repository("team/app")
        yield running


def fill(server: Entrepot, count: int, *, seed: int = 5) -> list[TestImage]:
    """Images that the server has acknowledged."""
    told, chance = Acknowledged(), random.Random(seed)
    pusher = OciPusher(registry_of(server), "team/app", told, chance)
    for n in range(count):
        pusher.push(make_image(chance, f"{seed}.{n}"))
    return [image for _, image in told.images]


def blobs_move(server: Entrepot, target: str, *options: str) -> Command:
    source = f"file://{server.data_folder / 'blobs'}"
    arguments = ("migrate-storage", source, target, f"--data-dir={server.data_folder}", *options)
    return Command(server.folder, arguments, server.environment)


def files_in(folder: Path) -> int:
    """How many files lie under a folder, which may not be there yet."""
    return sum(path.is_file() for path in folder.rglob("*")) if folder.is_dir() else 0


def kill_when(process: subprocess.Popen[str], is_so: Callable[[], bool]) -> bool:
    """Kill the process once it is so; False where it ended before."""
    wait_until(lambda: process.poll() is not None or is_so(), "a point to kill at")
    has_ended = process.poll() is not None
    process.kill()
    process.communicate()
    return not has_ended


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("verify", ["digest", "bytes"])
def test_a_move_of_layers_killed_again_and_again_ends_whole(server: Entrepot, seed: int, verify: str) -> None:
    images, chance = fill(server, 8), random.Random(seed)
    server.stop()
    target, kills = server.folder / "target", 0
    move = blobs_move(server, f"file://{target}", f"--verify={verify}")
    for goal in sorted(chance.sample(range(1, 20), 4)):
        kills += kill_when(move.start(), lambda goal=goal: files_in(target) >= goal)  # type: ignore[misc]
    assert kills >= 2

    ended = move.run()

    assert ended.status == 0, ended
    assert files_in(target / "uploads") == 0
    server.options = (*server.options, f"--blobs=file://{target}")
    assert findings(server, f"--blobs=file://{target}") == []
    server.start()
    for image in images:
        pull(registry_of(server), "team/app", image)
    again = move.run()
    assert (again.status, again.out.partition(" ")[0]) == (0, "0")


def test_attack_45_a_move_to_a_full_disk_ends_with_the_reason_and_goes_on_with_room(server: Entrepot) -> None:
    fill(server, 8)
    server.stop()
    target = server.folder / "target"
    with small_disk(target, "4m"):
        move = blobs_move(server, f"file://{target / 'blobs'}")
        refused = move.run()
        assert (refused.status, "No space left on device" in refused.err) == (2, True), refused
        subprocess.run(["mount", "-o", "remount,size=200m", str(target)], check=True)
        ended = move.run()
        assert ended.status == 0, ended
        assert findings(server, f"--blobs=file://{target / 'blobs'}") == []


def test_layers_damaged_or_lost_in_the_source_are_named_and_the_rest_moves(server: Entrepot) -> None:
    fill(server, 3)
    server.stop()
    lying = [path for path in (server.data_folder / "blobs" / "blobs").rglob("*") if path.is_file()]
    lying.sort(key=lambda path: path.stat().st_size)
    lost, damaged = lying[0], lying[-1]
    lost.unlink()
    with damaged.open("r+b") as file:
        file.seek(-5, os.SEEK_END)
        file.write(b"\0")
    target = server.folder / "target"

    ended = blobs_move(server, f"file://{target}").run()

    assert ended.status == 1
    assert {
        line.split()[2].rstrip(":") for line in ended.out.splitlines() if line.startswith("not moved")
    } == {
        lost.name,
        damaged.name,
    }
    assert files_in(target) == len(lying) - 2
    found = findings(server)
    assert {(finding["what"], finding["key"][0]) for finding in found} == {
        ("bytes-missing", lost.name),
        ("blob-unreadable", damaged.name),
    }


@pytest.fixture(scope="module")
def bucket_server() -> Iterator[SeaweedFS]:
    with seaweedfs_server() as running:
        yield running


def test_layers_move_to_a_bucket_and_back_while_clients_push_and_pull(
    server: Entrepot, bucket_server: SeaweedFS
) -> None:
    """The whole procedure: serve with both stores, move, look, serve with the new one; then back."""
    folder = f"file://{server.data_folder / 'blobs'}"
    bucket = bucket_server.blobs_url(bucket_server.create_bucket(), "moved")
    server.environment |= bucket_server.credentials
    images = fill(server, 4)
    _move_live(server, images, source=folder, target=bucket)
    _move_live(server, images, source=bucket, target=f"file://{server.folder / 'back'}")


def _move_live(server: Entrepot, images: list[TestImage], *, source: str, target: str) -> None:
    half_done = registry_of(server).begin_upload("team/app")
    content = random.Random(len(images)).randbytes(MIB + 7)
    assert registry_of(server).send("PATCH", half_done, content).status == 202
    server.stop()
    server.options = ("--workers=1", f"--blobs={target}", f"--blobs-fallback={source}")
    server.start()
    move = Command(
        server.folder,
        ("migrate-storage", source, target, f"--data-dir={server.data_folder}"),
        server.environment,
    )
    enough = Event()
    with ThreadPoolExecutor(3) as pool:
        clients = [pool.submit(_push_and_pull, server, seed, list(images), enough) for seed in (21, 22)]
        try:
            first = move.run()
            assert first.status == 1, first
            assert "1 uploads go on in FROM" in first.out
            raw = registry_of(server)
            assert raw.send("PUT", with_query(half_done, digest=sha256(content)), b"").status == 201
        finally:
            enough.set()
        for client in clients:
            images += client.result()
    last = move.run()
    assert last.status == 0, last
    server.stop()
    server.options = ("--workers=1", f"--blobs={target}")
    assert findings(server, f"--blobs={target}") == []
    server.start()
    for image in images:
        pull(registry_of(server), "team/app", image)


def _push_and_pull(server: Entrepot, seed: int, images: list[TestImage], enough: Event) -> list[TestImage]:
    """Push images of its own and pull those that were there, until it is enough; what was pushed."""
    told, chance, raw = Acknowledged(), random.Random(seed + len(images)), registry_of(server)
    pusher = OciPusher(raw, "team/app", told, chance)
    while not enough.is_set() or len(told.images) < 2:
        pusher.push(make_image(chance, f"{seed}.{len(images)}.{len(told.images)}"))
        pull(raw, "team/app", chance.choice(images))
    return [image for _, image in told.images]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_move_to_a_bucket_survives_kills_of_both_ends(
    server: Entrepot, bucket_server: SeaweedFS, seed: int
) -> None:
    fill(server, 6)
    server.stop()
    server.environment |= bucket_server.credentials
    name, chance = bucket_server.create_bucket(), random.Random(seed)
    target = bucket_server.blobs_url(name)
    move = blobs_move(server, target)
    with closing(bucket_server.client()) as client:

        def objects() -> int:
            with suppress(Exception):  # while it is down
                return int(client.list_objects_v2(Bucket=name).get("KeyCount", 0))
            return 0

        goals = sorted(chance.sample(range(1, 10), 2))
        kill_when(move.start(), lambda: objects() >= goals[0])
        process = move.start()
        wait_until(lambda: process.poll() is not None or objects() >= goals[1], "copies in the bucket")
        bucket_server.kill9()
        bucket_server.start()
        out, err = process.communicate(timeout=240)
        ended = Ended(process.returncode, out, err)
    if ended.status == 2:  # the storage was away for longer than the move was patient
        ended = move.run()
    assert ended.status == 0, ended
    assert findings(server, f"--blobs={target}") == []


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_copied_to_postgresql_and_back_with_kills_serve_as_before(
    server: Entrepot, database: str, seed: int
) -> None:
    images, chance = fill(server, 5), random.Random(seed)
    server.stop()
    rows = f"sqlite://{server.data_folder / 'metadata' / 'entrepot.db'}"
    back = server.data_folder / "metadata" / "back.db"
    _copy_rows(server, rows, database, chance)

    server.options = ("--workers=1", "--read-only", f"--database={database}")
    server.start()
    for image in images:
        pull(registry_of(server), "team/app", image)
    server.stop()
    assert findings(server, f"--database={database}") == []

    server.options = ("--workers=1", f"--database={database}")
    server.start()
    images += fill(server, 2, seed=99)
    server.stop()
    _copy_rows(server, database, f"sqlite://{back}", chance)
    server.options = ("--workers=1", f"--database=sqlite://{back}")
    server.start()
    for image in images:
        pull(registry_of(server), "team/app", image)
    server.stop()
    assert findings(server, f"--database=sqlite://{back}") == []


def _copy_rows(server: Entrepot, source: str, target: str, chance: random.Random) -> None:
    copy = Command(server.folder, ("migrate-storage", source, target))
    for _ in range(3):
        process, pace = copy.start(), chance.randrange(1, 60)
        looks = iter(range(pace))
        kill_when(process, lambda looks=looks: next(looks, None) is None)  # type: ignore[misc]
    ended = copy.run()
    assert ended.status == 0, ended
    assert "both databases hold the same" in ended.out


def test_a_server_does_not_start_on_half_a_copy(server: Entrepot) -> None:
    server.stop()
    rows = server.data_folder / "metadata" / "entrepot.db"
    with closing(sqlite3.connect(rows)) as connection:
        connection.execute("INSERT INTO row_copy (id, source, begun_at) VALUES (1, 'x', 1)")
        connection.commit()

    ended = Command(server.folder, ("serve", f"--data-dir={server.data_folder}", "--port=0")).run()

    assert (ended.status, "a copy that is not finished" in ended.err) == (2, True), ended


def test_attack_49_passwords_in_urls_are_neither_printed_nor_logged(server: Entrepot) -> None:
    server.stop()
    secret, rows = "s3cr3t-of-the-operator", server.data_folder / "metadata" / "entrepot.db"
    for target in (
        f"postgresql://user:{secret}@127.0.0.1:1/db",
        f"postgresql://127.0.0.1:1/db?password={secret}",
    ):
        ended = Command(server.folder, ("migrate-storage", f"sqlite://{rows}", target)).run()
        assert ended.status == 2
        assert secret not in ended.out + ended.err
    for target in (f"s3://user:{secret}@bucket/prefix", f"s3://bucket?secret={secret}"):
        ended = blobs_move(server, target).run()
        assert ended.status == 2
        assert secret not in ended.out + ended.err
