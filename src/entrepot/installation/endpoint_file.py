"""Where the server of a data folder was last reached, for the commands that people type beside it."""

from dataclasses import dataclass
from pathlib import Path

import orjson

from entrepot.installation.files import write_durably


@dataclass(frozen=True, slots=True)
class ServedAt:
    """The URL of the APIs, the default account, and the authority of its certificate if that is our own."""

    endpoint: str
    account: str
    authority: Path | None = None


def write_endpoint(data_dir: Path, served: ServedAt) -> None:
    """Note it in `DATA-DIR/server.json`."""
    content = {"endpoint": served.endpoint, "accountId": served.account}
    if served.authority is not None:
        content["authority"] = str(served.authority)
    write_durably(data_dir / "server.json", orjson.dumps(content) + b"\n", mode=0o644)


def find_endpoint(data_dir: Path) -> ServedAt | None:
    """What the last start noted; None where none was."""
    try:
        content = orjson.loads((data_dir / "server.json").read_bytes())
    except FileNotFoundError:
        return None
    authority = content.get("authority")
    return ServedAt(content["endpoint"], content["accountId"], Path(authority) if authority else None)
