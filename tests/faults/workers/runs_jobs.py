"""A process that runs jobs and says so: `python -m … URL (works|hangs) LEASE_SECONDS`.

Each line on standard output is the unique key of a job it has begun, and has done unless it hangs.
SIGTERM stops it, and a job that hangs is broken off soon.
"""

import asyncio
import os
import signal
import sys
import uuid
from datetime import UTC, datetime, timedelta

from entrepot.storage.metadata.drivers import connect
from entrepot.storage.metadata.store import SqlStore
from entrepot.workers.runner import Kind, Runner

KIND = "work"


async def main(url: str, how: str, lease_seconds: float) -> None:
    async def work(unique_key: str) -> None:
        os.write(1, f"{unique_key}\n".encode())
        if how == "hangs":
            await asyncio.Event().wait()

    runner = Runner(
        SqlStore(await connect(url)),
        [Kind(KIND, work)],
        lambda: datetime.now(UTC),
        lambda: uuid.uuid4().hex,
        poll=timedelta(seconds=0.05),
        lease=timedelta(seconds=lease_seconds),
        patience=timedelta(seconds=0.1),
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await runner.run(stop)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
