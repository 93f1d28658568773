"""The locked wheels, and the wheel of Entrepot itself, unpacked without being installed."""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path

PYTHON = "3.11"  # of the image, not of the machine that builds it
_PLATFORMS = {"amd64": "x86_64", "arm64": "aarch64"}
# manylinux of glibc 2.36 and older: pip asks for each name by itself.
_GLIBC = ("2_34", "2_31", "2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")


def fetch(lock: Path, folder: Path, *, architecture: str, but: Collection[str]) -> list[Path]:
    """Every wheel that the lock names, checked by its hash, as files of the folder."""
    requirements = folder / "requirements"
    requirements.write_text(_without(lock.read_text(), but))
    machine = _PLATFORMS[architecture]
    names = [f"manylinux_{glibc}_{machine}" for glibc in _GLIBC]
    names += [f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]
    _pip(
        "download",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--implementation=cp",
        f"--python-version={PYTHON}",
        *(f"--platform={name}" for name in names),
        f"--dest={folder}",
        f"--requirement={requirements}",
    )
    return sorted(folder.glob("*.whl"))


def build(source: Path, folder: Path) -> Path:
    """The wheel of the package that this source is."""
    copy = folder / "source"  # building writes beside the source
    copy.mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(source / name, copy / name)
    shutil.copytree(source / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    _pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", str(copy))
    [wheel] = folder.glob("*.whl")
    return wheel


def unpack(wheel: Path, root: Path, place: str, is_wanted: Callable[[str], bool]) -> None:
    """The wheel's modules and metadata in a folder of the root; its scripts are left out."""
    with zipfile.ZipFile(wheel) as members:
        for member in members.infolist():
            path = f"{place}/{member.filename}"
            if member.is_dir() or ".data/" in path or not is_wanted(path):
                continue
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(members.read(member))
            target.chmod(0o644)


def _without(lock: str, names: Collection[str]) -> str:
    """The lock without the entries of these packages; an entry ends where the next one begins."""
    entries = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)
    return "".join(entry for entry in entries if entry.partition("==")[0] not in names)


def _pip(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments], check=True
    )
