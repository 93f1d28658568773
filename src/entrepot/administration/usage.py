"""`entrepot report-usage` and `entrepot usage`: what clusters run."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from entrepot.administration.connection import NotAnswered, Server, connect
from entrepot.administration.pods import images_of_pods
from entrepot.administration.references import Reference, RegistryHosts, read_reference
from entrepot.administration.runtimes import running_images

_MOST_IMAGES = 10_000  # of a report, entrepot model


def report_usage(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Find out what runs here, and report those images that are of the server's registry."""
    server = connect(parsed, environment)
    if parsed.kubernetes:
        references = images_of_pods(environment)
    else:
        references = running_images(parsed.runtime, parsed.namespace)
    own = _own_host(connect(parsed, environment, service="ecr"))
    images = used_images(references, RegistryHosts(own, tuple(parsed.registry or ())))
    if len(images) > _MOST_IMAGES:
        raise NotAnswered(f"{len(images)} images run here, and a report takes {_MOST_IMAGES}")
    if parsed.dry_run:
        print(json.dumps(images, indent=2))
        return 0
    return _report(parsed, server, images)


def _report(parsed: Namespace, server: Server, images: list[dict[str, str]]) -> int:
    answer = server.ask(
        "report_usage",
        clusterName=parsed.cluster,
        images=images,
        ttlSeconds=None if parsed.ttl_hours is None else parsed.ttl_hours * 3600,
    )
    for failure in answer["failures"]:
        image = failure["image"]
        print(
            f"not counted: {image['repositoryName']}@{image['imageDigest']}: {failure['failureReason']}",
            file=sys.stderr,
        )
    report = answer["report"]
    if parsed.json:
        print(json.dumps(answer, indent=2, default=str))
    else:
        print(
            f"{report['clusterName']} runs {_count(report['imageCount'])} of this registry, kept "
            f"until {report['expiresAt']:%Y-%m-%d %H:%M} UTC"
        )
    return 0


def used_images(references: Iterable[str], hosts: RegistryHosts) -> list[dict[str, str]]:
    """Those of the references that are of this registry and have a digest, as ReportUsage takes them."""
    found: dict[tuple[str, str, str], None] = {}
    for text in references:
        reference = _readable(text)
        account = hosts.account_of(reference.host) if reference is not None else None
        if reference is not None and account is not None and reference.digest:
            found[account, reference.name, reference.digest] = None
    return [
        {
            **({"registryId": account} if account else {}),
            "repositoryName": name,
            "imageDigest": digest,
        }
        for account, name, digest in sorted(found)
    ]


def _readable(text: str) -> Reference | None:
    try:
        return read_reference(text, has_host=True)
    except NotAnswered:
        return None


def _own_host(ecr: Server) -> str:
    """The host of the caller's registry, as docker logs in to it."""
    given = ecr.ask("get_authorization_token")["authorizationData"]
    return urlsplit(str(given[0]["proxyEndpoint"])).netloc


def list_usage(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """A line a cluster; of a repository or of a cluster, a line an image."""
    server = connect(parsed, environment)
    if parsed.repository is None and parsed.cluster is None:
        reports = server.all("describe_usage")["reports"]
        _print(parsed, reports, _cluster_line)
        return 0
    usages = server.all("list_usage", repositoryName=parsed.repository, clusterName=parsed.cluster)["usages"]
    _print(parsed, usages, _usage_line)
    return 0


def _print(parsed: Namespace, entries: list[Mapping[str, Any]], line: Any) -> None:
    if parsed.json:
        print(json.dumps(entries, indent=2, default=str))
        return
    for entry in entries:
        print(line(entry))


def _cluster_line(report: Mapping[str, Any]) -> str:
    return (
        f"{report['clusterName']} runs {_count(report['imageCount'])}, said {report['reportedBy']} at "
        f"{report['reportedAt']:%Y-%m-%d %H:%M} UTC; until {report['expiresAt']:%Y-%m-%d %H:%M} UTC"
    )


def _usage_line(usage: Mapping[str, Any]) -> str:
    return f"{usage['repositoryName']}@{usage['imageDigest']} in {usage['clusterName']}"


def _count(images: int) -> str:
    return "1 image" if images == 1 else f"{images} images"
