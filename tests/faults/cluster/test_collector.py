"""The collector goes round without a pause while other nodes push, mount and delete: no blob is lost."""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.engines.cluster import Stores, cluster
from tests.engines.entrepot import Entrepot, log_entries
from tests.faults.cluster.aftermath import assert_consistent
from tests.faults.cluster.churn import CLIENTS, Churner, churners
from tests.faults.cluster.figures import Figures, note_figures
from tests.faults.serving.processes import wait_until

_SOAK_SECONDS = float(os.environ.get("ENTREPOT_SOAK_SECONDS", "8"))
_LEAST = 3  # deletions of each client, however slow the machine is


def test_attack_44_collection_beside_pushes_mounts_and_deletions_loses_no_blob(
    stores: Stores, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    tiny = ("--collect-seconds=0", "--grace-seconds=1", "--workers=1")
    with cluster(tmp_path, stores, *tiny) as running:
        clients = churners(running.nodes, lambda: None, seed=1)
        last = time.monotonic() + _SOAK_SECONDS
        with ThreadPoolExecutor(CLIENTS) as pool:
            working = [pool.submit(client.work_while, partial(_has_time, client, last)) for client in clients]
            for done in working:
                done.result()
        for client in clients:
            client.verify()
        assert_consistent(running.nodes[0])
        wait_until(lambda: _collected(running.nodes) > 0, "some blobs are collected")
    did = sum((client.did for client in clients), Counter[str]())
    assert did["setback"] == 0, did
    note_figures(
        Figures(
            fault="the collector goes round without a pause",
            seconds=_SOAK_SECONDS,
            times=1,
            operations=did["push"] + did["delete"] + did["undo"] + did["restore"],
            setbacks={"MANIFEST_BLOB_UNKNOWN": did["outrun"] + did["restore too late"]},
            recovery_seconds=0,
        ),
        tell,
    )


def _has_time(client: Churner, last: float) -> bool:
    return time.monotonic() < last or client.did["delete"] < _LEAST


def _collected(nodes: Sequence[Entrepot]) -> int:
    """How many blobs the collector has removed, on whichever node it ran."""
    return sum(int(entry["blobs"]) for node in nodes for entry in log_entries(node, "collected"))
