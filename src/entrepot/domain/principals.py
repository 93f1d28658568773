"""Who is asking."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SessionKind(StrEnum):
    """What began a session."""

    CONSOLE = "console"
    FEDERATION = "federation"
    ROLE = "role"
    TOKEN = "session-token"  # noqa: S105, the kind of GetSessionToken's


@dataclass(frozen=True, slots=True)
class Principal:
    """The identity behind a request, as STS GetCallerIdentity names it.

    `access_key_id` is the key that proved it, long-lived or a session's; `expires_at` is when
    that proof ends, None for a long-lived key. `is_console` is whether it is a session of the console, and
    `is_of_token` whether that was begun with credentials of GetSessionToken, directly or not.
    """

    account: str
    arn: str
    user_id: str
    access_key_id: str
    expires_at: datetime | None = None
    is_console: bool = False
    is_of_token: bool = False

    @property
    def is_root(self) -> bool:
        """Whether this is the account itself rather than a user or role in it."""
        return self.arn == root_arn(self.account)

    @property
    def is_role_session(self) -> bool:
        """Whether it is somebody who assumed a role."""
        return ":assumed-role/" in self.arn

    @property
    def is_federated(self) -> bool:
        """Whether it is a session of STS GetFederationToken."""
        return ":federated-user/" in self.arn

    @property
    def session_kind(self) -> SessionKind | None:
        """What began the session, None for a long-lived key."""
        if self.expires_at is None:
            return None
        if self.is_console:
            return SessionKind.CONSOLE
        if self.is_role_session:
            return SessionKind.ROLE
        return SessionKind.FEDERATION if self.is_federated else SessionKind.TOKEN


def root_arn(account: str) -> str:
    """The account's own principal."""
    return f"arn:aws:iam::{account}:root"
