"""Layers are seen through the repository that holds them, and no other."""

from dataclasses import replace

import pytest

from entrepot.domain.digests import digest_of
from entrepot.domain.errors import LayerInaccessible, LayerNotFound
from tests.unit.builders import CONFIG_TYPE, LAYER_TYPE, World, absent

LAYER, CONFIG = digest_of(b"layer of image"), digest_of(b"config of image")


async def test_attack_24_a_digest_held_elsewhere_is_unknown_here(world: World) -> None:
    here, there = await world.repository("here"), await world.repository("there")
    await world.image(there)

    for ask in (world.layers.get(here, LAYER), world.layers.get_referenced(here, LAYER)):
        with pytest.raises(LayerNotFound):
            await ask
    assert await world.layers.find_many(here, [LAYER, CONFIG]) == ({}, {})


async def test_a_layer_that_no_image_uses_has_no_download(world: World) -> None:
    repository = await world.repository()
    layer = await world.layer(repository, b"layer of image")

    with pytest.raises(LayerInaccessible):
        await world.layers.get_referenced(repository, LAYER)

    await world.image(repository)
    assert await world.layers.get_referenced(repository, LAYER) == replace(layer, media_type=LAYER_TYPE)


async def test_layers_have_the_type_that_an_image_gives_them(world: World) -> None:
    repository = await world.repository()
    await world.image(repository)
    loose = (await world.layer(repository, b"loose")).digest

    held, types = await world.layers.find_many(repository, [LAYER, CONFIG, loose, absent()])

    assert set(held) == {LAYER, CONFIG, loose}
    assert types == {LAYER: LAYER_TYPE, CONFIG: CONFIG_TYPE}


async def test_a_small_layer_opened_lately_is_not_served_to_whom_it_was_taken_from(world: World) -> None:
    repository = await world.repository()
    layer = await world.layer(repository, b"small")
    layers = world.layers
    assert await layers.content(layer) == b"small"

    await world.deletions.delete_layer(repository, layer.digest)

    with pytest.raises(LayerNotFound):
        await layers.get(repository, layer.digest)
