"""The root key ring written down, as a file or a secret.

Drawn in full:

    {"format": 1, "keys": [{"version": 1, "key": "<64 hex digits>", "created": "2026-11-23T22:00:00+00:00"}]}
"""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime

_FORMAT = 1
_LARGEST_BYTES = 1 << 20
_KEY = re.compile(r"[0-9a-f]{64}")


class KeyRingError(Exception):
    """The ring cannot be read, or does not open what it was given."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """One version of the root key: 32 bytes, kept out of every repr."""

    version: int
    key: bytes = field(repr=False)
    created_at: datetime


def parse_ring(text: bytes) -> tuple[RootKey, ...]:
    """The keys of a ring, at least one; raises KeyRingError, which quotes nothing of the text."""
    if len(text) > _LARGEST_BYTES:
        raise KeyRingError("too long for a key ring")
    try:
        ring = json.loads(text)
        if ring["format"] != _FORMAT:
            raise KeyRingError("a key ring of a format that this release does not know")
        keys = tuple(_parse_key(entry) for entry in ring["keys"])
    except (ValueError, KeyError, TypeError, RecursionError):
        # not chained: the cause could carry keys into a log
        raise KeyRingError("not a key ring") from None
    if not keys or len({key.version for key in keys}) < len(keys):
        raise KeyRingError("a key ring without keys, or with two of one version")
    return keys


def format_ring(keys: tuple[RootKey, ...]) -> bytes:
    """The text of a ring."""
    entries = [
        {"version": key.version, "key": key.key.hex(), "created": key.created_at.isoformat()} for key in keys
    ]
    return json.dumps({"format": _FORMAT, "keys": entries}, indent=1).encode() + b"\n"


def _parse_key(entry: dict[str, object]) -> RootKey:
    version, key, created = entry["version"], entry["key"], entry["created"]
    if type(version) is not int or not 0 < version < 1 << 32:
        raise ValueError
    if not isinstance(key, str) or not _KEY.fullmatch(key) or not isinstance(created, str):
        raise ValueError
    return RootKey(version, bytes.fromhex(key), datetime.fromisoformat(created))
