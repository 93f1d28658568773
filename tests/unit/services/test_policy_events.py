"""PolicyExecutionEvent: its form, how it is split, and the transaction that it is written in."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from entrepot.domain.audit import Deed
from entrepot.domain.errors import ImageReferenced
from entrepot.domain.lifecycle.decisions import Decision, Why
from entrepot.domain.lifecycle.images import LifecycleImage
from entrepot.domain.lifecycle.policies import Action
from entrepot.domain.mutability import Mutability, TagMutability
from entrepot.domain.names import RepositoryName
from entrepot.domain.repositories import Encryption, Repository
from entrepot.ports.records import Records
from entrepot.registry import lifecycle_runs
from entrepot.registry.deletions import PolicyExecution
from entrepot.registry.lifecycle_policies import TURN
from entrepot.services.ecr.policy_events import policy_deeds, policy_events
from tests.unit.builders import ACCOUNT, REGISTRY, START, World
from tests.unit.domain.lifecycle.builders import NOW, Json, digest, image, policy, policy_text, rule
from tests.unit.registry.lifecycles import UNTAGGED, keep_newest, left, set_policy

ARN = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/team/app"
REPOSITORY = Repository(
    "internal",
    REGISTRY,
    RepositoryName("team/app"),
    START,
    TagMutability(Mutability.MUTABLE),
    scan_on_push=False,
    encryption=Encryption("AES256", None),
)
RULE = rule(newest=1)


def decision(target: LifecycleImage, why: Why = Why.OVER_COUNT) -> Decision:
    (only,) = policy(RULE).rules
    return Decision(target, Action.EXPIRE, only, why)


def execution(
    expired: Sequence[LifecycleImage] = (), failed: Sequence[LifecycleImage] = (), *rules: Json
) -> PolicyExecution:
    return PolicyExecution(
        REPOSITORY,
        policy_text(*(rules or (RULE,))),
        NOW,
        NOW - timedelta(days=1),
        tuple(map(decision, expired)),
        tuple((decision(each, Why.IN_INDEX), ImageReferenced((digest("index"),))) for each in failed),
    )


def record(deed: Deed) -> dict[str, Any]:
    (event,) = deed.done(START, [1])
    assert (event.account, event.region, event.resources) == (ACCOUNT, "eu-west-1", (ARN,))
    found: dict[str, Any] = json.loads(event.document)
    return found


def details(made: PolicyExecution) -> list[dict[str, Any]]:
    return [record(deed)["serviceEventDetails"] for deed in policy_deeds(made)]


def images(count: int, *tags: str) -> list[LifecycleImage]:
    return [image(f"image {number}", *tags) for number in range(count)]


def test_an_event_has_the_form_of_awss() -> None:
    (deed,) = policy_deeds(execution([image("old", "v1", days_old=2)], [image("child")]))
    said = record(deed)
    policy_id = said["serviceEventDetails"]["lifecycleEventPolicy"].pop("policyId")
    assert len(policy_id) == 36
    assert said == {
        "eventVersion": "1.11",
        "userIdentity": {"accountId": ACCOUNT, "invokedBy": "AWS Internal"},
        "eventTime": "2026-11-02T03:00:00Z",
        "eventSource": "ecr.amazonaws.com",
        "eventName": "PolicyExecutionEvent",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": None,
        "responseElements": None,
        "eventID": said["eventID"],
        "readOnly": True,
        "resources": [{"ARN": ARN, "accountId": ACCOUNT, "type": "AWS::ECR::Repository"}],
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "serviceEventDetails": {
            "repositoryName": "team/app",
            "lifecycleEventPolicy": {
                "lifecycleEventRules": [
                    {
                        "rulePriority": 1,
                        "description": "",
                        "lifecycleEventSelection": {
                            "tagStatus": "Any",
                            "tagPrefixList": [],
                            "tagPatternList": [],
                            "countType": "Image count more than",
                            "countNumber": 1,
                        },
                        "action": "expire",
                    }
                ],
                "lastEvaluatedAt": 1795521600000,
                "policyVersion": 1,
            },
            "lifecycleEventImageActions": [
                {
                    "lifecycleEventImage": {
                        "digest": digest("old"),
                        "tagStatus": "Tagged",
                        "tagList": ["v1"],
                        "pushedAt": 1795435200000,
                    },
                    "rulePriority": 1,
                }
            ],
            "lifecycleEventFailureDetails": [
                {
                    "lifecycleEventImage": {
                        "digest": digest("child"),
                        "tagStatus": "Untagged",
                        "tagList": [],
                        "pushedAt": 1795521600000,
                    },
                    "rulePriority": 1,
                    "failureCode": "ImageReferencedByManifestList",
                    "failureReason": f"Requested image referenced by manifest list: [{digest('index')}]",
                }
            ],
        },
    }


def test_rules_are_told_in_awss_words() -> None:
    rules = (rule(1, patterns=["v*"], days=365), rule(2, tag_status="untagged", days=1))
    (only,) = details(execution(images(1), (), *rules))
    told = [each["lifecycleEventSelection"] for each in only["lifecycleEventPolicy"]["lifecycleEventRules"]]
    assert told == [
        {
            "tagStatus": status,
            "tagPrefixList": [],
            "tagPatternList": patterns,
            "countType": "Time since image pushed",
            "countUnit": "Days",
            "countNumber": days,
        }
        for status, patterns, days in (("Tagged", ["v*"], 365), ("Untagged", [], 1))
    ]


def test_the_id_of_a_policy_is_its_own() -> None:
    (one, same, other) = [
        details(execution(images(1), (), rule(newest=newest)))[0]["lifecycleEventPolicy"]["policyId"]
        for newest in (1, 1, 2)
    ]
    assert one == same != other


@pytest.mark.parametrize(
    ("expired", "failed", "parts"), [(9, 0, [9]), (10, 0, [9, 1]), (20, 4, [9, 9, 6]), (0, 10, [9, 1])]
)
def test_ten_images_are_two_events(expired: int, failed: int, parts: list[int]) -> None:
    found = details(execution(images(expired), images(failed)))
    went = [len(each["lifecycleEventImageActions"]) for each in found]
    stayed = [len(each["lifecycleEventFailureDetails"]) for each in found]
    assert [sum(each) for each in zip(went, stayed, strict=True)] == parts
    assert (sum(went), sum(stayed)) == (expired, failed)


def test_nothing_done_is_no_event() -> None:
    assert details(execution()) == []


def test_an_image_has_at_most_a_hundred_tags() -> None:
    (only,) = details(execution(images(1, *(f"v{number}" for number in range(101)))))
    (action,) = only["lifecycleEventImageActions"]
    assert action["lifecycleEventImage"]["tagList"] == [f"v{number}" for number in range(100)]


def test_the_longest_tags_descriptions_and_parents_stay_within_one_record() -> None:
    tags = [f"{number:0128}" for number in range(1000)]
    wordy = [rule(number, patterns=[f"v{number}"], newest=1) for number in range(1, 51)]
    for description in ("x" * 500, "\N{PACKAGE}" * 500):
        rules = [each | {"description": description} for each in wordy]
        made = execution(images(9, *tags), images(9, *tags), *rules)
        held = tuple((each, ImageReferenced((digest("index"),) * 5000)) for each, _ in made.failures)
        deeds = list(policy_deeds(PolicyExecution(REPOSITORY, made.document, NOW, None, made.expired, held)))
        said = [record(deed)["serviceEventDetails"] for deed in deeds]
        assert sum(len(each["lifecycleEventImageActions"]) for each in said) == 9
        assert sum(len(each["lifecycleEventFailureDetails"]) for each in said) == 9
        told = said[0]["lifecycleEventPolicy"]["lifecycleEventRules"]
        assert len(told) == (50 if description.isascii() else 0)


async def written(world: World) -> list[dict[str, Any]]:
    events = await world.store.scan(
        lambda records: records.audit_events.after(ACCOUNT, after="", before="g", limit=1000)
    )
    return [json.loads(event.document)["serviceEventDetails"] for event in events]


async def test_every_image_that_went_is_in_the_audit_once(world: World) -> None:
    repository = await world.repository()
    went = []
    for number in range(13):
        went.append((await world.image(repository, f"v {number}", tags=[f"v{number}"])).digest)
        world.clock.advance(timedelta(hours=1))
    await set_policy(world, repository, keep_newest(1))
    assert await world.lifecycle_runs().run(repository.id) == 12
    found = await written(world)
    told = [
        action["lifecycleEventImage"]["digest"]
        for each in found
        for action in each["lifecycleEventImageActions"]
    ]
    assert sorted(told) == sorted(went[:12])
    assert {each["lifecycleEventPolicy"]["lastEvaluatedAt"] for each in found} == {0}


async def test_a_deletion_that_is_undone_leaves_no_event(world: World) -> None:
    repository = await world.repository()
    for number in range(2):
        await world.image(repository, f"v {number}", tags=[f"v{number}"])
        world.clock.advance(timedelta(hours=1))
    await set_policy(world, repository, keep_newest(1))
    write = policy_events(world.clock)

    async def write_and_die(records: Records, done: PolicyExecution) -> None:
        await write(records, done)
        raise RuntimeError("killed")

    before = await left(world, repository)
    with pytest.raises(RuntimeError):
        await world.lifecycle_runs(write_and_die).run(repository.id)
    assert (await left(world, repository), await written(world)) == (before, [])


async def test_what_indexes_hold_is_told_once_a_day_and_in_bounds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle_runs, "_HELD_TOLD", 2)
    repository = await world.repository()
    children = [await world.image(repository, f"child {number}") for number in range(3)]
    await world.index(repository, children, tags=["v1"])
    world.clock.advance(timedelta(days=9))
    await set_policy(world, repository, UNTAGGED)
    await world.lifecycle_runs().run(repository.id)
    await world.lifecycle_runs().run(repository.id)
    (once,) = await written(world)
    assert len(once["lifecycleEventFailureDetails"]) == 2
    first = int(world.clock.at.timestamp()) * 1000
    world.clock.advance(2 * TURN)
    await world.lifecycle_runs().run(repository.id)
    latest = max(each["lifecycleEventPolicy"]["lastEvaluatedAt"] for each in await written(world))
    assert (len(await written(world)), latest // 1000 * 1000) == (2, first)
