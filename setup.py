"""Builds the console into the package, where its source is at hand; everything else is in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildWithConsole(build_py):
    """The package's files, with the console among them."""

    def run(self) -> None:
        if (ROOT / "console" / "package.json").is_file() and not self.editable_mode:
            built = subprocess.run([ROOT / "tools" / "console", "build"], check=False)
            if built.returncode != 0:
                print("The console could not be built: the package goes without it.", file=sys.stderr)
        super().run()


setup(cmdclass={"build_py": BuildWithConsole})
