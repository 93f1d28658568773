"""Which images a Kubernetes cluster runs: its API server is asked for the pods, as a pod of it may.

The service account's token and the cluster's authority lie where Kubernetes puts them into every pod.
"""

import json
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from entrepot.administration.connection import NotAnswered

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECONDS = 60
_PAGE = 500  # pods, as kubectl asks
_LARGEST = 64 << 20  # bytes of a page
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_OVER = ("Succeeded", "Failed")


def images_of_pods(environment: Mapping[str, str], account: Path = ACCOUNT) -> set[str]:
    """References with digests of the images of all pods that are not over; raises NotAnswered."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise NotAnswered("--kubernetes: this is no pod, KUBERNETES_SERVICE_HOST is not set")
    authority = f"[{host}]" if ":" in host else host
    return {
        reference
        for pod in _pods(f"https://{authority}:{port}", account)
        if (pod.get("status") or {}).get("phase") not in _OVER
        for reference in _images(pod)
    }


def _pods(server: str, account: Path) -> Iterator[Mapping[str, Any]]:
    following = ""
    while True:
        asked = {"limit": str(_PAGE), **({"continue": following} if following else {})}
        page = _ask(f"{server}/api/v1/pods?{urlencode(asked)}", account)
        yield from page.get("items") or []
        following = str((page.get("metadata") or {}).get("continue") or "")
        if not following:
            return


def _ask(url: str, account: Path) -> Mapping[str, Any]:
    try:
        token = (account / "token").read_text(encoding="ascii").strip()  # it is renewed while pods run
        trust = ssl.create_default_context(cafile=str(account / "ca.crt"))
        # No proxy, and nobody that an answer names: the token is for the cluster alone.
        opener = build_opener(HTTPSHandler(context=trust), ProxyHandler({}), _NoRedirects())
        with opener.open(
            Request(url, headers={"Authorization": f"Bearer {token}"}),  # noqa: S310 (https alone)
            timeout=_SECONDS,
        ) as answer:
            page = json.loads(answer.read(_LARGEST))
    except (OSError, URLError, ValueError) as cause:
        raise NotAnswered(f"the Kubernetes API server was asked for pods: {cause}") from cause
    if not isinstance(page, dict):
        raise NotAnswered("the Kubernetes API server gave no list of pods")
    return page


class _NoRedirects(HTTPRedirectHandler):
    """Takes a redirect as the failure that it is: urllib would send the token along."""

    def redirect_request(self, *_: object) -> None: ...


def _images(pod: Mapping[str, Any]) -> Iterator[str]:
    """What its containers run, and what those that did not start yet are pinned to."""
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    for kind in _STATUSES:
        for container in status.get(kind) or []:
            # Some runtimes put a scheme before it, docker-pullable:// for one.
            yield str(container.get("imageID") or "").rpartition("://")[2]
    for kind in _CONTAINERS:
        for container in spec.get(kind) or []:
            yield str(container.get("image") or "")
