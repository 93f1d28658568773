"""What the processes of one node tell each other at once: that one of them changed the revision."""

import mmap
import secrets


class NodeStamp:
    """A random number in memory that the process which made it shares with those it forks.

    A process only ever writes a number nobody has seen, so two that write at once need no lock.
    """

    def __init__(self) -> None:
        self._numbers = memoryview(mmap.mmap(-1, 8)).cast("Q")  # anonymous and shared; one aligned word

    @property
    def number(self) -> int:
        """Another one after each change, whichever process made it."""
        return self._numbers[0]

    def change(self) -> None:
        """Let every process of the node see another number from now on."""
        self._numbers[0] = secrets.randbits(64)
