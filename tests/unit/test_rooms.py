"""Profiles: each sampled stack is told by the room of the house that it stood in."""

import pytest
from bench.rooms import ROOMS, sort_stacks

LOOP = "thread (7): MainThread;run (asyncio/runners.py:190)"
HANDLER = (
    f"{LOOP};Front.answer (entrepot/serving/front.py:45);Manifests.answer (entrepot/oci/manifests.py:35)"
)
DISK = "thread (8): disk_0;_worker (concurrent/futures/thread.py:83)"


@pytest.mark.parametrize(
    ("stack", "room"),
    [
        (HANDLER, "oci"),
        (f"{HANDLER};loads (json/decoder.py:3);list_dealloc (libpython3.11.so.1.0)", "oci"),
        (f"{HANDLER};write (entrepot/storage/blobs/writers.py:57);read (libc.so.6)", "kernel: files"),
        (f"{HANDLER};write (entrepot/storage/blobs/writers.py:57)", "storage blobs"),
        (f"{HANDLER};_render (entrepot/serving/access_log.py:9);write (libc.so.6)", "log"),
        (f"{HANDLER};send (libc.so.6);0x7f (libc.so.6)", "kernel: sockets"),
        (f"{HANDLER};SHA256_Update (libcrypto.so.3)", "crypto"),
        (f"{LOOP};EpollSelector.select (selectors.py:468);epoll_wait (libc.so.6)", "waiting"),
        ("thread (7): MainThread;<module> (somewhere.py:1)", "interpreter"),
    ],
)
def test_a_stack_is_told_by_its_innermost_room(stack: str, room: str) -> None:
    rooms = sort_stacks([f"{stack} 3"])

    assert rooms.loop == {room: 3}
    assert room in ROOMS


def test_a_thread_without_a_job_counts_nothing() -> None:
    idle = f"{DISK};_queue_SimpleQueue_get (_queuemodule.c:7);PyThread_acquire_lock_timed (libpython3.11.so)"
    busy = f"{DISK};Sealer.open_into (entrepot/storage/blobs/sealing.py:90);gcm (_rust.abi3.so)"

    rooms = sort_stacks([f"{idle} 40", f"{busy} 2"])

    assert not rooms.loop
    assert rooms.others == {"crypto": 2}
