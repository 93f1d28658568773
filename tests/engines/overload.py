"""A storage that is overloaded: what its proxy does to requests, a share of them at random."""

import random
import threading
from dataclasses import dataclass, field
from datetime import timedelta

from tests.engines.storage_proxy import Fault, Seen


@dataclass(slots=True)
class Overload:
    """A share of the requests is `refused`, and each is held back for the `delay`."""

    refused: float = 0
    delay: timedelta = timedelta(0)
    _chance: random.Random = field(default_factory=lambda: random.Random(1))
    _never: threading.Event = field(default_factory=threading.Event)

    def plan(self, _seen: Seen) -> Fault | None:
        """The proxy's plan."""
        self._never.wait(self.delay.total_seconds())
        return Fault.UNAVAILABLE if self._chance.random() < self.refused else None
