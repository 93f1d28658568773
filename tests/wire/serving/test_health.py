"""Container engines learn from the program itself whether it is ready."""

import asyncio
import socket
from dataclasses import replace

from entrepot.health import is_ready
from tests.wire.serving.port import Port


async def test_a_server_that_is_ready_is_healthy_on_whichever_address_it_listens(port: Port) -> None:
    for host in ("127.0.0.1", "0.0.0.0"):
        assert await asyncio.to_thread(is_ready, replace(port.settings, host=host, port=port.number))


async def test_a_server_whose_database_is_gone_is_not_healthy(port: Port) -> None:
    port.break_database()

    assert not await asyncio.to_thread(is_ready, replace(port.settings, host="127.0.0.1", port=port.number))


async def test_a_port_that_nobody_listens_on_is_not_healthy(port: Port) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings = replace(port.settings, host="127.0.0.1", port=unused.getsockname()[1])

        assert not is_ready(settings)
