"""HAProxy and nginx, Debian's, before one node or several: by the files that deploy/ ships."""

import re
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.engines.entrepot import end_process, tail
from tests.engines.programs import ROOT, find_program
from tests.faults.serving.processes import wait_until

Balancer = Callable[[Path, int, Sequence[str]], AbstractContextManager[None]]
"""Its folder, its port on 127.0.0.1 and the addresses of its nodes; it listens inside the block."""

SOURCE = "127.0.0.2"
"""Where a balancer connects from that is to be told from clients that connect directly."""

_NGINX_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_STOP_SECONDS = 5  # it would wait for clients that keep their connections

# Connections passed on as docs/operations.md says; its health checks send the header too.
_HAPROXY_OF_TCP = """
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
frontend registry
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    server node1 node1:5050 {send} check check-send-proxy inter 1s
"""


@contextmanager
def haproxy(folder: Path, port: int, nodes: Sequence[str], *, source: str = "") -> Iterator[None]:
    """HAProxy, which passes HTTP on; from an address of its own where one is given."""
    text = (ROOT / "deploy" / "haproxy" / "haproxy.cfg").read_text()
    text = text.replace("bind :5050", f"bind 127.0.0.1:{port}")
    with _haproxy(folder, text, port, nodes, source):
        yield


@contextmanager
def haproxy_of_tcp(
    folder: Path, port: int, nodes: Sequence[str], *, version: int, source: str = ""
) -> Iterator[None]:
    """HAProxy, which passes connections on behind a PROXY header of this version."""
    send = {1: "send-proxy", 2: "send-proxy-v2"}[version]
    with _haproxy(folder, _HAPROXY_OF_TCP.format(port=port, send=send), port, nodes, source):
        yield


@contextmanager
def nginx(
    folder: Path,
    port: int,
    nodes: Sequence[str],
    *,
    source: str = "",
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[None]:
    """nginx, which passes HTTP on; with a certificate chain and its key TLS ends here."""
    program = find_program("nginx")
    text = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text()
    listen = f"listen 127.0.0.1:{port};"
    if certificate is not None:
        chain, key = certificate
        listen = f"listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; ssl_certificate_key {key};"
    text = text.replace("listen 5050;", listen + (f" proxy_bind {source};" if source else ""))
    ours = " ".join(f"{what}_temp_path {what};" for what in _NGINX_FOLDERS)  # Debian's are root's
    text = text.replace("access_log off;", f"access_log off; {ours}")
    file = folder / "nginx.conf"
    file.write_text(_with_nodes(text, r"^( *server) node\d+:5050 (.*)$", r"\g<1> {address} \g<2>", nodes))
    command = [str(program), "-e", "stderr", "-p", str(folder), "-c", str(file), "-g", "daemon off;"]
    with _running(command, folder / "nginx.log", port):
        yield


@contextmanager
def _haproxy(folder: Path, text: str, port: int, nodes: Sequence[str], source: str) -> Iterator[None]:
    program = find_program("haproxy")
    file = folder / "haproxy.cfg"
    line = r"^( *server node)\d+ node\d+:5050(.*)$"
    end = f" source {source}" if source else ""
    file.write_text(_with_nodes(text, line, rf"\g<1>{{number}} {{address}}\g<2>{end}", nodes))
    with _running([str(program), "-db", "-f", str(file)], folder / "haproxy.log", port):
        yield


def _with_nodes(text: str, line: str, template: str, nodes: Sequence[str]) -> str:
    """The configuration with a line for each of our nodes in place of its example nodes."""
    lines = text.splitlines()
    examples = [index for index, one in enumerate(lines) if re.match(line, one)]
    assert examples, f"no line like {line}"
    ours = [
        re.sub(line, template.format(number=number, address=address), lines[examples[0]])
        for number, address in enumerate(nodes, start=1)
    ]
    kept = [one for index, one in enumerate(lines) if index not in examples]
    return "\n".join([*kept[: examples[0]], *ours, *kept[examples[0] :], ""])


@contextmanager
def _running(command: Sequence[str], log: Path, port: int) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until(lambda: process.poll() is not None or _listens(port), f"{command[0]} listens")
        assert process.poll() is None, tail(log)
        yield
    finally:
        end_process(process, seconds=_STOP_SECONDS)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
