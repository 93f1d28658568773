"""helm pushes charts to a served Entrepot and pulls, shows and renders them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.request_log import RequestLog
from tests.engines.client import Client, open_client
from tests.engines.entrepot import Endpoint

NewRepository = Callable[[], str]

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: greeting}
data: {text: hello from %(version)s}
"""


@pytest.fixture
def helm(tmp_path: Path, entrepot: Endpoint, password: str) -> Client:
    """A helm that is logged in."""
    client = open_client("helm", tmp_path)
    client.run(
        "registry", "login", "--insecure", "--username=AWS", "--password-stdin", entrepot.registry,
        stdin=password,
    )  # fmt: skip
    return client


def package_chart(helm: Client, name: str, version: str) -> Path:
    chart = helm.home / name
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\n")
    (chart / "templates" / "greeting.yaml").write_text(CONFIG_MAP % {"version": version})
    helm.run("package", chart)
    return helm.home / f"{name}-{version}.tgz"


def push(helm: Client, chart: Path, registry: str) -> str:
    """The digest of the manifest."""
    printed = helm.run("push", "--plain-http", chart, f"oci://{registry}")
    return printed.rpartition("Digest: ")[2].split()[0]


@pytest.fixture
def chart(entrepot: Endpoint, new_repository: NewRepository) -> str:
    """The name of a chart, for which there is a repository: helm pushes to one of the chart's name."""
    name = new_repository().replace("team/", "chart-")
    return entrepot.create_repository(f"charts/{name}").rpartition("/")[2]


@pytest.mark.parametrize("by", ["version", "digest"])
def test_chart_comes_back_as_it_was(helm: Client, entrepot: Endpoint, chart: str, by: str) -> None:
    packaged = package_chart(helm, chart, "1.2.3")
    registry = f"{entrepot.registry}/charts"
    digest = push(helm, packaged, registry)

    where = [f"oci://{registry}/{chart}@{digest}"]
    if by == "version":
        where = [f"oci://{registry}/{chart}", "--version=1.2.3"]
    helm.run("pull", "--plain-http", "--untar", "--untardir=pulled", *where)

    pulled = helm.home / "pulled" / chart / "templates" / "greeting.yaml"
    assert pulled.read_text() == CONFIG_MAP % {"version": "1.2.3"}


def test_newest_version_that_fits_is_found_among_the_tags(
    helm: Client, entrepot: Endpoint, chart: str
) -> None:
    registry = f"{entrepot.registry}/charts"
    for version in ("1.9.0", "1.10.0", "2.0.0", "1.10.1+build.5"):
        push(helm, package_chart(helm, chart, version), registry)

    printed = helm.run("show", "chart", "--plain-http", "--version=^1.0.0", f"oci://{registry}/{chart}")

    assert "version: 1.10.1+build.5" in printed


def test_template_is_rendered_from_the_registry(helm: Client, entrepot: Endpoint, chart: str) -> None:
    registry = f"{entrepot.registry}/charts"
    push(helm, package_chart(helm, chart, "0.1.0"), registry)

    printed = helm.run("template", "--plain-http", "release", f"oci://{registry}/{chart}")

    assert "hello from 0.1.0" in printed


def test_chart_depends_on_one_in_the_registry(helm: Client, entrepot: Endpoint, chart: str) -> None:
    registry = f"{entrepot.registry}/charts"
    push(helm, package_chart(helm, chart, "0.1.0"), registry)
    package_chart(helm, "above", "1.0.0")
    with (helm.home / "above" / "Chart.yaml").open("a") as file:
        file.write(f"dependencies:\n- {{name: {chart}, version: 0.1.0, repository: 'oci://{registry}'}}\n")

    helm.run("dependency", "update", "--plain-http", "above")

    assert (helm.home / "above" / "charts" / f"{chart}-0.1.0.tgz").exists()


def test_chart_is_listed_as_one(helm: Client, entrepot: Endpoint, chart: str) -> None:
    digest = push(helm, package_chart(helm, chart, "1.0.0"), f"{entrepot.registry}/charts")

    [detail] = entrepot.ecr().describe_images(repositoryName=f"charts/{chart}")["imageDetails"]

    assert (detail["imageDigest"], detail["imageTags"]) == (digest, ["1.0.0"])
    assert detail["artifactMediaType"] == "application/vnd.cncf.helm.config.v1+json"


def test_deleted_chart_is_not_found(helm: Client, entrepot: Endpoint, chart: str) -> None:
    registry = f"{entrepot.registry}/charts"
    push(helm, package_chart(helm, chart, "1.0.0"), registry)
    entrepot.ecr().batch_delete_image(repositoryName=f"charts/{chart}", imageIds=[{"imageTag": "1.0.0"}])

    printed = helm.run(
        "pull", "--plain-http", "--version=1.0.0", f"oci://{registry}/{chart}", is_expected_to_fail=True
    )

    assert "not found" in printed


def test_logout_ends_the_access(helm: Client, entrepot: Endpoint, chart: str) -> None:
    packaged = package_chart(helm, chart, "1.0.0")
    helm.run("registry", "logout", entrepot.registry)

    printed = helm.run(
        "push", "--plain-http", packaged, f"oci://{entrepot.registry}/charts", is_expected_to_fail=True
    )

    assert "no basic auth credentials" in printed
    assert json.loads((helm.home / ".config/helm/registry/config.json").read_text())["auths"] == {}


def test_nothing_is_refused_on_the_way(
    helm: Client, entrepot: Endpoint, chart: str, request_log: RequestLog
) -> None:
    registry = f"{entrepot.registry}/charts"
    push(helm, package_chart(helm, chart, "1.0.0"), registry)
    helm.run("pull", "--plain-http", f"oci://{registry}/{chart}")

    assert not [one for one in request_log.all() if one.is_setback]
