"""`python -m deploy.image` writes the image of this source as one file, and says what is in it by size."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from deploy.image import debian, wheels
from deploy.image.archive import Image, Layer, assemble, pack_layer, write
from deploy.image.contents import BUILD_ONLY, DEBIAN_PACKAGES
from deploy.image.root import DATA_DIR, FOLDERS, MODULES, UID, Root, add_debian, add_program, add_wheels

from entrepot import __version__

SOURCE = Path(__file__).resolve().parents[2]
BUDGET_BYTES = 110_000_000  # unpacked
_MEGABYTE = 1_000_000
_WORTH_A_LINE_BYTES = 300_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.image", description=__doc__)
    default = SOURCE / "build" / "image" / f"entrepot-{__version__}.tar"
    parser.add_argument("--output", type=Path, default=default, help=f"the file (default {default.name})")
    output: Path = parser.parse_args().output.absolute()
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        image = build(output.parent / "apt")
    except debian.CannotFetch as failure:
        print(failure, file=sys.stderr)
        return 2
    write(image, f"entrepot:{__version__}", output)
    unpacked = sum(layer.unpacked_bytes for layer in image.layers)
    packed = sum(len(layer.content) for layer in image.layers)
    print(f"{output}\nentrepot:{__version__} {image.digest}")
    print(f"{_megabytes(unpacked)} MB unpacked, {_megabytes(packed)} MB to carry")
    if unpacked > BUDGET_BYTES:
        print(f"too large: the budget is {_megabytes(BUDGET_BYTES)} MB unpacked", file=sys.stderr)
        return 1
    return 0


def build(apt_folder: Path) -> Image:
    """The image, built in a folder that goes with it; apt's lists are kept for the next time."""
    seconds = source_date()
    architecture = debian.architecture()
    with tempfile.TemporaryDirectory(prefix="entrepot-image-") as name:
        work = Path(name)
        for folder in ("root", "wheels", "entrepot"):
            (work / folder).mkdir()
        root = Root(work / "root")

        def pack(says: str) -> Layer:
            return pack_layer(root.folder, root.added(), says=says, seconds=seconds, owned=FOLDERS)

        packages = debian.fetch(DEBIAN_PACKAGES, apt_folder)
        add_debian(root, packages)
        layers = [pack("Debian: " + ", ".join(package.stem for package in packages))]
        add_wheels(
            root,
            wheels.fetch(
                SOURCE / "requirements.lock", work / "wheels", architecture=architecture, but=BUILD_ONLY
            ),
        )
        layers.append(pack("the wheels of requirements.lock"))
        add_program(root, wheels.build(SOURCE, work / "entrepot"))
        layers.append(pack(f"entrepot {__version__}"))
        print_sizes(root.folder)
    created = datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    return assemble(
        tuple(layers), architecture=architecture, created=created, config=container_config(revision())
    )


def container_config(commit: str) -> dict[str, object]:
    """What a container starts with where nothing else is said."""
    return {
        "User": f"{UID}:{UID}",
        "Env": [
            "PATH=/usr/local/bin:/usr/bin",
            "LANG=C.UTF-8",
            f"ENTREPOT_DATA_DIR=/{DATA_DIR}",
            "ENTREPOT_HOST=0.0.0.0",
        ],
        "Entrypoint": ["entrepot"],
        "Cmd": ["serve"],
        "WorkingDir": f"/{DATA_DIR}",
        "ExposedPorts": {"5050/tcp": {}},
        "StopSignal": "SIGTERM",
        # Nanoseconds. A new node may have to wait for a database that is just starting.
        "Healthcheck": {
            "Test": ["CMD", "python3", "-I", "-m", "entrepot.health"],
            "Interval": 30_000_000_000,
            "Timeout": 10_000_000_000,
            "StartPeriod": 60_000_000_000,
            "Retries": 3,
        },
        "Labels": {
            "org.opencontainers.image.title": "Entrepot",
            "org.opencontainers.image.description": "A self-hosted Amazon ECR",
            "org.opencontainers.image.version": __version__,
            "org.opencontainers.image.revision": commit,
            "org.opencontainers.image.base.name": "scratch",
        },
    }


def source_date() -> int:
    """When this source is from, in seconds: SOURCE_DATE_EPOCH, else the time of the commit, else 1970."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given or _git("log", "-1", "--format=%ct") or 0)


def revision() -> str:
    """The commit, marked where files differ from it; empty outside a repository."""
    return _git("describe", "--always", "--abbrev=40", "--dirty", "--match=")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=SOURCE, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def print_sizes(root: Path) -> None:
    """What takes the room: each Python package, each folder of the others."""
    sizes: Counter[str] = Counter()
    for folder, _, files in os.walk(root):
        for name in files:
            file = Path(folder) / name
            if not file.is_symlink():
                sizes[_kind(file.relative_to(root).parts)] += file.stat().st_size
    large = [(kind, size) for kind, size in sizes.most_common() if size >= _WORTH_A_LINE_BYTES]
    for kind, size in [*large, ("all else", sizes.total() - sum(size for _, size in large))]:
        print(f"{_megabytes(size):>7} MB  {kind}")


def _kind(parts: tuple[str, ...]) -> str:
    modules = tuple(MODULES.split("/"))
    depth = len(modules) + 1 if parts[: len(modules)] == modules else 4
    return "/".join(parts[:depth])


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.1f}"


if __name__ == "__main__":
    sys.exit(main())
