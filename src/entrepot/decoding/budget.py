"""How much of an archive is read: every limit, and what a reader has used of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from entrepot.domain.layer_files import End


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is read of one archive, and that its process may use.

    Over `free_bytes` an archive may unpack to `ratio` times its own size; deflate reaches about 1030.
    `cpu_seconds` end the reading with what there is by then; half as many more end the process.
    """

    entries: int = 250_000
    name_bytes: int = 24 << 20
    header_bytes: int = 1 << 20  # of one extended header: long names, attributes
    unpacked_bytes: int = 16 << 30
    free_bytes: int = 1 << 30
    ratio: int = 400
    cpu_seconds: int = 20
    memory_bytes: int = 768 << 20
    wall_seconds: int = 50  # clients wait a minute


class Ended(Exception):
    """The reading ends here; `why` says what is beyond the limits, or that the rest makes no sense."""

    def __init__(self, why: End) -> None:
        super().__init__(why)
        self.why = why


def damaged() -> Ended:
    """The bytes are not those of an archive from here on."""
    return Ended(End.DAMAGE)


@dataclass(slots=True)
class Budget:
    """What is used of the limits since it was made; each `spend` raises Ended where it was too much."""

    limits: Limits = field(default_factory=Limits)
    cpu: Callable[[], float] = time.process_time
    begun: float = field(init=False)
    packed_bytes: int = 0
    unpacked_bytes: int = 0
    entries: int = 0
    name_bytes: int = 0

    def __post_init__(self) -> None:
        self.begun = self.cpu()

    def spend_packed(self, count: int) -> None:
        """Bytes that were read."""
        self.packed_bytes += count

    def spend_unpacked(self, count: int) -> None:
        """Bytes that they unpacked to."""
        self.unpacked_bytes += count
        if self.unpacked_bytes > self.limits.unpacked_bytes:
            raise Ended(End.SIZE)
        if self.unpacked_bytes > max(self.limits.free_bytes, self.limits.ratio * self.packed_bytes):
            raise Ended(End.RATIO)
        self.look_at_time()

    def spend_entry(self, name_bytes: int) -> None:
        """An entry, with names of so many bytes."""
        self.entries += 1
        self.name_bytes += name_bytes
        if self.entries > self.limits.entries:
            raise Ended(End.ENTRIES)
        if self.name_bytes > self.limits.name_bytes:
            raise Ended(End.NAMES)

    def look_at_time(self) -> None:
        """Raise Ended where the processor has worked long enough."""
        if self.cpu() - self.begun > self.limits.cpu_seconds:
            raise Ended(End.TIME)
