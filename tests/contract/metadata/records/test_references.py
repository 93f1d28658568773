"""What manifests refer to, on every database."""

import pytest

from entrepot.domain.digests import Digest
from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import digest

GZIP, ZSTD = "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar+zstd"


@pytest.mark.parametrize("count", [0, 1, 3, 512, 513, 10_000])
async def test_any_number_of_layers_and_children_is_kept(records: Records, count: int) -> None:
    layers = {Digest(f"sha256:{n:064}"): GZIP for n in range(count)}
    await records.references.add("repository", digest("image"), layers=layers, children=list(layers))
    assert await records.references.media_types("repository", list(layers)) == layers
    for layer in list(layers)[-1:]:
        assert await records.references.users("repository", layer, 9) == [digest("image")]
        assert await records.references.parents("repository", layer, 9) == [digest("image")]


async def test_adding_again_is_fine(records: Records) -> None:
    for _ in range(2):
        await records.references.add(
            "repository", digest("a"), layers={digest("l"): GZIP}, children=[digest("c"), digest("c")]
        )
    assert await records.references.users("repository", digest("l"), 9) == [digest("a")]
    assert await records.references.parents("repository", digest("c"), 9) == [digest("a")]


async def test_users_and_parents_are_bounded_and_in_the_order_of_their_digests(records: Records) -> None:
    images = [digest(str(n)) for n in range(5)]
    for each in images:
        await records.references.add("repository", each, layers={digest("l"): GZIP}, children=[digest("c")])
    assert await records.references.users("repository", digest("l"), 3) == sorted(images)[:3]
    assert await records.references.parents("repository", digest("c"), 3) == sorted(images)[:3]


async def test_references_are_their_repositorys_alone(records: Records) -> None:
    await records.references.add(
        "repository", digest("a"), layers={digest("l"): GZIP}, children=[digest("c")]
    )
    assert await records.references.users("other", digest("l"), 9) == []
    assert await records.references.parents("other", digest("c"), 9) == []
    assert await records.references.media_types("other", [digest("l")]) == {}


async def test_a_layer_that_none_refers_to_has_no_type(records: Records) -> None:
    await records.references.add("repository", digest("a"), layers={digest("l"): GZIP}, children=[])
    assert await records.references.media_types("repository", [digest("l"), digest("other")]) == {
        digest("l"): GZIP
    }


async def test_a_layer_under_two_types_has_the_one_of_the_first_image(records: Records) -> None:
    first, second = sorted([digest("a"), digest("b")])
    await records.references.add("repository", second, layers={digest("l"): GZIP}, children=[])
    await records.references.add("repository", first, layers={digest("l"): ZSTD}, children=[])
    assert await records.references.media_types("repository", [digest("l")]) == {digest("l"): ZSTD}
