"""`entrepot report-usage --kubernetes`, against an API server that knows the pods of a cluster."""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
import yaml

from entrepot.administration.connection import NotAnswered
from entrepot.administration.pods import images_of_pods
from tests.engines.programs import ROOT

DIGESTS = [f"sha256:{letter * 64}" for letter in "abcdef"]
APP = "localhost:5050/team/app"
TOKEN = "of-the-service-account"


def pod(phase: str, *image_ids: str, images: tuple[str, ...] = (), init: str = "") -> Mapping[str, Any]:
    status: dict[str, Any] = {"phase": phase, "containerStatuses": [{"imageID": each} for each in image_ids]}
    if init:
        status["initContainerStatuses"] = [{"imageID": init}]
    return {"spec": {"containers": [{"image": each} for each in images]}, "status": status}


PODS = [
    pod("Running", f"{APP}@{DIGESTS[0]}", f"docker-pullable://{APP}@{DIGESTS[1]}", images=(f"{APP}:1",)),
    pod("Succeeded", f"{APP}@{DIGESTS[2]}"),
    pod("Failed", f"{APP}@{DIGESTS[2]}"),
    pod("Running", DIGESTS[3], init=f"{APP}@{DIGESTS[4]}"),
    {"spec": {"containers": [{"image": f"{APP}@{DIGESTS[5]}"}]}, "status": {"phase": "Pending"}},
]


@dataclass(slots=True)
class ApiServer:
    """Answers as Kubernetes' API server does, two pods a page."""

    port: int
    account: Path
    asked: list[str] = field(default_factory=list)
    elsewhere: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.port)}


@contextmanager
def api_server(folder: Path, *, pods: list[Mapping[str, Any]]) -> Iterator[ApiServer]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    folder.mkdir()
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    (folder / "token").write_text(f"{TOKEN}\n")
    known = ApiServer(0, folder)

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            status, answer = self._answer()
            body = json.dumps(answer).encode()
            self.send_response(status)
            if known.elsewhere:
                self.send_header("Location", known.elsewhere)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _answer(self) -> tuple[int, Mapping[str, Any]]:
            if known.elsewhere:
                return 302, {}
            target = urlsplit(self.path)
            if target.path != "/api/v1/pods" or self.headers["Authorization"] != f"Bearer {TOKEN}":
                return 403, {"kind": "Status", "reason": "Forbidden"}
            start = int(parse_qs(target.query).get("continue", ["0"])[0])
            following = str(start + 2) if start + 2 < len(pods) else ""
            return 200, {"metadata": {"continue": following}, "items": pods[start : start + 2]}

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    known.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_images_of_all_pods_that_are_not_over_are_found(tmp_path: Path) -> None:
    with api_server(tmp_path / "account", pods=PODS) as server:
        found = images_of_pods(server.environment, server.account)
    assert {each for each in found if "@" in each} == {f"{APP}@{DIGESTS[place]}" for place in (0, 1, 4, 5)}
    assert len(server.asked) == 3


def test_a_service_account_that_may_not_list_pods_is_told(tmp_path: Path) -> None:
    with api_server(tmp_path / "account", pods=PODS) as server:
        (server.account / "token").write_text("of-somebody-else")
        with pytest.raises(NotAnswered, match="403"):
            images_of_pods(server.environment, server.account)


def test_attack_34_no_server_but_the_cluster_s_gets_the_token(tmp_path: Path) -> None:
    with (
        api_server(tmp_path / "one", pods=PODS) as server,
        api_server(tmp_path / "two", pods=PODS) as other,
    ):
        with pytest.raises(NotAnswered, match="CERTIFICATE_VERIFY_FAILED"):
            images_of_pods(other.environment, server.account)
        assert other.asked == []


def test_attack_34_the_token_is_not_carried_elsewhere(tmp_path: Path) -> None:
    with (
        api_server(tmp_path / "one", pods=PODS) as server,
        api_server(tmp_path / "two", pods=PODS) as other,
    ):
        server.elsewhere = f"https://127.0.0.1:{other.port}/api/v1/pods"
        trusted = (server.account / "ca.crt").read_text() + (other.account / "ca.crt").read_text()
        (server.account / "ca.crt").write_text(trusted)
        with pytest.raises(NotAnswered, match="302"):
            images_of_pods(server.environment, server.account)
        assert other.asked == []


def test_outside_a_cluster_there_is_nobody_to_ask(tmp_path: Path) -> None:
    with pytest.raises(NotAnswered, match="this is no pod"):
        images_of_pods({}, tmp_path)


def test_the_manifest_asks_for_pods_alone_and_runs_the_reporter() -> None:
    text = (ROOT / "deploy" / "kubernetes" / "report-usage.yaml").read_text()
    manifests = {each["kind"]: each for each in yaml.safe_load_all(text)}
    assert manifests["ClusterRole"]["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    ]
    pod_of_job = manifests["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod_of_job["serviceAccountName"] == manifests["ServiceAccount"]["metadata"]["name"]
    [container] = pod_of_job["containers"]
    assert container["args"][:2] == ["report-usage", "--kubernetes"]
