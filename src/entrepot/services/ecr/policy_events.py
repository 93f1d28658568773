"""What lifecycle policies did, as ECR tells CloudTrail: PolicyExecutionEvent, and of previews DryRunEvent.

`serviceEventDetails` of one event; the names and words are those of AWS's events (ECR user guide, "Logging
Amazon ECR actions with AWS CloudTrail", and a recorded event of 2025-03):

    repositoryName
    lifecycleEventPolicy
        lifecycleEventRules [rulePriority, description, lifecycleEventSelection, action]
        lastEvaluatedAt, policyVersion, policyId
    lifecycleEventImageActions   [lifecycleEventImage, rulePriority]
    lifecycleEventFailureDetails [lifecycleEventImage, rulePriority, failureCode, failureReason]

lifecycleEventImage is digest, tagStatus, tagList and pushedAt. Times are milliseconds since 1970.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import NAMESPACE_URL, uuid5

from entrepot.domain.audit import DRY_RUN, POLICY_EXECUTION, Deed, Json, Resource, operator
from entrepot.domain.errors import ImageReferenced
from entrepot.domain.lifecycle.decisions import Decision, TagDecision
from entrepot.domain.lifecycle.documents import parse_policy
from entrepot.domain.lifecycle.policies import CountType, Rule, StorageClass
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import noise
from entrepot.ports.clock import Clock
from entrepot.ports.records import Records
from entrepot.registry.deletions import PolicyExecution, ServiceEvent
from entrepot.services.ecr.failures import failure_of

_AWS = "AWS Internal"  # who acts, from which address and by which agent, in CloudTrail's words
_MOST_IMAGES = 9  # of one event: ECR splits at 10
MOST_TAGS = 100  # of one image, as in ECR
_MOST_INDEXES = 20  # that a failure names
_LONGEST_PART = 64 * 1024  # of the images in one event, as JSON: with the rules it stays below any limit
_LONGEST_RULES = 48 * 1024  # a policy in ASCII is always shorter
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_COUNTS = {
    CountType.IMAGE_COUNT: "Image count more than",
    CountType.SINCE_PUSHED: "Time since image pushed",
    CountType.SINCE_PULLED: "Time since image pulled",
    CountType.SINCE_TRANSITIONED: "Time since image transitioned",
}


def policy_events(clock: Clock) -> ServiceEvent:
    """Writes what was done into the audit of the repository's account."""
    return _writer(clock, POLICY_EXECUTION)


def dry_run_events(clock: Clock) -> ServiceEvent:
    """Writes there what a preview says that would be done."""
    return _writer(clock, DRY_RUN)


def _writer(clock: Clock, name: str) -> ServiceEvent:
    async def write(records: Records, execution: PolicyExecution) -> None:
        now = clock()
        deeds = policy_deeds(execution, name)
        await records.audit_events.add(list(chain(*(deed.done(now, [noise()]) for deed in deeds))))

    return write


def policy_deeds(execution: PolicyExecution, name: str = POLICY_EXECUTION) -> Iterator[Deed]:
    """The events of one execution: several where there are many images, none where there are none."""
    repository = execution.repository
    policy = _policy(execution)
    for part in _parts(list(_entries(execution))):
        yield service_deed(
            repository,
            name,
            {
                "repositoryName": repository.name,
                "lifecycleEventPolicy": policy,
                "lifecycleEventImageActions": [each for each in part if "failureCode" not in each],
                "lifecycleEventFailureDetails": [each for each in part if "failureCode" in each],
            },
        )


def service_deed(repository: Repository, name: str, details: Json) -> Deed:
    """What ECR itself does in a repository; `details` are its serviceEventDetails."""
    account = repository.registry.account
    return Deed(
        actor=operator(account, _AWS),
        service="ecr",
        name=name,
        region=repository.registry.region,
        address=_AWS,
        agent=_AWS,
        request_id="",
        parameters=details,
        resources=(Resource(repository.arn, account),),
        is_call=False,
    )


def _entries(execution: PolicyExecution) -> Iterator[dict[str, Json]]:
    yield from map(_action, (*execution.expired, *execution.transitioned))
    yield from (_taken(*each) for each in execution.untagged)
    yield from (_failure(*each) for each in execution.failures)


def _parts(entries: Sequence[dict[str, Json]]) -> Iterator[list[dict[str, Json]]]:
    part: list[dict[str, Json]] = []
    length = 0
    for entry in entries:
        own = len(json.dumps(entry))
        if part and (len(part) == _MOST_IMAGES or length + own > _LONGEST_PART):
            yield part
            part, length = [], 0
        part.append(entry)
        length += own
    if part:
        yield part


def _policy(execution: PolicyExecution) -> Json:
    rules: list[Json] = [_rule(rule) for rule in parse_policy(execution.document).rules]
    evaluated_at = execution.last_evaluated_at
    return {
        # the event of PutLifecyclePolicy has the text of one that is too long here
        "lifecycleEventRules": rules if len(json.dumps(rules)) <= _LONGEST_RULES else [],
        "lastEvaluatedAt": 0 if evaluated_at is None else milliseconds(evaluated_at),
        "policyVersion": 1,
        # policies have no ids here: one that stays the same while the policy does
        "policyId": str(uuid5(NAMESPACE_URL, f"{execution.repository.arn} {execution.document}")),
    }


def _rule(rule: Rule) -> Json:
    selection = rule.selection
    is_count = selection.count_type is CountType.IMAGE_COUNT
    return {
        "rulePriority": rule.priority,
        "description": rule.description,
        "lifecycleEventSelection": {
            "tagStatus": selection.tag_status.capitalize(),
            "tagPrefixList": selection.prefixes,
            "tagPatternList": selection.patterns,
            **({"tagRegexList": selection.expressions} if selection.expressions else {}),
            "countType": _COUNTS[selection.count_type],
            **({} if is_count else {"countUnit": "Days"}),
            "countNumber": selection.count_number,
            **({} if selection.storage_class is StorageClass.STANDARD else {"storageClass": "archive"}),
        },
        "action": rule.action.value,
    }


def _action(decision: Decision) -> dict[str, Json]:
    image = decision.image
    return {
        "lifecycleEventImage": {
            "digest": image.digest,
            "tagStatus": "Tagged" if image.tags else "Untagged",
            "tagList": image.tags[:MOST_TAGS],
            "pushedAt": milliseconds(image.pushed_at),
        },
        "rulePriority": decision.rule.priority if decision.rule is not None else None,
    }


def _taken(decision: Decision, taken: TagDecision) -> dict[str, Json]:
    """A tag that was taken off its image: the image with that tag alone. Such rules are none of ECR's."""
    entry = _action(replace(decision, image=replace(decision.image, tags=(taken.tag,), tagged_at=())))
    return {**entry, "rulePriority": taken.rule.priority}


def _failure(decision: Decision, refusal: ImageReferenced) -> dict[str, Json]:
    code, reason = failure_of(ImageReferenced(refusal.by[:_MOST_INDEXES]))
    return {**_action(decision), "failureCode": code, "failureReason": reason}


def milliseconds(at: datetime) -> int:
    """Since 1970."""
    return (at - _EPOCH) // timedelta(milliseconds=1)
