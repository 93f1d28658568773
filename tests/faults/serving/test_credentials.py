"""Keys that change under a running server: the root credential and the root key."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.engines.entrepot import PROGRAM, Entrepot, served
from tests.engines.programs import run_program
from tests.faults.serving.images import (
    Acknowledged,
    EcrPusher,
    OciPusher,
    Pusher,
    make_image,
    offset_of,
    pull,
    registry_of,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    """A server whose root credential its own first start has made."""
    made = {"ENTREPOT_ROOT_ACCESS_KEY_ID": "", "ENTREPOT_ROOT_SECRET_ACCESS_KEY": ""}
    with served(tmp_path, "--workers=2", environment=made) as running:
        running.take_credential()
        running.create_repository("team/app")
        yield running


def test_a_root_key_is_rotated_under_pushes_and_pulls(server: Entrepot) -> None:
    raw, told, chance = registry_of(server), Acknowledged(), random.Random(8)
    pushers: list[Pusher] = [
        OciPusher(raw, "team/app", told, chance),
        EcrPusher(server.ecr(), "team/app", told),
    ]
    half_sent = raw.begin_upload("team/app")
    assert raw.send("PATCH", half_sent, bytes(1000)).status == 202
    for version in (2, 3):
        for pusher in pushers:
            pusher.push(make_image(chance, f"v{version}-{type(pusher).__name__}", sizes=[28, 1_048_577]))
        printed = _run(server, "root-key", "rotate")
        assert f" has version {version}; " in printed
        for repository, image in told.images:
            pull(raw, repository, image)
    assert offset_of(raw, half_sent, acknowledged=1000) == 1000
    assert raw.send("PATCH", half_sent, bytes(1000)).status == 202
    server.restart()
    assert offset_of(raw, half_sent, acknowledged=2000) == 2000
    for repository, image in told.images:
        pull(raw, repository, image)
    assert "versions 1, 2, 3" in _run(server, "root-key", "show")


def test_the_old_root_credential_and_its_tokens_end_at_once(server: Entrepot) -> None:
    raw, old = registry_of(server), server.ecr()
    session = server.sts().get_session_token()["Credentials"]
    image = make_image(random.Random(4), "1.0")
    told = Acknowledged()
    OciPusher(raw, "team/app", told, random.Random(4)).push(image)
    layer = next(iter(image.content))
    address = old.get_download_url_for_layer(repositoryName="team/app", layerDigest=layer)["downloadUrl"]
    _run(server, "credentials")
    for number in range(6):  # some of them meet each of the two processes
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            old.describe_repositories()
        assert raw.send("GET", "/v2/team/app/tags/list").status in (401, 403), number
        assert raw.send("GET", address.removeprefix(server.url)).status in (401, 403), number
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            server.ecr(
                access_key_id=session["AccessKeyId"], secret_access_key=session["SecretAccessKey"]
            ).describe_repositories()
    server.take_credential()
    pull(registry_of(server), "team/app", image)


def test_a_credential_file_whose_key_was_replaced_elsewhere_is_not_kept(server: Entrepot) -> None:
    """As it is left by a crash between the row and the file, or by another node of the database."""
    file = server.data_folder / "credentials" / f"{server.account}.json"
    stale = file.read_bytes()
    _run(server, "credentials")
    file.write_bytes(stale)
    server.restart()
    assert not file.exists()


def _run(server: Entrepot, *command: str) -> str:
    """A command beside the server, on its data folder."""
    options = [f"--data-dir={server.data_folder}", *server.options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
    return run_program(PROGRAM, *command, *options, environment=environment)
