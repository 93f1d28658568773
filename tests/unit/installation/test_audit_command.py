"""`entrepot audit export` on a data folder, and the events of commands that work on it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from entrepot.cli import run
from entrepot.installation.first_start import prepare
from tests.unit.installation.builders import server

ACCOUNT, OTHER_ACCOUNT = "123456789012", "210987654321"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A data folder that was prepared, as a server does it, and an account made by command."""
    asyncio.run(prepare(server(tmp_path), {}))
    asyncio.run(prepare(server(tmp_path), {}))
    assert run(["credentials", "--data-dir", str(tmp_path), "--account", OTHER_ACCOUNT]) == 0
    assert run(["root-key", "rotate", "--data-dir", str(tmp_path)]) == 0
    return tmp_path


def exported(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run(["audit", "export", "--data-dir", str(folder), *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_what_commands_did_is_told_account_by_account(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = exported(folder, capsys)
    told = [(each["recipientAccountId"], each["eventName"]) for each in found]
    assert told == [
        (ACCOUNT, "CreateAccount"),
        (ACCOUNT, "RotateRootKey"),
        (OTHER_ACCOUNT, "ReplaceRootCredential"),
    ]
    assert {each["eventType"] for each in found} == {"AwsServiceEvent"}
    assert found[2]["userIdentity"] == {"accountId": OTHER_ACCOUNT, "invokedBy": "entrepot credentials"}
    credential = json.loads((folder / "credentials" / f"{OTHER_ACCOUNT}.json").read_text())
    assert found[2]["serviceEventDetails"]["accessKeyId"] in credential.values()
    assert not [value for value in credential.values() if len(str(value)) > 30 and str(value) in str(found)]


def test_one_account_and_a_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(exported(folder, capsys, "--account", OTHER_ACCOUNT)) == 1
    assert exported(folder, capsys, "--since", "2999-01-01") == []
    assert exported(folder, capsys, "--until", "2020-01-01T00:00:00Z") == []
    assert len(exported(folder, capsys, "--since", "2020-01-01", "--until", "2999-01-01T00:00:00+02:00")) == 3


@pytest.mark.parametrize(
    "options", [("--since", "yesterday"), ("--until", "\x1b[31m"), ("--account", "me"), ("--account", "../1")]
)
def test_attack_49_what_cannot_be_meant_is_said_in_a_line(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, str]
) -> None:
    capsys.readouterr()
    assert run(["audit", "export", "--data-dir", str(folder), *options]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.strip().isprintable()
