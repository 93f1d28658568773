"""Who may write to an upload: what a store that cannot lock anything by itself asks of its nodes' rows."""

from typing import Protocol


class UploadHolds(Protocol):
    """Holds on uploads by blob key, each of one holder and for a limited time; a dead holder's just ends."""

    async def take(self, key: str, holder: str, *, seconds: float) -> bool:
        """Hold the upload, or go on holding it, for so long from now; False while another holds it."""

    async def release(self, key: str, holder: str) -> None:
        """Let go; nothing happens when the hold is another's by now."""
