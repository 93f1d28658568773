"""A registry client that is one program, with a home of its own: its login lies there and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.engines.programs import PATH, find_program, run_program


@dataclass(frozen=True, slots=True)
class Client:
    """The program, bound to its home, with what its environment has beside PATH and HOME."""

    program: Path
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        *arguments: str | Path,
        stdin: str | None = None,
        folder: Path | None = None,
        is_expected_to_fail: bool = False,
    ) -> str:
        """What it printed, on both streams."""
        return run_program(
            self.program,
            *arguments,
            environment={"PATH": PATH, "HOME": str(self.home), **self.variables},
            stdin=stdin,
            folder=folder or self.home,
            is_expected_to_fail=is_expected_to_fail,
        )


def open_client(name: str, home: Path, variables: Mapping[str, str] | None = None) -> Client:
    """The program of this name; skips the test where it is not installed."""
    return Client(find_program(name), home, dict(variables or {}))
