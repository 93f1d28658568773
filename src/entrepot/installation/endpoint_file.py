"""Where the server of a data folder was last reached, for the commands that people type beside it."""

from dataclasses import dataclass
from pathlib import Path

import orjson

from entrepot.installation.files import write_durably


@dataclass(frozen=True, slots=True)
class ServedAt:
    """The URL of the APIs, and the default account."""

    endpoint: str
    account: str


def write_endpoint(data_dir: Path, served: ServedAt) -> None:
    """Note it in `DATA-DIR/server.json`."""
    content = orjson.dumps({"endpoint": served.endpoint, "accountId": served.account}) + b"\n"
    write_durably(data_dir / "server.json", content, mode=0o644)


def find_endpoint(data_dir: Path) -> ServedAt | None:
    """What the last start noted; None where none was."""
    try:
        content = orjson.loads((data_dir / "server.json").read_bytes())
    except FileNotFoundError:
        return None
    return ServedAt(content["endpoint"], content["accountId"])
