"""What `entrepot lifecycle explain` reads."""

from pathlib import Path

import pytest

from entrepot.cli import run


def test_a_policy_that_is_no_text_is_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_bytes(b"\xff\xfe")
    assert run(["lifecycle", "explain", "team/app", str(policy)]) == 2
    assert capsys.readouterr().err == f"entrepot: {policy}: is no text in UTF-8\n"
