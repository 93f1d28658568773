"""docs/compatibility.md says what is registered, and every operation of a service is on it."""

from pathlib import Path

import pytest
from tests.unit.aws.builders import model

from entrepot.aws.endpoint import Coverage
from entrepot.services.compatibility import coverages, page

COMMITTED = Path(__file__).parents[3] / "docs" / "compatibility.md"


def test_the_committed_page_is_the_generated_one() -> None:
    assert COMMITTED.read_text("utf-8") == page()


@pytest.mark.parametrize("coverage", coverages(), ids=lambda coverage: coverage.service)
def test_every_operation_is_offered_or_said_not_to_be(coverage: Coverage) -> None:
    known = set(model(coverage.service).operations)
    assert set(coverage.offered) | set(coverage.missing) == known
    assert not set(coverage.offered) & set(coverage.missing)
    for name in known:
        state = "offered" if name in coverage.offered else "not offered"
        assert page().count(f"| {name} | {state} |") == 1
