"""kill -9 in the middle of pushes: what was acknowledged is there, what was not can be done again.

`ENTREPOT_SOAK_SECONDS` (default 60) says how long rounds go on.
"""

import http.client
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from tests.clients.raw_registry import RawRegistry, sha256, target_of, with_query
from tests.engines.entrepot import Entrepot, served
from tests.faults.serving.images import (
    ECR_SIZES,
    OCI_SIZES,
    Acknowledged,
    EcrPusher,
    OciPusher,
    make_image,
    offset_of,
    pull,
    registry_of,
)

_SOAK_SECONDS = float(os.environ.get("ENTREPOT_SOAK_SECONDS", "60"))
_PUSHERS = 4
_DEADLINE_SECONDS = 120


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    with served(tmp_path, "--workers=2") as running:
        running.create_repository("team/app")
        yield running


def test_attack_11_what_was_acknowledged_survives_kill_9_in_the_middle_of_pushes(
    server: Entrepot, tell: Callable[[str], None]
) -> None:
    told, began, rounds = Acknowledged(), time.monotonic(), 0
    while rounds < 3 or time.monotonic() - began < _SOAK_SECONDS:
        rounds += 1
        chance = random.Random(rounds)
        seen = len(told.images)
        _push_until_killed(server, told, chance, images=chance.randrange(1, 7))
        server.start()
        raw = registry_of(server)
        for repository, image in [*told.images[seen:], *chance.sample(told.images[:seen], min(seen, 3))]:
            pull(raw, repository, image)
        _continue_uploads(raw, told, chance)
    raw = registry_of(server)
    for repository, image in told.images:
        pull(raw, repository, image)
    tell(f"{rounds} kills, {len(told.images)} acknowledged images whole")


def _push_until_killed(server: Entrepot, told: Acknowledged, chance: random.Random, *, images: int) -> None:
    """Kill the server once so many images are acknowledged and others are under way."""
    raw, ecr = registry_of(server), server.ecr()
    goal, enough, is_dead = len(told.images) + images, threading.Event(), threading.Event()

    def push_on(own: random.Random, *, is_by_api: bool) -> None:
        pusher = EcrPusher(ecr, "team/app", told) if is_by_api else OciPusher(raw, "team/app", told, own)
        while not is_dead.is_set():
            sizes = ECR_SIZES if is_by_api else OCI_SIZES
            image = make_image(own, f"t{own.getrandbits(64):x}", sizes=sizes)
            try:
                pusher.push(image)
            except (OSError, http.client.HTTPException, BotoCoreError):
                assert enough.is_set(), "the connection broke before the kill"
                return
            if len(told.images) >= goal:
                enough.set()

    with ThreadPoolExecutor(_PUSHERS) as pool:
        pushing = [
            pool.submit(push_on, random.Random(chance.random()), is_by_api=number == 0)
            for number in range(_PUSHERS)
        ]
        try:
            assert enough.wait(_DEADLINE_SECONDS), [job.exception() for job in pushing if job.done()]
        finally:
            server.kill9()
            is_dead.set()
        for job in pushing:
            job.result(_DEADLINE_SECONDS)


def _continue_uploads(raw: RawRegistry, told: Acknowledged, chance: random.Random) -> None:
    """Every upload that was cut off stands where it was acknowledged or further, and goes on from there."""
    for where, acknowledged in told.offsets.items():
        held = offset_of(raw, where, acknowledged=acknowledged)
        assert held >= acknowledged, where
        rest = chance.randbytes(1000)
        sent = raw.send("PATCH", where, rest, {"Content-Range": f"{held}-{held + 999}"})
        assert (sent.status, sent.headers["range"]) == (202, f"0-{held + 999}")
        assert raw.send("DELETE", where).status == 204
    told.offsets.clear()


def test_an_upload_cut_off_by_kill_9_is_finished_from_its_status(server: Entrepot) -> None:
    raw, content = registry_of(server), random.Random(1).randbytes(5_000_000)
    where = raw.begin_upload("team/app")
    sent = raw.send("PATCH", where, content[:1_500_000])
    assert sent.status == 202
    server.kill9()
    server.start()
    held = offset_of(raw, where, acknowledged=1_500_000)
    assert held == 1_500_000
    sent = raw.send("PATCH", where, content[held:], {"Content-Range": f"{held}-{len(content) - 1}"})
    assert sent.status == 202, sent
    done = raw.send("PUT", with_query(target_of(sent), digest=sha256(content)), b"")
    assert done.status == 201, done
    assert raw.send("GET", f"/v2/team/app/blobs/{sha256(content)}").body == content


@pytest.mark.parametrize("kill", [Entrepot.kill9, Entrepot.stop], ids=["killed", "stopped"])
def test_tags_and_tokens_are_good_after_a_restart(
    server: Entrepot, kill: Callable[[Entrepot], object]
) -> None:
    raw, told = registry_of(server), Acknowledged()
    image = make_image(random.Random(2), "1.0")
    OciPusher(raw, "team/app", told, random.Random(2)).push(image)
    kill(server)
    server.start()
    pull(raw, "team/app", image)
    with pytest.raises(server.ecr().exceptions.ImageAlreadyExistsException):
        server.ecr().put_image(
            repositoryName="team/app", imageManifest=image.manifest.decode(), imageTag="1.0"
        )
