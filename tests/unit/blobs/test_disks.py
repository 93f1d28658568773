"""What a disk refuses is an outage; what only looks like it stays what it is."""

import errno
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from entrepot.ports.outages import Outage, told
from entrepot.storage.blobs.disks import DiskThreads


def fail(number: int) -> None:
    raise OSError(number, "said by the kernel")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_attack_45_a_disk_that_refuses_is_an_outage(number: int) -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(Outage) as outage:
        DiskThreads(pool).submit(partial(fail, number)).result()
    assert "said by the kernel" in told(outage.value)


def test_a_file_that_is_not_there_is_no_outage() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(FileNotFoundError):
        DiskThreads(pool).submit(fail, errno.ENOENT).result()


def test_what_is_told_of_an_outage_is_one_short_line() -> None:
    outage = Outage("a" * 10_000)
    outage.__cause__ = OSError(errno.EIO, "b")
    line = told(outage)
    assert line.startswith("Outage: aaa")
    assert line.endswith("; by OSError: [Errno 5] b")
    assert len(line) < 300
