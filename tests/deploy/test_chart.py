"""The Helm chart: what it renders, what it refuses, and that Entrepot starts with what it renders."""

import re
import subprocess
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from entrepot import __version__
from entrepot.cli import run
from entrepot.serving import supervisor
from tests.deploy.chart import (
    CHART,
    CLUSTER,
    EVERYTHING,
    RELEASES,
    VALUES,
    Manifests,
    complaints,
    render,
    template,
)
from tests.engines.client import Client, open_client
from tests.engines.entrepot import PROGRAM, ROOT_KEYS, Entrepot, end_process, free_port, wait_until_ready
from tests.engines.postgres import postgres_server
from tests.engines.programs import PATH, run_program
from tests.engines.seaweedfs import seaweedfs_server


@pytest.fixture
def helm(tmp_path: Path) -> Client:
    return open_client("helm", tmp_path)


@pytest.fixture(params=VALUES)
def manifests(request: pytest.FixtureRequest, helm: Client) -> Manifests:
    return render(helm, VALUES[request.param])


def without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def test_helm_has_nothing_against_the_chart(helm: Client) -> None:
    assert "0 chart(s) failed" in helm.run("lint", "--strict", CHART)


def test_chart_is_of_the_release_that_it_installs() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["appVersion"] == __version__


@pytest.mark.parametrize("release", RELEASES)
def test_manifests_are_what_kubernetes_takes(manifests: Manifests, release: str) -> None:
    known = [manifest for manifest in manifests.all if manifest["kind"] != "ServiceMonitor"]  # not its own

    assert [complaint for manifest in known for complaint in complaints(manifest, release)] == []


def test_schemas_refuse_a_field_that_kubernetes_does_not_know(helm: Client) -> None:
    service = deepcopy(render(helm, {}).one("Service"))
    service["spec"]["selecter"] = {}

    assert any("selecter" in complaint for complaint in complaints(service, RELEASES[-1]))


def test_everything_that_selects_pods_selects_these(manifests: Manifests) -> None:
    labels = manifests.pod["metadata"]["labels"].items()
    selectors = [
        manifests.workload["spec"]["selector"]["matchLabels"],
        manifests.one("Service")["spec"]["selector"],
    ]
    selectors += [
        constraint["labelSelector"]["matchLabels"]
        for constraint in manifests.pod["spec"]["topologySpreadConstraints"]
    ]
    for kind, field in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        if manifests.has(kind):
            selectors.append(manifests.one(kind)["spec"][field]["matchLabels"])

    assert all(selector.items() <= labels for selector in selectors)


def test_ports_are_called_by_names_that_are_there(manifests: Manifests) -> None:
    ports = {port["name"]: port["containerPort"] for port in manifests.container["ports"]}
    service = manifests.one("Service")
    offered = {port["name"] for port in service["spec"]["ports"]}

    assert ports["http"] == int(manifests.environment["ENTREPOT_PORT"]["value"])
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports.keys()
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert manifests.container[probe]["httpGet"]["port"] in ports
    if manifests.has("Ingress"):
        [rule] = manifests.one("Ingress")["spec"]["rules"]
        backend = rule["http"]["paths"][0]["backend"]["service"]
        assert (backend["name"], backend["port"]["name"]) == (service["metadata"]["name"], "http")
    if manifests.has("ServiceMonitor"):
        monitor = manifests.one("ServiceMonitor")["spec"]
        assert {endpoint["port"] for endpoint in monitor["endpoints"]} <= offered
        assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    if manifests.has("NetworkPolicy"):
        rules = manifests.one("NetworkPolicy")["spec"]["ingress"]
        assert {port["port"] for rule in rules for port in rule["ports"]} <= ports.keys()


def test_autoscaler_turns_the_deployment_that_is_there(helm: Client) -> None:
    manifests = render(helm, EVERYTHING)
    target = manifests.one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]

    assert (target["kind"], target["name"]) == ("Deployment", manifests.workload["metadata"]["name"])
    assert "replicas" not in manifests.workload["spec"]


