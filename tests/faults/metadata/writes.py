"""A process that writes rows as fast as it can and says which are acknowledged: `python -m … URL NAME`.

Each line on standard output is a row that was acknowledged before the line was written.
"""

import asyncio
import os
import sys
from itertools import count

from entrepot.storage.metadata.connection import Database
from entrepot.storage.metadata.drivers import connect
from tests.contract.metadata.places import adding

_AT_ONCE = 8


async def main(url: str, name: str) -> None:
    database = await connect(url)
    await asyncio.gather(*(write(database, f"{name}-{writer}") for writer in range(_AT_ONCE)))


async def write(database: Database, name: str) -> None:
    for number in count():
        row = f"{name}-{number}"
        await database.write(adding(row))
        os.write(1, f"{row}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
