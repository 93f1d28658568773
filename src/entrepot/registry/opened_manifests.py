"""Manifests that were opened lately, by place and digest: nothing ever has to be taken out of date."""

from collections import OrderedDict

from entrepot.domain.digests import Digest

_ROOM_BYTES = 16 << 20
_LARGEST_BYTES = 256 << 10  # larger ones are rare, and few of them would push out everything else


class OpenedManifests:
    """The bytes of some manifests, the least lately used leaving first."""

    def __init__(self, room_bytes: int = _ROOM_BYTES) -> None:
        self._room_bytes = room_bytes
        self._contents: OrderedDict[tuple[str, Digest], bytes] = OrderedDict()

    def find(self, repository_id: str, digest: Digest) -> bytes | None:
        """The bytes, None where they are not kept."""
        content = self._contents.get((repository_id, digest))
        if content is not None:
            self._contents.move_to_end((repository_id, digest))
        return content

    def keep(self, repository_id: str, digest: Digest, content: bytes) -> None:
        """Keep the bytes for a while, unless they are many."""
        if len(content) > _LARGEST_BYTES or (repository_id, digest) in self._contents:
            return
        self._contents[repository_id, digest] = content
        self._room_bytes -= len(content)
        while self._room_bytes < 0:
            _, oldest = self._contents.popitem(last=False)
            self._room_bytes += len(oldest)
