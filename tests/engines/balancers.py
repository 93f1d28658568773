"""HAProxy and nginx, Debian's, in front of a served registry: each configured as docs/operations.md says."""

import http.client
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.engines.entrepot import end_process, tail
from tests.engines.programs import find_program
from tests.faults.serving.processes import wait_until

SOURCE = "127.0.0.2"
"""Where balancers connect from, so that they are told from clients that connect directly."""

_HAPROXY = """
global
    log stderr format raw local0
    maxconn 500
defaults
    mode {mode}
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    {mode_options}
frontend registry
    bind 127.0.0.1:{port}
    {frontend}
    default_backend nodes
backend nodes
    server one 127.0.0.1:{goal} source {source} {server}
"""
_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port}{tls};
        client_max_body_size 0;
        location / {{
            proxy_pass http://127.0.0.1:{goal};
            proxy_bind {source};
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_read_timeout 900s;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host "";
            proxy_set_header Forwarded "";
        }}
    }}
}}
"""


@contextmanager
def haproxy_of_http(folder: Path, *, port: int, goal: int) -> Iterator[None]:
    """HTTP passed on, with X-Forwarded-For and -Proto."""
    frontend = "http-request set-header X-Forwarded-Proto http\n    http-request del-header Forwarded"
    with _haproxy(folder, "http", "option forwardfor", frontend, "", port=port, goal=goal):
        yield


@contextmanager
def haproxy_of_tcp(folder: Path, *, port: int, goal: int, version: int) -> Iterator[None]:
    """Connections passed on behind a PROXY header, which its health checks send too."""
    send = {1: "send-proxy", 2: "send-proxy-v2"}[version]
    with _haproxy(folder, "tcp", "", "", f"{send} check check-send-proxy inter 1s", port=port, goal=goal):
        yield


@contextmanager
def nginx(
    folder: Path, *, port: int, goal: int, certificate: tuple[Path, Path] | None = None
) -> Iterator[None]:
    """HTTP passed on; with a certificate and its key TLS ends here."""
    tls = ""
    if certificate is not None:
        chain, key = certificate
        tls = f" ssl;\n        ssl_certificate {chain};\n        ssl_certificate_key {key}"
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port, goal=goal, tls=tls, source=SOURCE))
    command: list[str | Path] = [find_program("nginx"), "-c", configuration, "-p", folder, "-e", "stderr"]
    with _running(command, folder / "nginx.log", port):
        yield


@contextmanager
def _haproxy(
    folder: Path, mode: str, mode_options: str, frontend: str, server: str, *, port: int, goal: int
) -> Iterator[None]:
    configuration = folder / "haproxy.cfg"
    configuration.write_text(
        _HAPROXY.format(
            mode=mode,
            mode_options=mode_options,
            frontend=frontend,
            server=server,
            port=port,
            goal=goal,
            source=SOURCE,
        )
    )
    with _running([find_program("haproxy"), "-db", "-f", configuration], folder / "haproxy.log", port):
        yield


@contextmanager
def _running(command: list[str | Path], log: Path, port: int) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_until(lambda: process.poll() is not None or _listens(port), f"{command[0]} listens")
        assert process.poll() is None, tail(log)
        yield
    finally:
        end_process(process, seconds=20)


def _listens(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.connect()
        except OSError:
            return False
        return True
