"""Pushes into one object storage: Entrepot beside CNCF distribution's own S3 driver.

    .venv/bin/python -m bench.object_storage [--rounds N]

At the end, how many GETs of a plain blob a second one node with its rows in PostgreSQL sends on to it.
Both are served on this machine over the same SeaweedFS. Each push is docker's: a POST, a PATCH with the
whole layer, an empty PUT. Rounds alternate between the servers, and the median of the rounds is told.
"""

import argparse
import http.client
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from tests.engines.entrepot import free_port
from tests.engines.programs import find_program
from tests.engines.seaweedfs import REGION, SeaweedFS, seaweedfs_server

from bench.content import REPOSITORY, Blob
from bench.generator import put_load
from bench.rivals import Rival, entrepot, entrepot_on_postgresql, running
from bench.work import MANY, requests

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Work:
    """So many pushes of layers of one size, so many at once."""

    size_bytes: int
    pushes: int
    at_once: int

    @property
    def name(self) -> str:
        size = f"{self.size_bytes // MIB} MiB" if self.size_bytes >= MIB else f"{self.size_bytes} B"
        return f"{size}, {self.at_once} at once"


WORK = (Work(4000, 50, 1), Work(4000, 100, 8), Work(64 * MIB, 2, 1), Work(64 * MIB, 4, 4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with ExitStack() as running_now:
        storage = running_now.enter_context(seaweedfs_server())
        rivals = [
            running_now.enter_context(server(Path(running_now.enter_context(_folder())), storage))
            for server in (distribution_in_bucket, sealed_in_bucket, plain_in_bucket)
        ]
        for work in WORK:
            seconds: dict[str, list[float]] = {rival.name: [] for rival in rivals}
            for _ in range(rounds):
                for rival in rivals:
                    seconds[rival.name].append(_measure(rival, work))
            _tell(work, seconds)
        redirecting = running_now.enter_context(
            plain_on_postgresql(Path(running_now.enter_context(_folder())), storage)
        )
        _tell_redirects(redirecting, rounds)


@contextmanager
def distribution_in_bucket(folder: Path, storage: SeaweedFS) -> Iterator[Rival]:
    """CNCF distribution as Debian has it, with its S3 driver as it is without settings."""
    port, credentials = free_port(), storage.credentials
    settings = folder / "config.json"
    driver = {
        "accesskey": credentials["AWS_ACCESS_KEY_ID"],
        "secretkey": credentials["AWS_SECRET_ACCESS_KEY"],
        "region": REGION,
        "regionendpoint": storage.endpoint,
        "bucket": storage.create_bucket(),
        "secure": False,
        "v4auth": True,
    }
    server = {
        "version": 0.1,
        "storage": {"cache": {"blobdescriptor": "inmemory"}, "s3": driver},
        "http": {"addr": f"127.0.0.1:{port}"},
        "log": {"level": "error"},
    }
    settings.write_text(json.dumps(server))
    command = [str(find_program("docker-registry")), "serve", str(settings)]
    with running(command, folder, port, "/v2/") as pid:
        yield Rival("distribution", port, pid, folder)


@contextmanager
def sealed_in_bucket(folder: Path, storage: SeaweedFS) -> Iterator[Rival]:
    """Entrepot, which seals every layer."""
    blobs = f"--blobs={storage.blobs_url(storage.create_bucket())}"
    with entrepot(folder, blobs, environment=storage.credentials) as rival:
        yield replace(rival, name="sealed")


@contextmanager
def plain_in_bucket(folder: Path, storage: SeaweedFS) -> Iterator[Rival]:
    """Entrepot, which leaves encryption to the storage as distribution does."""
    options = (f"--blobs={storage.blobs_url(storage.create_bucket())}", "--storage-encrypted")
    with entrepot(folder, *options, environment=storage.credentials) as rival:
        yield replace(rival, name="plain")


@contextmanager
def plain_on_postgresql(folder: Path, storage: SeaweedFS) -> Iterator[Rival]:
    """A node as in a cluster: rows in PostgreSQL, plain layers in a bucket."""
    options = (f"--blobs={storage.blobs_url(storage.create_bucket())}", "--storage-encrypted")
    with entrepot_on_postgresql(folder, *options, environment=storage.credentials) as rival:
        yield rival


def _tell_redirects(rival: Rival, rounds: int) -> None:
    blob = Blob(MIB)
    rival.put_blob(blob)
    crowd = requests("GET", f"/v2/{REPOSITORY}/blobs/{blob.digest}", MANY)
    rates = [put_load(rival, crowd, seconds=2)[0].requests_per_second for _ in range(rounds)]
    print(f"blob GETs redirected, rows in PostgreSQL: {statistics.median(rates):,.0f} /s", flush=True)


def _measure(rival: Rival, work: Work) -> float:
    """Seconds that the work took; content is made and hashed before."""
    contents = [os.urandom(work.size_bytes) for _ in range(work.pushes)]
    layers = [(content, f"sha256:{sha256(content).hexdigest()}") for content in contents]
    with ThreadPoolExecutor(work.at_once) as clients:
        began = time.monotonic()
        for pushed in [clients.submit(_push, rival, *layer) for layer in layers]:
            pushed.result()
        return time.monotonic() - began


def _push(rival: Rival, content: bytes, digest: str) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", rival.port, timeout=300)) as connection:

        def ask(method: str, target: str, body: bytes, status: int) -> str:
            connection.request(method, target, body, dict(rival.headers))
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != status:
                raise RuntimeError(f"{rival.name}: {method} {target}: {answer.status} {said[:300]!r}")
            return (answer.getheader("Location") or "").removeprefix(f"http://{rival.address}")

        place = ask("POST", f"/v2/{REPOSITORY}/blobs/uploads/", b"", 202)
        place = ask("PATCH", place, content, 202)
        ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", b"", 201)


def _tell(work: Work, seconds: dict[str, list[float]]) -> None:
    """One line a server: how much a second, and how many times distribution's."""
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    baseline = next(iter(medians.values()))
    for name, median in medians.items():
        rate = work.pushes / median
        figure = f"{rate * work.size_bytes / MIB:8.1f} MiB/s" if work.size_bytes >= MIB else f"{rate:8.1f} /s"
        print(f"{work.name:<20} {name:<14} {figure:<16} {baseline / median:5.2f}x", flush=True)


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="entrepot-bench-")


if __name__ == "__main__":
    main()
