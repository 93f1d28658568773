"""Docker image assets as a CDK app synthesizes them: a manifest beside a folder with a Dockerfile."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class ImageAsset:
    """An image to be built and published; the id is its tag, as CDK makes it from a hash of the folder."""

    folder: Path
    id: str = field(default_factory=lambda: uuid4().hex)

    def write(self, repository: str, *, region: str, role: str | None = None) -> None:
        """What `cdk synth` leaves; without a role it is that of `CliCredentialsStackSynthesizer`."""
        image = self.folder / f"asset.{self.id}"
        image.mkdir(exist_ok=True)
        (image / "Dockerfile").write_text("FROM scratch\nCOPY content /\n")
        (image / "content").write_text(self.id)
        destination = {"region": region, "repositoryName": repository, "imageTag": self.id}
        if role is not None:
            destination["assumeRoleArn"] = role
        manifest = {
            "version": "36.0.0",
            "files": {},
            "dockerImages": {
                self.id: {"source": {"directory": image.name}, "destinations": {"here": destination}}
            },
        }
        (self.folder / "assets.json").write_text(json.dumps(manifest))
