"""One process of the server: a request worker on the shared sockets, or the runner of jobs."""

import asyncio
import signal
import socket
from collections.abc import Sequence
from datetime import timedelta

from aiohttp import web

from entrepot.app import Application, open_application
from entrepot.serving.access_log import set_up_logging
from entrepot.serving.certificate import port_tls
from entrepot.serving.connections import PatientServer
from entrepot.serving.front import Front
from entrepot.settings import Settings
from entrepot.storage.metadata.node_stamp import NodeStamp

_HEADER_SECONDS = 30.0
_FLUSH_EVERY = timedelta(minutes=1)
_KEEP_ALIVE_SECONDS = 75.0
_CUT_OFF_SECONDS = 3.0  # after the drain: for answers to be written, then for handlers to end
_LINGER_SECONDS = 5.0  # how long an unread request body is drained before the connection is closed
_LONGEST_LINE = 16 * 1024  # bytes of a request line or header


def run_request_worker(
    settings: Settings, stamp: NodeStamp, sockets: Sequence[socket.socket], lifeline: int
) -> None:
    """Answer requests until told to stop, then let running ones finish within the drain time.

    It is SIGTERM that tells, or the end of the process that holds the other end of the `lifeline` pipe.
    """
    set_up_logging(settings.log_level)
    asyncio.run(_serve(settings, stamp, sockets, lifeline))


def run_job_worker(settings: Settings, stamp: NodeStamp, lifeline: int) -> None:
    """Run background jobs until told to stop, likewise."""
    set_up_logging(settings.log_level)
    asyncio.run(_work(settings, stamp, lifeline))


async def _serve(
    settings: Settings, stamp: NodeStamp, sockets: Sequence[socket.socket], lifeline: int
) -> None:
    stop = _told_to_stop(lifeline)
    async with open_application(settings, stamp) as app, port_tls(settings) as tls:
        server = request_server(app)
        runner = web.ServerRunner(server, shutdown_timeout=_CUT_OFF_SECONDS)
        await runner.setup()
        for listening in sockets:
            await web.SockSite(runner, listening, ssl_context=tls).start()
        flushing = asyncio.create_task(app.pull_times.flush_until(stop, _FLUSH_EVERY))
        await stop.wait()
        for site in runner.sites:
            await site.stop()
        await server.drain(settings.drain_seconds)
        await runner.cleanup()
        await flushing
        await app.pull_times.flush()  # of what was pulled while draining


def request_server(app: Application, *, header_seconds: float = _HEADER_SECONDS) -> PatientServer:
    """What answers on each connection of the port."""
    return PatientServer(
        Front(app.aws, app.oci, app.layers, app.is_ready).answer,
        header_seconds=header_seconds,
        access_log=None,  # ours leaves out what must not be in a log
        keepalive_timeout=_KEEP_ALIVE_SECONDS,
        lingering_time=_LINGER_SECONDS,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        auto_decompress=False,
    )


async def _work(settings: Settings, stamp: NodeStamp, lifeline: int) -> None:
    stop = _told_to_stop(lifeline)
    async with open_application(settings, stamp) as app:
        await app.runner.run(stop)


def _told_to_stop(lifeline: int) -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def end() -> None:
        loop.remove_reader(lifeline)
        stop.set()

    loop.add_reader(lifeline, end)
    return stop
