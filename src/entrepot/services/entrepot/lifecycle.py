"""The operation that tells what a lifecycle policy would do with every image, and why."""

from typing import TYPE_CHECKING, cast

from entrepot.aws.operations import Call
from entrepot.domain.errors import InvalidParameter
from entrepot.domain.lifecycle.decisions import Decision, TagDecision, Why
from entrepot.domain.lifecycle.documents import beyond_ecr, parse_policy
from entrepot.domain.lifecycle.holds import Hold
from entrepot.domain.lifecycle.policies import Rule
from entrepot.domain.names import Registry, parse_repository_name
from entrepot.identity.decisions import Decisions
from entrepot.registry.lifecycle_explanations import Effect, Explained, LifecycleExplanations
from entrepot.services.contexts import context_of
from entrepot.services.entrepot.shapes import Member, Params, image_id_of, limit_of, token_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMED_AT_MOST = 20  # images that a reason is about
_OF_REGISTRY = "entrepot:DescribeRegistryStatistics"

_REASONS = {
    Why.NO_RULE: "noRule",
    Why.WITHIN_COUNT: "withinCount",
    Why.OVER_COUNT: "overCount",
    Why.TOO_YOUNG: "tooYoung",
    Why.OLD_ENOUGH: "oldEnough",
    Why.IN_INDEX: "inIndex",
    Why.AS_SUBJECT: "asSubject",
    Why.PINNED: "pinned",
    Why.IN_USE: "inUse",
    Why.IMMUTABLE: "immutable",
}


class LifecycleExplanationOperations:
    """ExplainLifecycle."""

    def __init__(self, explanations: LifecycleExplanations, decisions: Decisions) -> None:
        self._explanations = explanations
        self._decisions = decisions

    async def explain(self, call: Call, params: Params) -> Member:
        """ExplainLifecycle: a page of the decisions, or those on exactly the images named.

        What others hold is told to those who may ask what the registry stores, as EstimateDeletion does.
        """
        registry = Registry(call.account, call.region)
        name = parse_repository_name(str(params["repositoryName"]))
        text = cast("str | None", params.get("lifecyclePolicyText"))
        ids = cast("Sequence[Mapping[str, str]] | None", params.get("imageIds"))
        if ids is None:
            found = await self._explanations.page(
                registry, name, text, token=token_of(params), limit=limit_of(params)
            )
        elif "nextToken" in params or "maxResults" in params:
            raise InvalidParameter("imageIds", "can't be used with nextToken or maxResults")
        else:
            found = await self._explanations.of_images(registry, name, text, list(map(image_id_of, ids)))
        knows_others = found.effect is not None and await self._decisions.allows(
            call.caller, _OF_REGISTRY, account=call.account, resource="*", context=context_of(call)
        )
        return {
            "registryId": call.account,
            "repositoryName": name,
            **_members(found, knows_others=knows_others),
        }


def _members(found: Explained, *, knows_others: bool) -> Member:
    return {
        "lifecyclePolicyText": found.document,
        "evaluatedAt": found.evaluated_at,
        "decisions": [_decision(each) for each in found.decisions],
        "summary": None
        if found.effect is None
        else _summary(found.effect, found.document, knows_others=knows_others),
        "nextToken": found.next_token,
    }


def _decision(decision: Decision) -> Member:
    image = decision.image
    return {
        "imageDigest": image.digest,
        "imageTags": list(image.tags) or None,
        "imagePushedAt": image.pushed_at,
        "lastRecordedPullTime": image.last_pulled_at,
        "storageClass": image.storage_class.upper(),
        "action": None if decision.action is None else decision.action.upper(),
        "appliedRulePriority": None if decision.rule is None else decision.rule.priority,
        "reason": _REASONS[decision.why],
        "because": _because(decision.why, decision.rule, decision.hold),
        "becauseOf": list(decision.because_of[:_NAMED_AT_MOST]) or None,
        "tags": [_tag(each) for each in decision.tags] or None,
    }


def _tag(decision: TagDecision) -> Member:
    return {
        "imageTag": decision.tag,
        "isRemoved": decision.is_removed,
        "appliedRulePriority": decision.rule.priority,
        "reason": _REASONS[decision.why],
        "because": _because(decision.why, decision.rule, decision.hold),
    }


def _because(why: Why, rule: Rule | None, hold: Hold | None) -> str:
    """The reason in words: `kept: pinned by …`, `rule 2: it is older than the rule allows`."""
    if hold is not None:
        return f"kept: {hold.sentence}"
    return why.value if rule is None else f"rule {rule.priority}: {why.value}"


def _summary(effect: Effect, document: str, *, knows_others: bool) -> Member:
    return {
        "imageCount": effect.images,
        "expiringImageCount": effect.expiring,
        "transitioningImageCount": effect.transitioning,
        "untaggedTagCount": effect.removed_tags,
        "pinnedImageCount": effect.pinned,
        "usedImageCount": effect.used,
        "expiringBytes": effect.expiring_bytes,
        "releasedBytes": effect.released_bytes,
        "freedBytes": effect.freed_bytes if knows_others else None,
        "notes": beyond_ecr(parse_policy(document)) or None,
    }
