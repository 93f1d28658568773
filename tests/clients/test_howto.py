"""The pages of docs/howto, client by client: their commands as they stand there, against a served Entrepot.

Every `sh` block of a page is run, in order and in one shell; of the pages on pipelines also the job file.
Blocks in other languages are shown to the reader and not run: `console` has what no test can run.
"""

import fnmatch
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import yaml

from tests.clients.oci_layout import Layout, layer_of
from tests.clients.raw_registry import OCI_MANIFEST, sha256
from tests.engines.containerd import Containerd, containerd_daemon
from tests.engines.cri import OK, open_image_service
from tests.engines.docker import Docker
from tests.engines.entrepot import PROGRAM, Entrepot, served
from tests.engines.oidc_issuer import Issuer, oidc_issuer
from tests.engines.podman import open_podman
from tests.engines.programs import PATH, ROOT, TOOLS, find_program, run_program
from tests.engines.skopeo import open_skopeo

PAGES = (
    "docker",
    "podman",
    "containerd",
    "kubernetes",
    "helm",
    "cosign",
    "github-actions",
    "github-actions-without-secrets",
    "gitlab-ci",
    "teams",
    "lifecycle",
    "archive",
    "undo",
    "protect-what-is-running",
    "access",
    "audit",
    "check-and-repair",
    "statistics",
)
LANGUAGES = {"sh", "console", "yaml", "toml"}

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPRESSION = re.compile(r"\$\{\{ ([\w.]+) \}\}")


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with a Dockerfile, and what a shell has in which clients are to meet the server."""

    folder: Path
    variables: dict[str, str]

    def type(self, *scripts: str, variables: Mapping[str, str] | None = None) -> str:
        """What the scripts printed, run in one shell that gives up at the first failure and says where."""
        script = self.folder / "script"
        script.write_text("\n".join(scripts))
        return run_program(
            "/bin/bash", "-euvo", "pipefail", script,
            environment={**self.variables, **(variables or {})},
            folder=self.folder,
        )  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Entrepot]:
    """An Entrepot for one page, for all pages call their repository by the same name."""
    folder = tmp_path / "server"
    folder.mkdir()
    with served(folder, "--workers=1") as entrepot:
        yield entrepot


@pytest.fixture
def desk(server: Entrepot, tmp_path: Path) -> Desk:
    return open_desk(server, tmp_path)


def open_desk(server: Entrepot, tmp_path: Path) -> Desk:
    find_program("aws")
    home, folder = tmp_path / "home", tmp_path / "desk"
    home.mkdir()
    folder.mkdir()
    shutil.copy(find_program("busybox"), folder / "busybox")
    (folder / "noise").write_bytes(os.urandom(1000))
    (folder / "Dockerfile").write_text(
        'FROM scratch\nCOPY busybox noise /bin/\nCMD ["/bin/busybox", "true"]\n'
    )
    variables = server.client_environment(home) | {
        "PATH": f"{TOOLS}{os.pathsep}{PATH}",
        "REGISTRY": server.registry,
    }
    return Desk(folder, variables)


@pytest.fixture
def docker_desk(desk: Desk, docker_engine: Docker) -> Desk:
    desk.variables["DOCKER_HOST"] = docker_engine.environment["DOCKER_HOST"]
    return desk


@pytest.fixture(scope="module")
def containerd() -> Iterator[Containerd]:
    with containerd_daemon() as daemon:
        yield daemon


@pytest.fixture
def node_desk(desk: Desk, containerd: Containerd) -> Desk:
    desk.variables["CERTS_D"] = f"{containerd.folder}/certs.d"
    desk.variables["CONTAINERD_ADDRESS"] = str(containerd.socket)
    desk.variables["CONTAINERD_SNAPSHOTTER"] = "native"
    return desk


@pytest.fixture
def image(server: Entrepot, layout: Layout, tmp_path: Path) -> str:
    """The digest of `team/app:1.0`, which is there."""
    server.create_repository("team/app")
    manifest = layout.add_image()
    skopeo = open_skopeo(tmp_path)
    skopeo.login(server.registry, server.password())
    skopeo.copy(layout.name(OCI_MANIFEST, manifest), f"docker://{server.registry}/team/app:1.0")
    return sha256(manifest)


def blocks(page: str, language: str) -> list[str]:
    """What stands in the page's blocks of this language."""
    text = (ROOT / "docs" / "howto" / f"{page}.md").read_text(encoding="utf-8")
    return [block for name, block in BLOCK.findall(text) if name == language]


