"""The collector goes round without a pause and the server is killed with kill -9: nothing is lost.

On SQLite and files. `ENTREPOT_SOAK_SECONDS` (default 120) says for how long.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.engines.entrepot import log_entries, served
from tests.faults.cluster.aftermath import assert_consistent
from tests.faults.cluster.churn import CLIENTS, churners
from tests.faults.cluster.figures import Figures, note_figures
from tests.faults.serving.processes import is_ready, wait_until

_SOAK_SECONDS = float(os.environ.get("ENTREPOT_SOAK_SECONDS", "120"))
_LIVES = (3.0, 8.0)  # seconds from a start to the next kill


def test_attack_44_collector_beside_pushes_mounts_deletions_restores_and_kill_9_loses_no_blob(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    chance, stop = random.Random(44), threading.Event()
    with served(tmp_path, "--collect-seconds=0", "--grace-seconds=1", "--workers=1") as server:
        clients = churners(
            [server], lambda: wait_until(lambda: is_ready(server), "the server is back"), seed=44
        )
        last, kills = time.monotonic() + _SOAK_SECONDS, 0
        with ThreadPoolExecutor(CLIENTS) as pool:
            working = [pool.submit(client.work_while, lambda: not stop.is_set()) for client in clients]
            try:
                while time.monotonic() < last and not any(each.done() for each in working):
                    stop.wait(chance.uniform(*_LIVES))
                    server.kill9()
                    server.start()
                    kills += 1
            finally:
                stop.set()
            for done in working:
                done.result()
        whole = sum(client.verify() for client in clients)
        assert_consistent(server)
        wait_until(
            lambda: sum(int(entry["blobs"]) for entry in log_entries(server, "collected")) > 0,
            "some blobs are collected",
        )
    did = sum((client.did for client in clients), Counter[str]())
    expected = ("push", "mount", "delete", "undo", "purge", "restore", "setback")
    assert all(did[what] for what in expected), did
    assert not [what for what in did if what.startswith("setback: 5")], did  # a lost layer would be one
    tell(f"{kills} kills, {whole} images whole at the end, {dict(did)}")
    note_figures(
        Figures(
            fault="the collector goes round without a pause, kill -9",
            seconds=_SOAK_SECONDS,
            times=kills,
            operations=did["push"] + did["delete"] + did["undo"] + did["restore"],
            setbacks={
                "MANIFEST_BLOB_UNKNOWN": did["outrun"] + did["restore too late"],
                "broken connections": did["setback"],
            },
            recovery_seconds=0,
        ),
        tell,
    )
