"""Root credentials for the person who runs the server: one 0600 file an account."""

from dataclasses import dataclass, field
from pathlib import Path

import orjson

from entrepot.identity.credentials import IssuedKey
from entrepot.installation.files import write_durably, write_once


@dataclass(frozen=True, slots=True)
class RootCredential:
    """An account's root access key."""

    account: str
    access_key_id: str
    secret: str = field(repr=False)

    def as_key(self) -> IssuedKey:
        """The same, as identity takes it."""
        return IssuedKey(self.access_key_id, self.secret, session_token=None, expires_at=None)


class CredentialFiles:
    """The folder with a file for each account, `DATA-DIR/credentials/ACCOUNT.json`."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "credentials"

    def path(self, account: str) -> Path:
        """Where the account's credential lies."""
        return self._folder / f"{account}.json"

    def find(self, account: str) -> RootCredential | None:
        """The credential, None where there is no file."""
        try:
            content = orjson.loads(self.path(account).read_bytes())
        except FileNotFoundError:
            return None
        return RootCredential(content["accountId"], content["accessKeyId"], content["secretAccessKey"])

    def write(self, credential: RootCredential) -> None:
        """Keep the credential, durable, in place of any other."""
        write_durably(self.path(credential.account), _content(credential))

    def offer(self, credential: RootCredential) -> RootCredential:
        """Keep the credential, durable, unless there is one; the one that is kept."""
        if write_once(self.path(credential.account), _content(credential)):
            return credential
        return self.find(credential.account) or credential

    def remove(self, account: str) -> None:
        """Forget the credential; absent is fine."""
        self.path(account).unlink(missing_ok=True)

    def remove_other(self, credential: RootCredential) -> None:
        """Forget a credential of the same account that is not this one."""
        if self.find(credential.account) not in (None, credential):
            self.remove(credential.account)


def _content(credential: RootCredential) -> bytes:
    content = {
        "accountId": credential.account,
        "accessKeyId": credential.access_key_id,
        "secretAccessKey": credential.secret,
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"
