"""`entrepot check --repair` goes round and round while a server is at work: it hurts nothing that is whole.

On SQLite and files, with an archive tier. `ENTREPOT_SOAK_SECONDS` (default 6) says for how long.
"""

import json
import os
import random
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.clients.raw_registry import OCI_MANIFEST, RawRegistry, target_of, with_query
from tests.engines.entrepot import PROGRAM, Entrepot, served
from tests.faults.cluster.aftermath import assert_consistent
from tests.faults.cluster.churn import CLIENTS, churners
from tests.faults.cluster.figures import Figures, note_figures
from tests.faults.serving.images import TestImage, make_image, pull, registry_of
from tests.faults.serving.processes import wait_until

_SOAK_SECONDS = float(os.environ.get("ENTREPOT_SOAK_SECONDS", "6"))
_LEAST = 2  # rounds of damage and repair, however slow the machine is
_DAMAGED, _ARCHIVED = "damaged/app", "archived/app"
_SIZES = (28, 70_000)


def test_attack_44_check_and_repair_beside_pushes_moves_and_the_collector_hurt_nothing_whole(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    chance, stop = random.Random(31), threading.Event()
    archive = f"--archive=file://{tmp_path / 'archive'}"
    with served(tmp_path, "--collect-seconds=0", "--grace-seconds=1", "--workers=1", archive) as server:
        clients = churners([server], lambda: None, seed=31)
        vandal, archivist = Vandal(server, chance), Archivist(server, random.Random(30))
        works: Sequence[Callable[[], None]] = (
            *(partial(client.work_while, lambda: not stop.is_set()) for client in clients),
            partial(archivist.work_until, stop),
        )
        last = time.monotonic() + _SOAK_SECONDS
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            working = [pool.submit(work) for work in works]
            try:
                while (time.monotonic() < last or vandal.rounds < _LEAST) and _go_on(working):
                    vandal.damage_and_mend()
            finally:
                stop.set()
            for done in working:
                done.result()
        whole = sum(client.verify() for client in clients) + archivist.verify() + vandal.verify()
        assert_consistent(server)
    did = sum((client.did for client in clients), archivist.did)
    assert did["setback"] == 0, did
    tell(f"{vandal.rounds} repairs, {whole} images whole at the end, {dict(did)}")
    note_figures(
        Figures(
            fault="layers are damaged, and check --repair goes round without a pause",
            seconds=_SOAK_SECONDS,
            times=vandal.rounds,
            operations=did["push"] + did["delete"] + did["undo"] + did["restore"],
            setbacks={"MANIFEST_BLOB_UNKNOWN": did["outrun"] + did["restore too late"]},
            recovery_seconds=0,
        ),
        tell,
    )


def _go_on(working: Sequence[Future[None]]) -> bool:
    return not any(each.done() for each in working)


@dataclass(slots=True)
class Vandal:
    """Damages layers of images that nobody else pushes, has them found, and pushes them again."""

    server: Entrepot
    chance: random.Random
    rounds: int = 0
    _images: list[TestImage] = field(default_factory=list)
    _raw: RawRegistry = field(init=False)

    def __post_init__(self) -> None:
        self.server.create_repository(_DAMAGED)
        self._raw = registry_of(self.server)
        for number in range(3):
            image = make_image(self.chance, f"v{number}", sizes=_SIZES)
            push(self._raw, _DAMAGED, image)
            self._images.append(image)

    def damage_and_mend(self) -> None:
        """One round; whatever else the check finds is a fault of it, or of the server."""
        image = self.chance.choice(self._images)
        digest = self.chance.choice(sorted(image.content))
        self._damage(self._file_of(digest))
        report = self._check("--repair")
        assert self._found(report) == {digest}
        [repaired] = report["repaired"]
        assert repaired["how"].startswith("in quarantine"), repaired
        assert {hurt["image"] for hurt in repaired["hurt"]} == {image.digest}
        assert self._raw.send("HEAD", f"/v2/{_DAMAGED}/blobs/{digest}").status == 404
        push(self._raw, _DAMAGED, image)
        pull(self._raw, _DAMAGED, image)
        assert self._found(self._check(*self.chance.choice(((), ("--repair",))))) == set()
        self.rounds += 1

    def verify(self) -> int:
        for image in self._images:
            pull(self._raw, _DAMAGED, image)
        return len(self._images)

    def _damage(self, file: Path) -> None:
        match self.chance.choice(("flip", "cut", "remove")):
            case "flip":
                content = bytearray(file.read_bytes())
                content[self.chance.randrange(len(content))] ^= 1 << self.chance.randrange(8)
                file.write_bytes(content)
            case "cut":
                os.truncate(file, self.chance.randrange(file.stat().st_size))
            case "remove":
                file.unlink()

    def _file_of(self, digest: str) -> Path:
        rows = f"file:{self.server.data_folder / 'metadata' / 'entrepot.db'}?mode=ro"
        with closing(sqlite3.connect(rows, uri=True)) as database:
            [[key]] = database.execute("SELECT blob_key FROM blob WHERE digest = ?", [digest]).fetchall()
        return Path(self.server.data_folder, "blobs", "blobs", key[:2], key)

    def _check(self, *options: str) -> dict[str, Any]:
        grace = self.chance.choice(("--grace-minutes=0", "--grace-minutes=60"))
        checked = subprocess.run(
            [
                str(PROGRAM), "check", "--deep", "--json", grace, *options,
                f"--data-dir={self.server.data_folder}", *self.server.options,
            ],
            env={**os.environ, **self.server.environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )  # fmt: skip
        assert checked.returncode in (0, 1), checked.stderr
        assert "Traceback" not in checked.stderr, checked.stderr
        report: dict[str, Any] = json.loads(checked.stdout)
        return report

    def _found(self, report: dict[str, Any]) -> set[str]:
        """The digests of the blobs with which something is wrong, where that is all that was found."""
        found = [(finding["what"], finding["key"]) for finding in report["findings"]]
        known = {"bytes-missing", "length-wrong", "blob-unreadable", "blob-digest-wrong"}
        assert all(what in known for what, _ in found), report["findings"]
        return {key[1] for _, key in found}


@dataclass(slots=True)
class Archivist:
    """Sends images into the archive and has them back, and pulls them where they can be pulled."""

    server: Entrepot
    chance: random.Random
    did: Counter[str] = field(default_factory=Counter)
    _images: list[TestImage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.create_repository(_ARCHIVED)
        for number in range(3):
            image = make_image(self.chance, f"v{number}", sizes=_SIZES)
            push(registry_of(self.server), _ARCHIVED, image)
            self._images.append(image)

    def work_until(self, stop: threading.Event) -> None:
        while not stop.is_set():
            image = self.chance.choice(self._images)
            self._put(image, "ARCHIVE")
            stop.wait(self.chance.uniform(0, 15))  # the layers are moved every ten seconds
            self._bring_back(image)
            self.did["archived"] += 1

    def verify(self) -> int:
        for image in self._images:
            self._bring_back(image)
        return len(self._images)

    def _bring_back(self, image: TestImage) -> None:
        self._put(image, "STANDARD")
        wait_until(lambda: self._status(image) == "ACTIVE", "the image is back")
        pull(registry_of(self.server), _ARCHIVED, image)

    def _put(self, image: TestImage, storage_class: str) -> None:
        self.server.ecr().update_image_storage_class(
            repositoryName=_ARCHIVED,
            imageId={"imageDigest": image.digest},
            targetStorageClass=storage_class,  # type: ignore[arg-type]
        )

    def _status(self, image: TestImage) -> str:
        described = self.server.ecr().describe_images(
            repositoryName=_ARCHIVED,
            imageIds=[{"imageDigest": image.digest}],
            filter={"imageStatus": "ANY"},
        )
        return described["imageDetails"][0]["imageStatus"]


def push(raw: RawRegistry, repository: str, image: TestImage) -> None:
    """As docker: what is there is not sent again."""
    for digest, content in image.content.items():
        if raw.send("HEAD", f"/v2/{repository}/blobs/{digest}").status != 200:
            begun = raw.send("POST", f"/v2/{repository}/blobs/uploads/")
            sent = raw.send("PUT", with_query(target_of(begun), digest=digest), content)
            assert sent.status == 201, sent
    put = raw.push_manifest(repository, image.tag, image.manifest, OCI_MANIFEST)
    assert put.status == 201, put
