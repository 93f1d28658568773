"""TLS by thumbprint, for issuers whose authority nobody else knows, as IAM has it.

A thumbprint is the SHA-1 of a certificate in the chain that the server shows, in practice its authority's.
The certificate that has it becomes the only anchor; name, time and signatures are then checked as ever. Who
wants to pass needs another certificate with the same SHA-1, which nobody can make (two of one's own choice,
one can).
"""

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Iterable

from entrepot.outbound.addresses import MakeSocket


async def find_anchor(
    host: str, port: int, thumbprints: Iterable[str], make_socket: MakeSocket
) -> bytes | None:
    """The certificate of the server's chain that has one of the thumbprints, as DER; None where none has.

    Nothing is sent but what a handshake needs, for the server has proven nothing yet.
    """
    wanted = {text.lower().replace(":", "") for text in thumbprints}
    for certificate in await _shown_chain(host, port, make_socket):
        if hashlib.sha1(certificate).hexdigest() in wanted:  # noqa: S324 (IAM's choice; see above)
            return certificate
    return None


def anchored_at(certificate: bytes) -> ssl.SSLContext:
    """TLS that trusts what this certificate signed, and itself, and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


async def _shown_chain(host: str, port: int, make_socket: MakeSocket) -> list[bytes]:
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    connected = await _connect(host, port, make_socket)
    _, writer = await asyncio.open_connection(sock=connected, ssl=unverified, server_hostname=host)
    try:
        return _chain_of(writer.get_extra_info("ssl_object"))
    finally:
        writer.transport.abort()


async def _connect(host: str, port: int, make_socket: MakeSocket) -> socket.socket:
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    for info in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            made = make_socket(info)
        except OSError as cause:
            failure = cause
            continue
        try:
            await loop.sock_connect(made, info[4])
        except OSError as cause:
            made.close()
            failure = cause
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise failure


def _chain_of(connection: ssl.SSLObject) -> list[bytes]:
    """The certificates as the server sent them; public since Python 3.13, and there since 3.10."""
    public = getattr(connection, "get_unverified_chain", None)
    if public is not None:
        return list(public())
    chain = connection._sslobj.get_unverified_chain() or []  # type: ignore[attr-defined] # noqa: SLF001
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain]
