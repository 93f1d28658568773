"""The profile that `entrepot configure` writes, as AWS's own tools read it."""

import stat
from pathlib import Path

import pytest
from botocore.configloader import load_config, raw_config_parse

from entrepot.installation.aws_profile import ProfileNameInvalid, write_profile
from entrepot.installation.credential_files import RootCredential
from tests.unit.builders import ACCOUNT

CREDENTIAL = RootCredential(ACCOUNT, "AKIA234567ABCDEFGHIJ", "s%cret/with+signs=")
URL = "http://localhost:5050"


def write(home: Path, profile: str = "entrepot", *, region: str = "eu-west-1", **variables: str) -> None:
    environment = {"HOME": str(home)} | variables
    write_profile(profile, URL, CREDENTIAL, region=region, environment=environment)


def config(home: Path) -> Path:
    return home / ".aws" / "config"


@pytest.mark.parametrize("profile", ["entrepot", "default", "team/dev-1"])
def test_botocore_reads_the_profile_back(tmp_path: Path, profile: str) -> None:
    write(tmp_path, profile)

    loaded = load_config(str(config(tmp_path)))
    keys = raw_config_parse(str(tmp_path / ".aws/credentials"))[profile]
    found = loaded["profiles"][profile]
    services = loaded["services"][found["services"]]
    assert found["region"] == "eu-west-1"
    assert services["ecr"]["endpoint_url"] == services["sts"]["endpoint_url"] == URL
    assert keys == {
        "aws_access_key_id": CREDENTIAL.access_key_id,
        "aws_secret_access_key": CREDENTIAL.secret,
    }


def test_attack_49_both_files_are_private(tmp_path: Path) -> None:
    write(tmp_path)

    for name in ("config", "credentials"):
        assert stat.S_IMODE((tmp_path / ".aws" / name).stat().st_mode) == 0o600


THEIRS = """# my settings
[default]
region = us-east-1
; old: output = table

[profile entrepot-prod]
region = us-west-2

[profile entrepot]
region = old
output = json

# production, careful
; really
[profile prod]
region = eu-central-1
s3 =
  max_concurrent_requests = 20

[services entrepot-prod]
ecr =
  endpoint_url = https://prod.example.com
"""


def test_all_that_is_not_ours_stays_with_its_comments(tmp_path: Path) -> None:
    config(tmp_path).parent.mkdir()
    config(tmp_path).write_text(THEIRS)

    write(tmp_path)

    text = config(tmp_path).read_text()
    ours = text.index("[profile entrepot]")
    assert text[:ours].rstrip("\n") == THEIRS.replace(
        "[profile entrepot]\nregion = old\noutput = json\n\n", ""
    ).rstrip("\n")
    loaded = load_config(str(config(tmp_path)))
    assert loaded["profiles"]["prod"]["s3"]["max_concurrent_requests"] == "20"
    assert loaded["profiles"]["entrepot-prod"]["region"] == "us-west-2"
    assert loaded["services"]["entrepot-prod"]["ecr"]["endpoint_url"] == "https://prod.example.com"


def test_writing_again_changes_nothing_but_what_is_new(tmp_path: Path) -> None:
    config(tmp_path).parent.mkdir()
    config(tmp_path).write_text(THEIRS)
    write(tmp_path)
    once = config(tmp_path).read_text()

    write(tmp_path)
    assert config(tmp_path).read_text() == once

    write(tmp_path, region="us-east-2")
    assert config(tmp_path).read_text() == once.replace("eu-west-1", "us-east-2")


def test_a_file_without_a_last_newline_and_with_odd_bytes_stays_whole(tmp_path: Path) -> None:
    config(tmp_path).parent.mkdir()
    config(tmp_path).write_bytes(b"[default]\nregion = us-east-1 # caf\xe9")

    write(tmp_path)

    assert config(tmp_path).read_bytes().startswith(b"[default]\nregion = us-east-1 # caf\xe9\n\n[profile")


def test_the_files_are_where_aws_looks_for_them(tmp_path: Path) -> None:
    elsewhere, secret = tmp_path / "else" / "config", tmp_path / "else" / "secret"

    write(tmp_path, AWS_CONFIG_FILE=str(elsewhere), AWS_SHARED_CREDENTIALS_FILE=str(secret))

    assert elsewhere.exists()
    assert secret.exists()
    assert not (tmp_path / ".aws").exists()


def test_a_link_to_settings_kept_elsewhere_stays_one(tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles" / "config"
    kept.parent.mkdir()
    kept.write_text("[default]\n")
    config(tmp_path).parent.mkdir()
    config(tmp_path).symlink_to(kept)

    write(tmp_path)

    assert config(tmp_path).is_symlink()
    assert "[profile entrepot]" in kept.read_text()


@pytest.mark.parametrize("profile", ["", "a b", "a]", "a\n[default]", "é", "a" * 65, "a#b"])
def test_a_name_that_would_break_the_file_is_refused(tmp_path: Path, profile: str) -> None:
    with pytest.raises(ProfileNameInvalid):
        write(tmp_path, profile)

    assert not (tmp_path / ".aws").exists()