def tags(server: Entrepot, repository: str) -> list[str]:
    identifiers = server.ecr().list_images(repositoryName=repository)["imageIds"]
    return sorted(one["imageTag"] for one in identifiers if "imageTag" in one)


@pytest.mark.parametrize("page", PAGES)
def test_page_has_commands_that_are_run_and_says_of_each_block_what_it_is(page: str) -> None:
    text = (ROOT / "docs" / "howto" / f"{page}.md").read_text(encoding="utf-8")

    assert blocks(page, "sh")
    assert {name for name, _ in BLOCK.findall(text)} <= LANGUAGES
    assert text.count("\n```") == 2 * len(BLOCK.findall(text))
    assert f"docs/howto/{page}.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_docker(docker_desk: Desk, server: Entrepot) -> None:
    printed = docker_desk.type(*blocks("docker", "sh"))

    assert "Login Succeeded" in printed
    assert printed.count("Status: ") == 2  # of two pulls
    assert "CACHED" in printed
    assert tags(server, "team/app") == []


def test_podman(desk: Desk, server: Entrepot) -> None:
    variables = {**open_podman(Path(desk.variables["HOME"])).variables}
    del variables["CONTAINERS_REGISTRIES_CONF"]  # the page writes one where podman looks by itself
    for program in ("buildah", "skopeo"):
        find_program(program)

    printed = desk.type(*blocks("podman", "sh"), variables=variables)

    assert "Login Succeeded" in printed
    assert tags(server, "team/app") == []


def test_lifecycle(desk: Desk, server: Entrepot, layout: Layout, tmp_path: Path) -> None:
    """The page: what the preview shows goes, and nothing else."""
    skopeo = open_skopeo(_folder(tmp_path, "skopeo"))
    skopeo.login(server.registry, _password(desk.variables))
    desk.type("aws ecr create-repository --repository-name team/app")
    for tag in ("v1", "v2", "v3", "v4", "dev-1"):
        source = layout.name(OCI_MANIFEST, layout.add_image(layer=layer_of({"tag": tag.encode()})))
        skopeo.copy(source, f"docker://{server.registry}/team/app:{tag}")

    desk.variables["PATH"] += f"{os.pathsep}{PROGRAM.parent}"
    desk.type(*blocks("lifecycle", "sh"))

    assert (desk.folder / "expiring").read_text().split() == ["v1", "1"]
    assert int((desk.folder / "count").read_text()) == 1
    *reasons, summary = (desk.folder / "reasons").read_text().splitlines()
    assert len(reasons) == 5
    assert summary.startswith("1 of 5 images expire; ")
    more = (desk.folder / "more").read_text()
    assert "keep tag dev-1: rule 1: it is among the newest that the rule keeps\n" in more
    assert more.endswith(" images expire; 0 bytes of layers would be freed\n")
    deadline = time.monotonic() + 60
    while "v1" in tags(server, "team/app") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert tags(server, "team/app") == ["dev-1", "v2", "v3", "v4"]


