"""Who is asking."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Principal:
    """The identity behind a request, as STS GetCallerIdentity names it.

    `access_key_id` is the key that proved it, long-lived or a session's; `expires_at` is when
    that proof ends, None for a long-lived key.
    """

    account: str
    arn: str
    user_id: str
    access_key_id: str
    expires_at: datetime | None = None

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


def root_arn(account: str) -> str:
    """The account's own principal."""
    return f"arn:aws:iam::{account}:root"
