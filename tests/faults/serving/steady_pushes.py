"""Clients that push image after image while something behind the server fails."""

import random
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Event

from tests.engines.entrepot import Entrepot
from tests.faults.serving.images import Acknowledged, OciPusher, make_image, registry_of
from tests.faults.serving.processes import is_ready, wait_until

_TRIES = 20


def push_on(server: Entrepot, told: Acknowledged, chance: random.Random, stop: Event) -> int:
    """Push image after image as docker does, which begins a layer anew when the server has trouble.

    How often it had to.
    """
    refusals = 0
    pusher = OciPusher(registry_of(server), "team/app", told, chance)
    while not stop.is_set():
        image = make_image(chance, f"t{chance.getrandbits(64):x}", sizes=[28, 1_048_577])
        for _ in range(_TRIES):
            try:
                pusher.push(image)
                break
            except AssertionError as refused:
                if "status=5" not in str(refused):
                    raise
                refusals += 1
                wait_until(lambda: is_ready(server), "the server is ready again")
        else:
            raise AssertionError(f"refused {_TRIES} times")
    return refusals


def await_pushes(told: Acknowledged, jobs: Sequence[Future[int]]) -> None:
    """Until some more images are acknowledged, or a client has given up."""
    goal = len(told.images) + 3
    wait_until(lambda: len(told.images) >= goal or any(job.done() for job in jobs), "images are pushed")
