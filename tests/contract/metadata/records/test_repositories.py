"""Repositories by name, on every database."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.domain.digests import Digest
from entrepot.domain.mutability import Mutability, TagMutability
from entrepot.domain.names import Registry, RepositoryName, Tag
from entrepot.domain.repositories import Encryption
from entrepot.ports.records import Records, SealedManifest, SealedSubject
from tests.contract.metadata.records.samples import (
    ACCOUNT,
    REGISTRY,
    blob,
    digest,
    fresh_id,
    image,
    minute,
    repository,
)


async def test_an_added_repository_is_found_as_it_was_given(records: Records) -> None:
    added = repository(
        mutability=TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("dev-*", "latest")),
        scan_on_push=True,
        encryption=Encryption("KMS", "arn:aws:kms:eu-west-1:123456789012:key/1"),
    )
    assert await records.repositories.add(added)
    assert await records.repositories.find(REGISTRY, added.name) == added


async def test_an_unknown_name_is_none(records: Records) -> None:
    assert await records.repositories.find(REGISTRY, RepositoryName("absent")) is None


async def test_a_taken_name_is_refused_and_the_first_stays(records: Records) -> None:
    first = repository()
    await records.repositories.add(first)
    assert not await records.repositories.add(replace(first, id="other", scan_on_push=True))
    assert await records.repositories.find(REGISTRY, first.name) == first


async def test_one_name_in_two_registries_is_two_repositories(records: Records) -> None:
    here, there = repository(), repository(registry=Registry(ACCOUNT, "us-east-1"))
    assert await records.repositories.add(here)
    assert await records.repositories.add(there)
    assert await records.repositories.find(here.registry, here.name) == here
    assert await records.repositories.find(there.registry, there.name) == there
    assert await records.repositories.page(there.registry, after="", limit=10) == [there]


async def test_change_writes_mutability_and_scan_on_push_alone(records: Records) -> None:
    before = repository()
    await records.repositories.add(before)
    mutability = TagMutability(Mutability.MUTABLE_WITH_EXCLUSION, ("v*",))
    changed = replace(before, mutability=mutability, scan_on_push=True)
    await records.repositories.change(replace(changed, encryption=Encryption("KMS", "key")))
    assert await records.repositories.find(REGISTRY, before.name) == changed


async def test_a_removed_repository_leaves_its_name_free(records: Records) -> None:
    first = repository()
    await records.repositories.add(first)
    await records.repositories.remove(first.id)
    await records.repositories.remove(first.id)
    assert await records.repositories.find(REGISTRY, first.name) is None
    assert await records.repositories.add(replace(first, id="second"))


async def test_names_are_ordered_bytewise(records: Records) -> None:
    names = ["a-b", "a.b", "a/b", "a0", "a_b", "ab", "b"]  # of which most collations ignore the marks
    for name in reversed(names):
        await records.repositories.add(repository(name))
    page = await records.repositories.page(REGISTRY, after="", limit=100)
    assert [found.name for found in page] == sorted(names, key=str.encode)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.sets(st.text("ab01._-/", min_size=1, max_size=6), max_size=12),
    limit=st.integers(1, 13),
)
async def test_pages_meet_without_gap_or_repeat(records: Records, names: set[str], limit: int) -> None:
    registry = Registry(ACCOUNT, fresh_id())
    for name in names:
        await records.repositories.add(repository(name, registry=registry))
    seen: list[str] = []
    while page := await records.repositories.page(registry, after=seen[-1] if seen else "", limit=limit):
        assert len(page) <= limit
        seen += [found.name for found in page]
    assert seen == sorted(names, key=str.encode)


@pytest.mark.parametrize("limit", [1, 3, 1000])
async def test_clear_ends_with_nothing_left_in_bounded_steps(records: Records, limit: int) -> None:
    rows = await _fill(records, "removed")
    counts = []
    while count := await records.repositories.clear("removed", limit):
        counts.append(count)
    assert sum(counts) == rows
    assert max(counts) <= limit
    assert await _is_empty(records, "removed")


async def test_clear_leaves_other_repositories_and_uploads_alone(records: Records) -> None:
    await _fill(records, "removed")
    rows = await _fill(records, "kept")
    await records.repositories.clear("removed", 1000)
    assert await records.repositories.clear("kept", 1000) == rows


async def test_clear_of_an_unknown_repository_is_nothing(records: Records) -> None:
    assert await records.repositories.clear("absent", 10) == 0


async def _fill(records: Records, repository_id: str) -> int:
    """Rows of every kind; how many."""
    layers = {digest(f"layer {n}"): "type" for n in range(3)}
    children = [digest(f"child {n}") for n in range(2)]
    await records.images.add(repository_id, image())
    await records.manifests.put(repository_id, image().digest, SealedManifest(b"key", b"bytes"))
    await records.tags.point(repository_id, Tag("v1"), image().digest, minute(0))
    await records.references.add(repository_id, image().digest, layers=layers, children=children)
    await records.resource_tags.put(repository_id, {"team": "a", "stage": "b"})
    for layer in layers:
        await records.blobs.add(replace(blob(f"key {layer}"), digest=layer))
        await records.layers.hold(repository_id, layer, f"key {layer}", minute(0))
    return 3 + 3 + 2 + 2 + 3


async def _is_empty(records: Records, repository_id: str) -> bool:
    child, layer = digest("child 0"), digest("layer 0")
    manifests = await records.sealed_rows.page(SealedSubject.MANIFEST, after=("", ""), limit=9)
    left: list[object] = [
        await records.images.has_any(repository_id),
        [row for row in manifests if row.owner == repository_id],
        await records.tags.page(repository_id, after="", limit=1),
        await records.references.users(repository_id, layer, 1),
        await records.references.parents(repository_id, Digest(child), 1),
        await records.resource_tags.of(repository_id),
        await records.layers.find(repository_id, layer),
    ]
    return not any(left)
