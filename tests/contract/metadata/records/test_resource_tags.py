"""The tags of a repository as a resource, on every database."""

from entrepot.ports.records import Records


async def test_a_repository_without_tags_has_an_empty_map(records: Records) -> None:
    assert await records.resource_tags.of("repository") == {}


async def test_put_adds_and_changes_and_leaves_others(records: Records) -> None:
    await records.resource_tags.put("repository", {"team": "a", "stage": "test"})
    await records.resource_tags.put("repository", {"stage": "prod", "größe": "groß + 1/2"})
    assert await records.resource_tags.of("repository") == {
        "team": "a",
        "stage": "prod",
        "größe": "groß + 1/2",
    }


async def test_tags_are_listed_in_the_bytewise_order_of_their_keys(records: Records) -> None:
    await records.resource_tags.put("repository", {"b": "", "a": "", "B": "", "_": "", "é": ""})
    assert list(await records.resource_tags.of("repository")) == ["B", "_", "a", "b", "é"]


async def test_putting_no_tags_is_fine(records: Records) -> None:
    await records.resource_tags.put("repository", {})
    assert await records.resource_tags.of("repository") == {}


async def test_remove_takes_the_named_keys_and_bears_absent_ones(records: Records) -> None:
    await records.resource_tags.put("repository", {"a": "1", "b": "2", "c": "3"})
    await records.resource_tags.put("other", {"a": "1"})
    await records.resource_tags.remove("repository", ["a", "absent", "c"])
    await records.resource_tags.remove("repository", iter(()))
    assert await records.resource_tags.of("repository") == {"b": "2"}
    assert await records.resource_tags.of("other") == {"a": "1"}
