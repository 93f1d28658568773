"""What `entrepot restore` and `entrepot purge` take, before any server is asked."""

import pytest

from entrepot.cli import run

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    "what",
    [
        [],
        ["team/app", "--all"],
        [f"team/app@{DIGEST}", "--all"],
        ["--id", "1", "--all"],
        ["team/app", "--id", "1"],
    ],
)
def test_what_is_to_be_purged_is_said_once(what: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever names a repository does not mean the bin of the whole registry."""
    with pytest.raises(SystemExit) as ended:
        run(["purge", *what])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "--all" in said or "--id" in said


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (["team/app", "--digest", DIGEST], "name REPO:TAG, or an image as REPO@DIGEST"),
        ([f"team/app@{DIGEST}", "--digest", DIGEST], "name REPO:TAG"),
        (["team/app:v1", "--as", "other"], "--as is about a deleted repository"),
        ([f"team/app@{DIGEST}", "--id", "1"], "--id is about a deleted repository"),
        (["team/app:v1:v2"], "is no REPO, REPO:TAG or REPO@DIGEST"),
    ],
)
def test_an_option_that_would_be_passed_over_is_refused(
    what: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["restore", *what]) == 2
    assert said in capsys.readouterr().err
