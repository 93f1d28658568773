"""Lifecycle policies, their previews, and pull-time exclusions, on every database."""

from entrepot.domain.lifecycle.policies import Action
from entrepot.domain.names import Registry
from entrepot.ports.lifecycle import KeptPolicy, Preview, PreviewStatus
from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import (
    ACCOUNT,
    REGISTRY,
    digest,
    minute,
    preview_result,
    repository,
)


async def test_a_policy_is_kept_until_it_is_removed(records: Records) -> None:
    policies = records.lifecycle_policies
    assert await policies.find("one") is None
    await policies.put("one", "old", due_at=minute(1))
    await policies.note_evaluation("one", "old", minute(2))
    assert await policies.find("one") == KeptPolicy("old", minute(2))
    await policies.put("one", "new", due_at=minute(1))
    assert await policies.find("one") == KeptPolicy("new", None)
    await policies.remove("one")
    assert await policies.find("one") is None


async def test_an_evaluation_of_another_document_is_not_noted(records: Records) -> None:
    await records.lifecycle_policies.put("one", "new", due_at=minute(1))
    await records.lifecycle_policies.note_evaluation("one", "old", minute(2))
    assert await records.lifecycle_policies.find("one") == KeptPolicy("new", None)


async def test_turns_come_by_time_and_can_be_moved(records: Records) -> None:
    policies = records.lifecycle_policies
    for number, name in enumerate(("c", "a", "b")):
        await policies.put(name, "{}", due_at=minute(number))
    assert await policies.due(minute(1), 9) == ["c", "a"]
    assert await policies.due(minute(1), 1) == ["c"]
    await policies.postpone("c", until=minute(9))
    assert await policies.due(minute(2), 9) == ["a", "b"]
    await policies.hasten(["c", "b", "absent"], due_at=minute(5))
    assert await policies.due(minute(5), 9) == ["a", "b", "c"]


async def test_a_preview_takes_the_place_of_the_one_before(records: Records) -> None:
    previews = records.lifecycle_previews
    assert await previews.find("one") is None
    await previews.begin("one", "first", "text", minute(0))
    await previews.end("one", "first", PreviewStatus.COMPLETE, expiring=3, transitioning=1)
    assert await previews.find("one") == Preview("first", "text", PreviewStatus.COMPLETE, minute(0), 3, 1)
    await previews.begin("one", "second", " text ", minute(1))
    await previews.end("one", "first", PreviewStatus.FAILED, expiring=0, transitioning=0)
    assert await previews.find("one") == Preview(
        "second", " text ", PreviewStatus.IN_PROGRESS, minute(1), 0, 0
    )
    await previews.remove("one", "first")
    assert await previews.find("one") is not None
    await previews.remove("one", "second")
    assert await previews.find("one") is None


async def test_results_come_in_pages_and_by_image(records: Records) -> None:
    previews = records.lifecycle_previews
    results = [
        preview_result(n, *(["a", "b"] if n % 2 else []), action=Action.TRANSITION) for n in range(1, 8)
    ]
    for _ in range(2):  # a job may write them twice
        await previews.add_results("one", "preview", results)
    await previews.add_results("one", "other", [preview_result(1)])
    assert await previews.results("one", "preview", after=0, limit=9) == results
    assert await previews.results("one", "preview", after=2, limit=3) == results[2:5]
    assert await previews.results("one", "preview", after=1, limit=2, tagged=True) == [results[2], results[4]]
    assert await previews.results("one", "preview", after=0, limit=9, tagged=False) == results[1::2]
    wanted = [digest("image 5"), digest("image 2"), digest("absent")]
    assert await previews.results_of("one", "preview", wanted) == [results[1], results[4]]
    assert await previews.results_of("one", "preview", []) == []


async def test_results_are_cleared_in_steps(records: Records) -> None:
    previews = records.lifecycle_previews
    for preview in ("a", "b", "c"):
        await previews.add_results("one", preview, [preview_result(n) for n in range(1, 4)])
    assert await previews.clear_others("one", "b", 4) == 4
    assert await previews.clear_others("one", "b", 4) == 2
    assert await previews.clear_others("one", "b", 4) == 0
    assert len(await previews.results("one", "b", after=0, limit=9)) == 3
    assert await previews.clear("one", "b", 2) == 2
    assert await previews.clear("one", "b", 2) == 1
    assert await previews.clear("one", "b", 2) == 0


async def test_old_previews_are_found_by_their_start(records: Records) -> None:
    for number, name in enumerate(("c", "a", "b")):
        await records.lifecycle_previews.begin(name, f"preview of {name}", "{}", minute(number))
    assert await records.lifecycle_previews.old(minute(2), 9) == [
        ("c", "preview of c"),
        ("a", "preview of a"),
    ]


async def test_what_a_removed_repository_had_of_lifecycles_is_cleared(records: Records) -> None:
    await records.lifecycle_policies.put("one", "{}", due_at=minute(0))
    await records.lifecycle_previews.begin("one", "preview", "{}", minute(0))
    await records.lifecycle_previews.add_results("one", "preview", [preview_result(n) for n in range(1, 4)])
    assert await records.repositories.clear("one", 4) == 4
    assert await records.repositories.clear("one", 4) == 1
    assert await records.repositories.clear("one", 4) == 0
    assert await records.lifecycle_policies.find("one") is None


async def test_exclusions_are_a_list_of_each_registry(records: Records) -> None:
    exclusions, elsewhere = records.pull_time_exclusions, Registry(ACCOUNT, "us-east-1")
    assert await exclusions.add(REGISTRY, "b", minute(0))
    assert await exclusions.add(REGISTRY, "a", minute(0))
    assert not await exclusions.add(REGISTRY, "a", minute(1))
    assert await exclusions.add(elsewhere, "c", minute(0))
    assert await exclusions.page(REGISTRY, after="", limit=9) == ["a", "b"]
    assert await exclusions.page(REGISTRY, after="a", limit=9) == ["b"]
    assert await exclusions.remove(REGISTRY, "a")
    assert not await exclusions.remove(REGISTRY, "a")
    assert await exclusions.page(elsewhere, after="", limit=1) == ["c"]


async def test_a_repository_is_found_by_its_id(records: Records) -> None:
    added = repository()
    await records.repositories.add(added)
    assert await records.repositories.find_by_id(added.id) == added
    assert await records.repositories.find_by_id("absent") is None


async def test_children_of_all_indexes_come_in_pages(records: Records) -> None:
    edges = []
    for index in ("one", "two"):
        children = sorted([digest(f"child {n} of {index}") for n in range(2)])
        await records.references.add("repository", digest(index), layers={}, children=children)
        edges += [(digest(index), child) for child in children]
    edges.sort()
    assert await records.references.children("repository", after=("", ""), limit=9) == edges
    assert await records.references.children("repository", after=edges[1], limit=1) == edges[2:3]
