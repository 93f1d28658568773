"""Writing the audit out, served or not: a JSON object a line, as CloudTrail would put it into a bucket."""

from collections.abc import Callable
from datetime import UTC, datetime

from entrepot.app import open_audit_trail
from entrepot.identity.audit_trail import NOBODY
from entrepot.installation.first_start import check_served
from entrepot.settings import Settings


class TimeInvalid(ValueError):
    """A text that is no time; it says what one looks like."""


async def export(
    settings: Settings,
    *,
    account: str | None,
    since: datetime | None,
    until: datetime | None,
    write: Callable[[str], object],
) -> int:
    """Write each event's record, account by account and oldest first; how many there were.

    Without an account all are written, and last what strangers did who named none. `until` is left out
    itself. Raises CannotStart.
    """
    check_served(settings)
    written = 0
    async with open_audit_trail(settings) as trail:
        everybody = [each for each in await trail.accounts() if each != NOBODY]
        for each in [account] if account is not None else [*everybody, NOBODY]:
            async for event in trail.events(each, since, until):
                write(event.document + "\n")
                written += 1
    return written


def parse_time(text: str) -> datetime:
    """A day or a time as ISO 8601 writes it, in UTC where it names no zone; raises TimeInvalid."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as cause:
        raise TimeInvalid(f"{text!r} is no time: write 2026-11-25 or 2026-11-25T19:00:00Z") from cause
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
