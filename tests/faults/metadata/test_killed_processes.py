"""A process that is killed loses nothing that it acknowledged, and holds nobody up."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process

from tests.contract.metadata.places import Place, adding, names
from tests.engines.programs import ROOT


async def start_writer(url: str, name: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.metadata.writes", url, name,
        cwd=ROOT, env={"PYTHONPATH": "src"}, stdout=PIPE,
    )  # fmt: skip


async def acknowledged(writer: Process, count: int) -> list[str]:
    """The next rows that the process says it was promised."""
    assert writer.stdout is not None
    return [(await writer.stdout.readuntil()).decode().strip() for _ in range(count)]


async def kill(writer: Process) -> list[str]:
    """Kill the process; what it had still said."""
    assert writer.stdout is not None
    writer.send_signal(signal.SIGKILL)
    rest = (await writer.stdout.read()).decode().splitlines(keepends=True)
    await writer.wait()
    return [line.strip() for line in rest if line.endswith("\n")]


async def test_what_a_killed_process_acknowledged_is_there(shared_place: Place) -> None:
    await (await shared_place.open()).close()
    promised: set[str] = set()
    for round_number in range(4):
        writer = await start_writer(shared_place.url, f"r{round_number}")
        promised |= {*await acknowledged(writer, 50 + 37 * round_number), *await kill(writer)}
    database = await shared_place.open()
    assert promised <= set(await database.scan(names))


async def test_the_others_write_on_when_one_is_killed(shared_place: Place) -> None:
    database = await shared_place.open()
    writers = [await start_writer(shared_place.url, f"w{number}") for number in range(3)]
    promised: set[str] = set()
    for writer in writers:
        promised |= set(await acknowledged(writer, 20))
    for index, writer in enumerate(writers):
        promised |= set(await kill(writer))
        await database.write(adding(f"own-{index}"))
        promised.add(f"own-{index}")
        for other in writers[index + 1 :]:
            promised |= set(await acknowledged(other, 20))
    assert promised <= set(await database.scan(names))
