"""A disk that is full: what does not fit is refused, what was acknowledged stays, and room helps."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.raw_registry import sha256, with_query
from tests.engines.disk import fill, small_disk
from tests.engines.entrepot import Entrepot, served
from tests.faults.serving.images import Acknowledged, OciPusher, make_image, pull, registry_of, tags_of


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    with small_disk(tmp_path / "data", "48m"), served(tmp_path, "--workers=2") as running:
        running.create_repository("team/app")
        yield running


def test_attack_45_a_full_disk_loses_nothing_that_was_acknowledged(server: Entrepot) -> None:
    raw, told, chance = registry_of(server), Acknowledged(), random.Random(7)
    pusher = OciPusher(raw, "team/app", told, chance)
    pusher.push(make_image(chance, "before"))
    where, content = raw.begin_upload("team/app"), chance.randbytes(1 << 20)
    assert raw.send("PATCH", where, content).status == 202
    filler = fill(server.data_folder)
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
    filler = fill(server.data_folder)
    server.kill9()
    filler.unlink()
    server.start()
    pull(registry_of(server), "team/app", told.images[0][1])
