"""A disk that is full: what does not fit is refused, what was acknowledged stays, and room helps."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.clients.raw_registry import sha256, with_query
from tests.engines.disk import fill, small_disk
from tests.engines.entrepot import PROGRAM, Entrepot, free_port, log_entries, served
from tests.engines.programs import run_program
from tests.faults.serving.images import Acknowledged, OciPusher, make_image, pull, registry_of, tags_of

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    with small_disk(tmp_path / "data", "48m"), served(tmp_path, "--workers=2") as running:
        running.create_repository("team/app")
        yield running


def test_attack_45_a_full_disk_loses_nothing_that_was_acknowledged(server: Entrepot) -> None:
    raw, told, chance = registry_of(server), Acknowledged(), random.Random(7)
    pusher = OciPusher(raw, "team/app", told, chance)
    pusher.push(make_image(chance, "before"))
    where, content = raw.begin_upload("team/app"), chance.randbytes(1 << 20)
    assert raw.send("PATCH", where, content).status == 202
    filler = fill(server.data_folder)
    assert raw.send("PATCH", where, chance.randbytes(1 << 20)).status == 503
    with pytest.raises(AssertionError, match="status=503"):
        pusher.push(make_image(chance, "refused", sizes=[1 << 20]))
    for repository, image in told.images:
        pull(raw, repository, image)
    filler.unlink()
    done = raw.send("PUT", with_query(where, digest=sha256(content)), b"")
    assert done.status == 201
    pusher.push(make_image(chance, "after"))
    server.restart()
    raw = registry_of(server)
    for repository, image in told.images:
        pull(raw, repository, image)
    assert tags_of(server, "team/app") == ["after", "before"]


def test_attack_45_a_full_disk_is_an_outage_in_both_dialects_and_a_line_in_the_log(server: Entrepot) -> None:
    ecr, raw, chance = server.ecr(), registry_of(server), random.Random(8)
    begun, where = ecr.initiate_layer_upload(repositoryName="team/app"), raw.begin_upload("team/app")
    content = chance.randbytes(6 << 20)
    filler = fill(server.data_folder)
    with pytest.raises(ClientError) as refused:
        ecr.upload_layer_part(
            repositoryName="team/app",
            uploadId=begun["uploadId"],
            partFirstByte=0,
            partLastByte=len(content) - 1,
            layerPartBlob=content,
        )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert raw.send("PATCH", where, content).status == 503
    with pytest.raises(ClientError) as refused:
        _create_repositories(ecr, 200)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    filler.unlink()
    assert raw.send("PATCH", where, content).status == 202
    said = [entry["outage"] for entry in log_entries(server, "request met an outage")]
    assert any("DiskUnusable: No space left on device" in outage for outage in said), said
    assert any("database or disk is full" in outage or "disk I/O error" in outage for outage in said), said
    assert "Traceback" not in server.log.read_text()


def test_attack_45_a_start_on_a_disk_that_is_full_is_said_in_a_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "data", "200k"):
        said = run_program(
            PROGRAM, "serve", "--host=127.0.0.1", f"--port={free_port()}", f"--data-dir={tmp_path / 'data'}",
            environment={}, is_expected_to_fail=True,
        )  # fmt: skip
    assert said == "entrepot: a change was not confirmed, try again: database or disk is full\n"


def _create_repositories(ecr: "ECRClient", count: int) -> None:
    """Many: what fits into pages that the database has already is still taken."""
    for number in range(count):
        ecr.create_repository(repositoryName=f"team/{number}")


def test_attack_45_a_server_killed_on_a_full_disk_is_whole_once_there_is_room(server: Entrepot) -> None:
    raw, told, chance = registry_of(server), Acknowledged(), random.Random(9)
    pusher = OciPusher(raw, "team/app", told, chance)
    pusher.push(make_image(chance, "1.0"))
    filler = fill(server.data_folder)
    server.kill9()
    filler.unlink()
    server.start()
    pull(registry_of(server), "team/app", told.images[0][1])
