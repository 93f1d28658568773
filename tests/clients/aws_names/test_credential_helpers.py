"""Programs that fetch registry passwords by themselves, and know no registry but AWS's."""

import json
from pathlib import Path

import pytest

from tests.clients.aws_names.site import REGIONS, Shell, registry
from tests.clients.oci_layout import open_layout
from tests.clients.raw_registry import OCI_MANIFEST
from tests.engines.entrepot import ACCOUNT
from tests.engines.programs import find_program

POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'


def trust_in(shell: Shell) -> str:
    """A folder for skopeo's --cert-dir."""
    folder = shell.folder / "certs"
    folder.mkdir()
    (folder / "ca.crt").write_bytes(shell.site.authority.read_bytes())
    return str(folder)


def image_in(shell: Shell) -> str:
    layout = open_layout(shell.folder / "layout")
    return layout.name(OCI_MANIFEST, layout.add_image())


class TestEcrLogin:
    """Debian's docker-credential-ecr-login, which takes no endpoint and no domain but AWS's."""

    @pytest.fixture(autouse=True)
    def _find(self) -> None:
        find_program("docker-credential-ecr-login")

    def test_docker_pushes_without_a_login(self, docker_shell: Shell) -> None:
        config = Path(docker_shell.variables["DOCKER_CONFIG"])
        config.mkdir()
        (config / "config.json").write_text(json.dumps({"credHelpers": {registry(): "ecr-login"}}))
        docker_shell.type("aws ecr create-repository --repository-name helper/docker")
        docker_shell.type(f"docker build -t {registry()}/helper/docker:1 .")

        pushed = docker_shell.type(f"docker push {registry()}/helper/docker:1")
        docker_shell.type(f"docker rmi {registry()}/helper/docker:1")
        pulled = docker_shell.type(f"docker pull {registry()}/helper/docker:1")

        assert pushed.rsplit("digest: ", 1)[1].split()[0] in pulled

    @pytest.mark.parametrize("region", REGIONS)
    def test_skopeo_copies_in_any_region_of_the_host(self, shell: Shell, region: str) -> None:
        (shell.folder / "auth.json").write_text(json.dumps({"credHelpers": {registry(region): "ecr-login"}}))
        (shell.folder / "policy.json").write_text(POLICY)
        shell.type(f"aws ecr create-repository --repository-name helper/skopeo --region {region}")
        target = f"docker://{registry(region)}/helper/skopeo:1"

        shell.type(
            f"skopeo --policy policy.json copy --authfile auth.json --dest-cert-dir {trust_in(shell)}"
            f" {image_in(shell)} {target}"
        )

        shown = shell.type(f"aws ecr list-images --repository-name helper/skopeo --region {region}")
        assert json.loads(shown)["imageIds"][0]["imageTag"] == "1"

    def test_a_host_of_no_registry_here_is_refused(self, shell: Shell) -> None:
        """The helper knows it by the suffix alone."""
        printed = shell.type(
            "echo https://registry.example.com | docker-credential-ecr-login get", is_expected_to_fail=True
        )

        assert "can only be used with Amazon Elastic Container Registry" in printed or "not found" in printed


class TestKubelet:
    """The credential provider of Kubernetes, run as the kubelet runs it, and its answer used."""

    @pytest.fixture(autouse=True)
    def _find(self) -> None:
        find_program("ecr-credential-provider")

    def ask(self, shell: Shell, image: str) -> dict[str, dict[str, str]]:
        """The credentials for an image, by registry."""
        request = {
            "kind": "CredentialProviderRequest",
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
            "image": image,
        }
        (shell.folder / "request.json").write_text(json.dumps(request))
        program = find_program("ecr-credential-provider")
        printed = shell.type(f"{program} get-credentials < request.json 2>provider.log")
        answer = json.loads(printed)
        assert answer["cacheKeyType"] == "Registry"
        assert answer["cacheDuration"].startswith(("5h59m", "6h0m"))  # half of a token's 12 hours
        auth: dict[str, dict[str, str]] = answer["auth"]
        return auth

    @pytest.mark.parametrize("region", REGIONS)
    def test_its_password_pulls_the_image(self, shell: Shell, region: str) -> None:
        name = f"{registry(region)}/kubelet/app:1"
        (shell.folder / "policy.json").write_text(POLICY)
        shell.type(f"aws ecr create-repository --repository-name kubelet/app --region {region}")
        granted = self.ask(shell, name)[registry(region)]
        options = f"--cert-dir {trust_in(shell)} --creds {granted['username']}:{granted['password']}"
        into = options.replace("--c", "--dest-c")

        shell.type(f"skopeo --policy policy.json copy {into} {image_in(shell)} docker://{name}")
        shown = json.loads(shell.type(f"skopeo --policy policy.json inspect {options} docker://{name}"))

        assert granted["username"] == "AWS"
        assert shown["RepoTags"] == ["1"]

    def test_without_aws_names_the_endpoint_is_told(self, shell: Shell) -> None:
        """As a kubelet's provider configuration does with `env`, for a registry of another domain."""
        shell.variables["AWS_ENDPOINT_URL_ECR"] = "https://localhost"
        shell.variables["AWS_REGION"] = REGIONS[0]

        granted = self.ask(shell, f"{ACCOUNT}.dkr.ecr.us-east-1.example.com/kubelet/app:1")

        assert granted[f"{ACCOUNT}.dkr.ecr.us-east-1.example.com"]["username"] == "AWS"
