"""What issuers publish, fetched over TLS from servers that behave as badly as they can: attacks 33 to 35."""

import gzip
import hashlib
import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import cast

import pytest
import trustme

from entrepot.domain.identities import OidcProvider
from entrepot.outbound import https
from entrepot.outbound.addresses import is_refused
from entrepot.outbound.https import HttpsDocuments
from entrepot.outbound.issuers import DiscoveredKeys
from entrepot.ports.issuers import KeysUnavailable

DISCOVERY = "/.well-known/openid-configuration"
KEYS = b'{"keys": []}'

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers by path, and remembers what it was asked."""

    server: "Site"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        answer = self.server.answers.get(self.path)
        if answer is None:
            self.give(b"", status=404)
        elif isinstance(answer, bytes):
            self.give(answer)
        else:
            answer(self)

    def give(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | dict(headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing."""


class Site(ThreadingHTTPServer):
    """An https server on a loopback address, with a certificate for `localhost`."""

    daemon_threads = True

    def __init__(self, authority: trustme.CA, *names: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, bytes | Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.stopped = threading.Event()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(self.tls)
        self.socket = self.tls.wrap_socket(self.socket, server_side=True)

    @property
    def host(self) -> str:
        return f"localhost:{self.server_port}"

    def publish(self, **changed: object) -> None:
        """A discovery document, and keys where it leads to."""
        found = {"issuer": f"https://{self.host}", "jwks_uri": f"https://{self.host}/keys"} | changed
        self.answers[DISCOVERY] = json.dumps(found).encode()
        self.answers.setdefault("/keys", KEYS)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what most of these tests are about."""


@contextmanager
def open_site(authority: trustme.CA, *names: str) -> Iterator[Site]:
    with Site(authority, *names) as site:
        serving = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield site
        finally:
            site.stopped.set()
            site.shutdown()
            serving.join()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own way out is none of these tests'."""
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def site(authority: trustme.CA) -> Iterator[Site]:
    with open_site(authority) as running:
        running.publish()
        yield running


@dataclass(slots=True)
class Reader:
    """Fetches keys; by the machine's authorities alone where it has no file."""

    threads: ThreadPoolExecutor
    ca_file: Path
    trusts: bool = True
    failures: list[str] = field(default_factory=list)

    async def fetch(self, url: str, *thumbprints: str) -> bytes:
        documents = HttpsDocuments(self.threads, self.ca_file if self.trusts else None)
        provider = OidcProvider("123456789012", url, (), thumbprints, datetime.now(UTC))
        return await DiscoveredKeys(documents).fetch(provider)

    async def refusal(self, url: str, *thumbprints: str) -> str:
        with pytest.raises(KeysUnavailable) as refused:
            await self.fetch(url, *thumbprints)
        return refused.value.reason


@pytest.fixture
async def reader(authority: trustme.CA, tmp_path: Path) -> AsyncIterator[Reader]:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with ThreadPoolExecutor(1) as threads:
        yield Reader(threads, tmp_path / "ca.pem")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience of a moment, so that what is without an end need not be waited for."""
    monkeypatch.setattr(https, "_SECONDS", 0.5)


async def test_keys_lie_where_the_discovery_document_says(site: Site, reader: Reader) -> None:
    site.publish(jwks_uri=f"https://{site.host}/other?a=b")
    site.answers["/other?a=b"] = b'{"keys": [1]}'
    assert await reader.fetch(site.host) == b'{"keys": [1]}'
    assert [path for path, _ in site.asked] == [DISCOVERY, "/other?a=b"]


async def test_an_issuer_may_have_a_path(site: Site, reader: Reader) -> None:
    site.publish(issuer=f"https://{site.host}/realms/ci")
    site.answers[f"/realms/ci{DISCOVERY}"] = site.answers[DISCOVERY]
    assert await reader.fetch(f"{site.host}/realms/ci") == KEYS


async def test_attack_34_nothing_is_sent_that_proves_who_we_are(
    site: Site, reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("default login us password secret")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    site.answers[DISCOVERY] = lambda handler: handler.give(
        json.dumps({"issuer": f"https://{site.host}", "jwks_uri": f"https://{site.host}/keys"}).encode(),
        headers={"Set-Cookie": "a=b; Path=/"},
    )
    await reader.fetch(site.host)
    for _, headers in site.asked:
        sent = {name.lower() for name in headers}
        assert sent == {"host", "accept", "accept-encoding", "user-agent"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_attack_33_no_redirect_is_followed(site: Site, reader: Reader, status: int) -> None:
    site.answers[DISCOVERY] = lambda handler: handler.give(
        b"", status, {"Location": f"https://{site.host}/elsewhere"}
    )
    assert f"status {status}" in await reader.refusal(site.host)
    site.publish()
    site.answers["/keys"] = lambda handler: handler.give(b"", status, {"Location": "/elsewhere"})
    assert f"status {status}" in await reader.refusal(site.host)
    assert "/elsewhere" not in {path for path, _ in site.asked}


@pytest.mark.parametrize("issuer", ["https://evil.example", "", None, 7, "http://localhost"])
async def test_a_discovery_document_speaks_for_its_own_issuer(
    site: Site, reader: Reader, issuer: object
) -> None:
    site.publish(issuer=issuer)
    assert await reader.refusal(site.host) == "the discovery document is of another issuer"


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost/keys",
        "file:///etc/passwd",
        "gopher://localhost/",
        "//localhost/keys",
        "/keys",
        "https://",
        "https://us:secret@localhost/keys",
        "https://localhost:x/",
        "",
        None,
        7,
        ["https://localhost/keys"],
    ],
)
async def test_attack_33_keys_come_over_https_alone(site: Site, reader: Reader, uri: object) -> None:
    site.publish(jwks_uri=uri)
    await reader.refusal(site.host)
    assert [path for path, _ in site.asked] == [DISCOVERY]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 9000, b'"x"', b"\xff"])
async def test_attack_35_a_discovery_document_that_is_none_is_refused(
    site: Site, reader: Reader, body: bytes
) -> None:
    site.answers[DISCOVERY] = body
    await reader.refusal(site.host)


def is_address_refused(reason: str) -> bool:
    """By us, or by the client as no way to write an address."""
    return "are refused" in reason or "is not a canonical IPv4 address" in reason


METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "[fe80::1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "168.63.129.16",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "0.0.0.0",
    "[::]",
    "224.0.0.1",
]


@pytest.mark.parametrize("host", METADATA)
async def test_attack_33_a_machines_own_data_is_asked_of_nobody(
    site: Site, reader: Reader, host: str
) -> None:
    assert is_address_refused(await reader.refusal(host))
    site.publish(jwks_uri=f"https://{host}/latest/meta-data/")
    assert is_address_refused(await reader.refusal(site.host))
    assert is_address_refused(await reader.refusal(site.host, "0" * 40))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "127.1", "2130706433", "[::ffff:127.0.0.1]", "127.9.9.9"]
)
async def test_attack_33_an_issuer_does_not_lead_back_to_this_machine(
    site: Site, reader: Reader, host: str
) -> None:
    """`localhost` is the issuer itself here; the same address under another name is not."""
    site.publish(jwks_uri=f"https://{host}:{site.server_port}/keys")
    assert is_address_refused(await reader.refusal(site.host))
    assert [path for path, _ in site.asked] == [DISCOVERY]


async def test_attack_33_a_name_is_looked_up_once_and_the_address_that_is_used_is_the_one_that_is_checked(
    site: Site, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere at every look (DNS rebinding)."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *rest: object, **named: object) -> list[object]:
        if host != "rebind.example":
            return list(real(host, port, *rest, **named))  # type: ignore[arg-type]
        looked_up.append(host)
        address = "192.0.2.1" if len(looked_up) > 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    site.publish(jwks_uri="https://rebind.example/keys")
    assert is_address_refused(await reader.refusal(site.host))
    assert looked_up == ["rebind.example"]


def test_private_addresses_are_usual_on_premises() -> None:
    for address in (
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "fd12::1",
        "100.64.0.1",
        "2001:db8::1",
        "8.8.8.8",
    ):
        assert not is_refused(address, allows_loopback=False)
    assert is_refused("no address", allows_loopback=True)


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.stopped.is_set():
        handler.wfile.write(b" " * 65536)


def trickle(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server.stopped.wait(0.05):
        handler.wfile.write(b" ")


def silence(handler: Handler) -> None:
    handler.server.stopped.wait()


def bomb(handler: Handler) -> None:
    handler.give(gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"})


def headers(handler: Handler) -> None:
    handler.give(b"{}", headers={"X-Long": "x" * 100_000})


def shorter(handler: Handler) -> None:
    handler.give(b"{}", headers={"Content-Length": "100"})
    handler.close_connection = True


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("path", [DISCOVERY, "/keys"])
@pytest.mark.parametrize("answer", [endless, trickle, silence, bomb, headers, shorter])
async def test_attack_35_a_body_without_end_or_measure_is_given_up(
    site: Site, reader: Reader, path: str, answer: Answer
) -> None:
    site.answers[path] = answer
    await reader.refusal(site.host)


@pytest.mark.parametrize("status", [204, 206, 400, 404, 500, 503])
async def test_attack_35_only_a_plain_success_counts(site: Site, reader: Reader, status: int) -> None:
    site.answers["/keys"] = lambda handler: handler.give(b"", status)
    assert f"status {status}" in await reader.refusal(site.host)


async def test_an_issuer_that_is_down_is_told_apart_from_a_bug(reader: Reader) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "ClientConnector" in await reader.refusal(f"localhost:{port}")
    assert "ClientConnector" in await reader.refusal("no-such-host.invalid")


class Tunnel(StreamRequestHandler):
    """One connection to a proxy that only knows CONNECT."""

    def handle(self) -> None:
        proxy = cast("Proxy", self.server)
        asked = self.rfile.readline().decode()
        proxy.asked.append(asked.split()[1])
        headers = iter(lambda: self.rfile.readline().decode().strip(), "")
        proxy.credentials += [line for line in headers if line.startswith("Proxy-Authorization:")]
        with socket.create_connection(("127.0.0.1", proxy.leads_to)) as onward:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(onward, self.connection))
            back.start()
            pump(self.connection, onward)
            back.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Proxy(ThreadingTCPServer):
    """A proxy that takes whatever it is asked for to one port of this machine."""

    daemon_threads = True

    def __init__(self, leads_to: int) -> None:
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.leads_to = leads_to
        self.asked: list[str] = []
        self.credentials: list[str] = []


@pytest.fixture
def proxy(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with Proxy(site.server_port) as running:
        serving = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://us:word@127.0.0.1:{running.server_address[1]}")
        try:
            yield running
        finally:
            running.shutdown()
            serving.join()


class TestProxy:
    """The way out of networks that have one."""

    async def test_issuers_are_reached_through_the_proxy_of_the_environment(
        self, authority: trustme.CA, proxy: Proxy, reader: Reader
    ) -> None:
        with open_site(authority, "idp.example") as site:
            proxy.leads_to = site.server_port
            site.publish(issuer="https://idp.example", jwks_uri="https://idp.example/keys")
            assert await reader.fetch("idp.example") == KEYS
            assert {name.lower() for _, headers in site.asked for name in headers}.isdisjoint(
                {"proxy-authorization", "authorization"}
            )
        assert proxy.asked == ["idp.example:443"] * 2
        assert len(proxy.credentials) == 2

    async def test_certificates_are_checked_behind_it(self, proxy: Proxy, reader: Reader) -> None:
        assert "CertificateError" in await reader.refusal("idp.example", "0" * 40)  # the site is `localhost`

    async def test_hosts_of_no_proxy_are_asked_without_it(
        self, site: Site, proxy: Proxy, reader: Reader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_PROXY", "localhost")
        assert await reader.fetch(site.host) == KEYS
        assert proxy.asked == []

    @pytest.mark.parametrize(
        "host", ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "127.0.0.1"]
    )
    async def test_attack_33_a_proxy_is_not_asked_for_a_machines_own_data(
        self, proxy: Proxy, reader: Reader, host: str
    ) -> None:
        assert is_address_refused(await reader.refusal(host))
        assert proxy.asked == []

    async def test_attack_35_a_proxy_that_is_down_is_an_issuer_that_is_down(
        self, reader: Reader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        assert "ClientProxyConnectionError" in await reader.refusal("idp.example")


class TestTrust:
    """Whose certificates are believed."""

    async def test_an_authority_that_nobody_knows_is_not_believed(self, site: Site, reader: Reader) -> None:
        reader.trusts = False
        assert "CertificateError" in await reader.refusal(site.host)
        assert site.asked == []

    async def test_the_machines_authorities_are_those_of_ssl_cert_file(
        self, site: Site, reader: Reader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader.trusts = False
        monkeypatch.setenv("SSL_CERT_FILE", str(reader.ca_file))
        assert await reader.fetch(site.host) == KEYS

    async def test_an_authority_is_believed_by_its_thumbprint(
        self, authority: trustme.CA, reader: Reader
    ) -> None:
        reader.trusts = False
        middle = authority.create_child_ca()
        with open_site(middle) as site:
            site.publish()
            assert await reader.fetch(site.host, thumbprint(middle)) == KEYS
            assert await reader.fetch(site.host, "0" * 40, thumbprint(middle).upper()) == KEYS

    @pytest.mark.parametrize("wrong", ["0" * 40, "", "z" * 40])
    async def test_another_thumbprint_is_not(self, site: Site, reader: Reader, wrong: str) -> None:
        reader.trusts = False
        assert "CertificateError" in await reader.refusal(site.host, wrong)
        assert site.asked == []

    async def test_attack_33_a_thumbprint_does_not_excuse_another_name(self, reader: Reader) -> None:
        reader.trusts = False
        middle = trustme.CA().create_child_ca()
        with open_site(middle, "other.example") as site:
            site.publish()
            assert "CertificateError" in await reader.refusal(site.host, thumbprint(middle))
            assert site.asked == []

    async def test_attack_33_a_chain_that_only_shows_the_certificate_is_not_signed_by_it(
        self, authority: trustme.CA, reader: Reader
    ) -> None:
        """Certificates are public: who shows one has to be signed by it all the same."""
        reader.trusts = False
        real, forger = authority.create_child_ca(), trustme.CA()
        with open_site(forger) as site:
            forged = forger.issue_cert("localhost")
            site.publish()
            chain = reader.ca_file.with_name("chain.pem")
            chain.write_bytes(forged.cert_chain_pems[0].bytes() + real.cert_pem.bytes())
            key = reader.ca_file.with_name("key.pem")
            key.write_bytes(forged.private_key_pem.bytes())
            site.tls.load_cert_chain(chain, key)
            assert "CertificateError" in await reader.refusal(site.host, thumbprint(real))
            assert site.asked == []


def thumbprint(authority: trustme.CA) -> str:
    return hashlib.sha1(ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())).hexdigest()
