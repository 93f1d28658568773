"""Clients that push and pull while something fails, and what they saw of it.

They behave as docker does: what meets a broken connection or a 5xx is tried again a bounded number of
times, a layer from its beginning, a manifest and everything that reads as it is.
"""

import http.client
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from tests.clients.raw_registry import OCI_MANIFEST, Answer, RawRegistry
from tests.engines.entrepot import Endpoint
from tests.faults.serving.images import Acknowledged, OciPusher, TestImage, make_image, pull
from tests.faults.serving.processes import wait_until

T = TypeVar("T")

CLIENTS = 8
SIZES = (28, 70_000, (1 << 20) + 1)
_TRIES = 60
_LONGEST_PAUSE_SECONDS = 1.0
_PATIENCE_SECONDS = 20.0


class Setback(Exception):
    """A request that a client may try again; the text says what it met."""


@dataclass(frozen=True, slots=True)
class FailingRegistry(RawRegistry):
    """A registry behind which things break: what may be tried again is raised as a Setback."""

    def send(
        self,
        method: str,
        target: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        try:
            answer = RawRegistry.send(self, method, target, body, headers)
        except (OSError, http.client.HTTPException) as broken:
            raise Setback(type(broken).__name__) from broken
        if answer.status >= 500:
            raise Setback(f"{answer.status}")
        return answer


@dataclass(slots=True)
class Load:
    """What the clients did, and every setback that they met, in order."""

    repository: str
    told: Acknowledged = field(default_factory=Acknowledged)
    pulls: int = 0
    setbacks: list[tuple[float, str]] = field(default_factory=list)
    faults: list[float] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    _clients: list[Future[None]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def operations(self) -> int:
        """Whole images pushed and pulled."""
        return len(self.told.images) + self.pulls

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def note_fault(self) -> None:
        """From now on setbacks are due to what is done next."""
        self.faults.append(time.monotonic())

    def worst_recovery(self) -> float:
        """The longest time from a fault to the last setback before the next one, in seconds."""
        longest = 0.0
        for at, following in zip(self.faults, [*self.faults[1:], float("inf")], strict=True):
            met = [when for when, _ in self.setbacks if at <= when < following]
            longest = max(longest, met[-1] - at if met else 0.0)
        return longest

    def await_operations(self, count: int = CLIENTS) -> None:
        """Return when so many more operations are done; a client that gave up fails the test."""
        goal = self.operations + count

        def is_so() -> bool:
            for client in self._clients:
                if client.done():
                    client.result()
            return self.operations >= goal

        wait_until(is_so, f"{count} more operations; so far {self.operations}, setbacks {self.kinds()}")

    def await_setbacks(self, count: int = CLIENTS) -> None:
        """Return when so many more of them were met."""
        goal = len(self.setbacks) + count
        wait_until(lambda: len(self.setbacks) >= goal, f"{count} more setbacks")

    def kinds(self) -> dict[str, int]:
        """How often which setback was met."""
        whats = [what for _, what in self.setbacks]
        return {what: whats.count(what) for what in sorted(set(whats))}


@contextmanager
def loaded(endpoint: Endpoint, repository: str, *, seed: int, sizes: Sequence[int] = SIZES) -> Iterator[Load]:
    """Clients at work on the repository until the block ends; one that gave up fails the test."""
    load = Load(repository)
    registry = FailingRegistry(
        endpoint.host, endpoint.port, endpoint.password(), patience_seconds=_PATIENCE_SECONDS
    )
    with ThreadPoolExecutor(CLIENTS) as pool:
        for number in range(CLIENTS):
            client = _Client(registry, load, random.Random(seed * 1000 + number), sizes)
            load._clients.append(pool.submit(client.work))
        try:
            yield load
        finally:
            load._stop.set()
    for done in load._clients:
        done.result()


@dataclass(slots=True)
class _Client:
    registry: FailingRegistry
    load: Load
    chance: random.Random
    sizes: Sequence[int]
    _pace: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        while not self.load._stop.is_set():
            if self.chance.random() < 0.5 or not self.load.told.images:
                self._push(make_image(self.chance, f"t{self.chance.getrandbits(64):x}", sizes=self.sizes))
            else:
                repository, image = self.chance.choice(self.load.told.images)
                self._patiently(partial(pull, self.registry, repository, image))
                self.load.pulls += 1

    def _push(self, image: TestImage) -> None:
        pusher = OciPusher(self.registry, self.load.repository, Acknowledged(), self.chance)
        for digest, content in image.content.items():
            self._patiently(partial(self._push_layer, pusher, digest, content))
        put = self._patiently(
            partial(
                self.registry.push_manifest, self.load.repository, image.tag, image.manifest, OCI_MANIFEST
            )
        )
        assert put.status == 201, put
        self.load.told.images.append((self.load.repository, image))

    def _push_layer(self, pusher: OciPusher, digest: str, content: bytes) -> None:
        found = self.registry.send("HEAD", f"/v2/{self.load.repository}/blobs/{digest}")
        if found.status != 200:
            pusher.push_layer(digest, content)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Until it succeeds; the last setback when that takes too many tries."""
        pause = 0.02
        for _ in range(_TRIES):
            try:
                return ask()
            except Setback as setback:
                self.load.setbacks.append((time.monotonic(), str(setback)))
                last = setback
            self._pace.wait(self.chance.uniform(0, pause))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        raise last


def pull_all(registries: Sequence[RawRegistry], told: Acknowledged) -> None:
    """Every acknowledged image comes back whole, by tag and by digest, from each registry."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        waiting = [
            pool.submit(pull, registry, repository, image)
            for registry in registries
            for repository, image in told.images
        ]
        for done in waiting:
            done.result()
