"""Real clients through real balancers, which tell the registry whom they speak for."""

import http.client
import json
import os
import random
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import trustme

from tests.clients.oci_layout import open_layout
from tests.clients.raw_registry import OCI_MANIFEST, RawRegistry, sha256, target_of, with_query
from tests.engines.balancers import SOURCE, Balancer, haproxy, haproxy_of_tcp, nginx
from tests.engines.entrepot import PROGRAM, ROOT_KEYS, Entrepot, end_process, free_port, served
from tests.engines.programs import find_program, run_program
from tests.engines.skopeo import open_skopeo
from tests.faults.serving.processes import wait_until

CLIENT = "127.0.0.3"
LARGE = random.Random(7).randbytes(24 << 20)


BALANCERS: dict[str, tuple[Balancer, tuple[str, ...]]] = {
    "haproxy": (partial(haproxy, source=SOURCE), ()),
    "haproxy send-proxy": (partial(haproxy_of_tcp, version=1, source=SOURCE), ("--proxy-protocol",)),
    "haproxy send-proxy-v2": (partial(haproxy_of_tcp, version=2, source=SOURCE), ("--proxy-protocol",)),
    "nginx": (partial(nginx, source=SOURCE), ()),
}


@dataclass(frozen=True, slots=True)
class Balanced:
    """A registry behind a balancer, and the same as clients see it."""

    server: Entrepot
    seen: Entrepot

    def remotes(self, path: str) -> list[str]:
        """Whom the log names for the answered requests to a path."""
        lines = [json.loads(line) for line in self.server.log.read_text().splitlines()]
        return [line["remote"] for line in lines if line.get("path") == path]


@pytest.fixture(name="balanced", scope="module", params=BALANCERS)
def _balanced(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balanced]:
    balancer, options = BALANCERS[request.param]
    folder, front = tmp_path_factory.mktemp("balanced"), free_port()
    outside = (f"--external-url=http://127.0.0.1:{front}", f"--trusted-proxy={SOURCE}", "--workers=2")
    with (
        served(folder, *outside, *options) as server,
        balancer(folder, front, [server.registry]),
    ):
        seen = replace(server, port=front, _process=None)
        wait_until(lambda: _status(seen, "/readyz") == 200, "the balancer has found the registry")
        yield Balanced(server, seen)


