"""Account settings: known names, known values, one registry at a time."""

import pytest

from entrepot.domain.errors import InvalidParameter
from entrepot.domain.names import Registry
from tests.unit.builders import ACCOUNT, REGISTRY, World


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("BLOB_MOUNTING", "ENABLED"),
        ("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE"),
        ("REGISTRY_POLICY_SCOPE", "V2"),
    ],
)
async def test_a_setting_never_written_has_its_default(world: World, name: str, default: str) -> None:
    assert await world.settings.get(REGISTRY, name) == default


async def test_a_setting_holds_for_its_registry_alone(world: World) -> None:
    await world.settings.put(REGISTRY, "BLOB_MOUNTING", "DISABLED")

    assert await world.settings.get(REGISTRY, "BLOB_MOUNTING") == "DISABLED"
    assert await world.settings.get(Registry(ACCOUNT, "us-east-1"), "BLOB_MOUNTING") == "ENABLED"


@pytest.mark.parametrize("name", ["", "UNKNOWN", "blob_mounting", "a\0"])
async def test_an_unknown_name_is_refused(world: World, name: str) -> None:
    for attempt in (world.settings.get(REGISTRY, name), world.settings.put(REGISTRY, name, "ENABLED")):
        with pytest.raises(InvalidParameter):
            await attempt


@pytest.mark.parametrize(
    ("name", "value"),
    [("BLOB_MOUNTING", "enabled"), ("REGISTRY_POLICY_SCOPE", "V3"), ("BASIC_SCAN_TYPE_VERSION", "CLAIR")],
)
async def test_a_value_that_is_not_kept_is_refused(world: World, name: str, value: str) -> None:
    with pytest.raises(InvalidParameter):
        await world.settings.put(REGISTRY, name, value)
