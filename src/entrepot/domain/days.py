"""Days in UTC as numbers since 1970, for what is told of each day."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def day_of(at: datetime) -> int:
    """The day of an aware time."""
    return (at - _EPOCH) // _DAY


def start_of(day: int) -> datetime:
    """Midnight at its beginning."""
    return _EPOCH + day * _DAY
