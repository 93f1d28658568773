"""`entrepot undo`, `restore`, `purge`, `bin`, `tag-history`, `protect`: what was deleted, and back."""

import json
import re
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from entrepot.administration.connection import NotAnswered, Server, connect

_NAMED = re.compile(r"(?P<repository>[^:@]+)(?:@(?P<digest>\S+)|:(?P<tag>[^:@]+))?")

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Named:
    """What a person means by REPO, REPO:TAG or REPO@DIGEST."""

    repository: str
    tag: str | None
    digest: str | None


def read_name(text: str) -> Named:
    """Raises NotAnswered for what names nothing."""
    found = _NAMED.fullmatch(text)
    if found is None:
        raise NotAnswered(f"{text!r} is no REPO, REPO:TAG or REPO@DIGEST")
    return Named(found["repository"], found["tag"], found["digest"])


def undo(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Undo the last change of a repository, a tag or an image."""
    server, named = connect(parsed, environment), read_name(parsed.name)
    if named.digest is not None:
        return _restore_image(server, parsed, named.repository, named.digest)
    try:
        events = _newest_events(server, named)
    except NotAnswered as refused:
        if named.tag is None and str(refused).startswith("RepositoryNotFoundException"):
            return _restore_repository(server, parsed, named.repository)
        raise
    if named.tag is not None:
        if not events:
            raise NotAnswered(f"nothing is known of {parsed.name} that could be undone")
        return _undo_tag(server, parsed, named.repository, events[0])
    last, deleted = _last_to_undo(events), _newest_deleted(server, named.repository)
    if deleted is not None and (last is None or deleted["deletedAt"] >= last["at"]):
        return _restore_image(server, parsed, named.repository, deleted["imageDigest"])
    if last is None:
        raise NotAnswered(f"nothing was deleted or moved in {parsed.name} that could be undone")
    return _undo_tag(server, parsed, named.repository, last)


def restore(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Bring back a repository, an image, or a tag."""
    named = read_name(parsed.name)
    _check_options(parsed, named)
    server = connect(parsed, environment)
    if named.digest is not None:
        return _restore_image(server, parsed, named.repository, named.digest)
    if named.tag is not None:
        return _restore_tag(server, parsed, named.repository, named.tag, parsed.digest)
    return _restore_repository(server, parsed, named.repository)


def purge(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Erase what is in the bin."""
    server = connect(parsed, environment)
    if parsed.all:
        answer = server.ask("purge_recycle_bin", everything=True)
    elif parsed.id is not None:
        answer = server.ask("purge_recycle_bin", deletionId=parsed.id)
    else:
        named = read_name(parsed.name)
        if named.tag is not None:
            raise NotAnswered("a tag is not in the bin: name a repository, or an image by its digest")
        digests = None if named.digest is None else [named.digest]
        answer = server.ask("purge_recycle_bin", repositoryName=named.repository, imageDigests=digests)
    if parsed.json:
        return _print_json(answer)
    print(f"Erased {answer['imageCount']} images and {answer['repositoryCount']} repositories.")
    return 0


def show_bin(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """How much is in the bin, and for how long things stay."""
    answer = connect(parsed, environment).ask("describe_recycle_bin", repositoryName=parsed.repository)
    if parsed.json:
        return _print_json(answer)
    print(f"{answer['imageCount']} images, {answer['imageSizeInBytes']} bytes")
    if "repositoryCount" in answer:
        print(f"{answer['repositoryCount']} repositories, {answer['repositorySizeInBytes']} bytes")
    print(_window(answer["retentionDays"]))
    return 0


def list_bin(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """A line for each deleted repository, or for each deleted image of one."""
    server = connect(parsed, environment)
    if parsed.repository is None:
        found = server.all("list_deleted_repositories")["deletedRepositories"]
        nothing = "No deleted repository is in the bin. `entrepot bin list REPO` lists deleted images."
        lines = [
            f"{each['deletedAt']:%Y-%m-%d %H:%M} {each['repositoryName']} ({each['deletionId']}), "
            f"{each['imageCount']} images, {each['imageSizeInBytes']} bytes{_by(each)}"
            for each in found
        ]
    else:
        found = server.all("list_deleted_images", repositoryName=parsed.repository)["deletedImages"]
        nothing = f"No deleted image of {parsed.repository} is in the bin."
        lines = [
            f"{each['deletedAt']:%Y-%m-%d %H:%M} {each['imageDigest']} "
            f"{','.join(each['imageTags']) or '(no tags)'}, {each['imageSizeInBytes']} bytes{_by(each)}"
            for each in found
        ]
    if parsed.json:
        return _print_json(found)
    print("\n".join(lines) or nothing)
    return 0


def keep_bin(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Set how many days deleted things stay."""
    answer = connect(parsed, environment).ask("put_recycle_bin_settings", retentionDays=parsed.days)
    if parsed.json:
        return _print_json(answer)
    print(f"From now on {_window(answer['retentionDays'])}.")
    return 0


def tag_history(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """A line for each event, the last one first."""
    named = read_name(parsed.name)
    events = connect(parsed, environment).all(
        "list_tag_history", repositoryName=named.repository, imageTag=named.tag
    )["events"]
    if parsed.json:
        return _print_json(events)
    for each in events:
        before, now = each.get("previousImageDigest", "nothing"), each.get("imageDigest", "nothing")
        rule = f" rule {each['rulePriority']}" if "rulePriority" in each else ""
        who = f" by {each['by']}" if "by" in each else ""
        what = f"{each['change'].lower()}{rule}{who}: {before} -> {now}"
        print(f"{each['at']:%Y-%m-%d %H:%M:%S} {each['imageTag']} {what}")
    return 0


def protect(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """Protect a repository from being deleted."""
    return _set_protection(parsed, environment, enabled=True)


def unprotect(parsed: Namespace, environment: Mapping[str, str]) -> int:
    """End that."""
    return _set_protection(parsed, environment, enabled=False)


def _set_protection(parsed: Namespace, environment: Mapping[str, str], *, enabled: bool) -> int:
    answer = connect(parsed, environment).ask(
        "put_deletion_protection", repositoryName=parsed.repository, enabled=enabled
    )
    if parsed.json:
        return _print_json(answer)
    state = "is protected from deletion" if answer["enabled"] else "may be deleted"
    print(f"{answer['repositoryName']} {state}.")
    return 0


def _check_options(parsed: Namespace, named: Named) -> None:
    """Raises NotAnswered for an option that says nothing of what is named: it would be passed over."""
    if parsed.digest is not None and named.tag is None:
        raise NotAnswered("--digest says where a tag is to point: name REPO:TAG, or an image as REPO@DIGEST")
    is_repository = named.tag is None and named.digest is None
    for option, given in (("--as", parsed.as_name), ("--id", parsed.id)):
        if given is not None and not is_repository:
            raise NotAnswered(f"{option} is about a deleted repository: name REPO alone")


def _last_to_undo(events: Sequence[Answer]) -> Answer | None:
    """The last change that took something from a tag; of each tag only its own last change counts."""
    seen = set[str]()
    for each in events:
        if each["imageTag"] not in seen and each["change"] in ("MOVED", "DELETED", "EXPIRED"):
            return each
        seen.add(each["imageTag"])
    return None


def _newest_events(server: Server, named: Named) -> list[Answer]:
    answer = server.ask("list_tag_history", repositoryName=named.repository, imageTag=named.tag)
    events: list[Answer] = answer["events"]
    return events


def _newest_deleted(server: Server, repository: str) -> Answer | None:
    answer = server.ask("list_deleted_images", repositoryName=repository, maxResults=1)
    found: list[Answer] = answer["deletedImages"]
    return found[0] if found else None


def _undo_tag(server: Server, parsed: Namespace, repository: str, last: Answer) -> int:
    """Point a tag at what it pointed at before; where that image was deleted it comes with all its tags."""
    tag, previous = last["imageTag"], last.get("previousImageDigest")
    if previous is None:
        raise NotAnswered(
            f"the last change made the tag {tag} of {repository}: there is nothing that it pointed at before"
        )
    if last["change"] in ("DELETED", "EXPIRED"):
        try:
            return _restore_image(server, parsed, repository, previous)
        except NotAnswered as refused:
            if not str(refused).startswith("DeletedImageNotFoundException"):
                raise
    try:
        return _restore_tag(server, parsed, repository, tag, previous)
    except NotAnswered as refused:
        if not str(refused).startswith("ImageNotFoundException"):
            raise
        what = "moved" if last["change"] == "MOVED" else "took away"
        raise NotAnswered(
            f"the last change {what} the tag {tag} of {repository}, and the image that it pointed at is "
            f"erased for good: {previous}"
        ) from refused


def _restore_image(server: Server, parsed: Namespace, repository: str, digest: str) -> int:
    answer = server.ask(
        "restore_image", repositoryName=repository, imageDigest=digest, moveTags=parsed.move_tags or None
    )
    if parsed.json:
        return _print_json(answer)
    for each in answer["restoredImages"]:
        print(f"Restored {repository}@{each['imageDigest']}{_with_tags(each['imageTags'])}.")
    for each in answer["keptTags"]:
        why = "is immutable and" if each["reason"] == "IMMUTABLE" else "meanwhile"
        print(f"The tag {each['imageTag']} {why} points at {each['imageDigest']}, and stays there.")
    return 0


def _restore_tag(server: Server, parsed: Namespace, repository: str, tag: str, digest: str | None) -> int:
    answer = server.ask("restore_tag", repositoryName=repository, imageTag=tag, imageDigest=digest)
    if parsed.json:
        return _print_json(answer)
    before = answer.get("previousImageDigest")
    was = "" if before is None else f", no longer at {before}"
    print(f"{repository}:{tag} points at {answer['imageDigest']}{was}.")
    return 0


def _restore_repository(server: Server, parsed: Namespace, repository: str) -> int:
    answer = server.ask(
        "restore_repository",
        repositoryName=repository,
        newRepositoryName=getattr(parsed, "as_name", None),
        deletionId=getattr(parsed, "id", None),
    )
    if parsed.json:
        return _print_json(answer)
    print(f"Restored the repository {answer['repositoryName']}.")
    return 0


def _with_tags(tags: list[str]) -> str:
    return f" with {', '.join(tags)}" if tags else ""


def _by(deleted: Answer) -> str:
    if "rulePriority" in deleted:
        return f", by lifecycle rule {deleted['rulePriority']}"
    return f", by {deleted['deletedBy']}" if "deletedBy" in deleted else ""


def _window(days: int) -> str:
    return f"deleted things stay for {days} days" if days else "deleted things are gone at once"


def _print_json(answer: object) -> int:
    print(json.dumps(answer, indent=2, default=str))
    return 0
