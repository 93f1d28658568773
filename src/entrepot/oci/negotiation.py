"""Whether a client takes a manifest of some media type (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence
from functools import lru_cache


def accepts(lines: Sequence[str], media_type: str) -> bool:
    """Whether Accept header lines cover the type; all do where there are none."""
    return _accepts(tuple(lines), media_type)


@lru_cache(maxsize=256)  # each client has a few such headers, and sends them with every request
def _accepts(lines: tuple[str, ...], media_type: str) -> bool:
    """One pass, whatever the lines hold: the most exact range that covers the type decides.

    The first of several equal ones does.
    """
    wanted = media_type.lower()
    ranges = (wanted, f"{wanted.partition('/')[0]}/*", "*/*")
    found: dict[str, bool] = {}
    is_empty = True
    for line in lines:
        for entry in line.split(","):
            name, _, parameters = entry.partition(";")
            name = name.strip().lower()
            is_empty = is_empty and not name
            if name in ranges:
                found.setdefault(name, not _is_refused(parameters))
    return is_empty or next((found[name] for name in ranges if name in found), False)


def _is_refused(parameters: str) -> bool:
    """Whether the weight is zero: "not acceptable"."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            weight = value.strip()
            return weight.startswith("0") and not weight.strip("0.")
    return False
