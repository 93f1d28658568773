"""Making a data folder ready to serve: keys, tables, the account and its root credential.

Every step may be repeated after a crash, and two servers that start at once on one database end
with one credential.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from entrepot.app import (
    check_blobs,
    is_current,
    is_database_missing,
    migrate_database,
    now,
    open_store,
)
from entrepot.domain.audit import operator, own_deed
from entrepot.domain.principals import root_arn
from entrepot.identity.auditing import AuditedStore, doing
from entrepot.identity.credentials import Credentials, new_key
from entrepot.installation.credential_files import CredentialFiles, RootCredential
from entrepot.installation.files import make_folder
from entrepot.keys import ring_file
from entrepot.keys.ring import KeyRing
from entrepot.keys.ring_text import KeyRingError
from entrepot.ports.records import Records, Store
from entrepot.registry.rewrapping import Rewrapping
from entrepot.registry.tier_moves import uses_archive
from entrepot.settings import Settings

ACCESS_KEY_VARIABLE = "ENTREPOT_ROOT_ACCESS_KEY_ID"
SECRET_VARIABLE = "ENTREPOT_ROOT_SECRET_ACCESS_KEY"  # noqa: S105 (a name, not a secret)


class CannotStart(Exception):
    """The server must not run on this data; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the start found out: `created` is the root credential if this start made it."""

    created: RootCredential | None


async def prepare(settings: Settings, environment: Mapping[str, str]) -> Prepared:
    """Make everything that is missing; raises CannotStart, or BucketUnfit where layers lie in a bucket."""
    if settings.is_read_only:
        await _check_served_before(settings)
        return Prepared(created=None)
    for folder in (settings.data_dir, settings.blobs_dir, settings.data_dir / "metadata"):
        if folder is not None:
            make_folder(folder)
    _check_places(settings)
    await migrate_database(settings)
    async with open_store(settings) as store:
        await _refuse_half_a_copy(store)
        await refuse_unnamed_archive(settings, store)
        ring = await _ring(settings, store)
        credentials = Credentials(AuditedStore(store, now), ring, now)
        given = _given_credential(settings, environment)
        files = CredentialFiles(settings.data_dir)
        if given is not None:
            await _use_given(credentials, given)
            files.remove_other(given)
            return Prepared(created=None)
        return Prepared(await _ensure_root(credentials, files, settings.account_id))


async def _check_served_before(settings: Settings) -> None:
    """All that a start looks at, for a server that makes nothing and changes nothing."""
    check_served(settings)
    _check_places(settings)
    if not await is_current(settings):
        raise CannotStart("the tables are not those of this release: serve once without --read-only first")
    async with open_store(settings) as store:
        await _refuse_half_a_copy(store)
        await refuse_unnamed_archive(settings, store)
        await open_ring(settings, store)


def _check_places(settings: Settings) -> None:
    for location in (settings.blobs, settings.blobs_fallback, settings.archive):
        check_blobs(location)


async def refuse_unnamed_archive(settings: Settings, store: Store) -> None:
    """Raise CannotStart where layers lie in an archive tier and nobody says where that is."""
    if settings.archive is None and await uses_archive(store):
        raise CannotStart("layers lie in an archive tier: say where with --archive, as before")


async def _refuse_half_a_copy(store: Store) -> None:
    if await store.read(lambda records: records.row_copies.is_unfinished()):
        raise CannotStart(
            "the database is a copy that is not finished: run `entrepot migrate-storage` to its end first"
        )


async def _ring(settings: Settings, store: Store) -> KeyRing:
    """The root key ring, made on the very first start and never again."""
    checks = await store.read(lambda records: records.root_key_checks.all())
    if not checks and not settings.root_key_file.exists():
        make_folder(settings.root_key_file.parent)
        with suppress(FileExistsError):  # another server makes it at this very moment
            ring_file.create(settings.root_key_file, now())
    ring = _load_ring(settings)
    version, value = ring.check_value()
    checks = await store.write(lambda records: _agree(records, version, value))
    _check_matches(settings, ring, checks)
    if version not in checks:  # a rotation ended between the file and the row
        await store.write(lambda records: records.root_key_checks.add(version, value))
    return ring


async def open_ring(settings: Settings, store: Store) -> KeyRing:
    """The root key ring of a database that was served before; changes nothing. Raises CannotStart."""
    checks = await store.read(lambda records: records.root_key_checks.all())
    if not checks:
        raise CannotStart("the database was never served: start `entrepot serve` first")
    ring = _load_ring(settings)
    _check_matches(settings, ring, checks)
    return ring


def _load_ring(settings: Settings) -> KeyRing:
    try:
        return ring_file.load(settings.root_key_file)
    except FileNotFoundError as cause:
        raise CannotStart(
            f"the root key {settings.root_key_file} is missing and the database was sealed with one: "
            "restore it from your copy; without it no layer can be read"
        ) from cause
    except KeyRingError as cause:
        raise CannotStart(f"the root key {settings.root_key_file} cannot be used: {cause}") from cause


def _check_matches(settings: Settings, ring: KeyRing, checks: Mapping[int, bytes]) -> None:
    if not all(ring.matches(check) for check in checks.items()):
        raise CannotStart(
            f"the root key {settings.root_key_file} is not the one that this database was sealed with"
        )


async def _agree(records: Records, version: int, value: bytes) -> dict[int, bytes]:
    """All check values; the first key to come is noted as the database's."""
    checks = await records.root_key_checks.all()
    if not checks:
        await records.root_key_checks.add(version, value)
        checks = {version: value}
    return checks