def test_pod_may_do_nothing_that_it_does_not_need(manifests: Manifests) -> None:
    assert manifests.pod["spec"]["automountServiceAccountToken"] is False
    pod, container = manifests.pod["spec"]["securityContext"], manifests.container["securityContext"]
    assert (pod["runAsNonRoot"], pod["runAsUser"], pod["seccompProfile"]["type"]) == (
        True,
        65532,
        "RuntimeDefault",
    )
    assert container == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_every_mount_has_its_volume(manifests: Manifests) -> None:
    volumes = {volume["name"] for volume in manifests.pod["spec"]["volumes"]}
    claimed = {
        claim["metadata"]["name"] for claim in manifests.workload["spec"].get("volumeClaimTemplates", [])
    }

    assert {mount["name"] for mount in manifests.container["volumeMounts"]} == volumes | claimed


def test_pod_has_the_time_that_draining_takes(helm: Client) -> None:
    manifests = render(helm, {**CLUSTER, "drain": {"delaySeconds": 20, "seconds": 90}})

    last = supervisor._LAST_SECONDS
    assert manifests.pod["spec"]["terminationGracePeriodSeconds"] > 20 + 90 + last
    assert manifests.environment["ENTREPOT_DRAIN_DELAY_SECONDS"]["value"] == "20"
    assert manifests.environment["ENTREPOT_DRAIN_SECONDS"]["value"] == "90"


def test_layers_pass_the_ingress_whole_as_they_come(helm: Client) -> None:
    annotations = render(helm, EVERYTHING).one("Ingress")["metadata"]["annotations"]

    said = {name.rpartition("/proxy-")[2]: value for name, value in annotations.items()}
    assert (said["body-size"], said["request-buffering"], said["buffering"]) == ("0", "off", "off")


def test_server_calls_itself_as_the_ingress_does(helm: Client) -> None:
    environment = render(helm, EVERYTHING).environment

    assert environment["ENTREPOT_EXTERNAL_URL"]["value"] == "https://registry.example.com"


def test_image_is_pinned_by_a_digest(helm: Client) -> None:
    digest = f"sha256:{'a' * 64}"

    image = render(helm, {"image": {"repository": "r/entrepot", "digest": digest}}).container["image"]

    assert image == f"r/entrepot@{digest}"


def test_attack_50_no_secret_is_in_what_is_rendered(manifests: Manifests) -> None:
    assert not manifests.has("Secret")
    assert not manifests.has("ConfigMap")
    secret = re.compile(r"SECRET|ACCESS_KEY|PASSWORD|DATABASE$")
    for name, variable in manifests.environment.items():
        assert not secret.search(name) or "secretKeyRef" in variable["valueFrom"], name
    assert not any(secret.search(argument) for argument in manifests.container["args"])


def test_attack_50_a_secret_as_a_plain_value_is_refused(helm: Client) -> None:
    variable = {"name": "ENTREPOT_ROOT_SECRET_ACCESS_KEY", "value": "not-here"}

    assert "extraEnv" in template(helm, {"extraEnv": [variable]}, is_expected_to_fail=True)
    assert template(helm, {"extraEnv": [{**without(variable, "value"), "valueFrom": {}}]})


@pytest.mark.parametrize("missing", ["rootKey", "rootCredential", "database", "sharedVolume"])
def test_cluster_without_what_its_nodes_share_is_refused(helm: Client, missing: str) -> None:
    printed = template(helm, without(CLUSTER, missing), is_expected_to_fail=True)

    assert f"a cluster needs {missing}" in printed or f"or {missing}" in printed


@pytest.mark.parametrize(
    "values",
    [
        {"replica": 2},
        {"drain": {"second": 5}},
        {"accountId": "12"},
        {"externalUrl": "https://registry.example.com/path"},
        {"blobs": {"url": "gs://bucket"}},
        {"logLevel": "loud"},
    ],
)
def test_misspelt_values_are_refused(helm: Client, values: dict[str, Any]) -> None:
    template(helm, values, is_expected_to_fail=True)


def test_single_node_stays_one(helm: Client) -> None:
    manifests = render(helm, {"replicas": 3})

    assert manifests.workload["spec"]["replicas"] == 1
    assert not manifests.has("PodDisruptionBudget")
    assert "autoscaling needs cluster" in template(
        helm, {"autoscaling": {"enabled": True}}, is_expected_to_fail=True
    )


