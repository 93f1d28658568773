"""One process of the server: a request worker on the shared sockets, or the runner of jobs."""

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import web

from entrepot.app import Application, open_application
from entrepot.serving.access_log import set_up_logging
from entrepot.serving.certificate import port_tls
from entrepot.serving.connections import PatientServer
from entrepot.serving.forwarded import TrustedProxies
from entrepot.serving.front import Front
from entrepot.serving.metrics_page import metrics_server
from entrepot.serving.proxied_site import ProxiedSite
from entrepot.serving.readiness import Readiness
from entrepot.serving.sizes import show_sizes
from entrepot.serving.vitals import show_vitals
from entrepot.serving.watch import RequestWatch
from entrepot.settings import Settings
from entrepot.storage.metadata.node_stamp import NodeStamp
from entrepot.telemetry import families
from entrepot.telemetry.exposition import Exposition
from entrepot.telemetry.meters import Meters
from entrepot.telemetry.reports import CountedReports
from entrepot.telemetry.sheets import Ledger

if TYPE_CHECKING:
    from entrepot.telemetry.tracing import Traces

_HEADER_SECONDS = 30.0
_FLUSH_EVERY = timedelta(minutes=1)
_KEEP_ALIVE_SECONDS = 75.0
_CUT_OFF_SECONDS = 3.0  # after the drain: for answers to be written, then for handlers to end
_LINGER_SECONDS = 5.0  # how long an unread request body is drained before the connection is closed
_TAKEN_AT_ONCE = 1  # connections: who takes all that wait leaves nothing to the processes beside it
BACKLOG = 1024  # connections that may wait
_LONGEST_LINE = 16 * 1024  # bytes of a request line or header


