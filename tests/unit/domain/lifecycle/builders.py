"""Images of a given age, and policies from the rules of their JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.lifecycle.decisions import Decision
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.lifecycle.evaluation import decide
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import LifecyclePolicy, StorageClass

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
Json = dict[str, object]


def digest(name: str) -> Digest:
    return digest_of(name.encode())


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def image(
    name: str,
    *tags: str,
    days_old: float = 1,
    pulled: float | None = None,
    subject: str | None = None,
    parents: Sequence[str] = (),
    archived: float | None = None,
    activated: float | None = None,
) -> LifecycleImage:
    """Times in days before NOW; `archived` without a later `activated` is in the archive still."""
    is_archived = archived is not None and (activated is None or activated > archived)
    return LifecycleImage(
        digest=digest(name),
        tags=tags,
        pushed_at=ago(days_old),
        last_pulled_at=None if pulled is None else ago(pulled),
        subject=None if subject is None else digest(subject),
        parents=tuple(map(digest, parents)),
        storage_class=StorageClass.ARCHIVE if is_archived else StorageClass.STANDARD,
        archived_at=None if archived is None else ago(archived),
        activated_at=None if activated is None else ago(activated),
    )


def rule(
    priority: int = 1,
    *,
    prefixes: Sequence[str] | None = None,
    patterns: Sequence[str] | None = None,
    tag_status: str | None = None,
    newest: int | None = None,
    days: int | None = None,
    since: str = "sinceImagePushed",
    storage_class: str | None = None,
    action: str = "expire",
) -> Json:
    """A rule's JSON: it keeps the `newest`, or what is at most so many `days` old."""
    lists = {"tagPrefixList": prefixes, "tagPatternList": patterns}
    selection: Json = {name: list(given) for name, given in lists.items() if given is not None}
    selection["tagStatus"] = tag_status or ("tagged" if selection else "any")
    if newest is not None:
        selection |= {"countType": "imageCountMoreThan", "countNumber": newest}
    else:
        selection |= {"countType": since, "countUnit": "days", "countNumber": days}
    if storage_class is not None:
        selection["storageClass"] = storage_class
    target = {"targetStorageClass": "archive"} if action == "transition" else {}
    return {"rulePriority": priority, "selection": selection, "action": {"type": action} | target}


def policy_text(*rules: Json) -> str:
    return json.dumps({"rules": rules})


def policy(*rules: Json) -> LifecyclePolicy:
    return parse_policy(policy_text(*rules))


def decided(rules: Sequence[Json], images: Sequence[LifecycleImage]) -> dict[str, Decision]:
    """The decisions on images by digest."""
    decisions = decide(policy(*rules), images, NOW)
    return {decision.image.digest: decision for decision in decisions}


def acted_on(rules: Sequence[Json], images: dict[str, LifecycleImage]) -> dict[str, int]:
    """The names of the images that are acted on, oldest first, each with the priority of its rule."""
    names = {each.digest: name for name, each in images.items()}
    return {
        names[decision.image.digest]: decision.rule.priority
        for decision in decide(policy(*rules), list(images.values()), NOW)
        if decision.action is not None and decision.rule is not None
    }
