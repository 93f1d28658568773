"""The chart as helm renders it, and what Kubernetes would make of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from tests.engines.client import Client
from tests.engines.programs import ROOT

CHART = ROOT / "deploy" / "helm" / "entrepot"
SCHEMAS = ROOT / ".tools" / "kubernetes"
RELEASES = ("1.25.0", "1.37.0")  # the oldest that Chart.yaml names, and the newest with known schemas

CLUSTER: Mapping[str, Any] = {
    "cluster": True,
    "rootKey": {"existingSecret": "entrepot-root-key"},
    "rootCredential": {"existingSecret": "entrepot-root-credential"},
    "database": {"existingSecret": "entrepot-database"},
    "sharedVolume": {"existingClaim": "entrepot-layers"},
}
EVERYTHING: Mapping[str, Any] = {
    **CLUSTER,
    "sharedVolume": {"existingClaim": ""},
    "blobs": {
        "url": "s3://layers/prefix?endpoint=http://s3",
        "existingSecret": "s3",
        "redirects": False,
    },
    "image": {"repository": "registry.example.com/entrepot", "pullSecrets": ["pull"]},
    "domain": "example.com",
    "accountId": "210987654321",
    "allowSparse": True,
    "storageEncrypted": True,
    "readOnly": False,
    "trustedProxies": ["10.0.0.0/8", "fd00::/8"],
    "proxyProtocol": True,
    "tls": {"existingSecret": "tls"},
    "extraEnv": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector:4318"}],
    "ingress": {"enabled": True, "hosts": ["registry.example.com"], "tlsSecret": "registry-tls"},
    "metrics": {"enabled": True, "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    "networkPolicy": {
        "enabled": True,
        "from": [{"namespaceSelector": {}}],
        "metricsFrom": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
    },
    "autoscaling": {"enabled": True},
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::210987654321:role/r"}},
    "podAnnotations": {"example.com/note": "yes"},
    "podLabels": {"example.com/label": "yes"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "registry", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
}
VALUES = {"single": {}, "cluster": CLUSTER, "everything": EVERYTHING}


@dataclass(frozen=True, slots=True)
class Manifests:
    """What one release consists of."""

    all: Sequence[dict[str, Any]]

    def one(self, kind: str) -> dict[str, Any]:
        [found] = [manifest for manifest in self.all if manifest["kind"] == kind]
        return found

    def has(self, kind: str) -> bool:
        return any(manifest["kind"] == kind for manifest in self.all)

    @property
    def workload(self) -> dict[str, Any]:
        """What makes the pods."""
        return self.one("Deployment" if self.has("Deployment") else "StatefulSet")

    @property
    def pod(self) -> dict[str, Any]:
        template: dict[str, Any] = self.workload["spec"]["template"]
        return template

    @property
    def container(self) -> dict[str, Any]:
        [found] = self.pod["spec"]["containers"]
        return dict(found)

    @property
    def environment(self) -> dict[str, dict[str, Any]]:
        return {variable["name"]: variable for variable in self.container["env"]}


def render(helm: Client, values: Mapping[str, Any]) -> Manifests:
    """The manifests of a release called `registry`."""
    return Manifests([one for one in yaml.safe_load_all(template(helm, values)) if one])


def template(helm: Client, values: Mapping[str, Any], *, is_expected_to_fail: bool = False) -> str:
    """What helm prints."""
    file = helm.home / "values.json"
    file.write_text(json.dumps(values))
    return helm.run("template", "registry", CHART, "--values", file, is_expected_to_fail=is_expected_to_fail)


def complaints(manifest: Mapping[str, Any], release: str) -> Iterator[str]:
    """What Kubernetes' schema of this release has against it."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    name = "-".join(part for part in (manifest["kind"].lower(), group.partition(".")[0], version) if part)
    schema = json.loads((_folder(release) / f"{name}.json").read_text())
    for error in Draft7Validator(schema, registry=_registry(release)).iter_errors(manifest):
        yield f"{manifest['kind']} {error.json_path}: {error.message[:200]}"


@cache
def _registry(release: str) -> Registry[Any]:
    definitions = json.loads((_folder(release) / "_definitions.json").read_text())
    resource = Resource.from_contents(definitions, default_specification=DRAFT7)
    registry: Registry[Any] = Registry().with_resource("_definitions.json", resource)
    return registry


def _folder(release: str) -> Path:
    if not (SCHEMAS / release).is_dir():
        pytest.skip("Kubernetes' schemas are not there; `tools/install-kubernetes-schemas` fetches them")
    return SCHEMAS / release
