"""Settings of registries and of the server, on every database."""

from entrepot.domain.names import Registry
from entrepot.ports.records import Records
from tests.contract.metadata.records.samples import ACCOUNT, REGISTRY

SERVER = Registry("", "")


async def test_a_setting_that_was_never_put_is_none(records: Records) -> None:
    assert await records.settings.find(REGISTRY, "BLOB_MOUNTING") is None


async def test_the_last_value_counts(records: Records) -> None:
    await records.settings.put(REGISTRY, "BLOB_MOUNTING", "ENABLED")
    await records.settings.put(REGISTRY, "BLOB_MOUNTING", "DISABLED")
    assert await records.settings.find(REGISTRY, "BLOB_MOUNTING") == "DISABLED"


async def test_registries_and_the_server_have_their_own(records: Records) -> None:
    for registry, value in ((REGISTRY, "a"), (Registry(ACCOUNT, "us-east-1"), "b"), (SERVER, "c")):
        await records.settings.put(registry, "name", value)
    assert await records.settings.find(REGISTRY, "name") == "a"
    assert await records.settings.find(SERVER, "name") == "c"
    assert await records.settings.find(SERVER, "other") is None
