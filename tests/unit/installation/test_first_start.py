"""The first start: once, whole, however often it is interrupted and by however many servers."""

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from entrepot.app import migrate_database, open_store
from entrepot.domain.names import Registry
from entrepot.installation.credential_files import CredentialFiles, RootCredential
from entrepot.installation.files import make_folder
from entrepot.installation.first_start import (
    ACCESS_KEY_VARIABLE,
    SECRET_VARIABLE,
    CannotStart,
    prepare,
    replace_root,
    root_key_versions,
    rotate_root_key,
)
from entrepot.keys import ring_file
from entrepot.settings import Settings
from entrepot.storage.blobs.locations import Folder
from tests.unit.builders import ACCOUNT, START
from tests.unit.installation.builders import find_key, is_live, server

OTHER = "210987654321"
GIVEN = {ACCESS_KEY_VARIABLE: "AKIAGIVEN234567GIVEN", SECRET_VARIABLE: "a given secret of a person"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def kept(settings: Settings, account: str = ACCOUNT) -> RootCredential:
    credential = CredentialFiles(settings.data_dir).find(account)
    assert credential is not None
    return credential


async def test_the_first_start_makes_a_credential_and_the_second_none(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")

    first = await prepare(settings, {})
    second = await prepare(settings, {})

    assert first.created == kept(settings)
    assert second.created is None
    assert await is_live(settings, kept(settings))
    assert kept(settings).secret not in repr(first)


async def test_attack_50_what_is_secret_is_private(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, {})

    assert mode(CredentialFiles(settings.data_dir).path(ACCOUNT)) == 0o600
    assert mode(settings.root_key_file) == 0o600
    for folder in (settings.data_dir, settings.data_dir / "blobs", settings.root_key_file.parent):
        assert mode(folder) == 0o700


async def test_attack_50_two_installs_share_nothing(tmp_path: Path) -> None:
    one, two = server(tmp_path / "one"), server(tmp_path / "two")
    await prepare(one, {})
    await prepare(two, {})

    assert kept(one).access_key_id != kept(two).access_key_id
    assert kept(one).secret != kept(two).secret
    assert one.root_key_file.read_bytes() != two.root_key_file.read_bytes()


def _folders(settings: Settings) -> None:
    for folder in (settings.data_dir, settings.data_dir / "blobs", settings.data_dir / "metadata"):
        make_folder(folder)


def _key(settings: Settings) -> None:
    make_folder(settings.root_key_file.parent)
    ring_file.create(settings.root_key_file, START)


def _credential(settings: Settings) -> None:
    credential = RootCredential(ACCOUNT, "AKIAWAITING234567ABC", "s" * 40)
    CredentialFiles(settings.data_dir).write(credential)


@pytest.mark.parametrize("steps", range(5))
async def test_a_start_goes_on_where_another_crashed(tmp_path: Path, steps: int) -> None:
    settings = server(tmp_path / "data")
    if steps >= 1:
        _folders(settings)
    if steps >= 2:
        await migrate_database(settings)
    if steps >= 3:
        _key(settings)
    if steps >= 4:
        _credential(settings)

    prepared = await prepare(settings, {})

    assert prepared.created == kept(settings)
    assert (kept(settings).access_key_id == "AKIAWAITING234567ABC") == (steps >= 4)
    assert await is_live(settings, kept(settings))


async def test_a_crash_after_the_row_was_written_changes_nothing(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, {})
    before = kept(settings)

    await prepare(settings, {})

    assert kept(settings) == before


async def test_two_starts_at_once_on_one_folder_end_with_one_credential(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")

    prepared = await asyncio.gather(*(prepare(settings, {}) for _ in range(3)))

    assert [p.created for p in prepared].count(None) == 2
    assert await is_live(settings, kept(settings))


async def test_two_servers_at_once_on_one_database_end_with_one_credential(tmp_path: Path) -> None:
    make_folder(tmp_path / "shared")
    database, key = f"sqlite://{tmp_path}/shared/rows.db", tmp_path / "secret" / "root-key"
    servers = [server(tmp_path / name, database=database, root_key=key) for name in ("one", "two", "three")]

    prepared = await asyncio.gather(*(prepare(settings, {}) for settings in servers))

    created = [p.created for p in prepared if p.created is not None]
    files = [CredentialFiles(settings.data_dir).find(ACCOUNT) for settings in servers]
    assert [credential for credential in files if credential is not None] == created
    assert len(created) == 1
    assert await is_live(servers[0], created[0])


async def test_a_server_with_another_root_key_refuses(tmp_path: Path) -> None:
    one = server(tmp_path / "one")
    await prepare(one, {})
    two = server(tmp_path / "two", database=one.database)

    _folders(two)
    _key(two)

    with pytest.raises(CannotStart, match="is not the one"):
        await prepare(two, {})
    assert CredentialFiles(two.data_dir).find(ACCOUNT) is None


async def test_a_lost_root_key_is_never_made_anew(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, {})
    settings.root_key_file.unlink()

    with pytest.raises(CannotStart, match="restore it from your copy"):
        await prepare(settings, {})
    assert not settings.root_key_file.exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"rubbish"])
async def test_a_damaged_root_key_refuses(tmp_path: Path, content: bytes) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, {})
    settings.root_key_file.write_bytes(content)

    with pytest.raises(CannotStart, match="cannot be used"):
        await prepare(settings, {})


