"""skopeo, with credentials and policy of its own."""

from dataclasses import dataclass
from pathlib import Path

from tests.engines.programs import PATH, find_program, run_program


@dataclass(frozen=True, slots=True)
class Skopeo:
    """The client, bound to a folder that holds its login and its policy."""

    program: Path
    folder: Path

    def run(self, *arguments: str, stdin: str | None = None, is_expected_to_fail: bool = False) -> str:
        return run_program(
            self.program,
            f"--policy={self.folder}/policy.json",
            *arguments,
            environment={
                "PATH": PATH,
                "HOME": str(self.folder),
                "REGISTRY_AUTH_FILE": f"{self.folder}/auth.json",
                "XDG_RUNTIME_DIR": str(self.folder),
            },
            stdin=stdin,
            is_expected_to_fail=is_expected_to_fail,
        )

    def login(self, registry: str, password: str) -> None:
        self.run(
            "login", "--tls-verify=false", "--username", "AWS", "--password-stdin", registry, stdin=password
        )

    def copy(self, source: str, target: str, *options: str, is_expected_to_fail: bool = False) -> str:
        return self.run(
            "copy",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
            *options,
            source,
            target,
            is_expected_to_fail=is_expected_to_fail,
        )


def open_skopeo(folder: Path) -> Skopeo:
    """A client that keeps its files in the folder."""
    (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    return Skopeo(find_program("skopeo"), folder)