def test_archive(tmp_path: Path, layout: Layout) -> None:
    """The page; then a real client is refused what is archived, and gets what was restored, bit for bit."""
    folder, cold = _folder(tmp_path, "server"), tmp_path / "cold"
    with served(folder, "--workers=1", f"--archive=file://{cold}") as server:
        desk = open_desk(server, tmp_path)
        skopeo = open_skopeo(_folder(tmp_path, "skopeo"))
        skopeo.login(server.registry, _password(desk.variables))
        desk.type("aws ecr create-repository --repository-name team/app")
        digests = {}
        for tag in ("v1", "v2", "v3", "v4"):
            manifest = layout.add_image(layer=layer_of({"tag": tag.encode()}))
            digests[tag] = sha256(manifest)
            skopeo.copy(layout.name(OCI_MANIFEST, manifest), f"docker://{server.registry}/team/app:{tag}")

        desk.type(*blocks("archive", "sh"))

        said = {name: (desk.folder / name).read_text().split() for name in ("active", "archived", "failure")}
        assert said == {"active": ["v2", "v3", "v4"], "archived": ["v1"], "failure": ["ImageInaccessible"]}
        # v1 was restored last, so that it counts as the newest
        assert tags(server, "team/app") == ["v1", "v4"]
        refused = skopeo.copy(
            f"docker://{server.registry}/team/app:v2", f"oci:{tmp_path}/no", is_expected_to_fail=True
        )
        assert "manifest unknown" in refused
        _wait_until(lambda: sum(path.is_file() for path in cold.rglob("*")) >= 2)
        client = server.ecr()
        client.put_lifecycle_policy(
            repositoryName="team/app", lifecyclePolicyText=(desk.folder / "archive.json").read_text()
        )
        client.update_image_storage_class(
            repositoryName="team/app", imageId={"imageTag": "v2"}, targetStorageClass="STANDARD"
        )
        _wait_until(lambda: "v2" in tags(server, "team/app"))
        skopeo.copy(f"docker://{server.registry}/team/app:v2", f"oci:{tmp_path}/yes:v2")
        index = json.loads((tmp_path / "yes" / "index.json").read_bytes())
        assert index["manifests"][0]["digest"] == digests["v2"]


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_statistics(desk: Desk, server: Entrepot, layout: Layout, tmp_path: Path) -> None:
    desk.variables["PATH"] += f"{os.pathsep}{PROGRAM.parent}"
    skopeo = open_skopeo(_folder(tmp_path, "skopeo"))
    skopeo.login(server.registry, _password(desk.variables))
    for name in ("team/app", "team/web"):
        server.ecr().create_repository(repositoryName=name)
    for tag in ("v1", "v2"):
        source = layout.name(OCI_MANIFEST, layout.add_image(layer=layer_of({"tag": tag.encode()})))
        skopeo.copy(source, f"docker://{server.registry}/team/app:{tag}")

    printed = desk.type(*blocks("statistics", "sh"))

    head, app, web = (line.split("\t") for line in (desk.folder / "told").read_text().splitlines())
    assert "\t".join(head) == blocks("statistics", "console")[0].splitlines()[0]
    assert (app[0], app[1], app[4]) == ("2", "2", "team/app")
    assert web == ["0", "0", "0", "0", "team/web"]
    assert '"freedBytes": ' in printed


