"""`entrepot check --repair` on data folders whose files were damaged, and `--deep` finding each damage."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from entrepot.app import open_store
from entrepot.cli import run
from entrepot.domain.digests import digest_of
from entrepot.domain.errors import LayerNotFound
from entrepot.installation.first_start import CannotStart, prepare
from entrepot.installation.inspection import repair
from entrepot.keys import ring_file
from entrepot.registry.inspection import Depth
from entrepot.registry.pull_times import PullTimes
from entrepot.storage.blobs.filesystem import FilesystemBlobs
from tests.unit.builders import ACCOUNT, REGISTRY, SettableClock, World
from tests.unit.installation.builders import server

NAME = f"{ACCOUNT}/{REGISTRY.region}/team/app"
LAYER = b"layer of image"
DIGEST = digest_of(LAYER)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[World]:
    """The use cases over the data folder, its files sealed as on a server."""
    settings = server(folder)
    with ThreadPoolExecutor(2) as threads:
        async with open_store(settings) as store:
            blobs, clock = FilesystemBlobs(folder / "blobs", pool=threads), SettableClock()
            ring = ring_file.load(settings.root_key_file)
            yield World(cast("Any", store), cast("Any", blobs), ring, clock, PullTimes(store, clock))


def do(folder: Path, work: Callable[[World], Awaitable[Any]]) -> Any:
    async def body() -> Any:
        async with opened(folder) as world:
            return await work(world)

    return asyncio.run(body())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one image, `team/app:1.0`."""
    folder = tmp_path_factory.mktemp("whole")
    asyncio.run(prepare(server(folder), {}))

    async def fill(world: World) -> None:
        await world.image(await world.repository(), tags=["1.0"])

    do(folder, fill)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    shutil.copytree(whole, tmp_path / "data")
    return tmp_path / "data"


def layer_file(folder: Path) -> Path:
    async def find(world: World) -> str:
        repository = await world.catalog.get(REGISTRY, cast("Any", "team/app"))
        return (await world.layers.get(repository, DIGEST)).blob_key

    key: str = do(folder, find)
    return folder / "blobs" / "blobs" / key[:2] / key


def push_again(folder: Path) -> None:
    async def push(world: World) -> None:
        repository = await world.catalog.get(REGISTRY, cast("Any", "team/app"))
        with pytest.raises(LayerNotFound):
            await world.layers.get(repository, DIGEST)
        await world.image(repository, tags=["1.0"])
        opened_layer = await world.layers.open(await world.layers.get(repository, DIGEST))
        buffer = memoryview(bytearray(len(LAYER)))
        assert opened_layer.read_into(0, buffer) == len(LAYER)
        assert bytes(buffer) == LAYER

    do(folder, push)


def check(folder: Path, *options: str) -> int:
    return run(["check", "--deep", "--grace-minutes=0", f"--data-dir={folder}", *options])


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "what"),
    [(flip_a_byte, "blob-unreadable"), (cut, "length-wrong"), (Path.unlink, "bytes-missing")],
    ids=["flipped", "cut", "removed"],
)
def test_a_damaged_layer_is_put_in_quarantine_and_the_next_push_mends_it(
    folder: Path, damage: Callable[[Path], None], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(layer_file(folder))
    assert check(folder) == 1
    assert capsys.readouterr().out.startswith(f"{what} ")

    assert check(folder, "--repair") == 1
    finding, outcome, hurt, summary = capsys.readouterr().out.splitlines()
    assert (finding.split()[0], finding.split()[2].rstrip(":")) == (what, DIGEST)
    assert outcome.startswith("  not mended: in quarantine")
    assert hurt.startswith(f"  hurt: {NAME} sha256:")
    assert hurt.endswith(" tagged 1.0")
    assert summary.endswith(": 1 findings, 0 mended")

    assert check(folder) == 1
    assert capsys.readouterr().out.startswith("blob-quarantined ")
    push_again(folder)
    assert check(folder) == 0


def test_a_file_among_those_of_uploads_is_moved_back(folder: Path) -> None:
    path = layer_file(folder)
    path.rename(folder / "blobs" / "uploads" / path.parent.name / path.name)

    assert check(folder, "--repair") == 0
    assert check(folder) == 0


def test_a_file_that_came_back_leaves_quarantine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = layer_file(folder)
    content = path.read_bytes()
    path.unlink()
    assert check(folder, "--repair") == 1
    path.write_bytes(content)

    assert check(folder, "--repair") == 0
    assert "  mended: its bytes are whole" in capsys.readouterr().out
    assert check(folder) == 0


def test_orphan_files_are_thrown_away_and_not_found_again(folder: Path) -> None:
    key = "0123456789abcdef0123456789abcdef"
    for stage in ("blobs", "uploads"):
        (folder / "blobs" / stage / key[:2] / key).write_bytes(b"orphan")

    assert check(folder) == 1
    assert check(folder, "--repair") == 0
    assert check(folder) == 0


def test_json_says_what_was_mended(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layer_file(folder).unlink()
    capsys.readouterr()

    assert check(folder, "--repair", "--json") == 1

    (repaired,) = json.loads(capsys.readouterr().out)["repaired"]
    assert repaired["finding"]["what"] == "bytes-missing"
    assert not repaired["is_mended"]
    assert [(hurt["repository"], hurt["tags"]) for hurt in repaired["hurt"]] == [(NAME, ["1.0"])]


def test_a_repair_is_told_to_the_audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layer_file(folder).unlink()
    check(folder, "--repair")
    capsys.readouterr()

    assert run(["audit", "export", f"--data-dir={folder}"]) == 0

    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (told,) = [event for event in events if event["eventName"] == "RepairStorage"]
    assert told["serviceEventDetails"]["finding"] == "bytes-missing"
    assert told["userIdentity"]["invokedBy"] == "entrepot check"


def test_what_is_whole_is_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(folder, "--repair") == 0
    assert capsys.readouterr().out.endswith(": nothing is wrong\n")


def test_attack_45_a_server_that_only_reads_is_not_repaired(folder: Path) -> None:
    with pytest.raises(CannotStart, match="read-only"):
        asyncio.run(repair(replace(server(folder), is_read_only=True), Depth()))
