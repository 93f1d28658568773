"""Entrepot in a container, with what a client beside it needs."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.deploy.conftest import BuiltImage
from tests.engines.docker import Docker
from tests.engines.private_network import PrivateNetwork
from tests.engines.programs import PATH

SEALED_OFF = ("--read-only", "--tmpfs=/tmp")


@dataclass(frozen=True, slots=True)
class Container:
    """A running one; its port is published in the network, and `client` is what `entrepot env` exported."""

    docker: Docker
    network: PrivateNetwork
    name: str
    home: Path
    port: int
    client: Mapping[str, str]

    @property
    def registry(self) -> str:
        return f"127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        """Return when /readyz answers 200."""
        self.network.run(
            "curl", "--silent", "--show-error", "--fail", "--output", "/dev/null",
            "--retry", "120", "--retry-all-errors", "--retry-delay", "1", f"http://{self.registry}/readyz",
        )  # fmt: skip

    def settings(self) -> dict[str, str]:
        """What `entrepot env` exports now."""
        lines = [
            shlex.split(line) for line in self.docker.run("exec", self.name, "entrepot", "env").splitlines()
        ]
        return dict(words[1].split("=", 1) for words in lines if words[0] == "export")  # fmt: skip

    def aws(self, *arguments: str) -> str:
        """The AWS command line, beside the published port."""
        environment = {
            **self.client,
            "AWS_ENDPOINT_URL_ECR": f"http://{self.registry}",
            "AWS_EC2_METADATA_DISABLED": "true",
            "PATH": PATH,
            "HOME": str(self.home),
        }
        return self.network.run("aws", *arguments, environment=environment)

    def create_repository(self, name: str) -> str:
        """What docker calls it."""
        self.aws("ecr", "create-repository", f"--repository-name={name}")
        return f"{self.registry}/{name}"

    def password(self) -> str:
        return self.aws("ecr", "get-login-password").strip()

    def inspect(self, template: str) -> str:
        return self.docker.run("inspect", "--format", template, self.name).strip()


@contextmanager
def running(
    docker: Docker, network: PrivateNetwork, image: BuiltImage, home: Path, *options: str, port: int
) -> Iterator[Container]:
    """A ready server on a new volume; container and volume are removed at the end."""
    volume = docker.run("volume", "create").strip()
    mounted = (f"--publish=127.0.0.1:{port}:5050", f"--volume={volume}:/var/lib/entrepot")
    name = docker.run("run", "--detach", *SEALED_OFF, *mounted, *options, image.name).strip()
    container = Container(docker, network, name, home, port, client={})
    try:
        container.wait_until_ready()
        yield replace(container, client=container.settings())
    finally:
        docker.run("rm", "--force", name)
        docker.run("volume", "rm", volume)
