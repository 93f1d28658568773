"""oras, in Python, pushes files as artifacts; it sends every request first without credentials."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from oras.client import OrasClient
from oras.oci import Subject

from tests.engines.entrepot import Endpoint

NewRepository = Callable[[], str]

REPORT = "application/vnd.example.report"


@pytest.fixture
def oras(entrepot: Endpoint, password: str) -> OrasClient:
    client = OrasClient(hostname=entrepot.registry, insecure=True, auth_backend="basic")
    client.auth.set_basic_auth("AWS", password)
    return client


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a file in the working folder, where oras wants its files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.bin").write_bytes(os.urandom(300_000))
    return "report.bin"


@pytest.mark.parametrize("is_chunked", [False, True])
def test_artifact_comes_back_as_it_was(
    oras: OrasClient, entrepot: Endpoint, new_repository: NewRepository, report: str, is_chunked: bool
) -> None:
    target = f"{entrepot.registry}/{new_repository()}:1"

    oras.push(target, files=[f"{report}:{REPORT}"], do_chunked=is_chunked, chunk_size=100_000)
    pulled = oras.pull(target, outdir="pulled")

    assert Path(pulled[0]).read_bytes() == Path(report).read_bytes()


def test_artifact_with_a_subject_is_its_referrer(
    oras: OrasClient, entrepot: Endpoint, new_repository: NewRepository, report: str
) -> None:
    repository = new_repository()
    name = f"{entrepot.registry}/{repository}"
    pushed = oras.push(f"{name}:subject", files=[f"{report}:{REPORT}"])
    [subject] = entrepot.ecr().describe_images(repositoryName=repository)["imageDetails"]
    manifest = pushed.request.body

    oras.push(
        f"{name}:referrer",
        files=[f"{report}:{REPORT}"],
        subject=Subject(
            mediaType=pushed.request.headers["Content-Type"],
            digest=subject["imageDigest"],
            size=len(manifest),
        ),
    )

    [referrer] = entrepot.ecr().list_image_referrers(
        repositoryName=repository, subjectId={"imageDigest": subject["imageDigest"]}
    )["referrers"]
    assert referrer["digest"] != subject["imageDigest"]