async def test_a_root_key_that_others_may_read_refuses(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, {})
    settings.root_key_file.chmod(0o644)

    with pytest.raises(CannotStart, match="chmod 600"):
        await prepare(settings, {})


async def test_given_keys_are_the_root_key_and_leave_no_file(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    given = RootCredential(ACCOUNT, *GIVEN.values())

    for _ in range(2):
        assert (await prepare(settings, GIVEN)).created is None

    assert await is_live(settings, given)
    assert CredentialFiles(settings.data_dir).find(ACCOUNT) is None


async def test_given_keys_replace_those_made_before_and_their_file(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    made = (await prepare(settings, {})).created
    assert made is not None

    await prepare(settings, GIVEN)

    assert not await is_live(settings, made)
    assert await is_live(settings, RootCredential(ACCOUNT, *GIVEN.values()))
    assert CredentialFiles(settings.data_dir).find(ACCOUNT) is None
    assert (await prepare(settings, {})).created is None


async def test_a_given_secret_may_change(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, GIVEN)

    await prepare(settings, GIVEN | {SECRET_VARIABLE: "another secret of a person"})

    found = await find_key(settings, GIVEN[ACCESS_KEY_VARIABLE])
    assert found is not None
    assert found.secret == "another secret of a person"


@pytest.mark.parametrize(
    "given",
    [
        {ACCESS_KEY_VARIABLE: "A" * 20},
        {SECRET_VARIABLE: "s" * 40},
        {ACCESS_KEY_VARIABLE: "A" * 15, SECRET_VARIABLE: "s" * 40},
        {ACCESS_KEY_VARIABLE: "A" * 129, SECRET_VARIABLE: "s" * 40},
        {ACCESS_KEY_VARIABLE: "A" * 19 + "/", SECRET_VARIABLE: "s" * 40},
        {ACCESS_KEY_VARIABLE: "é" * 20, SECRET_VARIABLE: "s" * 40},
        {ACCESS_KEY_VARIABLE: "A" * 20, SECRET_VARIABLE: "s" * 15},
        {ACCESS_KEY_VARIABLE: "A" * 20, SECRET_VARIABLE: "s" * 129},
        {ACCESS_KEY_VARIABLE: "A" * 20, SECRET_VARIABLE: "s" * 39 + "\n"},
        {ACCESS_KEY_VARIABLE: "A" * 20, SECRET_VARIABLE: "é" * 40},
    ],
)
async def test_attack_49_bad_given_keys_are_refused_without_being_quoted(
    tmp_path: Path, given: dict[str, str]
) -> None:
    with pytest.raises(CannotStart) as refused:
        await prepare(server(tmp_path / "data"), given)

    assert not any(value in str(refused.value) for value in given.values())


async def test_a_given_key_of_another_account_is_refused(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, {})
    other = await replace_root(settings, OTHER)
    taken = {ACCESS_KEY_VARIABLE: other.access_key_id, SECRET_VARIABLE: "s" * 40}

    with pytest.raises(CannotStart):
        await prepare(settings, taken)

    assert await is_live(settings, other)
    assert await is_live(settings, kept(settings))


async def test_replacing_the_root_ends_the_old_key(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    old = (await prepare(settings, {})).created
    assert old is not None

    new = await replace_root(settings, ACCOUNT)

    assert kept(settings) == new
    assert await is_live(settings, new)
    assert await find_key(settings, old.access_key_id) is None
    assert mode(CredentialFiles(settings.data_dir).path(ACCOUNT)) == 0o600


async def test_replacing_the_root_of_an_unknown_account_makes_it(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    first = (await prepare(settings, {})).created
    assert first is not None

    other = await replace_root(settings, OTHER)

    assert kept(settings, OTHER) == other
    assert await is_live(settings, other)
    assert await is_live(settings, first)


async def test_after_a_rotation_the_server_starts_and_the_keys_open(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, {})

    assert await rotate_root_key(settings) == (2, 1)

    assert await root_key_versions(settings) == [1, 2]
    assert (await prepare(settings, {})).created is None
    assert await is_live(settings, kept(settings))


async def test_a_rotation_that_crashed_after_the_file_is_noted_at_the_next_start(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, {})
    old_ring = settings.root_key_file.read_bytes()
    ring_file.rotate(settings.root_key_file, START)  # and the process dies

    await prepare(settings, {})

    assert await root_key_versions(settings) == [1, 2]
    settings.root_key_file.write_bytes(old_ring)
    with pytest.raises(CannotStart):
        await prepare(settings, {})


async def test_a_store_opens_where_the_start_left_it(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, {})

    async with open_store(settings) as store:
        accounts = await store.read(lambda records: records.accounts.page(after="", limit=9))
        assert [account.id for account in accounts] == [ACCOUNT]


async def test_no_server_starts_without_the_archive_that_layers_lie_in(tmp_path: Path) -> None:
    settings = server(tmp_path / "data")
    await prepare(settings, {})
    async with open_store(settings) as store:
        await store.write(lambda records: records.settings.put(Registry("", ""), "archive-tier", "used"))
    for refusing in (settings, replace(settings, is_read_only=True)):
        with pytest.raises(CannotStart, match="--archive"):
            await prepare(refusing, {})
    await prepare(replace(settings, archive=Folder(tmp_path / "cold")), {})
