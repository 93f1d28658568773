"""How a process fares: memory, descriptors, processor time, and how late its event loop is."""

import asyncio
import resource
import time
from pathlib import Path

from entrepot.telemetry import families
from entrepot.telemetry.meters import Meters

_NAP_SECONDS = 0.5
_NAPS = 10  # between two looks at what changes slowly
_STATUS = Path("/proc/self/statm")
_DESCRIPTORS = Path("/proc/self/fd")


async def show_vitals(meters: Meters) -> None:
    """Put the vitals of this process on its sheet, for ever."""
    lag, cpu = meters.histograms(families.LAG_SECONDS).of(), meters.counters(families.CPU_SECONDS).of()
    meters.counters(families.STARTED_AT).of().put(time.time())
    spent = 0.0
    loop = asyncio.get_running_loop()
    while True:
        _look(meters)
        now = time.process_time()
        cpu.add(now - spent)
        spent = now
        for _ in range(_NAPS):
            began = loop.time()
            await asyncio.sleep(_NAP_SECONDS)
            lag.observe(loop.time() - began - _NAP_SECONDS)


def _look(meters: Meters) -> None:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    meters.counters(families.MOST_DESCRIPTORS).of().put(most)
    try:
        resident = int(_STATUS.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
        descriptors = sum(1 for _ in _DESCRIPTORS.iterdir())
    except OSError:  # no Linux
        return
    meters.counters(families.MEMORY).of().put(resident)
    meters.counters(families.DESCRIPTORS).of().put(descriptors)
