"""The image's files: what each layer adds to an empty folder."""

import os
import shutil
from pathlib import Path

from deploy.image import debian, wheels
from deploy.image.archive import Owned
from deploy.image.contents import is_wanted
from deploy.image.interpreter import check_libraries, compile_modules

UID = 65532  # as other images call their "nonroot"; no machine has a person of this number
DATA_DIR = "var/lib/entrepot"
MODULES = "usr/local/lib/python3.11/dist-packages"  # Debian's Python looks there

# Empty folders, and the data folder: a new volume that is mounted there takes its owner and mode from it.
FOLDERS = {
    DATA_DIR: Owned(UID, 0o700),
    "tmp": Owned(0, 0o1777),
    "run": Owned(0, 0o755),
    "root": Owned(0, 0o700),
}

_LINKS = {
    "bin": "usr/bin",
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "sbin": "usr/sbin",
    "usr/bin/python3": "python3.11",
    # Where Debian's OpenSSL looks for authorities.
    "usr/lib/ssl/cert.pem": "/etc/ssl/certs/ca-certificates.crt",
    "usr/lib/ssl/certs": "/etc/ssl/certs",
}
_FILES = {
    "etc/passwd": (
        f"root:x:0:0:root:/root:/usr/sbin/nologin\nentrepot:x:{UID}:{UID}:Entrepot:/{DATA_DIR}:/usr/sbin/nologin\n"
    ),
    "etc/group": f"root:x:0:\nentrepot:x:{UID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
}
# Isolated (-I): neither the environment nor the working folder changes what is imported.
_PROGRAM = "#!/usr/bin/python3.11 -I\nimport sys\n\nfrom entrepot.__main__ import main\n\nsys.exit(main())\n"


class Root:
    """A folder that layers are added to, one after another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packed: set[str] = set()

    @property
    def folder(self) -> Path:
        return self._folder

    def added(self) -> list[str]:
        """The files and links that are new since the last call."""
        found = {
            os.path.relpath(Path(folder) / name, self._folder)
            for folder, folders, files in os.walk(self._folder)
            for name in [*files, *(one for one in folders if (Path(folder) / one).is_symlink())]
        }
        found |= {path for path in FOLDERS if (self._folder / path).is_dir()}
        new = found - self._packed
        self._packed |= found
        return sorted(new)


def add_debian(root: Root, packages: list[Path]) -> None:
    """Python and its libraries, the authorities, and what a process expects of /etc."""
    folder = root.folder
    for path in ("usr/bin", "usr/lib/ssl", "usr/lib64", "usr/sbin", "etc/ssl/certs", *FOLDERS):
        (folder / path).mkdir(parents=True, exist_ok=True)
    for path, target in _LINKS.items():
        (folder / path).symlink_to(target)
    for path, text in _FILES.items():
        (folder / path).write_text(text)
    for package in packages:
        debian.unpack(package, folder, is_wanted)
        _note(package, folder)
    _bundle_authorities(packages, folder)
    compile_modules(folder, "usr/lib/python3.11")


def _note(package: Path, folder: Path) -> None:
    """What the package is, where scanners of images without dpkg look for it."""
    notes = folder / "var/lib/dpkg/status.d"
    notes.mkdir(parents=True, exist_ok=True)
    (notes / debian.field(package, "Package")).write_text(debian.control(package))


def _bundle_authorities(packages: list[Path], folder: Path) -> None:
    """Mozilla's authorities as one file, as Debian's update-ca-certificates writes it."""
    [package] = [one for one in packages if one.name.startswith("ca-certificates_")]
    unpacked = folder / ".authorities"
    debian.unpack(package, unpacked, lambda path: path.endswith(".crt"))
    certificates = [file.read_text().rstrip() for file in sorted(unpacked.rglob("*.crt"))]
    (folder / "etc/ssl/certs/ca-certificates.crt").write_text("\n".join(certificates) + "\n")
    shutil.rmtree(unpacked)


def add_wheels(root: Root, found: list[Path]) -> None:
    """Modules, with their bytecode."""
    for wheel in found:
        wheels.unpack(wheel, root.folder, MODULES, is_wanted)
    compile_modules(root.folder, MODULES)


def add_program(root: Root, wheel: Path) -> None:
    """Entrepot, and the command that starts it."""
    wheels.unpack(wheel, root.folder, MODULES, is_wanted)
    compile_modules(root.folder, f"{MODULES}/entrepot")
    program = root.folder / "usr/local/bin/entrepot"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(_PROGRAM)
    program.chmod(0o755)
    check_libraries(root.folder)
