"""`entrepot stats`: how much the registry, its repositories or images of one hold, and how they are used."""

import json
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from entrepot.administration.connection import NotAnswered, Server, connect
from entrepot.administration.spreadsheets import csv_rows

SORT_KEYS = {
    "name": ("REPOSITORY_NAME", "ASCENDING"),
    "images": ("IMAGE_COUNT", "DESCENDING"),
    "size": ("SIZE", "DESCENDING"),
    "pulls": ("PULL_COUNT", "DESCENDING"),
    "last-push": ("LAST_PUSHED", "DESCENDING"),
    "last-pull": ("LAST_PULLED", "DESCENDING"),
}
"""What repositories are listed by, each the way one looks for it."""

IMAGE_SORT_KEYS = {"digest": ("IMAGE_DIGEST", "ASCENDING"), "pulls": ("PULL_COUNT", "DESCENDING")}

_LISTS = {
    "largestRepositories": "largest",
    "mostPulledRepositories": "most pulled",
    "neverPulledRepositories": "never pulled",
}
_UNKNOWN = "-"
_OPPOSITE = {"ASCENDING": "DESCENDING", "DESCENDING": "ASCENDING"}

_Told = Mapping[str, Any]
_REPOSITORY_CELLS = (
    "repositoryName",
    "repositoryArn",
    "imageCount",
    "tagCount",
    "sizeBytes",
    "uniqueBytes",
    "pullCount",
    "lastPushedAt",
    "lastPulledAt",
)
_IMAGE_CELLS = (
    "imageDigest",
    "imageTags",
    "imageManifestMediaType",
    "artifactMediaType",
    "imageSizeInBytes",
    "imagePushedAt",
    "imageStatus",
    "pullCount",
    "lastPulledAt",
)


def stats(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Always 0: what cannot be told is refused before."""
    _check(parsed)
    server = connect(parsed, environment)
    if parsed.images is not None:
        _print_list(parsed, "images", _images(server, parsed), _IMAGE_CELLS, _image_lines)
    elif parsed.repository:
        told = server.ask("describe_repository_statistics", repositoryNames=parsed.repository)
        _print_list(parsed, "repositories", told["repositories"], _REPOSITORY_CELLS, _table)
    elif parsed.sort or parsed.csv:
        _print_list(parsed, "repositories", _repositories(server, parsed), _REPOSITORY_CELLS, _table)
    else:
        answer = server.ask("describe_registry_statistics")
        print(json.dumps(answer, indent=2, default=str) if parsed.json else "\n".join(_registry(answer)))
    return 0


def _check(parsed: Namespace) -> None:
    """Raises NotAnswered for options that do not go together."""
    keys = SORT_KEYS if parsed.images is None else IMAGE_SORT_KEYS
    if parsed.sort and parsed.sort not in keys:
        what = "repositories" if parsed.images is None else "images"
        raise NotAnswered(f"{what} are listed by {', '.join(keys)}")
    if parsed.repository and (parsed.sort or parsed.images is not None):
        raise NotAnswered("--sort and --images are not for repositories that are named")
    if parsed.csv and parsed.json:
        raise NotAnswered("give --csv or --json")


def _repositories(server: Server, parsed: Namespace) -> Iterator[_Told]:
    order = _order(SORT_KEYS[parsed.sort or "name"], parsed)
    for page in server.pages("list_repository_statistics", **order):
        yield from page["repositories"]


def _images(server: Server, parsed: Namespace) -> Iterator[_Told]:
    order = _order(IMAGE_SORT_KEYS[parsed.sort or "digest"], parsed)
    for page in server.pages("list_image_statistics", repositoryName=parsed.images, **order):
        yield from page["images"]


def _order(key: tuple[str, str], parsed: Namespace) -> dict[str, str]:
    by, direction = key
    return {"sortBy": by, "sortOrder": _OPPOSITE[direction] if parsed.reverse else direction}


def _print_list(
    parsed: Namespace,
    name: str,
    told: Iterable[_Told],
    cells: Sequence[str],
    lines: Callable[[Iterable[_Told]], Iterator[str]],
) -> None:
    """Page by page as they come, but for JSON, which is one document."""
    if parsed.json:
        print(json.dumps({name: list(told)}, indent=2, default=str))
        return
    for line in _csv(told, cells) if parsed.csv else lines(told):
        print(line)


def _csv(told: Iterable[_Told], cells: Sequence[str]) -> Iterator[str]:
    yield from csv_rows([cells])
    yield from csv_rows((_cell(each.get(cell)) for cell in cells) for each in told)


def _cell(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


def _registry(answer: _Told) -> Iterator[str]:
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


def _table(repositories: Iterable[_Told]) -> Iterator[str]:
    yield "IMAGES\tTAGS\tBYTES\tPULLS\tREPOSITORY"
    for told in repositories:
        figures = (told.get(name, _UNKNOWN) for name in ("imageCount", "tagCount", "sizeBytes", "pullCount"))
        yield "\t".join([*map(str, figures), told["repositoryName"]])


def _image_lines(images: Iterable[_Told]) -> Iterator[str]:
    yield "BYTES\tPULLS\tPUSHED\tDIGEST\tTAGS"
    for told in images:
        pushed = told["imagePushedAt"].strftime("%Y-%m-%d")
        tags = " ".join(told.get("imageTags", ())) or _UNKNOWN
        figures = map(str, (told["imageSizeInBytes"], told["pullCount"]))
        yield "\t".join([*figures, pushed, told["imageDigest"], tags])