def test_rendered_single_node_starts_and_serves(helm: Client, tmp_path: Path) -> None:
    start_and_ask(render(helm, {"workers": 1}), tmp_path, secrets={})


async def test_rendered_cluster_node_starts_and_serves_on_postgresql_and_a_shared_folder(
    helm: Client, tmp_path: Path
) -> None:
    with postgres_server() as database:
        secrets = cluster_secrets(tmp_path, await database.create_database())

        start_and_ask(render(helm, {**CLUSTER, "workers": 1}), tmp_path, secrets)


async def test_rendered_cluster_node_starts_and_serves_on_postgresql_and_a_bucket(
    helm: Client, tmp_path: Path
) -> None:
    with postgres_server() as database, seaweedfs_server() as storage:
        blobs = {"url": storage.blobs_url(storage.create_bucket()), "existingSecret": "s3"}
        secrets = cluster_secrets(tmp_path, await database.create_database())
        secrets["s3"] = storage.credentials
        values = {**without(CLUSTER, "sharedVolume"), "workers": 1, "blobs": blobs}

        start_and_ask(render(helm, values), tmp_path, secrets)


def cluster_secrets(folder: Path, database: str) -> dict[str, dict[str, str]]:
    """The Secrets that CLUSTER names, as the chart's README makes them."""
    assert run(["root-key", "create", "--root-key-file", str(folder / "root-key")]) == 0
    return {
        "entrepot-root-key": {"root-key": (folder / "root-key").read_text()},
        "entrepot-root-credential": {
            "access-key-id": ROOT_KEYS["ENTREPOT_ROOT_ACCESS_KEY_ID"],
            "secret-access-key": ROOT_KEYS["ENTREPOT_ROOT_SECRET_ACCESS_KEY"],
        },
        "entrepot-database": {"url": database},
    }


def start_and_ask(manifests: Manifests, folder: Path, secrets: Mapping[str, Mapping[str, str]]) -> None:
    """Run the pod's command line with its environment and mounts, in a folder in place of the root."""
    port = free_port()
    environment = {name: _value(one, secrets) for name, one in manifests.environment.items()}
    for mount in manifests.container["volumeMounts"]:
        _mount(mount, manifests.pod["spec"]["volumes"], folder, secrets)
    environment = {
        name: str(folder) + value if value.startswith("/") else value for name, value in environment.items()
    }
    environment |= {"PATH": PATH, "ENTREPOT_HOST": "127.0.0.1", "ENTREPOT_PORT": str(port)}
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PROGRAM, *manifests.container["args"]],
            env=environment, cwd=folder, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until_ready(process, "127.0.0.1", port, log)
        probes = {
            manifests.container[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe")
        }
        assert {_ask(port, path) for path in probes} == {"ok"}
        if secrets:
            client = Entrepot(folder, port)
            client.create_repository("team/app")
            client.stop()
            assert not any(
                value in log.read_text() for secret in secrets.values() for value in secret.values()
            )
    finally:
        end_process(process, seconds=90)


def _value(variable: Mapping[str, Any], secrets: Mapping[str, Mapping[str, str]]) -> str:
    if "value" in variable:
        return str(variable["value"])
    reference = variable["valueFrom"]["secretKeyRef"]
    return secrets[reference["name"]][reference["key"]]


def _mount(
    mount: Mapping[str, Any],
    volumes: list[dict[str, Any]],
    folder: Path,
    secrets: Mapping[str, Mapping[str, str]],
) -> None:
    """An empty folder, or the files of a secret as kubelet shows them."""
    place = folder / mount["mountPath"].lstrip("/")
    place.mkdir(parents=True, exist_ok=True)
    for volume in volumes:
        if volume["name"] == mount["name"] and "secret" in volume:
            for item in volume["secret"]["items"]:
                file = place / item["path"]
                file.write_text(secrets[volume["secret"]["secretName"]][item["key"]])
                file.chmod(volume["secret"]["defaultMode"])


def _ask(port: int, path: str) -> str:
    return run_program("curl", "--silent", "--fail", f"http://127.0.0.1:{port}{path}").strip()
