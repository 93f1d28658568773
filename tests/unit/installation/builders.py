"""A server's settings in a folder of a test."""

from pathlib import Path

from entrepot.app import open_store
from entrepot.identity.credentials import Credential, Credentials
from entrepot.installation.credential_files import RootCredential
from entrepot.keys import ring_file
from entrepot.settings import Settings
from entrepot.storage.blobs.locations import Folder
from tests.unit.builders import ACCOUNT, SettableClock


def server(folder: Path, *, database: str | None = None, root_key: Path | None = None) -> Settings:
    """The settings of a fresh install, or of one that shares its database and key with others."""
    return Settings(
        host="localhost",
        port=5050,
        data_dir=folder,
        database=database or f"sqlite://{folder / 'metadata' / 'entrepot.db'}",
        blobs=Folder(folder / "blobs"),
        blobs_fallback=None,
        has_blob_redirects=True,
        blob_redirect_endpoint=None,
        workers=1,
        domain=None,
        external_url=None,
        tls_cert=None,
        tls_key=None,
        account_id=ACCOUNT,
        root_key_file=root_key or folder / "keys" / "root-key",
        is_storage_encrypted=False,
        allow_sparse=False,
        is_read_only=False,
        collect_seconds=900,
        grace_seconds=86400,
        drain_seconds=0,
        log_level="error",
    )


async def find_key(settings: Settings, access_key_id: str) -> Credential | None:
    """What the database knows of a key."""
    async with open_store(settings) as store:
        ring = ring_file.load(settings.root_key_file)
        return await Credentials(store, ring, SettableClock()).find(access_key_id)


async def is_live(settings: Settings, credential: RootCredential) -> bool:
    """Whether requests signed with the credential would be let in."""
    found = await find_key(settings, credential.access_key_id)
    return found is not None and found.secret == credential.secret
