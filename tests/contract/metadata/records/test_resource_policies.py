"""Policies of repositories and registries, on every database."""

from entrepot.domain.names import Registry
from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import ACCOUNT, REGISTRY


async def test_a_repository_has_the_policy_that_was_put_last_until_it_is_removed(records: Records) -> None:
    assert await records.repository_policies.find("one") is None
    await records.repository_policies.put("one", "old")
    await records.repository_policies.put("one", "new")
    await records.repository_policies.put("two", "other")
    assert await records.repository_policies.find("one") == "new"
    await records.repository_policies.remove("one")
    assert await records.repository_policies.find("one") is None
    assert await records.repository_policies.find("two") == "other"


async def test_each_registry_has_a_policy_of_its_own(records: Records) -> None:
    elsewhere = Registry(ACCOUNT, "us-east-1")
    await records.registry_policies.put(REGISTRY, "old")
    await records.registry_policies.put(REGISTRY, "new")
    await records.registry_policies.put(elsewhere, "there")
    assert await records.registry_policies.find(REGISTRY) == "new"
    await records.registry_policies.remove(REGISTRY)
    assert await records.registry_policies.find(REGISTRY) is None
    assert await records.registry_policies.find(elsewhere) == "there"


async def test_the_policy_of_a_removed_repository_is_cleared_with_its_rows(records: Records) -> None:
    await records.repository_policies.put("one", "policy")
    assert await records.repositories.clear("one", 10) == 1
    assert await records.repository_policies.find("one") is None
    assert await records.repositories.clear("one", 10) == 0
