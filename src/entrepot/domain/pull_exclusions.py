"""Whose pulls do not count: users and roles, by their ARNs."""

from collections.abc import Iterable


class ExcludedPullers:
    """The users and roles on a list; a session of a role is the role, whatever path that has."""

    def __init__(self, arns: Iterable[str]) -> None:
        self._arns = frozenset(arns)
        self._roles = frozenset(_role_of(arn) for arn in self._arns if ":role/" in arn)

    def has(self, principal_arn: str) -> bool:
        """Whether the pulls of this user, role or session do not count."""
        if ":assumed-role/" in principal_arn:
            return _role_of_session(principal_arn) in self._roles
        return principal_arn in self._arns


def _role_of(arn: str) -> tuple[str, str]:
    """(account, name) of `arn:aws:iam::ACCOUNT:role/PATH/NAME`: names differ whatever their paths."""
    return arn.split(":")[4], arn.rpartition("/")[2]


def _role_of_session(arn: str) -> tuple[str, str]:
    """The same of `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`."""
    return arn.split(":")[4], arn.split("/")[1]
