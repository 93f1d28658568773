"""The collector goes round without a pause while other nodes push, mount and delete: no blob is lost."""

import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.clients.raw_registry import OCI_MANIFEST, RawRegistry, target_of, with_query
from tests.engines.cluster import Stores, cluster
from tests.engines.entrepot import Entrepot, log_entries
from tests.faults.cluster.aftermath import assert_consistent
from tests.faults.cluster.figures import Figures, note_figures
from tests.faults.serving.images import TestImage, make_image, pull, registry_of
from tests.faults.serving.processes import wait_until

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

_SOAK_SECONDS = float(os.environ.get("ENTREPOT_SOAK_SECONDS", "8"))
_WORKERS = 6
_IMAGES = 20  # that all of them push, again and again, so that blobs are let go and wanted back
_KEPT = 2
_LEAST = 3  # deletions of each client, however slow the machine is
_TRIES = 200  # of a push whose layers are collected before its manifest comes, as they may be


def test_attack_44_collection_beside_pushes_mounts_and_deletions_loses_no_blob(
    stores: Stores, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = ("--collect-seconds=0", "--grace-seconds=1", "--workers=1")
    with cluster(tmp_path, stores, *tiny) as running:
        running.nodes[0].own().put_recycle_bin_settings(retentionDays=0)  # else nothing could be collected
        workers = [_Worker(running.nodes, random.Random(seed), seed) for seed in range(_WORKERS)]
        last = time.monotonic() + _SOAK_SECONDS
        with ThreadPoolExecutor(_WORKERS) as pool:
            for done in [pool.submit(worker.work_until, last) for worker in workers]:
                done.result()
        for worker in workers:
            for image in worker.kept:
                for node in running.nodes:
                    pull(registry_of(node), worker.repository, image)
        assert_consistent(running.nodes[0])
        wait_until(lambda: _collected(running.nodes) > 0, "some blobs are collected")
    pushed, deleted, outrun = (
        sum(getattr(worker, count) for worker in workers) for count in ("pushed", "deleted", "outrun")
    )
    with capsys.disabled():
        note_figures(
            Figures(
                fault="the collector goes round without a pause",
                seconds=_SOAK_SECONDS,
                times=1,
                operations=pushed + deleted,
                setbacks={"MANIFEST_BLOB_UNKNOWN": outrun},
                recovery_seconds=0,
            )
        )


def _collected(nodes: Sequence[Entrepot]) -> int:
    """How many blobs the collector has removed, on whichever node it ran."""
    return sum(int(entry["blobs"]) for node in nodes for entry in log_entries(node, "collected"))


@dataclass(slots=True)
class _Worker:
    """One client with a repository of its own; each of its requests meets any node."""

    nodes: Sequence[Entrepot]
    chance: random.Random
    number: int
    kept: list[TestImage] = field(default_factory=list)
    pushed: int = 0
    deleted: int = 0
    outrun: int = 0
    """How often the collector was faster than a push."""

    @property
    def repository(self) -> str:
        return f"gc/app-{self.number}"

    def work_until(self, last: float) -> None:
        self.nodes[0].create_repository(self.repository)
        registries = [registry_of(node) for node in self.nodes]
        clients = [node.ecr() for node in self.nodes]
        while time.monotonic() < last or self.deleted < _LEAST:
            if len(self.kept) < _KEPT:
                self._push(registries)
            elif self.chance.random() < 0.6:
                self._delete(self.chance.choice(clients))
            else:
                pull(self.chance.choice(registries), self.repository, self.chance.choice(self.kept))

    def _push(self, registries: Sequence[RawRegistry]) -> None:
        """The contents are the same in every repository; the tags say which of them are here."""
        tags = {f"v{number}" for number in range(_IMAGES)} - {image.tag for image in self.kept}
        tag = self.chance.choice(sorted(tags))
        image = make_image(random.Random(tag), tag, sizes=[28, 70_000])
        for _ in range(_TRIES):
            for digest, content in image.content.items():
                self._bring(registries, digest, content)
            put = self.chance.choice(registries).push_manifest(
                self.repository, tag, image.manifest, OCI_MANIFEST
            )
            if put.status == 201:
                pull(self.chance.choice(registries), self.repository, image)
                self.kept.append(image)
                self.pushed += 1
                return
            assert b"MANIFEST_BLOB_UNKNOWN" in put.body, put
            self.outrun += 1
        raise AssertionError(f"no push in {_TRIES} tries outran the collector")

    def _bring(self, registries: Sequence[RawRegistry], digest: str, content: bytes) -> None:
        """As docker: ask whether it is there, else mount it from another repository, else send it."""
        raw = self.chance.choice(registries)
        if raw.send("HEAD", f"/v2/{self.repository}/blobs/{digest}").status == 200:
            return
        source = f"gc/app-{self.chance.randrange(_WORKERS)}"
        asked = with_query(f"/v2/{self.repository}/blobs/uploads/", mount=digest, **{"from": source})
        begun = raw.send("POST", asked)
        assert begun.status in (201, 202), begun
        if begun.status == 202:
            where = with_query(target_of(begun), digest=digest)
            sent = self.chance.choice(registries).send("PUT", where, content)
            # An upload that waited for longer than the grace was dropped; the manifest will not be taken.
            assert sent.status in (201, 404, 416), sent

    def _delete(self, ecr: "ECRClient") -> None:
        image = self.kept.pop(self.chance.randrange(len(self.kept)))
        gone = ecr.batch_delete_image(
            repositoryName=self.repository, imageIds=[{"imageDigest": image.digest}]
        )
        assert not gone["failures"], gone
        self.deleted += 1
