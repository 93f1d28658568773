"""HAProxy and nginx before several nodes: Debian's programs, by the files that deploy/ ships."""

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.engines.entrepot import end_process, wait_until_ready
from tests.engines.programs import ROOT, find_program

Balancer = Callable[[Path, int, Sequence[int]], AbstractContextManager[None]]

_NGINX_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_STOP_SECONDS = 5  # it would wait for clients that keep their connections


@contextmanager
def haproxy(folder: Path, port: int, nodes: Sequence[int]) -> Iterator[None]:
    """HAProxy on 127.0.0.1:port before the nodes on these ports, as soon as it reaches one of them."""
    program = find_program("haproxy")
    text = (ROOT / "deploy" / "haproxy" / "haproxy.cfg").read_text()
    text = text.replace("bind :5050", f"bind 127.0.0.1:{port}")
    file = folder / "haproxy.cfg"
    line = r"^( *server node)\d+ node\d+:5050$"
    file.write_text(_with_nodes(text, line, r"\g<1>{number} {address}", nodes))
    with _running([str(program), "-db", "-f", str(file)], folder / "haproxy.log", port):
        yield


@contextmanager
def nginx(folder: Path, port: int, nodes: Sequence[int]) -> Iterator[None]:
    """nginx likewise."""
    program = find_program("nginx")
    text = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text()
    text = text.replace("listen 5050;", f"listen 127.0.0.1:{port};")
    ours = " ".join(f"{what}_temp_path {what};" for what in _NGINX_FOLDERS)  # Debian's are root's
    text = text.replace("access_log off;", f"access_log off; {ours}")
    file = folder / "nginx.conf"
    file.write_text(_with_nodes(text, r"^( *server) node\d+:5050 (.*)$", r"\g<1> {address} \g<2>", nodes))
    command = [str(program), "-e", "stderr", "-p", str(folder), "-c", str(file), "-g", "daemon off;"]
    with _running(command, folder / "nginx.log", port):
        yield


def _with_nodes(text: str, line: str, template: str, nodes: Sequence[int]) -> str:
    """The configuration with a line for each of our nodes in place of its example nodes."""
    lines = text.splitlines()
    examples = [index for index, one in enumerate(lines) if re.match(line, one)]
    assert examples, f"no line like {line}"
    ours = [
        re.sub(line, template.format(number=number, address=f"127.0.0.1:{port}"), lines[examples[0]])
        for number, port in enumerate(nodes, start=1)
    ]
    kept = [one for index, one in enumerate(lines) if index not in examples]
    return "\n".join([*kept[: examples[0]], *ours, *kept[examples[0] :], ""])


@contextmanager
def _running(command: Sequence[str], log: Path, port: int) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until_ready(process, "127.0.0.1", port, log)
        yield
    finally:
        end_process(process, seconds=_STOP_SECONDS)
