"""The image's own Python and dynamic linker, run from the unpacked files on the machine that builds."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

_MAGIC = b"\x7fELF"
_FOUND = re.compile(r"^\t(\S+) => (\S+) \(0x", re.MULTILINE)

# Never checked against the sources: nothing in the image changes, and times of files say nothing.
_COMPILE = """
import compileall, py_compile, sys
sys.exit(not compileall.compile_dir(
    sys.argv[1], quiet=1, stripdir=sys.argv[2], prependdir="/", workers=1, force=True,
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
))
"""


class LibraryMissing(Exception):
    """A program or library of the image needs one that the image lacks; the text names both."""


def compile_modules(root: Path, folder: str) -> None:
    """Bytecode for every module in a folder of the root, the same bytes each time."""
    subprocess.run(
        [
            *_linker(root),
            str(root / "usr/bin/python3.11"),
            "-I",
            "-S",
            "-c",
            _COMPILE,
            str(root / folder),
            str(root),
        ],
        env={"PYTHONHOME": str(root / "usr"), "PYTHONHASHSEED": "0"},
        check=True,
    )


def check_libraries(root: Path) -> None:
    """Raises LibraryMissing unless the image has every library that something in it is linked with."""
    for file in _binaries(root):
        listed = subprocess.run(
            [*_linker(root), "--list", str(file)], capture_output=True, text=True, check=False
        )
        for name, found in _FOUND.findall(listed.stdout):
            if not Path(found).resolve().is_relative_to(root.resolve()):
                raise LibraryMissing(f"{file.relative_to(root)} needs {name}")
        if "not found" in listed.stdout + listed.stderr:
            raise LibraryMissing(f"{file.relative_to(root)}: {listed.stdout}{listed.stderr}")


def _linker(root: Path) -> list[str]:
    [program] = (root / "usr/lib").glob("*/ld-linux-*.so.*")
    return [str(program), "--inhibit-cache", "--library-path", str(program.parent)]


def _binaries(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            path = Path(folder) / name
            if path.is_symlink() or path.name.startswith("ld-linux"):
                continue
            with path.open("rb") as file:
                if file.read(4) == _MAGIC:
                    yield path
