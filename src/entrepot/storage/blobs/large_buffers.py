"""Memory of large buffers, given back to the system as soon as it is free."""

import ctypes

_M_MMAP_THRESHOLD = -3  # <malloc.h>
_LARGE_BYTES = 1 << 20


def give_back_at_once() -> None:
    """Let the C library map buffers from a segment upwards by themselves; only a hint, nothing elsewhere.

    Left alone, glibc takes the first large buffer that is freed as a reason to keep all that follow: a
    process that sent 16 layers at once to a bucket went on with 250 MiB, and with 60 MiB this way.
    """
    try:
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    except (OSError, AttributeError):
        return
