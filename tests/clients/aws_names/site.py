"""A site without AWS: Entrepot on port 443 under AWS's own names, in a network of its own."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tests.engines.entrepot import ACCOUNT, PROGRAM, ROOT_KEYS, end_process, tail
from tests.engines.private_network import PrivateNetwork, private_network
from tests.engines.programs import PATH, ROOT, find_program, run_program

REGIONS = ("us-east-1", "eu-west-1")
OTHER_ACCOUNT = "210987654321"
PYTHON = ROOT / ".venv" / "bin" / "python"

_WAIT = """
import socket, sys, time
for _ in range(600):
    try:
        socket.create_connection(("127.0.0.1", 443)).close()
        break
    except ConnectionRefusedError:
        time.sleep(0.05)
else:
    sys.exit("nothing listens on 443")
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The server, and a shell for the people of the site."""

    folder: Path
    network: PrivateNetwork
    printed: str  # by `entrepot tls init`

    @property
    def data_folder(self) -> Path:
        return self.folder / "data"

    @property
    def authority(self) -> Path:
        return self.data_folder / "tls" / "ca.pem"

    def told(self, client: str) -> list[str]:
        """The commands that `entrepot tls init` prints under the heading which begins so."""
        lines = iter(self.printed.splitlines())
        assert any(line.startswith(f"# {client}") for line in lines), f"nothing is told about {client}"
        return [line.strip() for line in takewhile(lambda line: line.startswith("  "), lines)]

    def environment(self, home: Path, region: str = REGIONS[0]) -> dict[str, str]:
        """What the site gives its people: keys, a region and the authority, and no endpoint."""
        return {
            "PATH": PATH,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": ROOT_KEYS["ENTREPOT_ROOT_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": ROOT_KEYS["ENTREPOT_ROOT_SECRET_ACCESS_KEY"],
            "AWS_DEFAULT_REGION": region,
            "AWS_CA_BUNDLE": str(self.authority),
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell on the site's machine."""

    site: Site
    variables: dict[str, str]
    folder: Path

    def type(self, command: str, *, is_expected_to_fail: bool = False) -> str:
        """What the command line printed."""
        return self.site.network.run(
            "/bin/bash",
            "-c",
            f"set -euo pipefail\n{command}",
            environment=self.variables,
            folder=self.folder,
            is_expected_to_fail=is_expected_to_fail,
        )

    def python(self, script: str, *arguments: str) -> str:
        """What the script printed, with the tests' own boto3."""
        return self.site.network.run(
            PYTHON, "-c", script, *arguments, environment=self.variables, folder=self.folder
        )


def tls_init(data_folder: Path) -> list[str]:
    """The command that makes the site's certificate; again, it renews it."""
    options = [f"--data-dir={data_folder}", "--domain=amazonaws.com", "--port=443"]
    return [str(PROGRAM), "tls", "init", *options, *(f"--region={region}" for region in REGIONS)]


def registry(region: str = REGIONS[0], account: str = ACCOUNT) -> str:
    return f"{account}.dkr.ecr.{region}.amazonaws.com"


def _names() -> Sequence[str]:
    hosts = [registry(region, account) for region in REGIONS for account in (ACCOUNT, OTHER_ACCOUNT)]
    services = ("api.ecr", "ecr", "sts", "cloudtrail", "entrepot")
    apis = [f"{name}.{region}.amazonaws.com" for region in REGIONS for name in services]
    return [*hosts, *apis, "sts.amazonaws.com", "iam.amazonaws.com"]


@contextmanager
def open_site(folder: Path) -> Iterator[Site]:
    """A ready server; it is stopped at the end."""
    find_program("nsenter")
    with private_network(folder, _names()) as network:
        site = Site(folder, network, printed=run_program(*tls_init(folder / "data")))
        [serve] = [line for line in site.printed.splitlines() if line.startswith("  entrepot serve ")]
        server = _start(site, serve.split()[1:])
        try:
            network.run(PYTHON, "-c", _WAIT)
            assert server.poll() is None, tail(folder / "entrepot.log")
            yield site
        finally:
            end_process(server, seconds=45)


def _start(site: Site, printed: Sequence[str]) -> subprocess.Popen[bytes]:
    """The line that `entrepot tls init` printed, on every address and the site's data."""
    command = [str(PROGRAM), *printed, "--host=0.0.0.0", f"--data-dir={site.data_folder}", "--workers=2"]
    with (site.folder / "entrepot.log").open("wb") as log:
        return subprocess.Popen(
            site.network.inside(*command),
            env={**os.environ, **ROOT_KEYS},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