def _given_credential(settings: Settings, environment: Mapping[str, str]) -> RootCredential | None:
    access_key_id, secret = environment.get(ACCESS_KEY_VARIABLE), environment.get(SECRET_VARIABLE)
    if not access_key_id and not secret:
        return None
    if not access_key_id or not secret:
        raise CannotStart(f"{ACCESS_KEY_VARIABLE} and {SECRET_VARIABLE} need each other")
    if not 16 <= len(access_key_id) <= 128 or not access_key_id.isalnum() or not access_key_id.isascii():
        raise CannotStart(f"{ACCESS_KEY_VARIABLE} must be 16 to 128 letters and digits")
    if not 16 <= len(secret) <= 128 or not secret.isascii() or not secret.isprintable():
        raise CannotStart(f"{SECRET_VARIABLE} must be 16 to 128 printable characters")
    return RootCredential(settings.account_id, access_key_id, secret)


async def _use_given(credentials: Credentials, given: RootCredential) -> None:
    """Make the given key the account's root key, unless it is that already."""
    if await _add_first(credentials, given):
        return
    found = await credentials.find(given.access_key_id)
    if found is not None and found.principal.arn != root_arn(given.account):
        raise CannotStart(f"{ACCESS_KEY_VARIABLE} names a key that is not the root key of {given.account}")
    if found is None or found.secret != given.secret:
        await _replace(credentials, given, "entrepot serve")


async def _add_first(credentials: Credentials, root: RootCredential) -> bool:
    actor = operator(root.account, "entrepot serve")
    with doing(lambda: own_deed(actor, "CreateAccount")):
        return await credentials.add_first_root_key(root.account, root.as_key())


async def _replace(credentials: Credentials, root: RootCredential, command: str) -> None:
    actor = operator(root.account, command)
    with doing(lambda: own_deed(actor, "ReplaceRootCredential", accountId=root.account)):
        await credentials.set_root_key(root.account, root.as_key())


async def _ensure_root(
    credentials: Credentials, files: CredentialFiles, account: str
) -> RootCredential | None:
    """Make the account where it is missing; its credential, None where it was there before.

    The file comes first: a crash before the row is written leaves a file whose key the next start takes.
    """
    waiting = files.find(account)
    if waiting is None and await credentials.has_account(account):
        return None
    credential = waiting or files.offer(_new_credential(account))
    if await _add_first(credentials, credential):
        return credential
    if await credentials.find(credential.access_key_id) is None and files.find(account) == credential:
        files.remove(account)  # another server made the account meanwhile, or replaced its key since
    return None


def _new_credential(account: str) -> RootCredential:
    key = new_key()
    return RootCredential(account, key.access_key_id, key.secret)


async def replace_root(settings: Settings, account: str) -> RootCredential:
    """A new root key for the account, which is made where it is missing; the old key ends at once."""
    check_served(settings)
    credential = _new_credential(account)
    async with open_store(settings) as store:
        credentials = Credentials(AuditedStore(store, now), await _ring(settings, store), now)
        await _replace(credentials, credential, "entrepot credentials")
    CredentialFiles(settings.data_dir).write(credential)
    return credential


def create_root_key(settings: Settings) -> None:
    """A root key before there is a server: nodes that share a database have to be given one."""
    make_folder(settings.root_key_file.parent)
    try:
        ring_file.create(settings.root_key_file, now())
    except FileExistsError as cause:
        raise CannotStart(f"{settings.root_key_file} is there already, and it is not replaced") from cause


async def rotate_root_key(settings: Settings) -> tuple[int, int]:
    """Add a version to the root key and seal everything under it: (newest version, values replaced).

    Servers that run meanwhile learn the new version when they meet it, and go on sealing under
    the one they started with; what they sealed is rewrapped by the next rotation.
    """
    check_served(settings)
    async with open_store(settings) as store:
        await _ring(settings, store)
        ring = ring_file.rotate(settings.root_key_file, now())
        version, value = ring.check_value()
        actor = operator(settings.account_id, "entrepot root-key")
        with doing(lambda: own_deed(actor, "RotateRootKey", version=version)):
            audited = AuditedStore(store, now)
            await audited.write(lambda records: records.root_key_checks.add(version, value))
        return version, await Rewrapping(store, ring).rewrap()


async def root_key_versions(settings: Settings) -> list[int]:
    """The versions that the database was sealed under, after checking that the ring has them."""
    check_served(settings)
    async with open_store(settings) as store:
        await _ring(settings, store)
        return sorted(await store.read(lambda records: records.root_key_checks.all()))


def check_served(settings: Settings) -> None:
    """Raise CannotStart where no server ever made a root key, or its database is gone; makes nothing."""
    if not settings.root_key_file.exists():
        raise CannotStart(
            f"there is no {settings.root_key_file}: start `entrepot serve` first, or name its --data-dir"
        )
    if is_database_missing(settings):
        raise CannotStart(
            f"there is no database {settings.database}: start `entrepot serve` first, "
            "or restore it from your copy"
        )
