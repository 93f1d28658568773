"""The balancers' configurations: the programs take them, and they say what registry clients need."""

import re
from pathlib import Path

from tests.engines.private_network import PrivateNetwork
from tests.engines.programs import ROOT, find_program

HAPROXY = ROOT / "deploy" / "haproxy" / "haproxy.cfg"
NGINX = ROOT / "deploy" / "nginx" / "nginx.conf"


def test_haproxy_takes_its_configuration(network: PrivateNetwork) -> None:
    network.run(find_program("haproxy"), "-c", "-f", HAPROXY)


def test_nginx_takes_its_configuration(network: PrivateNetwork, tmp_path: Path) -> None:
    network.run(find_program("nginx"), "-t", "-p", tmp_path, "-c", NGINX)


def test_haproxy_asks_each_node_whether_it_is_ready() -> None:
    said = HAPROXY.read_text()

    assert "option httpchk GET /readyz" in said
    assert re.search(r"^\s*default-server .*\bcheck\b", said, re.MULTILINE)


def test_nginx_passes_host_and_bodies_as_they_come() -> None:
    said = set(re.findall(r"^\s*([^#\n]+);", NGINX.read_text(), re.MULTILINE))

    assert {
        "proxy_set_header Host $http_host",
        "client_max_body_size 0",
        "proxy_request_buffering off",
        "proxy_buffering off",
    } <= said


def test_no_proxy_speaks_the_proxy_protocol_unasked() -> None:
    for file in (HAPROXY, NGINX):
        assert not re.search(r"^[^#\n]*(send-proxy|proxy_protocol)", file.read_text(), re.MULTILINE)
