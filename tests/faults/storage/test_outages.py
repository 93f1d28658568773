"""An object storage that fails: clients are told to come back, and nothing is acknowledged in vain."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clients.raw_registry import RawRegistry, sha256, target_of, with_query
from tests.engines.entrepot import PROGRAM, Entrepot, served
from tests.engines.programs import run_program
from tests.engines.seaweedfs import SeaweedFS, seaweedfs_server
from tests.engines.storage_proxy import Fault, Plan, Seen, no_faults
from tests.faults.storage.conftest import Storage

MIB = 1 << 20


@pytest.fixture
def entrepot(storage: Storage, tmp_path: Path) -> Iterator[Entrepot]:
    with served(
        tmp_path, f"--blobs={storage.blobs_url}", "--workers=2", environment=storage.server.credentials
    ) as server:
        server.create_repository("app")
        yield server


@pytest.fixture
def raw(entrepot: Entrepot) -> RawRegistry:
    return RawRegistry(entrepot.host, entrepot.port, entrepot.password())


def every(fault: Fault, *methods: str) -> Plan:
    return lambda seen: fault if seen.method in methods else None


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.RESET_BEFORE, Fault.RESET_AFTER])
def test_attack_45_a_storage_that_takes_nothing_is_told_as_503(
    storage: Storage, raw: RawRegistry, fault: Fault
) -> None:
    where, content = raw.begin_upload("app"), os.urandom(9 * MIB)
    storage.proxy.plan = every(fault, "PUT", "POST")
    refused = raw.send("PATCH", where, content)
    storage.proxy.plan = no_faults
    assert refused.status == 503
    held = raw.send("GET", where)
    assert (held.status, held.headers["range"]) == (204, "0-0")
    stored = raw.send("PUT", with_query(where, digest=sha256(content)), content)
    assert stored.status == 201
    assert raw.send("GET", target_of(stored)).body == content


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.RESET_BEFORE, Fault.RESET_AFTER])
def test_attack_45_a_finish_that_failed_may_be_repeated(
    storage: Storage, raw: RawRegistry, fault: Fault
) -> None:
    content = os.urandom(9 * MIB)
    patched = raw.send("PATCH", raw.begin_upload("app"), content)
    assert patched.status == 202
    finish = with_query(target_of(patched), digest=sha256(content))
    storage.proxy.plan = every(fault, "POST")
    assert raw.send("PUT", finish, b"").status in (201, 503)
    storage.proxy.plan = no_faults
    raw.send("PUT", finish, b"")
    assert raw.send("GET", f"/v2/app/blobs/{sha256(content)}").body == content


def test_a_request_that_fails_now_and_then_is_sent_again(storage: Storage, raw: RawRegistry) -> None:
    faults = (Fault.UNAVAILABLE, None, None, Fault.RESET_BEFORE, None, None, Fault.RESET_AFTER, None, None)
    storage.proxy.plan = lambda seen: faults[seen.number % len(faults)]
    for size in (0, 5, MIB, 20 * MIB + 3):
        content = os.urandom(size)
        digest = raw.push_blob("app", content)
        assert raw.send("GET", f"/v2/app/blobs/{digest}").body == content


def test_an_answer_that_breaks_off_is_read_on_from_where_it_broke(storage: Storage, raw: RawRegistry) -> None:
    content = os.urandom(9 * MIB + 5)
    digest = raw.push_blob("app", content)
    gets: list[Seen] = []

    def cut_first(seen: Seen) -> Fault | None:
        gets.append(seen)
        return Fault.CUT_SHORT if len(gets) == 1 else None

    storage.proxy.plan = cut_first
    assert raw.send("GET", f"/v2/app/blobs/{digest}").body == content
    assert len(gets) == 2


def test_a_storage_that_is_down_is_told_as_503_to_a_pull(storage: Storage, raw: RawRegistry) -> None:
    digest = raw.push_blob("app", os.urandom(9 * MIB))
    storage.proxy.plan = lambda _: Fault.UNAVAILABLE
    assert raw.send("GET", f"/v2/app/blobs/{digest}").status == 503


def test_attack_45_a_storage_that_hangs_holds_up_nobody_who_needs_it_not(
    storage: Storage, raw: RawRegistry, entrepot: Entrepot
) -> None:
    where = [raw.begin_upload("app") for _ in range(20)]
    storage.proxy.plan = every(Fault.HANG, "PUT")
    with ThreadPoolExecutor(20) as clients:
        pushes = [clients.submit(raw.send, "PATCH", target, b"content") for target in where]
        assert entrepot.ecr().describe_repositories()["repositories"]
        assert raw.send("GET", where[0]).status == 204
        storage.proxy.plan = no_faults
        storage.proxy.released.set()
        assert [push.result().status for push in pushes] == [202] * 20


def test_pushes_go_on_over_restarts_of_the_storage(tmp_path: Path) -> None:
    """Each push ends with 201 or a 5xx; what was acknowledged is there, through a storage killed twice."""
    with seaweedfs_server() as storage:
        blobs = storage.blobs_url(storage.create_bucket())
        with served(tmp_path, f"--blobs={blobs}", environment=storage.credentials) as entrepot:
            entrepot.create_repository("app")
            raw = RawRegistry(entrepot.host, entrepot.port, entrepot.password())
            with ThreadPoolExecutor(4) as clients:
                running = [clients.submit(push_all, raw, 6) for _ in range(4)]
                for _ in range(2):
                    storage.kill9()
                    storage.start()
                acknowledged = [content for pushes in running for content in pushes.result()]
            for content in acknowledged:
                assert raw.send("GET", f"/v2/app/blobs/{sha256(content)}").body == content
            assert raw.push_blob("app", b"afterwards") == sha256(b"afterwards")


def push_all(raw: RawRegistry, count: int) -> list[bytes]:
    """What the registry acknowledged of so many pushes, each tried once and told of as it should."""
    acknowledged = []
    for _ in range(count):
        content = os.urandom(10 * MIB)
        begun = raw.send("POST", "/v2/app/blobs/uploads/")
        answer = raw.send("PUT", with_query(target_of(begun), digest=sha256(content)), content)
        assert answer.status in (201, 503), answer
        if answer.status == 201:
            acknowledged.append(content)
    return acknowledged


@pytest.mark.parametrize(
    ("blobs", "reason"),
    [
        ("s3://no-such-bucket?endpoint={endpoint}", "there is no bucket no-such-bucket"),
        ("s3://bucket?endpoint=http://127.0.0.1:1", "cannot be reached"),
        ("s3://bucket?endpoint={endpoint}&size=1", "knows no parameter 'size'"),
    ],
)
def test_a_bucket_that_cannot_be_used_ends_the_start_with_one_line(
    seaweedfs: SeaweedFS, tmp_path: Path, blobs: str, reason: str
) -> None:
    printed = run_program(
        PROGRAM,
        "serve",
        "--port=0",
        f"--data-dir={tmp_path}",
        f"--blobs={blobs.format(endpoint=seaweedfs.endpoint)}",
        environment={**os.environ, **seaweedfs.credentials},
        is_expected_to_fail=True,
    )
    assert reason in printed
    assert printed.count("\n") == 1


def test_a_secret_that_the_storage_refuses_ends_the_start_with_one_line(
    storage: Storage, tmp_path: Path
) -> None:
    printed = run_program(
        PROGRAM,
        "serve",
        "--port=0",
        f"--data-dir={tmp_path}",
        f"--blobs={storage.blobs_url}",
        environment={**os.environ, **storage.server.credentials, "AWS_SECRET_ACCESS_KEY": "not-the-secret"},
        is_expected_to_fail=True,
    )
    assert "cannot be used: SignatureDoesNotMatch" in printed
    assert "not-the-secret" not in printed
    assert printed.count("\n") == 1
