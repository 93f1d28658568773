"""Debian's packages: fetched by apt as the machine is set up to do, unpacked without being installed."""

import os
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path


class CannotFetch(Exception):
    """apt does not give the packages; the text says what it wrote."""


def fetch(packages: Sequence[str], folder: Path) -> list[Path]:
    """The newest version of each, signed by Debian, as files of the folder.

    apt keeps its lists in the folder too: it needs no root, and the machine's own lists stay as they are.
    """
    for name in ("lists/partial", "cache/archives/partial", "packages"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for old in (folder / "packages").glob("*.deb"):
        old.unlink()
    (folder / "status").touch()
    _apt(folder, "update")
    _apt(folder, "download", *packages)
    return sorted((folder / "packages").glob("*.deb"))


def _apt(folder: Path, *arguments: str) -> None:
    options = {
        "Dir::State": str(folder),
        "Dir::State::lists": str(folder / "lists"),
        "Dir::State::status": str(folder / "status"),  # what is installed here does not count
        "Dir::Cache": str(folder / "cache"),
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
    }
    command = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items()), *arguments]
    try:
        done = subprocess.run(command, cwd=folder / "packages", capture_output=True, text=True, check=False)
    except FileNotFoundError as cause:
        raise CannotFetch("there is no apt-get: the image is built on Debian 12") from cause
    if done.returncode:
        raise CannotFetch(f"apt-get {arguments[0]}: {done.stderr.strip()}")


def architecture() -> str:
    """Debian's name for the machine's: amd64, arm64."""
    printed = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    return printed.stdout.strip()


def field(package: Path, name: str) -> str:
    """One field of a package's control file."""
    printed = subprocess.run(
        ["dpkg-deb", "--field", package, name], capture_output=True, text=True, check=True
    )
    return printed.stdout.strip()


def control(package: Path) -> str:
    """A package's control file."""
    return subprocess.run(["dpkg-deb", "--field", package], capture_output=True, text=True, check=True).stdout


def unpack(package: Path, root: Path, is_wanted: Callable[[str], bool]) -> None:
    """The package's files under the root, with /bin, /lib and /sbin in /usr."""
    archive = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as members:
        for member in members:
            path = _merged(os.path.normpath(member.name))
            if member.isdir() or not is_wanted(path):
                continue
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if member.issym():
                target.symlink_to(member.linkname)
            elif member.islnk():
                target.hardlink_to(root / _merged(os.path.normpath(member.linkname)))
            else:
                content = members.extractfile(member)
                if content is None:
                    raise CannotFetch(f"{package.name} has a file that is none: {member.name}")
                target.write_bytes(content.read())
                target.chmod(0o755 if member.mode & 0o100 else 0o644)


def _merged(path: str) -> str:
    top = path.partition("/")[0]
    return f"usr/{path}" if top in ("bin", "sbin") or top.startswith("lib") else path
