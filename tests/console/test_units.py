"""The console's unit tests, which Vitest runs."""

from tests.engines.programs import ROOT, run_program


def test_units_of_the_console() -> None:
    printed = run_program(ROOT / "tools" / "console", "test")
    assert "failed" not in printed
