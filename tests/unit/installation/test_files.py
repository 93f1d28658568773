"""Small files: whole or absent, private, and one writer where only one may win."""

import json
import os
import re
import stat
from pathlib import Path

import pytest

from entrepot.installation.credential_files import CredentialFiles, RootCredential
from entrepot.installation.data_lock import DataFolderInUse, DataFolderUnwritable, data_lock
from entrepot.installation.endpoint_file import ServedAt, find_endpoint, write_endpoint
from entrepot.installation.files import write_durably, write_once
from tests.unit.builders import ACCOUNT

CREDENTIAL = RootCredential(ACCOUNT, "AKIA234567ABCDEFGHIJ", "s" * 40)
OTHER = RootCredential(ACCOUNT, "AKIAOTHER234567OTHER", "t" * 40)


def test_a_file_is_replaced_whole_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"

    write_durably(path, b"one")
    write_durably(path, b"two")

    assert path.read_bytes() == b"two"
    assert [found.name for found in path.parent.iterdir()] == ["file"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_written_once_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"

    assert write_once(path, b"one")
    assert not write_once(path, b"two")

    assert path.read_bytes() == b"one"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()

    with pytest.raises(OSError, match="directory"):
        write_durably(path, b"content")

    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_a_credential_reads_back_and_is_json(tmp_path: Path) -> None:
    files = CredentialFiles(tmp_path)
    assert files.find(ACCOUNT) is None

    files.write(CREDENTIAL)

    assert files.find(ACCOUNT) == CREDENTIAL
    assert json.loads(files.path(ACCOUNT).read_text())["secretAccessKey"] == CREDENTIAL.secret
    assert CREDENTIAL.secret not in repr(CREDENTIAL)
    files.remove(ACCOUNT)
    files.remove(ACCOUNT)
    assert files.find(ACCOUNT) is None


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    device = tmp_path / "device"
    os.mkfifo(device)  # stands for /dev/null, where AWS_CONFIG_FILE may well point

    with pytest.raises(OSError, match="not a regular file"):
        write_durably(device, b"content")
    assert stat.S_ISFIFO(device.stat().st_mode)


def test_of_two_offered_credentials_the_first_is_kept(tmp_path: Path) -> None:
    files = CredentialFiles(tmp_path)

    assert files.offer(CREDENTIAL) == CREDENTIAL
    assert files.offer(OTHER) == CREDENTIAL
    files.remove_other(CREDENTIAL)
    assert files.find(ACCOUNT) == CREDENTIAL
    files.remove_other(OTHER)
    assert files.find(ACCOUNT) is None


def test_the_endpoint_reads_back(tmp_path: Path) -> None:
    served = ServedAt("http://localhost:5050", ACCOUNT)
    assert find_endpoint(tmp_path) is None

    write_endpoint(tmp_path, served)

    assert find_endpoint(tmp_path) == served


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_data_folder_that_cannot_be_written_is_named_with_who_tried(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("in its place")
    data_dir = tmp_path / name

    said = f"the data folder {data_dir} cannot be written by user {os.geteuid()}"
    with pytest.raises(DataFolderUnwritable, match=re.escape(said)), data_lock(data_dir):
        pass


def test_one_server_holds_a_folder(tmp_path: Path) -> None:
    with data_lock(tmp_path), pytest.raises(DataFolderInUse), data_lock(tmp_path):
        pass
    with data_lock(tmp_path):
        assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
