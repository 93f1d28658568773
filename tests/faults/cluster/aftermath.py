"""What must be true of the nodes and of both stores once everything has come to rest."""

import json
import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from tests.clients.raw_registry import OCI_MANIFEST, RawRegistry, sha256
from tests.engines.entrepot import PROGRAM, Entrepot
from tests.faults.cluster.load import Load, pull_all
from tests.faults.serving.images import registry_of, tags_of
from tests.faults.serving.processes import is_ready, wait_until


def assert_whole(nodes: Sequence[Entrepot], load: Load) -> None:
    """Every acknowledged image is whole through every node, and no tag shows one that is not.

    Nor has either store anything that the other does not know of.
    """
    for node in nodes:
        wait_until(partial(is_ready, node), f"node {node.port} is ready")
    pull_all([registry_of(node) for node in nodes], load.told)
    tags = set(tags_of(nodes[0], load.repository))
    acknowledged = {image.tag for _, image in load.told.images}
    assert acknowledged <= tags
    for tag in tags - acknowledged:  # pushed, but the answer was lost on its way
        _assert_not_half_visible(registry_of(nodes[0]), load.repository, tag)
    for node in nodes[1:]:
        assert set(tags_of(node, load.repository)) == tags
    assert_consistent(nodes[0])


def assert_consistent(node: Entrepot) -> None:
    """Rows and bytes come to hold together, with no grace for what nobody names."""
    with suppress(AssertionError):  # the collector may have something to do yet
        wait_until(lambda: not findings(node), "the stores hold together")
    assert findings(node) == []


def findings(node: Entrepot) -> list[str]:
    """What `entrepot check` finds wrong, down to the digest of every layer."""
    options = ("--deep", "--grace-minutes=0", f"--data-dir={node.data_folder}", *node.options)
    checked = subprocess.run(
        [str(PROGRAM), "check", *options],
        env={**os.environ, **node.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert checked.returncode in (0, 1), checked.stdout
    assert "Traceback" not in checked.stdout, checked.stdout
    return checked.stdout.splitlines()[:-1] if checked.returncode else []


def _assert_not_half_visible(raw: RawRegistry, repository: str, tag: str) -> None:
    got = raw.send("GET", f"/v2/{repository}/manifests/{tag}", headers={"Accept": OCI_MANIFEST})
    assert got.status == 200, (tag, got)
    manifest = json.loads(got.body)
    for part in (manifest["config"], *manifest["layers"]):
        blob = raw.send("GET", f"/v2/{repository}/blobs/{part['digest']}")
        assert (blob.status, sha256(blob.body)) == (200, part["digest"]), (tag, part)
