"""What the objects of a store are called.

    {prefix}/blobs/{k[:2]}/{k}              a finished blob; a multipart upload under way has this name too
    {prefix}/uploads/{k[:2]}/{k}/{random}   the end of an unfinished upload, which fills no part yet

for a blob key k of 32 to 64 lower-case hex digits. A tail's name is used once: a write that nobody
acknowledged never takes the place of one that somebody did.
"""

import re
import secrets

_KEY = re.compile(r"[0-9a-f]{32,64}")


class Names:
    """The names under one prefix."""

    def __init__(self, prefix: str) -> None:
        self._root = f"{prefix}/" if prefix else ""

    @property
    def blobs(self) -> str:
        """What the name of every blob, and of every multipart upload, begins with."""
        return f"{self._root}blobs/"

    @property
    def uploads(self) -> str:
        """What the name of every tail begins with."""
        return f"{self._root}uploads/"

    def blob(self, key: str) -> str:
        """The finished blob; raises ValueError unless the key is one."""
        return f"{self.blobs}{_sharded(key)}"

    def tails(self, key: str) -> str:
        """What the names of an upload's tails begin with."""
        return f"{self.uploads}{_sharded(key)}/"

    def new_tail(self, key: str) -> str:
        """A name that no tail had before."""
        return f"{self.tails(key)}{secrets.token_hex(8)}"

    def key_of(self, name: str) -> str | None:
        """The blob key in the name of a blob or a tail; None for an object that is not ours."""
        for root in (self.blobs, self.uploads):
            if name.startswith(root):
                shard, _, rest = name.removeprefix(root).partition("/")
                key = rest.partition("/")[0]
                if _KEY.fullmatch(key) and key.startswith(shard) and len(shard) == 2:
                    return key
        return None


def _sharded(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a blob key: {key[:80]!r}")
    return f"{key[:2]}/{key}"