def _status(seen: Entrepot, target: str, **headers: str) -> int:
    """The status of an answer to a client with an address of its own."""
    line = http.client.HTTPConnection(seen.host, seen.port, timeout=30, source_address=(CLIENT, 0))
    with closing(line) as connection:
        connection.request(
            "GET", target, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        return connection.getresponse().status


def test_the_aws_command_line_and_boto3_are_let_in(balanced: Balanced, tmp_path: Path) -> None:
    environment = balanced.seen.client_environment(tmp_path)
    run_program(
        find_program("aws"),
        "ecr",
        "create-repository",
        "--repository-name",
        "cli/app",
        environment=environment,
    )
    [found] = balanced.seen.ecr().describe_repositories(repositoryNames=["cli/app"])["repositories"]
    assert found["repositoryUri"] == f"{balanced.seen.registry}/cli/app"


def test_a_large_layer_goes_in_chunked_and_comes_out_whole(balanced: Balanced) -> None:
    balanced.seen.create_repository("raw/app")
    raw = RawRegistry(balanced.seen.host, balanced.seen.port, balanced.seen.password())
    pieces = (LARGE[at : at + 100_000] for at in range(0, len(LARGE), 100_000))
    sent = raw.send("PATCH", raw.begin_upload("raw/app"), pieces)
    assert (sent.status, sent.headers["range"]) == (202, f"0-{len(LARGE) - 1}")
    done = raw.send("PUT", with_query(target_of(sent), digest=sha256(LARGE)), b"")
    assert done.status == 201
    assert raw.send("GET", target_of(done)).body == LARGE


def test_skopeo_copies_in_and_out(balanced: Balanced, tmp_path: Path) -> None:
    balanced.seen.create_repository("skopeo/app")
    client, layout = open_skopeo(tmp_path), open_layout(tmp_path / "layout")
    client.login(balanced.seen.registry, balanced.seen.password())
    manifest = layout.add_image(layer=LARGE[: 2 << 20])
    target = f"docker://{balanced.seen.registry}/skopeo/app:1"
    client.copy(layout.name(OCI_MANIFEST, manifest), target)
    client.copy(target, f"dir:{tmp_path}/out")
    assert (tmp_path / "out" / "manifest.json").read_bytes() == manifest


def test_attack_49_the_log_names_the_client_whatever_it_says_of_itself(balanced: Balanced) -> None:
    claims = {"X_Forwarded_For": "198.51.100.1", "Forwarded": "for=198.51.100.2"}
    assert _status(balanced.seen, "/claims/another/address", **claims) == 404
    assert balanced.remotes("/claims/another/address") == [CLIENT]


def test_who_does_not_come_through_the_balancer_is_not_believed(balanced: Balanced) -> None:
    assert _status(balanced.server, "/comes/directly", X_Forwarded_For="198.51.100.1") == 404
    assert balanced.remotes("/comes/directly") == [CLIENT]


@pytest.fixture(name="authority", scope="module")
def _authority() -> trustme.CA:
    return trustme.CA()


def _files(authority: trustme.CA, folder: Path) -> tuple[Path, Path]:
    """Certificate chain and key for this machine."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    issued = authority.issue_cert("127.0.0.1", "localhost")
    chain.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return chain, key


def _push_over_tls(seen: Entrepot, authority: trustme.CA, folder: Path) -> None:
    """The command line and skopeo, both checking the certificate."""
    bundle = folder / "certs" / "ca.crt"
    bundle.parent.mkdir()
    authority.cert_pem.write_to_path(str(bundle))
    url = f"https://{seen.registry}"
    environment = seen.client_environment(folder) | {
        "AWS_CA_BUNDLE": str(bundle),
        "AWS_ENDPOINT_URL_ECR": url,
        "SSL_CERT_FILE": str(bundle),
    }
    aws = find_program("aws")
    made = run_program(aws, "ecr", "create-repository", "--repository-name=tls/app", environment=environment)
    assert json.loads(made)["repository"]["repositoryUri"] == f"{seen.registry}/tls/app"
    password = run_program(aws, "ecr", "get-login-password", environment=environment).strip()
    client, layout = open_skopeo(folder), open_layout(folder / "layout")
    credentials = f"--dest-creds=AWS:{password}"
    source = layout.name(OCI_MANIFEST, layout.add_image())
    client.run(
        "copy", f"--dest-cert-dir={bundle.parent}", credentials, source, f"docker://{seen.registry}/tls/app:1"
    )


def test_tls_ends_at_the_balancer(authority: trustme.CA, tmp_path: Path) -> None:
    front = free_port()
    options = (f"--external-url=https://127.0.0.1:{front}", f"--trusted-proxy={SOURCE}", "--workers=2")
    with (
        served(tmp_path, *options) as server,
        nginx(tmp_path, front, [server.registry], source=SOURCE, certificate=_files(authority, tmp_path)),
    ):
        _push_over_tls(replace(server, port=front, _process=None), authority, tmp_path)


def test_tls_goes_through_the_balancer(authority: trustme.CA, tmp_path: Path) -> None:
    front, (chain, key) = free_port(), _files(authority, tmp_path)
    options = (
        f"--external-url=https://127.0.0.1:{front}",
        f"--trusted-proxy={SOURCE}",
        "--proxy-protocol",
        f"--tls-cert={chain}",
        f"--tls-key={key}",
        "--workers=2",
    )
    with (
        _served_over_tls(tmp_path, *options) as server,
        haproxy_of_tcp(tmp_path, front, [server.registry], version=2, source=SOURCE),
    ):
        seen = replace(server, port=front)
        wait_until(lambda: _is_ready_over_tls(seen, authority), "the balancer has found the registry")
        _push_over_tls(seen, authority, tmp_path)


@contextmanager
def _served_over_tls(folder: Path, *options: str) -> Iterator[Entrepot]:
    """A server whose own port speaks TLS; whether it is ready the balancer tells."""
    server = Entrepot(folder, free_port(), options=options)
    place = ("--host=127.0.0.1", f"--port={server.port}", f"--data-dir={folder / 'data'}")
    with server.log.open("ab") as log:
        process = subprocess.Popen(
            [str(PROGRAM), "serve", *place, *options],
            env={**os.environ, **ROOT_KEYS},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield server
    finally:
        end_process(process, seconds=45)


def _is_ready_over_tls(seen: Entrepot, authority: trustme.CA) -> bool:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    line = http.client.HTTPSConnection(seen.host, seen.port, timeout=10, context=context)
    with closing(line) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
