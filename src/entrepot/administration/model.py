"""`entrepot model`: the model of our own service, for clients of AWS that do not know it."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from entrepot.services.entrepot.model import FOLDER, NAME


def model(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Print the model, or where it lies, or install it."""
    if parsed.path:
        print(FOLDER)
    elif parsed.install:
        for path in install(Path(environment.get("HOME") or "~").expanduser() / ".aws" / "models"):
            print(path)
    else:
        newest = max(FOLDER.glob(f"{NAME}/*/service-2.json"))
        print(newest.read_text(encoding="utf-8"), end="")
    return 0


def install(folder: Path) -> list[Path]:
    """Copy the model into a folder of models, over an older one; the files that were written."""
    written = []
    for source in sorted(FOLDER.glob(f"{NAME}/*/*.json")):
        target = folder / source.relative_to(FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        written.append(target)
    return written