def test_undo(desk: Desk, server: Entrepot, layout: Layout, tmp_path: Path) -> None:
    """The page; and what is deleted cannot be pulled, and what is restored is the same to the byte."""
    desk.variables["PATH"] += f"{os.pathsep}{PROGRAM.parent}"
    skopeo = open_skopeo(_folder(tmp_path, "skopeo"))
    skopeo.login(server.registry, _password(desk.variables))
    desk.type("aws ecr create-repository --repository-name team/app")
    repository = f"docker://{server.registry}/team/app"
    for tag in ("v1", "v2"):
        source = layout.name(OCI_MANIFEST, layout.add_image(layer=layer_of({"tag": tag.encode()})))
        skopeo.copy(source, f"{repository}:{tag}")
    before, after = _folder(tmp_path, "before"), _folder(tmp_path, "after")
    skopeo.copy(f"{repository}:v1", f"dir:{before}")
    deletion, undoing = blocks("undo", "sh")[:2]

    desk.type(deletion)
    said = skopeo.copy(f"{repository}:v1", f"dir:{tmp_path}/gone", is_expected_to_fail=True)
    assert "manifest unknown" in said.lower()
    desk.type(undoing)
    skopeo.copy(f"{repository}:v1", f"dir:{after}")
    assert contents(after) == contents(before)

    printed = desk.type(*blocks("undo", "sh")[2:])

    assert printed.count("Restored team/app@sha256:") == 2
    assert "v1 moved by arn:aws:iam::" in printed
    assert "Restored the repository team/app-of-before." in printed
    assert "No deleted repository is in the bin. " in desk.type("entrepot bin list")
    assert "team/app-of-before is protected from deletion." in printed
    assert tags(server, "team/app-of-before") == ["v1", "v2"]
    assert "From now on deleted things stay for 30 days." in printed
    assert printed.endswith("Erased 0 images and 0 repositories.\n")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_protect_what_is_running(docker_desk: Desk, server: Entrepot) -> None:
    """The page, of which docker runs one image; then: what it keeps a policy keeps, until it is let go."""
    docker_desk.variables["PATH"] += f"{os.pathsep}{PROGRAM.parent}"
    docker_desk.type(
        "aws ecr create-repository --repository-name team/app",
        'aws ecr get-login-password | docker login --username AWS --password-stdin "$REGISTRY"',
    )
    for tag in ("1.0", "1.1", "1.2"):
        (docker_desk.folder / "noise").write_bytes(os.urandom(1000))
        docker_desk.type(
            f'docker build --tag "$REGISTRY/team/app:{tag}" .', f'docker push "$REGISTRY/team/app:{tag}"'
        )
    run = 'docker run --detach --network none "$REGISTRY/team/app:1.1" /bin/busybox sleep 1000'
    container = docker_desk.type(run).split()[-1]
    try:
        printed = docker_desk.type(*blocks("protect-what-is-running", "sh"))
    finally:
        docker_desk.type(f"docker rm --force {container}")

    assert "host-1 runs 1 image of this registry, kept until " in printed
    assert (
        "0 of 3 images expire, 1 kept by pins, 1 kept in use; 0 bytes of layers"
        in (docker_desk.folder / "reasons").read_text()
    )
    key_id, secret = (docker_desk.folder / "reporter.key").read_text().split()
    reporter = docker_desk.variables | {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret}
    said = run_program(
        PROGRAM, "report-usage", "--cluster=host-2", environment=reporter, is_expected_to_fail=True
    )
    assert "is not authorized to perform: entrepot:ReportUsage" in said
    docker_desk.type(
        "entrepot unpin team/app:1.0",
        "entrepot report-usage --cluster host-1",
        "aws ecr put-lifecycle-policy --repository-name team/app --lifecycle-policy-text file://policy.json",
    )
    deadline = time.monotonic() + 60
    while len(tags(server, "team/app")) > 1 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert tags(server, "team/app") == ["1.2"]


def test_access(desk: Desk, server: Entrepot) -> None:
    """The page, whose output is what it shows; and then: what was told once is in no log."""
    desk.variables["PATH"] += f"{os.pathsep}{PROGRAM.parent}"
    printed = desk.type(*blocks("access", "sh"))

    for block in blocks("access", "console"):
        for line in block.splitlines():
            assert f"\n{line}\n" in printed
    assert "ended: the registry tokens of 1 access key, and 0 sessions" in printed
    assert "ended: the registry tokens of 0 access keys, and 1 session" in printed
    assert "210987654321 since " in printed
    assert '"allowed"' in printed
    key = (desk.folder / "session.id").read_text().strip()
    assert f"{key} has ended, with its registry tokens" in printed
    secret = (desk.folder / "account.txt").read_text().split()[-1]
    assert secret not in printed
    assert secret not in server.log.read_text()


