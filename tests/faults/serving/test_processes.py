"""The server's processes: one dies and is replaced, all are asked to end, a second server is turned away."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.clients.raw_registry import OCI_MANIFEST, sha256, target_of, with_query
from tests.engines.entrepot import PROGRAM, ROOT_KEYS, Entrepot, free_port, served
from tests.faults.serving.images import Acknowledged, OciPusher, make_image, pull, registry_of
from tests.faults.serving.processes import children_of, is_alive, is_refused, is_running, wait_until
from tests.faults.serving.slow_transfers import slow_download, slow_upload

_LAYER = random.Random(5).randbytes(20 << 20)  # more than the buffers between two processes hold


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    with served(tmp_path, "--workers=2") as running:
        running.create_repository("team/app")
        yield running


def test_a_killed_process_is_replaced_while_the_others_serve(server: Entrepot) -> None:
    raw, told = registry_of(server), Acknowledged()
    image = make_image(random.Random(1), "1.0")
    OciPusher(raw, "team/app", told, random.Random(1)).push(image)
    before = children_of(server)
    assert len(before) == 3
    for victim in before:
        os.kill(victim, signal.SIGKILL)
        wait_until(partial(_is_gone, server, victim), "its end is noticed")
        pull(raw, "team/app", image)
        wait_until(lambda: len(children_of(server)) == 3, "another takes its place")
    assert not set(before) & set(children_of(server))
    pull(raw, "team/app", image)


def test_attack_25_what_one_process_changes_no_other_still_has_in_memory(server: Entrepot) -> None:
    raw, told = registry_of(server), Acknowledged()
    where = "/v2/team/app/manifests/moved"
    images = [make_image(random.Random(seed), "moved", layers=1, sizes=(28,)) for seed in range(2)]
    pusher = OciPusher(raw, "team/app", told, random.Random(1))
    for image in images:
        pusher.push(image)
    for turn in range(30):
        image = images[turn % 2]
        assert raw.push_manifest("team/app", "moved", image.manifest, OCI_MANIFEST).status == 201
        for method in ("GET", "HEAD") * 4:  # each with a connection of its own: both processes are asked
            assert raw.send(method, where).headers["docker-content-digest"] == image.digest
    assert raw.send("DELETE", where).status == 202
    assert {raw.send(method, where).status for method in ("GET", "HEAD") * 4} == {404}


def test_every_process_ends_with_the_first_one(server: Entrepot) -> None:
    children = children_of(server)
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, children)), "the children end")
    server.stop()
    server.start()
    assert is_alive(server)


def test_sigterm_lets_a_download_and_an_upload_finish_and_refuses_new_connections(server: Entrepot) -> None:
    raw = registry_of(server)
    digest = raw.push_blob("team/app", _LAYER)
    where = raw.begin_upload("team/app")
    with closing(slow_download(raw, f"/v2/team/app/blobs/{digest}")) as download:
        head = download.recv(1000)
        with closing(slow_upload(raw, where, 1000)) as upload:
            os.kill(server.pid, signal.SIGTERM)
            wait_until(lambda: is_refused(server), "the port is closed")
            upload.sendall(bytes(1000))
            assert _read_all(upload).startswith(b"HTTP/1.1 202 ")
        body = (head + _read_all(download)).partition(b"\r\n\r\n")[2]
    assert sha256(body) == digest
    process = server.pid
    wait_until(lambda: not is_running(process), "the server ends")
    assert server.stop() == 0
    server.start()
    done = registry_of(server).send("PUT", with_query(where, digest=sha256(bytes(1000))), b"")
    assert done.status == 201


def test_a_drain_that_takes_too_long_is_cut_off(tmp_path: Path) -> None:
    with served(tmp_path, "--drain-seconds=1") as server:
        server.create_repository("team/app")
        raw = registry_of(server)
        with closing(slow_upload(raw, raw.begin_upload("team/app"), 1000)) as upload:
            assert server.stop() == 0
            assert b" 202 " not in _read_all(upload)


def test_a_second_sigterm_ends_the_server_at_once(tmp_path: Path) -> None:
    with served(tmp_path, "--drain-seconds=3600") as server:
        server.create_repository("team/app")
        raw, process = registry_of(server), server.pid
        with closing(slow_upload(raw, raw.begin_upload("team/app"), 1000)) as upload:
            os.kill(process, signal.SIGTERM)
            wait_until(lambda: is_refused(server), "the port is closed")
            os.kill(process, signal.SIGTERM)
            assert b" 202 " not in _read_all(upload)
            wait_until(lambda: not is_running(process), "the server ends")


def test_an_upload_whose_requests_meet_two_processes_finishes(server: Entrepot) -> None:
    raw, content = registry_of(server), random.Random(3).randbytes(3_000_000)
    where, start = raw.begin_upload("team/app"), 0
    for number in range(60):
        end = len(content) if number == 59 else start + random.Random(number).randrange(1, 90_000)
        end = min(end, len(content))
        sent = raw.send("PATCH", where, content[start:end])
        assert (sent.status, sent.headers["range"]) == (202, f"0-{end - 1}")
        where, start = target_of(sent), end
    done = raw.send("PUT", with_query(where, digest=sha256(content)), b"")
    assert done.status == 201
    assert raw.send("GET", f"/v2/team/app/blobs/{sha256(content)}").body == content


def test_a_second_server_on_the_same_data_is_turned_away(server: Entrepot) -> None:
    status, said = _serve(f"--port={free_port()}", f"--data-dir={server.data_folder}")
    assert status == 2
    assert said == (
        f"entrepot: another server runs on {server.data_folder}: stop it, or name another --data-dir\n"
    )
    assert is_alive(server)


def test_a_port_in_use_is_said_clearly(server: Entrepot, tmp_path: Path) -> None:
    status, said = _serve(f"--port={server.port}", f"--data-dir={tmp_path / 'other'}")
    assert status == 2
    assert said.endswith(
        f"listen on 127.0.0.1 port {server.port}: Address already in use: name another port\n"
    )
    assert not (tmp_path / "other" / "metadata").exists()


def test_a_port_for_metrics_in_use_is_said_before_anything_is_made(server: Entrepot, tmp_path: Path) -> None:
    data = tmp_path / "other"
    status, said = _serve(
        f"--port={free_port()}", f"--data-dir={data}", f"--metrics-listen=127.0.0.1:{server.port}"
    )
    assert status == 2
    assert said.startswith(f"entrepot: cannot listen on 127.0.0.1 port {server.port}: Address already in use")
    assert not (data / "metadata").exists()


def test_an_address_of_another_machine_is_said_clearly(tmp_path: Path) -> None:
    status, said = _serve("--host=192.0.2.1", f"--port={free_port()}", f"--data-dir={tmp_path / 'other'}")
    assert (status, said) == (2, "entrepot: 192.0.2.1 is no address of this machine\n")


def test_a_second_start(server: Entrepot, tell: Callable[[str], None]) -> None:
    assert server.stop() == 0
    began = time.monotonic()
    server.start()
    tell(f"it took {time.monotonic() - began:.2f} s")


def _is_gone(server: Entrepot, child: int) -> bool:
    return child not in children_of(server)


def _serve(*options: str) -> tuple[int, str]:
    """Status and message of a server that is not to start."""
    ended = subprocess.run(
        [str(PROGRAM), "serve", "--host=127.0.0.1", *options],
        env={**os.environ, **ROOT_KEYS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout


def _read_all(connection: socket.socket) -> bytes:
    received = bytearray()
    try:
        while piece := connection.recv(1 << 20):
            received += piece
    except ConnectionError:
        return bytes(received)
    return bytes(received)
