"""Small contents that were opened lately: what has a digest never changes, so nothing goes out of date."""

from collections import OrderedDict

_ROOM_BYTES = 16 << 20
_LARGEST_BYTES = 256 << 10  # larger ones are rare, and few of them would push out everything else


class Opened:
    """Some manifests or blobs by the name of their place, the least lately used leaving first.

    Whether somebody may still have them is asked of the rows every time.
    """

    def __init__(self, room_bytes: int = _ROOM_BYTES) -> None:
        self._room_bytes = room_bytes
        self._contents: OrderedDict[str, bytes] = OrderedDict()

    def find(self, place: str) -> bytes | None:
        """The bytes, None where they are not kept."""
        content = self._contents.get(place)
        if content is not None:
            self._contents.move_to_end(place)
        return content

    def keep(self, place: str, content: bytes) -> None:
        """Keep the bytes for a while, unless they are many."""
        if len(content) > _LARGEST_BYTES or place in self._contents:
            return
        self._contents[place] = content
        self._room_bytes -= len(content)
        while self._room_bytes < 0:
            _, oldest = self._contents.popitem(last=False)
            self._room_bytes += len(oldest)
