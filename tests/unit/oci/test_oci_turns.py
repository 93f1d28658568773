"""One thread's turn at sending a blob."""

import socket
import tracemalloc

from entrepot.oci.ranges import Part
from entrepot.oci.transfer import _OpenedOutflow, _push, _Turn
from entrepot.storage.blobs.memory import MemoryReader

SIZE = 3 << 20


def test_a_client_that_has_gone_leaves_no_buffer_behind() -> None:
    outflow = _OpenedOutflow(MemoryReader(bytes(SIZE)), Part(0, SIZE))
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        tracemalloc.start()
        try:
            assert _push(outflow, ours) is _Turn.GONE
            held, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert held < 1 << 16 < most  # a segment was read, and given back