def test_audit(desk: Desk, server: Entrepot) -> None:
    """The page, and then: what was looked up is what is exported, from the storage and while it is served."""
    desk.type(*blocks("audit", "sh"))

    found = json.loads((desk.folder / "record").read_text())
    assert found["sourceIPAddress"] in ("127.0.0.1", "::1")
    assert found["userAgent"].startswith("aws-cli/")
    lines = run_program(PROGRAM, "audit", "export", "--data-dir", server.data_folder).splitlines()
    exported = [json.loads(line) for line in lines]
    assert found in exported
    assert exported[0]["eventName"] == "CreateAccount"
    assert [record["errorCode"] for record in exported if "errorCode" in record] == ["AccessDenied"]
    assert desk.variables["AWS_SECRET_ACCESS_KEY"] not in str(lines)


def test_check_and_repair(desk: Desk, server: Entrepot, layout: Layout, image: str) -> None:
    """The page, with a push of the image where it asks for one; afterwards it comes back whole."""
    desk.variables["PATH"] += f"{os.pathsep}{PROGRAM.parent}"
    desk.variables["ENTREPOT_DATA_DIR"] = str(server.data_folder)
    *before, after = blocks("check-and-repair", "sh")
    desk.type(*before)
    assert image in (desk.folder / "repaired").read_text()

    skopeo = open_skopeo(desk.folder)
    skopeo.login(server.registry, server.password())
    there = f"docker://{server.registry}/team/app:1.0"
    skopeo.copy(f"oci:{layout.folder}", there)

    desk.type(after)
    skopeo.copy(there, f"dir:{desk.folder}/pulled")


