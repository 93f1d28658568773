"""Transfers that are under way for as long as a test wants them to be."""

import socket
from base64 import b64encode

from tests.clients.raw_registry import RawRegistry


def slow_download(raw: RawRegistry, target: str) -> socket.socket:
    """A connection on which an answer is under way, and which takes little at once."""
    connection = socket.create_connection((raw.host, raw.port), timeout=60)
    connection.sendall(_head(raw, "GET", target, "Connection: close"))
    return connection


def slow_upload(raw: RawRegistry, target: str, size: int) -> socket.socket:
    """A connection on which the server waits for a body of this size, having said so."""
    connection = socket.create_connection((raw.host, raw.port), timeout=60)
    connection.sendall(_head(raw, "PATCH", target, f"Content-Length: {size}", "Expect: 100-continue"))
    assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
    return connection


def _head(raw: RawRegistry, method: str, target: str, *lines: str) -> bytes:
    secret = b64encode(f"AWS:{raw.password}".encode()).decode()
    head = (f"{method} {target} HTTP/1.1", f"Host: {raw.host}", f"Authorization: Basic {secret}", *lines)
    return "\r\n".join((*head, "", "")).encode()
