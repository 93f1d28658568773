"""A disk that is full: what does not fit is refused, what was acknowledged stays, and room helps."""

import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.raw_registry import sha256, with_query
from tests.engines.entrepot import Entrepot, served
from tests.engines.programs import require_root
from tests.faults.serving.images import Acknowledged, OciPusher, make_image, pull, registry_of, tags_of

_DISK = "48m"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    with _small_disk(tmp_path / "data"), served(tmp_path, "--workers=2") as running:
        running.create_repository("team/app")
        yield running


def test_attack_45_a_full_disk_loses_nothing_that_was_acknowledged(server: Entrepot) -> None:
    raw, told, chance = registry_of(server), Acknowledged(), random.Random(7)
    pusher = OciPusher(raw, "team/app", told, chance)
    pusher.push(make_image(chance, "before"))
    where, content = raw.begin_upload("team/app"), chance.randbytes(1 << 20)
    assert raw.send("PATCH", where, content).status == 202
    filler = _fill(server.data_folder)
    assert raw.send("PATCH", where, chance.randbytes(1 << 20)).status >= 500
    with pytest.raises(AssertionError, match="status=5"):
        pusher.push(make_image(chance, "refused", sizes=[1 << 20]))
    for repository, image in told.images:
        pull(raw, repository, image)
    filler.unlink()
    done = raw.send("PUT", with_query(where, digest=sha256(content)), b"")
    assert done.status == 201
    pusher.push(make_image(chance, "after"))
    server.restart()
    raw = registry_of(server)
    for repository, image in told.images:
        pull(raw, repository, image)
    assert tags_of(server, "team/app") == ["after", "before"]


def test_attack_45_a_server_killed_on_a_full_disk_is_whole_once_there_is_room(server: Entrepot) -> None:
    raw, told, chance = registry_of(server), Acknowledged(), random.Random(9)
    pusher = OciPusher(raw, "team/app", told, chance)
    pusher.push(make_image(chance, "1.0"))
    filler = _fill(server.data_folder)
    server.kill9()
    filler.unlink()
    server.start()
    pull(registry_of(server), "team/app", told.images[0][1])


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    require_root("mounting a small disk")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _fill(folder: Path) -> Path:
    """Take all the room that is left; the file that takes it."""
    filler, room = folder / "filler", os.statvfs(folder)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize)
    return filler
