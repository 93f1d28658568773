"""Images of a given age, and policies from the rules of their JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from entrepot.domain.digests import Digest, digest_of
from entrepot.domain.lifecycle.decisions import Decision
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.lifecycle.evaluation import decide
from entrepot.domain.lifecycle.holds import NO_HOLDS, Holds
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import LifecyclePolicy, StorageClass
from entrepot.domain.names import Registry
from entrepot.domain.pins import Pin
from entrepot.domain.usage import Cluster, Use

USER = "arn:aws:iam::123456789012:user/maya"
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
    tagged: Sequence[float] | None = None,
) -> LifecycleImage:
    """Times in days before NOW; `archived` without a later `activated` is in the archive still.

    `tagged` is since when it has each of its tags, by default since its push.
    """
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
        tagged_at=tuple(map(ago, tagged if tagged is not None else [days_old] * len(tags))),
    )


def rule(
    priority: int = 1,
    *,
    prefixes: Sequence[str] | None = None,
    patterns: Sequence[str] | None = None,
    expressions: Sequence[str] | None = None,
    tag_status: str | None = None,
    newest: int | None = None,
    days: int | None = None,
    since: str = "sinceImagePushed",
    storage_class: str | None = None,
    action: str = "expire",
) -> Json:
    """A rule's JSON: it keeps the `newest`, or what is at most so many `days` old."""
    lists = {"tagPrefixList": prefixes, "tagPatternList": patterns, "tagRegexList": expressions}
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


def decided(
    rules: Sequence[Json], images: Sequence[LifecycleImage], holds: Holds = NO_HOLDS
) -> dict[str, Decision]:
    """The decisions on images by digest."""
    decisions = decide(policy(*rules), images, NOW, holds)
    return {decision.image.digest: decision for decision in decisions}


def pin(name: str, *, by: str = USER, reason: str | None = None, days_left: float | None = None) -> Pin:
    """A pin that ends so many days after NOW."""
    return Pin(digest(name), by, ago(1), reason, None if days_left is None else ago(-days_left))


def use(cluster: str = "blue", *, days_left: float = 1) -> Use:
    """A report of the cluster that counts so many days from NOW."""
    return Use(Cluster(Registry("123456789012", "eu-west-1"), cluster), ago(1), ago(-days_left))


def acted_on(rules: Sequence[Json], images: dict[str, LifecycleImage]) -> dict[str, int]:
    """The names of the images that are acted on, oldest first, each with the priority of its rule."""
    names = {each.digest: name for name, each in images.items()}
    return {
        names[decision.image.digest]: decision.rule.priority
        for decision in decide(policy(*rules), list(images.values()), NOW)
        if decision.action is not None and decision.rule is not None
    }
