"""kill -9 among deletions and restorations: every image is either there, whole, or in the bin, whole."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.engines.entrepot import PROGRAM, Entrepot, served
from tests.engines.programs import run_program
from tests.faults.serving.images import Acknowledged, OciPusher, TestImage, make_image, pull, registry_of

_IMAGES = 4
_KILLS = 2
_ENOUGH = 20  # changes before each kill
_REPOSITORY = "team/app"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    with served(tmp_path, "--workers=2", "--collect-seconds=0", "--grace-seconds=5") as running:
        yield running


def test_attack_45_after_kill_9_each_image_is_there_or_in_the_bin(server: Entrepot) -> None:
    server.create_repository(_REPOSITORY)
    images = [
        make_image(random.Random(seed), f"v{seed}", layers=1, sizes=[28, 70_000]) for seed in range(_IMAGES)
    ]
    pusher = OciPusher(registry_of(server), _REPOSITORY, Acknowledged(), random.Random(1))
    for image in images:
        pusher.push(image)
    for _ in range(_KILLS):
        _change_until_killed(server, images)
        server.start()
        assert _there(server) | _in_bin(server) == {image.digest for image in images}
        assert _there(server) & _in_bin(server) == set()

    for digest in _in_bin(server):
        server.own().restore_image(repositoryName=_REPOSITORY, imageDigest=digest)
    for image in images:
        pull(registry_of(server), _REPOSITORY, image)
    server.stop()
    run_program(PROGRAM, "check", "--deep", "--data-dir", server.data_folder)


def _there(server: Entrepot) -> set[str]:
    found = server.ecr().list_images(repositoryName=_REPOSITORY)["imageIds"]
    return {each["imageDigest"] for each in found}


def _in_bin(server: Entrepot) -> set[str]:
    found = server.own().list_deleted_images(repositoryName=_REPOSITORY)["deletedImages"]
    return {each["imageDigest"] for each in found}


def _change_until_killed(server: Entrepot, images: list[TestImage]) -> None:
    """Delete and restore, each image on a thread of its own, and kill the server in the middle of it."""
    enough, done = threading.Event(), list[str]()

    def change(image: TestImage) -> None:
        ecr, own = server.ecr(), server.own()
        deleted: Any = [{"imageDigest": image.digest}]
        while True:
            try:
                ecr.batch_delete_image(repositoryName=_REPOSITORY, imageIds=deleted)
                own.restore_image(repositoryName=_REPOSITORY, imageDigest=image.digest)
            except ClientError as refused:  # a repeat of what was done before the answer was lost
                if refused.response["Error"]["Code"] != "DeletedImageNotFoundException":
                    raise
            except BotoCoreError:
                return
            done.append(image.tag)
            if len(done) >= _ENOUGH:
                enough.set()

    with ThreadPoolExecutor(len(images)) as pool:
        changing = [pool.submit(change, image) for image in images]
        assert enough.wait(120), [each.exception() for each in changing if each.done()]
        server.kill9()
        for each in changing:
            each.result(60)
