"""`entrepot lifecycle explain`: what a lifecycle policy would do with every image, and why."""

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from entrepot.administration.connection import NotAnswered, connect

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def explain(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """A line an image, oldest first, and what the policy would free."""
    text = None if parsed.policy is None else _read(Path(parsed.policy))
    answer = connect(parsed, environment).all(
        "explain_lifecycle", repositoryName=parsed.repository, lifecyclePolicyText=text
    )
    if parsed.json:
        print(json.dumps(answer, indent=2, default=str))
        return 0
    for decision in answer.get("decisions", ()):
        for line in _lines(decision):
            print(line)
    for note in answer["summary"].get("notes", ()):
        print(f"note: {note}")
    print(_summary(answer["summary"]))
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as cause:
        raise NotAnswered(f"{path}: is no text in UTF-8") from cause


def _lines(decision: Mapping[str, Any]) -> Iterator[str]:
    tags = f" ({', '.join(decision['imageTags'])})" if decision.get("imageTags") else ""
    action = decision.get("action", "keep").lower()
    because = decision["because"]
    said = because.removeprefix("kept: ") if action == "keep" else because
    yield f"{action:10} {decision['imageDigest']}{tags}: {said}"
    for tag in decision.get("tags", ()):
        if action != "expire":
            verb = "untag" if tag["isRemoved"] else "keep tag"
            yield f"{verb:>10} {tag['imageTag']}: {tag['because'].removeprefix('kept: ')}"


def _summary(summary: Mapping[str, Any]) -> str:
    counts = [
        f"{summary['expiringImageCount']} of {summary['imageCount']} images expire",
        *_if_any(summary["transitioningImageCount"], "go into the archive"),
        *_if_any(summary["untaggedTagCount"], "tags are removed"),
        *_if_any(summary["pinnedImageCount"], "kept by pins"),
        *_if_any(summary["usedImageCount"], "kept in use"),
    ]
    return f"{', '.join(counts)}; {_bytes(summary)}"


def _bytes(summary: Mapping[str, Any]) -> str:
    """What the disk gets back, or as much of that as the caller may know."""
    freed = summary.get("freedBytes")
    if freed is not None:
        return f"{_size(freed)} of layers would be freed"
    return f"{_size(summary['releasedBytes'])} of layers would not be needed here any more"


def _if_any(count: int, what: str) -> list[str]:
    return [f"{count} {what}"] if count else []


def _size(size_bytes: float) -> str:
    for unit in _UNITS:
        if size_bytes < 1024 or unit == _UNITS[-1]:
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    raise AssertionError("the last unit takes any size")
