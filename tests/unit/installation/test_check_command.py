"""`entrepot check` on a data folder."""

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from entrepot.cli import run
from entrepot.installation.first_start import prepare
from entrepot.installation.inspection import check
from entrepot.registry.inspection import Depth, Trouble
from tests.unit.installation.builders import server

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that was prepared, as a server does it."""
    asyncio.run(prepare(server(tmp_path), {}))
    return tmp_path


def leave_orphan(folder: Path, *, age: timedelta) -> None:
    path = folder / "blobs" / "blobs" / KEY[:2] / KEY
    path.write_bytes(b"orphan")
    then = path.stat().st_mtime - age.total_seconds()
    os.utime(path, (then, then))


def test_a_fresh_folder_is_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asyncio.run(check(server(folder), Depth(is_deep=True))).findings == ()

    assert run(["check", "--deep", "--data-dir", str(folder)]) == 0
    assert capsys.readouterr().out == "0 layers of 0 bytes, 0 uploads, 0 images: nothing is wrong\n"


def test_each_finding_is_a_line_and_the_status_is_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(check(server(folder), Depth()))
    leave_orphan(folder, age=timedelta(hours=2))

    assert run(["check", "--data-dir", str(folder)]) == 1

    finding, summary = capsys.readouterr().out.splitlines()
    assert finding.startswith(f"orphan-blob {KEY}: 6 bytes of ")
    assert summary.endswith(": 1 findings")


def test_a_database_that_is_gone_is_not_made_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = folder / "metadata" / "entrepot.db"
    for file in database.parent.iterdir():
        file.unlink()
    assert run(["check", "--data-dir", str(folder)]) == 2
    assert "restore it from your copy" in capsys.readouterr().err
    assert list(database.parent.iterdir()) == []


@pytest.mark.parametrize("page", [1, 10])
@pytest.mark.parametrize("depth", [[], ["--deep"], ["--repair"]])
def test_attack_45_a_damaged_database_is_told_before_its_rows_are_believed(
    folder: Path, capsys: pytest.CaptureFixture[str], page: int, depth: list[str]
) -> None:
    with (folder / "metadata" / "entrepot.db").open("r+b") as database:
        database.seek(page * 4096)
        database.write(b"\xa5" * 4096)
    assert run(["check", *depth, "--data-dir", str(folder)]) == 2
    assert "is damaged: " in capsys.readouterr().err


def test_tables_of_another_release_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "metadata" / "entrepot.db").write_bytes(b"")
    assert run(["check", "--data-dir", str(folder)]) == 2
    assert "the tables are not those of this release" in capsys.readouterr().err


def test_json_holds_the_findings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(check(server(folder), Depth()))
    leave_orphan(folder, age=timedelta(hours=2))

    assert run(["check", "--json", "--data-dir", str(folder)]) == 1

    said = json.loads(capsys.readouterr().out)
    assert [(f["what"], f["key"]) for f in said["findings"]] == [("orphan-blob", [KEY])]
    assert said["seen"]["blobs"] == 0


def test_grace_says_how_old_orphans_must_be(folder: Path) -> None:
    asyncio.run(check(server(folder), Depth()))
    leave_orphan(folder, age=timedelta(minutes=2))

    assert run(["check", "--data-dir", str(folder)]) == 0
    assert run(["check", "--data-dir", str(folder), "--grace-minutes", "1"]) == 1
    (finding,) = asyncio.run(check(server(folder), Depth(grace=timedelta(0)))).findings
    assert finding.what is Trouble.ORPHAN_BLOB


def test_a_folder_that_was_never_served_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--data-dir", str(tmp_path / "nothing")]) == 2
    assert "start `entrepot serve` first" in capsys.readouterr().err


def test_another_root_key_is_refused_rather_than_called_damage(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path_factory.mktemp("other")
    asyncio.run(prepare(server(other), {}))

    said = run(["check", "--data-dir", str(folder), "--root-key-file", str(other / "keys" / "root-key")])

    assert said == 2
    assert "is not the one that this database was sealed with" in capsys.readouterr().err
