"""Holds on uploads in a dictionary: the contract in its plainest form."""

import time


class MemoryHolds:
    """UploadHolds of one process."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, float]] = {}

    async def take(self, key: str, holder: str, *, seconds: float) -> bool:
        now = time.monotonic()
        found, until = self._held.get(key, (holder, now))
        if found != holder and until >= now:
            return False
        self._held[key] = holder, now + seconds
        return True

    async def release(self, key: str, holder: str) -> None:
        if self._held.get(key, ("", 0.0))[0] == holder:
            del self._held[key]
