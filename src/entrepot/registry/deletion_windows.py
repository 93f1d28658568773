"""How long what is deleted now can come back, and who deletes it."""

from datetime import datetime, timedelta

from entrepot.domain.names import Registry
from entrepot.domain.recycling import Deletion, check_days, window_of
from entrepot.identity.auditing import caller_arn
from entrepot.ports.records import Records

_DAYS = "RECYCLE_BIN_DAYS"  # the setting of a registry


async def find_window(records: Records, registry: Registry) -> timedelta:
    """How long deleted things stay in the registry's bin."""
    return window_of(await records.settings.find(registry, _DAYS))


async def put_window(records: Records, registry: Registry, days: int) -> None:
    """Set that for what is deleted from now on; raises InvalidParameter."""
    check_days(days)
    await records.settings.put(registry, _DAYS, str(days))


async def deletion_now(records: Records, registry: Registry, now: datetime) -> Deletion:
    """The deletion that is under way, as the doing of whoever called."""
    return Deletion(now, now + await find_window(records, registry), caller_arn())
