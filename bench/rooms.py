"""Where a server's time goes: sampled stacks, told by the room of the house that each sample stood in."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

# The room of a frame by the beginning of its file's path; a frame of no room is its caller's work.
_FILES = {
    "aiohttp/": "aiohttp",
    "multidict/": "aiohttp",
    "yarl/": "aiohttp",
    "asyncio/": "asyncio",
    "selectors.py": "asyncio",
    "entrepot/serving/": "serving",
    "entrepot/telemetry/": "serving",
    "entrepot/oci/": "oci",
    "entrepot/aws/": "aws",
    "entrepot/services/": "aws",
    "entrepot/registry/": "registry",
    "entrepot/domain/": "domain",
    "entrepot/ports/": "domain",
    "entrepot/identity/": "identity",
    "entrepot/keys/": "identity",
    "entrepot/outbound/": "identity",
    "entrepot/decoding/": "registry",
    "entrepot/storage/metadata/": "storage rows",
    "libsqlite3": "storage rows",
    "entrepot/storage/blobs/": "storage blobs",
    "cryptography/": "crypto",
    "_rust.abi3": "crypto",
    "libcrypto": "crypto",
}
# Whatever these call is logging, the kernel's part too.
_LOG = ("entrepot/serving/access_log.py", "logging/", "structlog/")
_SOCKET_CALLS = """
    accept accept4 close epoll_ctl recv recvfrom recvmsg send sendfile64 sendmsg sendto setsockopt shutdown
"""
_FILE_CALLS = """
    fallocate64 fcntl64 fstat64 ftruncate64 link lstat64 mkdir open64 openat64 posix_fadvise64
    posix_fallocate64 pread64 preadv64 preadv64v2 pwrite64 pwritev64 pwritev64v2 read rename
    stat64 unlink write writev
"""
# The room of a stack that ends in this function of the C library, or in what is called by it there.
_CALLS = {
    **dict.fromkeys(_SOCKET_CALLS.split(), "kernel: sockets"),
    **dict.fromkeys(_FILE_CALLS.split(), "kernel: files"),
    **dict.fromkeys(("fsync", "fdatasync", "sync_file_range"), "kernel: disk"),
    **dict.fromkeys(("epoll_wait", "poll"), "waiting"),
    "pthread_cond_timedwait": "waiting for the GIL",  # take_gil, inlined; locks are semaphores
}
_LOCKS = {"take_gil": "waiting for the GIL", "PyThread_acquire_lock_timed": "waiting"}
_NO_JOB = "_queue_SimpleQueue_get"

ROOMS = tuple(dict.fromkeys([*_FILES.values(), "log", "interpreter", *_CALLS.values(), *_LOCKS.values()]))


@dataclass(frozen=True, slots=True)
class Rooms:
    """Samples by room: of the thread of the event loop, and of all others together while they had a job."""

    loop: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)


def sort_stacks(lines: Iterable[str]) -> Rooms:
    """Sort what py-spy wrote as `raw`: `thread (id): name;frame (file:line);… count` a line."""
    rooms = Rooms()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        thread, *frames = stack.split(";")
        if thread.endswith(": MainThread"):
            rooms.loop[_room(frames)] += int(count)
        elif not any(frame.startswith(_NO_JOB) for frame in frames):
            rooms.others[_room(frames)] += int(count)
    return rooms


def _room(frames: list[str]) -> str:
    """The room of a stack, outermost frame first."""
    calls = [_parse(frame) for frame in frames]
    if any(file.startswith(_LOG) for _, file in calls):
        return "log"
    for function, file in reversed(calls):
        if function in _CALLS and file.startswith("libc.so"):
            return _CALLS[function]
        if function in _LOCKS:
            return _LOCKS[function]
        for beginning, room in _FILES.items():
            if file.startswith(beginning):
                return room
    return "interpreter"


def _parse(frame: str) -> tuple[str, str]:
    """The function and the file of a frame."""
    function, _, place = frame.rpartition(" (")
    return function, place.removesuffix(")")