@dataclass(frozen=True, slots=True)
class Place:
    """A process's place in its node: what it is called, what all share, and the pipe from its parent."""

    name: str
    stamp: NodeStamp
    ledger: Ledger
    lifeline: int


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What one process counts and traces with."""

    meters: Meters
    reports: CountedReports
    traces: "Traces | None" = None

    @classmethod
    def alone(cls) -> "Telemetry":
        """Of a process that tells nobody."""
        meters = Meters.alone()
        return cls(meters, CountedReports(meters))


def run_request_worker(settings: Settings, sockets: Sequence[socket.socket], place: Place) -> None:
    """Answer requests until told to stop, then let running ones finish within the drain time.

    It is SIGTERM that tells, or the end of the process that holds the other end of the `lifeline` pipe.
    """
    set_up_logging(settings.log_level)
    asyncio.run(_serve(settings, sockets, place))


def run_job_worker(settings: Settings, place: Place) -> None:
    """Run background jobs until told to stop, likewise."""
    set_up_logging(settings.log_level)
    asyncio.run(_work(settings, place))


def run_metrics_worker(settings: Settings, sockets: Sequence[socket.socket], place: Place) -> None:
    """Show the numbers of all processes until told to stop, likewise."""
    set_up_logging(settings.log_level)
    asyncio.run(_show(sockets, place))


async def _serve(settings: Settings, sockets: Sequence[socket.socket], place: Place) -> None:
    stop = _told_to_stop(place.lifeline)
    async with (
        _telemetry(settings, place) as telemetry,
        open_application(settings, place.stamp, reports=telemetry.reports) as app,
        port_tls(settings) as tls,
    ):
        readiness = Readiness(app.clock_lead, app.blobs.check, telemetry.meters)
        server = request_server(app, settings, telemetry, readiness)
        runner = web.ServerRunner(server, shutdown_timeout=_CUT_OFF_SECONDS)
        await runner.setup()
        for listening in sockets:
            await _site(
                runner, server, listening, tls=tls, settings=settings, meters=telemetry.meters
            ).start()
            listening.listen(BACKLOG)  # asyncio has set it to what it takes at once
        flushing = [
            asyncio.create_task(gathering.flush_until(stop, _FLUSH_EVERY)) for gathering in app.gatherings
        ]
        flushing.append(asyncio.create_task(app.refusals.flush_until(stop)))
        await stop.wait()
        readiness.end()
        await asyncio.sleep(settings.drain_delay_seconds)  # balancers notice meanwhile
        for site in runner.sites:
            await site.stop()
        await server.drain(settings.drain_seconds)
        await runner.cleanup()
        await asyncio.gather(*flushing)
        for gathering in app.gatherings:
            await gathering.flush()  # of what happened while draining
        await app.refusals.flush(is_last=True)


def _site(
    runner: web.BaseRunner,
    server: PatientServer,
    listening: socket.socket,
    *,
    tls: ssl.SSLContext | None,
    settings: Settings,
    meters: Meters,
) -> web.BaseSite:
    if not settings.proxy_protocol:
        return web.SockSite(runner, listening, ssl_context=tls, backlog=_TAKEN_AT_ONCE)
    refused = meters.counters(families.CONNECTIONS_REFUSED)
    return ProxiedSite(
        runner,
        server,
        listening,
        TrustedProxies(settings.trusted_proxies),
        lambda reason: refused.of(reason).add(),
        ssl_context=tls,
    )


def request_server(
    app: Application,
    settings: Settings,
    telemetry: Telemetry,
    readiness: Readiness,
    *,
    header_seconds: float = _HEADER_SECONDS,
) -> PatientServer:
    """What answers on each connection of the port."""
    watch = RequestWatch(telemetry.meters, telemetry.traces, names_repositories=settings.metrics_repositories)
    return PatientServer(
        Front(app.aws, app.oci, app.layers, app.console, readiness.ask, watch=watch).answer,
        header_seconds=header_seconds,
        meters=telemetry.meters,
        proxies=TrustedProxies(settings.trusted_proxies) if settings.trusted_proxies else None,
        access_log=None,  # ours leaves out what must not be in a log
        keepalive_timeout=_KEEP_ALIVE_SECONDS,
        lingering_time=_LINGER_SECONDS,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        auto_decompress=False,
    )


async def _work(settings: Settings, place: Place) -> None:
    stop = _told_to_stop(place.lifeline)
    async with (
        _telemetry(settings, place) as telemetry,
        open_application(settings, place.stamp, reports=telemetry.reports) as app,
    ):
        showing = asyncio.create_task(_sizes(settings, app, telemetry))
        try:
            await app.runner.run(stop)
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing


async def _sizes(settings: Settings, app: Application, telemetry: Telemetry) -> None:
    if settings.metrics_listen is not None:
        await show_sizes(app.totals, telemetry.meters)


async def _show(sockets: Sequence[socket.socket], place: Place) -> None:
    stop = _told_to_stop(place.lifeline)
    vitals = asyncio.create_task(show_vitals(Meters(place.ledger.sheet(place.name))))
    runner = web.ServerRunner(metrics_server(Exposition(place.ledger)), shutdown_timeout=_CUT_OFF_SECONDS)
    await runner.setup()
    for listening in sockets:
        await web.SockSite(runner, listening).start()
    await stop.wait()
    vitals.cancel()
    await runner.cleanup()


@asynccontextmanager
async def _telemetry(settings: Settings, place: Place) -> AsyncIterator[Telemetry]:
    """Made after the fork: threads and locks do not outlive one."""
    meters = Meters(place.ledger.sheet(place.name))
    traces = _traces(place.name) if settings.is_traced else None
    vitals = asyncio.create_task(show_vitals(meters)) if settings.metrics_listen else None
    try:
        yield Telemetry(meters, CountedReports(meters, traces), traces)
    finally:
        if vitals is not None:
            vitals.cancel()
        if traces is not None:
            traces.close()  # the loop has nothing else to do any more


def _traces(process: str) -> "Traces":
    from entrepot.telemetry.tracing import Traces  # noqa: PLC0415 (slow to import, and seldom wanted)

    return Traces(process)


def _told_to_stop(lifeline: int) -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def end() -> None:
        loop.remove_reader(lifeline)
        stop.set()

    loop.add_reader(lifeline, end)
    return stop
