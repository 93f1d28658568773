"""What stands in a column for a value that neither database has: times, flags, lists and maps.

A time is whole microseconds since 1970 UTC, a list or map is JSON text.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_column(at: datetime) -> int:
    """An aware time; sub-microsecond precision does not exist in `datetime`, so nothing is lost."""
    return (at - _EPOCH) // _MICROSECOND


def to_optional_column(at: datetime | None) -> int | None:
    """NULL for no time."""
    return None if at is None else to_column(at)


def to_time(column: int) -> datetime:
    """Aware, in UTC."""
    return _EPOCH + timedelta(microseconds=column)


def to_optional_time(column: int | None) -> datetime | None:
    """No time for NULL."""
    return None if column is None else to_time(column)


def to_json(value: Mapping[str, str] | Sequence[str]) -> str:
    """Compact JSON text."""
    return orjson.dumps(value if isinstance(value, Sequence) else dict(value)).decode()


def to_map(column: str) -> dict[str, str]:
    """The map that `to_json` wrote."""
    values: dict[str, str] = orjson.loads(column)
    return values


def to_list(column: str) -> list[str]:
    """The list that `to_json` wrote."""
    values: list[str] = orjson.loads(column)
    return values
