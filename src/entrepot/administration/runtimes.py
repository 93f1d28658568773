"""Which images the container runtime of this machine runs: docker, crictl or ctr are asked."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from entrepot.administration.connection import NotAnswered

Run = Callable[[Sequence[str]], str]
"""Runs a command; what it printed, or NotAnswered."""

_SECONDS = 60
_AT_ONCE = 100  # ids a command: a command line has its limits


def run_command(command: Sequence[str]) -> str:
    """Run it to its end; raises NotAnswered where it fails."""
    try:
        done = subprocess.run(  # noqa: S603 (its own commands, without a shell)
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise NotAnswered(f"{command[0]}: {cause}") from cause
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise NotAnswered(f"{' '.join(command[:3])}: {said[-1] if said else 'failed'}")
    return done.stdout


def running_images(runtime: str | None, namespace: str, run: Run = run_command) -> set[str]:
    """References with digests of all images that containers run here.

    Without a runtime the first is asked that this machine has. `namespace` is containerd's, for ctr.
    """
    name = runtime or next(filter(shutil.which, RUNTIMES), None)
    if name is None:
        raise NotAnswered(f"this machine has none of {', '.join(RUNTIMES)}")
    return _ASK[name](run, namespace)


def _docker(run: Run, _namespace: str) -> set[str]:
    containers = run(["docker", "ps", "--quiet", "--no-trunc"]).split()
    images: set[str] = set()
    for some in _batches(containers):
        # Containers that have ended since do not matter, so each is asked what it is and not what it was.
        images |= set(run(["docker", "inspect", "--format", "{{.Image}}", *some]).split())
    digests: set[str] = set()
    for some in _batches(sorted(images)):
        described = run(["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", *some])
        digests.update(*(json.loads(line) or [] for line in described.splitlines() if line.strip()))
    return digests


def _crictl(run: Run, _namespace: str) -> set[str]:
    listed = json.loads(run(["crictl", "ps", "--output", "json"])).get("containers") or []
    running: set[str] = {str(container.get("imageRef", "")) for container in listed}
    running |= {str((container.get("image") or {}).get("image", "")) for container in listed}
    images = json.loads(run(["crictl", "images", "--output", "json"])).get("images") or []
    return {
        reference
        for image in images
        if running & _names(image)
        for reference in image.get("repoDigests") or []
    }


def _names(image: Mapping[str, Any]) -> set[str]:
    return {str(image.get("id", "")), *(image.get("repoTags") or []), *(image.get("repoDigests") or [])}


def _ctr(run: Run, namespace: str) -> set[str]:
    ctr = ["ctr", "--namespace", namespace]
    digests: dict[str, str] = {}
    for line in run([*ctr, "images", "ls"]).splitlines()[1:]:
        reference, _, digest = line.split()[:3]
        digests[reference] = digest
    found: set[str] = set()
    for container in run([*ctr, "tasks", "ls", "--quiet"]).split():
        reference = str(json.loads(run([*ctr, "containers", "info", container])).get("Image", ""))
        if reference in digests:
            found.add(f"{reference.partition('@')[0]}@{digests[reference]}")
    return found


def _batches(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


_ASK: Mapping[str, Callable[[Run, str], set[str]]] = {"docker": _docker, "crictl": _crictl, "ctr": _ctr}
RUNTIMES = tuple(_ASK)
"""What can be asked, in the order in which it is looked for."""
