"""Takes from the process that calls it whatever it does not need for reading one pipe and writing another.

No descriptor can be opened from then on, so there are no files, sockets or programs; memory and processor
time have an end; and where the kernel is Linux's on x86-64 or arm64, every call but a few fails with EPERM.
"""

import ctypes
import os
import resource
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
_ALLOW, _REFUSE, _KILL = 0x7FFF_0000, 0x0005_0000 | 1, 0x8000_0000  # the refusal is EPERM
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
# linux/audit.h and the tables of calls: read, write, close, fstat, lseek, mmap, mprotect, munmap, brk,
# rt_sigaction, rt_sigprocmask, rt_sigreturn, mremap, madvise, exit, exit_group, futex, clock_gettime,
# getrandom, sched_yield.
_CALLS = {
    "x86_64": (
        0xC000_003E,
        (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 25, 28, 60, 231, 202, 228, 318, 24),
    ),
    "aarch64": (
        0xC000_00B7,
        (63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 216, 233, 93, 94, 98, 113, 278, 124),
    ),
}


def confine(*, memory_bytes: int, cpu_seconds: int) -> bool:
    """From here on nothing is open to this process but what is open now.

    Returns whether the kernel filters its calls too; raises OSError where a limit cannot be set.
    """
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    library = ctypes.CDLL(None, use_errno=True)  # opens descriptors, so before they end
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    return _filter_calls(library)


def _filter_calls(library: ctypes.CDLL) -> bool:
    known = _CALLS.get(os.uname().machine) if sys.platform == "linux" else None
    if known is None:
        return False
    architecture, numbers = known
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *((_JUMP_IF_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    program = b"".join(struct.pack("=HBBI", *step) for step in steps)
    code = ctypes.create_string_buffer(program, len(program))
    described = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    library.prctl.argtypes = [ctypes.c_int, *4 * [ctypes.c_ulong]]
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    answer: int = library.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(described), 0, 0)
    return answer == 0
