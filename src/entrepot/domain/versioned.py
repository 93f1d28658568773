"""Values that hold as long as a version does."""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Versioned(Generic[K, V]):
    """What was read at one version of the rows; of another version nothing is found.

    `version` is None where the rows have none: then nothing is kept.
    """

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._version: Hashable | None = None
        self._values: dict[K, V] = {}

    def find(self, key: K, version: Hashable | None) -> V | None:
        """The value as it is at this version, None where it has to be read."""
        return self._values.get(key) if version is not None and version == self._version else None

    def keep(self, key: K, version: Hashable | None, value: V) -> None:
        """Keep a value that was read when, or after, the rows were at this version."""
        if version is None:
            return
        if version != self._version or len(self._values) >= self._most:
            self._version, self._values = version, {}
        self._values[key] = value

    def forget(self, key: K) -> None:
        """Read this value anew next time."""
        self._values.pop(key, None)
