"""Small documents over HTTPS from servers that are named by others: bounded in time, size and place.

No redirect is followed, no cookie kept, no credential sent, nothing decompressed (attacks 33, 34, 35).
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp import (
    ClientConnectorCertificateError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)

from entrepot import __version__
from entrepot.outbound.addresses import (
    AddressInfo,
    MakeSocket,
    check_literal,
    checked_sockets,
    plain_socket,
)
from entrepot.outbound.thumbprints import anchored_at, find_anchor

_CONNECT_SECONDS = 3.0
_SECONDS = 5.0  # for one document, whole
_LONGEST_REASON = 300  # characters
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"entrepot/{__version__}",
}


@dataclass(eq=False)
class NotFetched(Exception):
    """There is no document to be had there now; the text says why, and is for the log."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Target:
    """A document that somebody named; `thumbprints` are of authorities that count for it too."""

    url: str
    thumbprints: tuple[str, ...] = ()
    allows_loopback: bool = False


class HttpsDocuments:
    """Fetches documents; trusts the machine's authorities, and those in `ca_file` where there is one."""

    def __init__(self, threads: Executor, ca_file: Path | None = None) -> None:
        """`threads` reads the authorities, for they are many and may have changed."""
        self._threads = threads
        self._ca_file = ca_file

    async def fetch(self, target: Target, most_bytes: int) -> bytes:
        """The document's bytes; raises NotFetched."""
        try:
            return await self._fetch(target, most_bytes)
        except (ClientError, OSError, TimeoutError, ValueError) as cause:
            # cut, for what a server sent may be part of it
            raise NotFetched(
                f"{target.url}: {type(cause).__name__}: {str(cause)[:_LONGEST_REASON]}"
            ) from cause

    async def _fetch(self, target: Target, most_bytes: int) -> bytes:
        loop = asyncio.get_running_loop()
        trusted = await loop.run_in_executor(self._threads, self._trusted)
        try:
            return await _get(target, trusted, most_bytes)
        except ClientConnectorCertificateError:
            if not target.thumbprints or _proxy_for(target) is not None:
                raise
            anchor = await _anchor(target)
            if anchor is None:
                raise
        return await _get(target, anchored_at(anchor), most_bytes)

    def _trusted(self) -> ssl.SSLContext:
        context = ssl.create_default_context()  # heeds SSL_CERT_FILE and SSL_CERT_DIR
        if self._ca_file is not None:
            context.load_verify_locations(cafile=self._ca_file)
        return context


async def _anchor(target: Target) -> bytes | None:
    parts = urlsplit(target.url)
    host, port = parts.hostname or "", parts.port or 443
    with _cut_afterwards(checked_sockets(allows_loopback=target.allows_loopback)) as make_socket:
        async with asyncio.timeout(_SECONDS):
            return await find_anchor(host, port, target.thumbprints, make_socket)


async def _get(target: Target, tls: ssl.SSLContext, most_bytes: int) -> bytes:
    proxy = _proxy_for(target)
    make_socket = checked_sockets(allows_loopback=target.allows_loopback)
    if proxy is not None:
        check_literal(urlsplit(target.url).hostname or "")
        make_socket = plain_socket  # its address is the operator's word
    with _cut_afterwards(make_socket) as make:
        connector = TCPConnector(ssl=tls, socket_factory=make)
        return await _get_over(connector, target, most_bytes, proxy)


def _proxy_for(target: Target) -> str | None:
    """The proxy that the environment names for https (HTTPS_PROXY, NO_PROXY), None for none.

    It looks the target's name up by itself, so what it may connect to is its own to say.
    """
    host = urlsplit(target.url).hostname or ""
    return None if proxy_bypass(host) else getproxies().get("https")


@contextmanager
def _cut_afterwards(make_socket: MakeSocket) -> Iterator[MakeSocket]:
    """Sockets of which none stays: who does not answer TLS's goodbye would hold one for half a minute."""
    made: list[socket.socket] = []

    def make(info: AddressInfo) -> socket.socket:
        made.append(make_socket(info))
        return made[-1]

    try:
        yield make
    finally:
        for each in made:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


async def _get_over(connector: TCPConnector, target: Target, most_bytes: int, proxy: str | None) -> bytes:
    async with (
        ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            headers=_HEADERS,
            timeout=ClientTimeout(total=_SECONDS, sock_connect=_CONNECT_SECONDS),
            auto_decompress=False,
            trust_env=False,  # it would also read passwords from ~/.netrc
        ) as session,
        session.get(target.url, allow_redirects=False, proxy=proxy) as response,
    ):
        return await _read(response, target, most_bytes)


async def _read(response: ClientResponse, target: Target, most_bytes: int) -> bytes:
    if response.status != 200:
        raise NotFetched(f"{target.url}: status {response.status}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotFetched(f"{target.url}: compressed, which was not asked for")
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > most_bytes:
            raise NotFetched(f"{target.url}: more than {most_bytes} bytes")
    return bytes(body)
