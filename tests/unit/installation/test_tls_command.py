"""`entrepot tls init`, as it is typed."""

from pathlib import Path

import pytest

from entrepot.cli import run


def init(folder: Path, *options: str) -> int:
    return run(["tls", "init", f"--data-dir={folder}", *options])


def test_the_serving_line_and_every_registry_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--domain=example.com", "--port=8443", "--region=a-1", "--region=b-1", "--name=here.example"]

    assert init(tmp_path, *options) == 0

    printed = capsys.readouterr().out
    tls = tmp_path / "tls"
    files = f"--tls-cert={tls}/server.pem --tls-key={tls}/server.key"
    assert f"  entrepot serve --port=8443 --domain=example.com --data-dir={tmp_path} {files}\n" in printed
    for host in (
        "123456789012.dkr.ecr.a-1.example.com",
        "123456789012.dkr.ecr.b-1.example.com",
        "here.example",
    ):
        assert f" /etc/docker/certs.d/{host}:8443/ca.crt\n" in printed


def test_without_a_domain_the_plain_host_is_the_registry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(tmp_path, "--port=443") == 0

    assert " /etc/docker/certs.d/localhost/ca.crt\n" in capsys.readouterr().out


def test_the_files_to_serve_may_be_named_before_they_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTREPOT_TLS_CERT", str(tmp_path / "tls" / "server.pem"))
    monkeypatch.setenv("ENTREPOT_TLS_KEY", str(tmp_path / "tls" / "server.key"))

    assert init(tmp_path) == 0


@pytest.mark.parametrize("option", ["--region=eu.west", "--account=1", "--name=a b", "--port=x"])
def test_what_cannot_be_covered_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert init(tmp_path, option) == 2

    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "tls").exists()
