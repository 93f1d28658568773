"""The commands that people type beside a server."""

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.configloader import load_config

from entrepot import __version__
from entrepot.cli import _env_command, run
from entrepot.installation.credential_files import CredentialFiles, RootCredential
from entrepot.installation.endpoint_file import ServedAt, write_endpoint
from entrepot.installation.first_start import ACCESS_KEY_VARIABLE, SECRET_VARIABLE, prepare
from tests.unit.builders import ACCOUNT
from tests.unit.installation.builders import server

URL = "http://localhost:5050"
CREDENTIAL = RootCredential(ACCOUNT, "AKIA234567ABCDEFGHIJ", "it's $ecret")


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A data folder that was served."""
    write_endpoint(tmp_path, ServedAt(URL, ACCOUNT))
    CredentialFiles(tmp_path).write(CREDENTIAL)
    return tmp_path


def test_version_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version"]) == 0
    assert capsys.readouterr().out == f"entrepot {__version__}\n"


def test_a_reader_that_goes_away_is_no_failure_to_tell_of() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(
        [sys.executable, "-m", "entrepot", "version"], stdout=writing, stderr=subprocess.PIPE, check=False
    )

    os.close(writing)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, b"")


def test_env_exports_what_clients_need_quoted_for_the_shell(
    served: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["env", "--data-dir", str(served), "--region", "eu-west-1"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert f"export AWS_ENDPOINT_URL_ECR={URL}" in lines
    assert f"export AWS_ENDPOINT_URL_ENTREPOT={URL}" in lines
    assert f"export AWS_ENDPOINT_URL_IAM={URL}" in lines
    assert f"export AWS_ENDPOINT_URL_STS={URL}" in lines
    assert f"export AWS_ENDPOINT_URL_CLOUDTRAIL={URL}" in lines
    assert f"export AWS_ACCESS_KEY_ID={CREDENTIAL.access_key_id}" in lines
    assert "export AWS_SECRET_ACCESS_KEY='it'\"'\"'s $ecret'" in lines
    assert "export AWS_DEFAULT_REGION=eu-west-1" in lines
    assert not any(line.startswith("export AWS_ENDPOINT_URL=") for line in lines)


def test_env_finds_the_folder_by_the_environment(
    served: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTREPOT_DATA_DIR", str(served))

    assert run(["env"]) == 0
    assert URL in capsys.readouterr().out


def test_env_gives_the_keys_that_the_environment_set(
    served: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ACCESS_KEY_VARIABLE, "AKIAGIVEN234567GIVEN")
    monkeypatch.setenv(SECRET_VARIABLE, "g" * 40)

    assert run(["env", "--data-dir", str(served)]) == 0
    assert "AKIAGIVEN234567GIVEN" in capsys.readouterr().out


def test_a_start_tells_the_command_for_env_as_it_has_to_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "entrepot"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bin/entrepot", "serve"])
    assert _env_command(tmp_path / "data") == "bin/entrepot env"
    assert _env_command(tmp_path / "my data") == f"bin/entrepot env '--data-dir={tmp_path}/my data'"

    monkeypatch.setenv("PATH", str(program.parent))
    assert _env_command(tmp_path / "data") == "entrepot env"

    monkeypatch.setattr(sys, "argv", [f"{tmp_path}/entrepot/__main__.py", "serve"])
    assert _env_command(tmp_path / "data") == f"{shlex.quote(sys.executable)} -m entrepot env"


def test_configure_writes_a_profile(
    served: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, credentials = tmp_path / "config", tmp_path / "aws-credentials"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))

    assert run(["configure", "--data-dir", str(served), "--profile", "mine", "--region", "eu-west-1"]) == 0

    printed = capsys.readouterr().out
    assert printed == f"Profile mine is in {config} and {credentials}\n"
    assert load_config(str(config))["profiles"]["mine"]["region"] == "eu-west-1"
    assert CREDENTIAL.secret in credentials.read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["env", "--data-dir", "nowhere"],
        ["env", "--account", "210987654321"],
        ["env", "--account", "../../secret"],
        ["env", "--region", "eu-west-1; rm -rf"],
        ["configure", "--region", "eu\n[default]"],
        ["configure", "--profile", "a]b"],
        ["credentials", "--account", "12"],
        ["root-key", "show", "--port", "x"],
        ["root-key", "show"],
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    served: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    monkeypatch.setenv("ENTREPOT_DATA_DIR", str(served))

    assert run(arguments) == 2

    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("entrepot: ")
    assert written.err.count("\n") == 1


@pytest.mark.parametrize(
    "database", ["mysql://db", "sqlite:///nowhere/rows.db", "postgresql://127.0.0.1:1/x"]
)
def test_a_database_that_cannot_be_opened_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], database: str
) -> None:
    asyncio.run(prepare(server(tmp_path), {}))

    assert run(["root-key", "show", "--data-dir", str(tmp_path), "--database", database]) == 2

    said = capsys.readouterr().err
    assert said.startswith("entrepot: ")
    assert len(said) > len("entrepot: \n")
    assert "Traceback" not in said


def test_credentials_replaces_the_file_and_prints_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(prepare(server(tmp_path), {}))
    old = CredentialFiles(tmp_path).find(ACCOUNT)

    assert run(["credentials", "--data-dir", str(tmp_path)]) == 0

    new = CredentialFiles(tmp_path).find(ACCOUNT)
    assert new is not None
    assert new != old
    printed = capsys.readouterr().out
    assert new.access_key_id in printed
    assert new.secret not in printed


def test_the_root_key_is_shown_by_version_and_rotated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(prepare(server(tmp_path), {}))

    assert run(["root-key", "rotate", "--data-dir", str(tmp_path)]) == 0
    assert run(["root-key", "show", "--data-dir", str(tmp_path)]) == 0

    path = tmp_path / "keys" / "root-key"
    assert capsys.readouterr().out == (
        f"{path} has version 2; 1 keys were wrapped anew\n{path} has versions 1, 2\n"
    )


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], "entrepot"),
        (["unknown"], "entrepot"),
        (["serve", "--unknown"], "entrepot serve"),
        (["root-key", "lose"], "entrepot root-key"),
        (["bin", "show", "--unknown", "team/app"], "entrepot bin show"),
    ],
)
def test_what_is_typed_wrong_is_said_in_a_line_by_the_command_that_was_typed(
    capsys: pytest.CaptureFixture[str], arguments: list[str], command: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)

    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{command}: ")
    assert said.endswith(f"; `{command} --help` tells what there is\n")
    assert said.count("\n") == 1


def test_a_root_key_is_made_before_there_is_a_server_and_never_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "secrets" / "root-key"
    command = ["root-key", "create", "--root-key-file", str(path)]
    assert run(command) == 0
    made = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600

    assert run(command) == 2

    assert path.read_bytes() == made
    told = capsys.readouterr()
    assert made.decode() not in told.out
    assert "is there already" in told.err
