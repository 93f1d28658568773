"""The Principal and NotPrincipal elements: whom a statement is about, and how near it comes to them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from entrepot.domain.names import is_account
from entrepot.domain.policy.malformed import MalformedPolicy
from entrepot.domain.policy.requests import Caller, CallerKind
from entrepot.domain.policy.trees import Tree, members, texts

_ARN = re.compile(
    r"arn:[a-z-]{1,20}:(?:"
    r"iam::(?P<account>[0-9]{12}):(?P<what>root|(?:user|role)/[\w+=,.@/-]{1,600})|"
    r"sts::[0-9]{12}:(?:assumed-role/[\w+=,.@-]{1,64}/[\w+=,.@-]{1,64}|federated-user/[\w+=,.@-]{1,64}))",
    re.ASCII,
)
_PROVIDER = re.compile(r"[\w.:/-]{1,600}", re.ASCII)


class Nearness(IntEnum):
    """How a statement names a caller, which decides what its Allow is worth within one account."""

    NOT = 0
    ACCOUNT = 1  # leaves it to the account's own policies
    ISSUER = 2  # the role or user behind a session: limited by the session's policies and the boundary
    DIRECT = 3  # this very user or session, or everyone: limited by nothing but an explicit deny


@dataclass(frozen=True, slots=True)
class Principals:
    """Whom the element lists; `is_negated` for NotPrincipal, `is_everyone` for `*`."""

    is_negated: bool
    is_everyone: bool
    accounts: frozenset[str]
    arns: frozenset[str]
    services: frozenset[str]
    providers: frozenset[str]

    def nearness(self, caller: Caller, *, is_bounded: bool) -> Nearness:
        """How near the element comes to the caller; `is_bounded` when a permissions boundary is attached.

        NotPrincipal spares a caller only if every level of it is listed (the account, the role, the session),
        and never one with a boundary: IAM's guide warns of both.
        """
        if not self.is_negated:
            return self._listed(caller)
        is_spared = not is_bounded and self._lists_every_level(caller)
        return Nearness.NOT if is_spared else Nearness.DIRECT

    def _listed(self, caller: Caller) -> Nearness:
        if self.is_everyone or self._names(caller):
            return Nearness.DIRECT
        if caller.issuer_arn is not None and caller.issuer_arn in self.arns:
            return Nearness.ISSUER
        if caller.account is not None and caller.account in self.accounts:
            return Nearness.DIRECT if caller.kind is CallerKind.ROOT else Nearness.ACCOUNT
        return Nearness.NOT

    def _names(self, caller: Caller) -> bool:
        if caller.kind is CallerKind.SERVICE:
            return caller.arn in self.services
        if caller.kind is CallerKind.WEB_IDENTITY:
            return caller.arn in self.providers
        return caller.arn in self.arns

    def _lists_every_level(self, caller: Caller) -> bool:
        if self.is_everyone:
            return True
        if caller.account is None:
            return self._names(caller)
        if caller.account not in self.accounts:
            return False
        if caller.kind is CallerKind.ROOT:
            return True
        return caller.arn in self.arns and (caller.issuer_arn is None or caller.issuer_arn in self.arns)


def parse_principals(tree: Tree, place: str, *, is_negated: bool) -> Principals:
    """The element's value; raises MalformedPolicy for a principal that can never ask."""
    if tree == "*":
        return _principals({"AWS": ["*"]}, place, is_negated=is_negated)
    kinds = members(tree, place)
    if not kinds:
        raise MalformedPolicy(place, "Invalid principal in policy: the element is empty.")
    unknown = kinds.keys() - {"AWS", "Service", "Federated"}
    if unknown:
        raise MalformedPolicy(place, f'Invalid principal in policy: "{min(unknown)}" is not supported.')
    listed = {kind: texts(value, f"{place}.{kind}") for kind, value in kinds.items()}
    return _principals(listed, place, is_negated=is_negated)


def _principals(listed: Mapping[str, Iterable[str]], place: str, *, is_negated: bool) -> Principals:
    accounts, arns = set[str](), set[str]()
    is_everyone = False
    for name in listed.get("AWS", ()):
        found = _ARN.fullmatch(name)
        if name == "*":
            is_everyone = True
        elif is_account(name):
            accounts.add(name)
        elif found and found["what"] == "root":
            accounts.add(found["account"])
        elif found:
            arns.add(name)
        else:
            raise MalformedPolicy(f"{place}.AWS", f'Invalid principal in policy: "AWS":"{name}"')
    return Principals(
        is_negated,
        is_everyone,
        frozenset(accounts),
        frozenset(arns),
        frozenset(_named(listed, "Service", place)),
        frozenset(_named(listed, "Federated", place)),
    )


def _named(listed: Mapping[str, Iterable[str]], kind: str, place: str) -> Iterator[str]:
    for name in listed.get(kind, ()):
        if not _PROVIDER.fullmatch(name):
            raise MalformedPolicy(f"{place}.{kind}", f'Invalid principal in policy: "{kind}":"{name}"')
        yield name