def test_teams(desk: Desk, server: Entrepot, layout: Layout, tmp_path: Path) -> None:
    """The page, and then: the build pushes what it may, robots pull, whoever left does nothing."""
    (desk.folder / "other.key").write_text(_other_root(server))
    desk.type(*blocks("teams", "sh"))

    build = json.loads((desk.folder / "session.json").read_text())["Credentials"]
    assumed = desk.variables | {
        "AWS_ACCESS_KEY_ID": build["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": build["SecretAccessKey"],
        "AWS_SESSION_TOKEN": build["SessionToken"],
    }
    source = layout.name(OCI_MANIFEST, layout.add_image())
    repository = f"docker://{server.registry}/team/app"
    builder = open_skopeo(_folder(tmp_path, "builder"))
    builder.login(server.registry, _password(assumed))
    builder.copy(source, f"{repository}:dev-1")
    said = builder.copy(source, f"{repository}:prod-1", is_expected_to_fail=True)
    assert "is not authorized to perform: ecr:PutImage" in said
    assert tags(server, "team/app") == ["dev-1"]

    key_id, secret = (desk.folder / "puller.key").read_text().split()
    robot = desk.variables | {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret}
    puller = open_skopeo(_folder(tmp_path, "puller"))
    puller.login(server.registry, _password(robot))
    puller.copy(f"{repository}:dev-1", f"oci:{tmp_path}/pulled")
    puller.copy(source, f"{repository}:dev-2", is_expected_to_fail=True)
    assert "AccessDeniedException" in run_program(
        find_program("aws"), "ecr", "list-images", "--repository-name", "team/app",
        environment=robot, is_expected_to_fail=True,
    )  # fmt: skip

    guest = open_skopeo(_folder(tmp_path, "guest"))
    guest.login(server.registry, (desk.folder / "guest.password").read_text().strip())
    guest.copy(f"{repository}:dev-1", f"oci:{tmp_path}/pulled-by-another-account")
    guest.copy(source, f"{repository}:dev-2", is_expected_to_fail=True)

    key_id, secret = (desk.folder / "maya.key").read_text().split()
    left = desk.variables | {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret}
    said = run_program(
        find_program("aws"), "sts", "get-caller-identity", environment=left, is_expected_to_fail=True
    )
    assert "InvalidClientTokenId" in said


def _other_root(server: Entrepot) -> str:
    """Key and secret of the root of a second account, as `read` takes them."""
    account, data = "210987654321", f"--data-dir={server.data_folder}"
    run_program(PROGRAM, "credentials", f"--account={account}", data, environment={"PATH": PATH})
    held = json.loads((server.data_folder / "credentials" / f"{account}.json").read_bytes())
    return f"{held['accessKeyId']} {held['secretAccessKey']}\n"


def _folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made


def _password(variables: Mapping[str, str]) -> str:
    return run_program(find_program("aws"), "ecr", "get-login-password", environment=variables).strip()


@pytest.mark.usefixtures("image")
def test_containerd(node_desk: Desk, server: Entrepot) -> None:
    node_desk.type(*blocks("containerd", "sh"))

    assert tags(server, "team/copy") == ["1.0"]


class TestKubernetes:
    """What a node needs; neither kubelet nor kubectl is run."""

    @pytest.mark.usefixtures("image")
    def test_node_pulls_with_the_password_of_the_secret(
        self, node_desk: Desk, server: Entrepot, containerd: Containerd, tmp_path: Path
    ) -> None:
        find_program("ecr-credential-provider")
        node_desk.type(*blocks("kubernetes", "sh"))

        secret = json.loads((node_desk.folder / "pull-secret.json").read_text())
        images = open_image_service(containerd.socket, tmp_path)
        pulled = images.pull(f"{server.registry}/team/app:1.0", **secret["auths"][server.registry])
        assert pulled.status == OK, pulled

        asked = json.loads((node_desk.folder / "request.json").read_text())["image"]
        answer = json.loads((node_desk.folder / "answer.json").read_text())["auth"]
        granted = answer[asked.partition("/")[0]]
        pulled = images.pull(f"{server.registry}/team/app:1.0", **granted)
        assert pulled.status == OK, pulled

    def test_provider_needs_no_more_than_its_configuration_says(self, desk: Desk) -> None:
        find_program("ecr-credential-provider")
        [provider] = yaml.safe_load(blocks("kubernetes", "yaml")[1])["providers"]
        told = {variable["name"] for variable in provider["env"]}
        for name in [name for name in desk.variables if name.startswith("AWS_") and name not in told]:
            del desk.variables[name]

        desk.type(blocks("kubernetes", "sh")[2])

        request = json.loads((desk.folder / "request.json").read_text())
        host = request["image"].partition("/")[0]
        assert fnmatch.fnmatch(host, provider["matchImages"][0])
        assert request["apiVersion"] == provider["apiVersion"]
        answer = json.loads((desk.folder / "answer.json").read_text())
        assert answer["auth"][host]["username"] == "AWS"

    def test_job_that_renews_does_what_is_tested(self) -> None:
        job = yaml.safe_load(blocks("kubernetes", "yaml")[0])
        [container] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        [script] = container["args"]

        assert script.startswith(blocks("kubernetes", "sh")[1])


def test_helm(desk: Desk, server: Entrepot) -> None:
    find_program("helm")

    printed = desk.type(*blocks("helm", "sh"))

    assert "version: 1.2.3" in printed
    assert "kind: Deployment" in printed
    assert (desk.folder / "pulled" / "greeting" / "Chart.yaml").exists()
    assert tags(server, "charts/greeting") == []


def test_cosign(desk: Desk, server: Entrepot, image: str) -> None:
    find_program("cosign")

    printed = desk.type(*blocks("cosign", "sh"), variables={"COSIGN_PASSWORD": "of the key"})

    assert printed.count("signatures were verified against the specified public key") == 3
    signed = image.replace(":", "-")
    assert tags(server, "team/app") == ["1.0", f"{signed}.att", f"{signed}.sig"]


def test_github_actions(docker_desk: Desk, server: Entrepot) -> None:
    job = yaml.safe_load(blocks("github-actions", "yaml")[0])["jobs"]["push"]
    settings = {
        "vars.ENTREPOT_REGISTRY": server.registry,
        "vars.ENTREPOT_URL": server.url,
        "secrets.ENTREPOT_ACCESS_KEY_ID": server.access_key_id,
        "secrets.ENTREPOT_SECRET_ACCESS_KEY": server.secret_access_key,
    }
    environment = {
        name: EXPRESSION.sub(lambda found: settings[found[1]], value)
        for name, value in cast("dict[str, str]", job["env"]).items()
    }
    steps = [step["run"] for step in job["steps"] if "run" in step]
    docker_desk.type(*blocks("github-actions", "sh"))
    forget_settings(docker_desk)

    assert job["defaults"]["run"]["shell"] == "bash"  # which is what sets pipefail
    for step in steps:  # each in a shell of its own
        docker_desk.type(step, variables={**environment, "GITHUB_SHA": "1234abcd"})

    assert tags(server, "team/app") == ["1234abcd"]
    assert logins(docker_desk) == {}


class TestWithoutSecrets:
    """The jobs of the page, with real issuers in the places of GitHub, GitLab and a cluster."""

    PAGE = "github-actions-without-secrets"

    @pytest.fixture
    def issuers(self, tmp_path: Path) -> Iterator[dict[str, Issuer]]:
        """By the name that the page has for each of them."""
        with ExitStack() as running:
            yield {
                name: running.enter_context(oidc_issuer(tmp_path / name.lower()))
                for name in ("ISSUER", "GITLAB", "CLUSTER")
            }

    @pytest.fixture
    def server(self, issuers: dict[str, Issuer], tmp_path: Path) -> Iterator[Entrepot]:
        """A server that knows the issuers' authorities, after the page's commands."""
        (tmp_path / "server").mkdir()
        authorities = tmp_path / "authorities.pem"
        authorities.write_bytes(b"".join(issuer.ca_file.read_bytes() for issuer in issuers.values()))
        with served(tmp_path / "server", "--workers=1", f"--oidc-ca-file={authorities}") as entrepot:
            yield entrepot

    @pytest.fixture
    def job(
        self, server: Entrepot, issuers: dict[str, Issuer], docker_engine: Docker, tmp_path: Path
    ) -> Desk:
        """What is left to a runner after the page's commands: docker, and no key."""
        desk = open_desk(server, tmp_path)
        desk.variables["DOCKER_HOST"] = docker_engine.environment["DOCKER_HOST"]
        desk.type(*blocks(self.PAGE, "sh"), variables={name: each.host for name, each in issuers.items()})
        forget_settings(desk)
        return desk

    def test_github(self, job: Desk, server: Entrepot, issuers: dict[str, Issuer], tmp_path: Path) -> None:
        workflow = yaml.safe_load(blocks(self.PAGE, "yaml")[0])
        push, issuer = workflow["jobs"]["push"], issuers["ISSUER"]
        settings = {"vars.ENTREPOT_REGISTRY": server.registry, "vars.ENTREPOT_URL": server.url}
        environment = {
            name: EXPRESSION.sub(lambda found: settings[found[1]], value)
            for name, value in cast("dict[str, str]", push["env"]).items()
        }
        assert workflow["permissions"]["id-token"] == "write"
        environment |= {
            "ACTIONS_ID_TOKEN_REQUEST_URL": issuer.job_url,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": issuer.job_secret,
            "CURL_CA_BUNDLE": str(issuer.ca_file),
            "GITHUB_ENV": str(tmp_path / "github-env"),
            "GITHUB_RUN_ID": "7",
            "GITHUB_SHA": "1234abcd",
            "RUNNER_TEMP": str(_folder(tmp_path, "runner")),
        }
        for step in [step["run"] for step in push["steps"] if "run" in step]:
            job.type(step, variables=environment)
            environment |= dict(
                line.split("=", 1) for line in (tmp_path / "github-env").read_text().splitlines()
            )

        assert tags(server, "team/app") == ["1234abcd"]
        assert logins(job) == {}

    def test_gitlab(self, job: Desk, server: Entrepot, issuers: dict[str, Issuer]) -> None:
        push = yaml.safe_load(blocks(self.PAGE, "yaml")[1])["push"]
        said = "project_path:acme/app:ref_type:branch:ref:main"
        [(name, asked)] = push["id_tokens"].items()
        settings = {
            "REGISTRY": server.registry,
            "ENTREPOT_URL": server.url,
            "CI_COMMIT_SHORT_SHA": "1234abcd",
            "CI_JOB_ID": "7",
            name: issuers["GITLAB"].token(asked["aud"], sub=said),
        }
        for variable, value in cast("dict[str, str]", push["variables"]).items():
            settings[variable] = re.sub(r"\$(\w+)", lambda found: settings[found[1]], value)

        job.type(*push["before_script"], *push["script"], variables=settings)
        job.type(*push["after_script"], variables=settings)

        assert tags(server, "team/app") == ["1234abcd"]

    def test_kubernetes(
        self, job: Desk, server: Entrepot, issuers: dict[str, Issuer], tmp_path: Path
    ) -> None:
        spec = yaml.safe_load(blocks(self.PAGE, "yaml")[2])["spec"]
        [source] = spec["volumes"][0]["projected"]["sources"]
        variables = {each["name"]: each["value"] for each in spec["containers"][0]["env"]}
        token = tmp_path / "token"
        subject = f"system:serviceaccount:ci:{spec['serviceAccountName']}"
        token.write_text(issuers["CLUSTER"].token(source["serviceAccountToken"]["audience"], sub=subject))
        variables |= {"AWS_ENDPOINT_URL_ECR": server.url, "AWS_ENDPOINT_URL_STS": server.url}
        variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(token)

        assert "assumed-role/builder/" in job.type("aws sts get-caller-identity", variables=variables)
        job.type("aws ecr get-login-password > password", variables=variables)

        token.write_text(issuers["CLUSTER"].token(sub="system:serviceaccount:ci:default"))
        said = job.type("! aws sts get-caller-identity", variables=variables)
        assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in said


def test_gitlab_ci(docker_desk: Desk, server: Entrepot) -> None:
    job = yaml.safe_load(blocks("gitlab-ci", "yaml")[0])["push"]
    docker_desk.type(*blocks("gitlab-ci", "sh"))
    forget_settings(docker_desk)
    settings = {
        "REGISTRY": server.registry,
        "AWS_ENDPOINT_URL_ECR": server.url,
        "AWS_ACCESS_KEY_ID": server.access_key_id,
        "AWS_SECRET_ACCESS_KEY": server.secret_access_key,
        "CI_COMMIT_SHORT_SHA": "1234abcd",
    }
    for name, value in cast("dict[str, str]", job["variables"]).items():
        settings[name] = re.sub(r"\$(\w+)", lambda found: settings[found[1]], value)

    docker_desk.type(*job["before_script"], *job["script"], variables=settings)
    docker_desk.type(*job["after_script"], variables=settings)

    assert tags(server, "team/app") == ["1234abcd"]
    assert logins(docker_desk) == {}


def forget_settings(desk: Desk) -> None:
    """What is left to a runner: what leads to the server has to come from the job file."""
    for name in [name for name in desk.variables if name == "REGISTRY" or name.startswith("AWS_")]:
        del desk.variables[name]


def logins(desk: Desk) -> dict[str, object]:
    config = Path(desk.variables["HOME"]) / ".docker" / "config.json"
    kept: dict[str, object] = json.loads(config.read_text()).get("auths", {})
    return kept
