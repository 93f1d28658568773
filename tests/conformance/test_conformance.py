"""The OCI conformance program finds nothing failing and nothing unsupported on a site of Entrepot."""

from pathlib import Path

import pytest

from tests.engines.conformance import EVERYTHING, Report, run_conformance
from tests.engines.sites import site

# The program ran 1,000 tests and more in each version; far fewer would mean that it ended early.
FEWEST_TESTS = 900


@pytest.mark.parametrize("version", ["1.1", "dev"])
def test_nothing_fails_and_nothing_is_unsupported(version: str, tmp_path: Path) -> None:
    report = judge(tmp_path, {**EVERYTHING, "OCI_VERSION": version})

    assert_flawless(report)
    assert set(report.data.values()) == {"Pass", "Disabled"}
    assert [name for name, status in report.data.items() if status == "Disabled"] == ["Sparse Manifests"]


def test_sparse_content_is_accepted_where_the_setting_allows_it(tmp_path: Path) -> None:
    options = {**EVERYTHING, "OCI_VERSION": "dev", "OCI_DATA_SPARSE": "true"}
    report = judge(tmp_path, options, "--allow-sparse")

    assert_flawless(report)
    assert set(report.data.values()) == {"Pass"}


def judge(folder: Path, options: dict[str, str], *server_options: str) -> Report:
    """The program's report on a fresh site with two empty repositories."""
    with site(folder, *server_options) as entrepot:
        repositories = (
            entrepot.create_repository("conformance/one"),
            entrepot.create_repository("conformance/two"),
        )
        results = folder / "results"
        results.mkdir()
        return run_conformance(
            entrepot.registry,
            password=entrepot.password(),
            repositories=repositories,
            folder=results,
            options=options,
        )


def assert_flawless(report: Report) -> None:
    counts = (report.failures, report.errors, report.unsupported, report.disabled)
    assert counts == (0, 0, 0, 0), report.printed
    assert set(report.apis.values()) == {"Pass"}
    assert report.tests > FEWEST_TESTS
