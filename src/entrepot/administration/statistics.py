"""`entrepot stats`: how much the registry, or each of some repositories, holds and how it is used."""

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from entrepot.administration.connection import connect

_LISTS = {
    "largestRepositories": "largest",
    "mostPulledRepositories": "most pulled",
    "neverPulledRepositories": "never pulled",
}
_UNKNOWN = "-"


def stats(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Always 0: what cannot be told is refused before."""
    server = connect(parsed, environment)
    if parsed.repository:
        answer = server.ask("describe_repository_statistics", repositoryNames=parsed.repository)
        lines = _table(answer["repositories"])
    else:
        answer = server.ask("describe_registry_statistics")
        lines = _registry(answer)
    print(json.dumps(answer, indent=2, default=str) if parsed.json else "\n".join(lines))
    return 0


def _registry(answer: Mapping[str, Any]) -> Iterator[str]:
    for member, meaning in (
        ("repositoryCount", "repositories"),
        ("imageCount", "images"),
        ("tagCount", "tags"),
        ("pullCount", "pulls"),
        ("logicalBytes", "bytes of images"),
        ("storedBytes", "bytes stored"),
        ("sharedBytes", "bytes that images share"),
    ):
        yield f"{answer.get(member, _UNKNOWN)}\t{meaning}"
    for member, meaning in _LISTS.items():
        if answer[member]:
            yield ""
            yield f"{meaning}:"
            yield from _table(answer[member])


def _table(repositories: list[Mapping[str, Any]]) -> Iterator[str]:
    yield "IMAGES\tTAGS\tBYTES\tPULLS\tREPOSITORY"
    for told in repositories:
        figures = (told.get(name, _UNKNOWN) for name in ("imageCount", "tagCount", "sizeBytes", "pullCount"))
        yield "\t".join([*map(str, figures), told["repositoryName"]])
