"""Which writes make what nodes keep in memory untrue, and which leave it alone."""

from collections.abc import Awaitable, Callable

import pytest

from entrepot.domain.identities import KeyUse
from entrepot.domain.names import Tag
from entrepot.ports.records import SealedRow, SealedSubject, Store
from entrepot.storage.metadata.connection import Connection, Database
from entrepot.storage.metadata.records import SqlRecords
from entrepot.storage.metadata.revisions import SqlRevision
from tests.contract.metadata.records.samples import (
    REGISTRY,
    access_key,
    blob,
    identity,
    image,
    job,
    managed_policy,
    minute,
    oidc_provider,
    repository,
    session_terms,
    upload,
)

Write = Callable[[SqlRecords], Awaitable[object]]

CHANGING: dict[str, Write] = {
    "an access key is removed": lambda records: records.access_keys.remove("AKIA1"),
    "an access key is deactivated": lambda records: records.access_keys.set_active("AKIA1", is_active=False),
    "a user is renamed": lambda records: records.access_keys.rename_principal("old", "new"),
    "an identity is changed": lambda records: records.identities.change(identity()),
    "an identity is removed": lambda records: records.identities.remove("AIDA1"),
    "a user joins a group": lambda records: records.memberships.add("AIDA1", "AGPA1"),
    "a user leaves a group": lambda records: records.memberships.remove("AIDA1", "AGPA1"),
    "an inline policy is put": lambda records: records.inline_policies.put("AIDA1", "name", "{}"),
    "an inline policy is removed": lambda records: records.inline_policies.remove("AIDA1", "name"),
    "a managed policy is changed": lambda records: records.managed_policies.change(managed_policy()),
    "a managed policy is removed": lambda records: records.managed_policies.remove("arn"),
    "a policy is attached": lambda records: records.policy_attachments.add("AIDA1", "arn", "123456789012"),
    "a policy is detached": lambda records: records.policy_attachments.remove("AIDA1", "arn"),
    "a provider is put": lambda records: records.oidc_providers.put(oidc_provider()),
    "a provider's sessions end": lambda records: records.access_keys.end_sessions("arn"),
    "a provider is removed": lambda records: records.oidc_providers.remove("123456789012", "url"),
    "an account is made": lambda records: records.accounts.add("210987654321", minute(0)),
    "a repository is changed": lambda records: records.repositories.change(repository()),
    "a repository is removed": lambda records: records.repositories.remove("repository"),
    "a repository's policy is put": lambda records: records.repository_policies.put("repository", "{}"),
    "a repository's policy is removed": lambda records: records.repository_policies.remove("repository"),
    "a registry's policy is put": lambda records: records.registry_policies.put(REGISTRY, "{}"),
    "a registry's policy is removed": lambda records: records.registry_policies.remove(REGISTRY),
    "a setting is put": lambda records: records.settings.put(REGISTRY, "name", "value"),
    "a root key is noted": lambda records: records.root_key_checks.add(2, b""),
}
LEAVING: dict[str, Write] = {
    "an access key is made": lambda records: records.access_keys.add(access_key("ASIA9")),
    "ended sessions are swept": lambda records: records.access_keys.remove_expired(minute(0), 1),
    "a secret is wrapped anew": lambda records: records.sealed_rows.replace(
        SealedSubject.ACCESS_KEY, SealedRow("", "id", b"old"), b"new"
    ),
    "an identity is made": lambda records: records.identities.add(identity()),
    "a session begins": lambda records: records.sessions.add(session_terms()),
    "the use of a key is noted": lambda records: records.key_uses.note(
        [KeyUse("AKIA1", minute(0), "ecr", "eu-west-1")]
    ),
    "an account is there": lambda records: records.accounts.add("123456789012", minute(0)),
    "a repository is made": lambda records: records.repositories.add(repository(name="other")),
    "a repository is tagged": lambda records: records.resource_tags.put("repository", {"key": "value"}),
    "an image is added": lambda records: records.images.add("repository", image()),
    "a tag is moved": lambda records: records.tags.point("repository", Tag("tag"), image().digest, minute(0)),
    "an image is removed": lambda records: records.images.remove("repository", image().digest),
    "a pull is noted": lambda records: records.images.note_pulls(
        "repository", image().digest, minute(0), pulls=1
    ),
    "a blob is added": lambda records: records.blobs.add(blob("key")),
    "an upload is begun": lambda records: records.uploads.add(upload()),
    "a job is asked for": lambda records: records.jobs.enqueue(job()),
}


async def number(connection: Connection) -> int:
    return await SqlRevision(connection).number()


@pytest.fixture(autouse=True)
async def _account(store: Store) -> None:
    await store.write(lambda records: records.accounts.add("123456789012", minute(0)))


async def write(database: Database, body: Write) -> None:
    await database.write(lambda connection: body(SqlRecords(connection)))


@pytest.mark.parametrize("what", CHANGING)
async def test_the_revision_changes_each_time_that(what: str, database: Database) -> None:
    seen = {await database.read(number)}
    await write(database, CHANGING[what])
    seen.add(await database.read(number))
    assert len(seen) == 2


@pytest.mark.parametrize("what", LEAVING)
async def test_the_revision_stands_when(what: str, database: Database) -> None:
    before = await database.read(number)
    await write(database, LEAVING[what])
    assert await database.read(number) == before


async def test_a_refused_write_leaves_the_revision(database: Database) -> None:
    async def refuse(records: SqlRecords) -> None:
        await records.access_keys.remove("AKIA1")
        raise KeyError

    before = await database.read(number)
    with pytest.raises(KeyError):
        await write(database, refuse)
    assert await database.read(number) == before


async def test_one_transaction_changes_the_revision_once(database: Database) -> None:
    numbers: list[int] = []

    async def remove_two(records: SqlRecords) -> None:
        for key in ("AKIA1", "AKIA2"):
            await records.access_keys.remove(key)
            numbers.append(await records.revision.number())

    await write(database, remove_two)
    assert numbers[-1] == numbers[-2] == await database.read(number)
