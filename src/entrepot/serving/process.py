"""One process of the server: a request worker on the shared sockets, or the runner of jobs."""

import asyncio
import signal
import socket
import ssl
from collections.abc import Sequence

from aiohttp import web

from entrepot.app import Application, open_application
from entrepot.serving.access_log import set_up_logging
from entrepot.serving.connections import PatientServer
from entrepot.serving.front import Front
from entrepot.settings import Settings

_HEADER_SECONDS = 30.0
_KEEP_ALIVE_SECONDS = 75.0
_LINGER_SECONDS = 5.0  # how long an unread request body is drained before the connection is closed
_LONGEST_LINE = 16 * 1024  # bytes of a request line or header


def run_request_worker(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    """Answer requests until SIGTERM, then let running ones finish within the drain time."""
    set_up_logging(settings.log_level)
    asyncio.run(_serve(settings, sockets))


def run_job_worker(settings: Settings) -> None:
    """Run background jobs until SIGTERM."""
    set_up_logging(settings.log_level)
    asyncio.run(_work(settings))


async def _serve(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    stop = _stop_on_signals()
    async with open_application(settings) as app:
        server = PatientServer(
            _front(app).answer,
            header_seconds=_HEADER_SECONDS,
            access_log=None,  # ours leaves out what must not be in a log
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            lingering_time=_LINGER_SECONDS,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            auto_decompress=False,
        )
        runner = web.ServerRunner(server, shutdown_timeout=settings.drain_seconds)
        await runner.setup()
        for listening in sockets:
            await web.SockSite(runner, listening, ssl_context=_tls(settings)).start()
        await stop.wait()
        await runner.cleanup()


async def _work(settings: Settings) -> None:
    stop = _stop_on_signals()
    async with open_application(settings) as app:
        await app.runner.run(stop)


def _front(app: Application) -> Front:
    return Front(app.aws, app.oci, app.layers, app.is_ready)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_cert, settings.tls_key)
    return context
