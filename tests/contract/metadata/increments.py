"""A process that adds one to `counter`, so many times: `python -m … URL COUNT`."""

import asyncio
import sys

from entrepot.storage.metadata.drivers import connect
from tests.contract.metadata.places import increment


async def main(url: str, count: int) -> None:
    database = await connect(url)
    await asyncio.gather(
        *(database.write(lambda connection: increment(connection, "counter")) for _ in range(count))
    )
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
