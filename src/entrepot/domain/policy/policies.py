"""Policies where they are attached, and the statements of several that speak of one action."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from entrepot.domain.policy.arns import split_arn
from entrepot.domain.policy.conditions import Condition
from entrepot.domain.policy.documents import Document, Effect, Statement
from entrepot.domain.policy.principals import Nearness
from entrepot.domain.policy.requests import Request

K = TypeVar("K")
V = TypeVar("V")

_REMEMBERED = 500  # answers, after which the memory starts anew: a caller may ask for endless resources


@dataclass(frozen=True, slots=True)
class Policy:
    """A document under the name that an answer calls it by: an ARN, or the name of an inline policy."""

    name: str
    document: Document


class Element(StrEnum):
    """The elements of a statement, beside its conditions, that may not fit a request."""

    ACTION = "Action"
    PRINCIPAL = "Principal"
    RESOURCE = "Resource"


@dataclass(frozen=True, slots=True)
class Placed:
    """A statement with the policy it stands in."""

    policy: Policy
    statement: Statement

    def mismatch(self, request: Request, *, is_bounded: bool) -> Element | Condition | None:
        """The first part that does not fit a request about an action that fits; None when all of it does."""
        resources = self.statement.resources
        if resources is not None and not resources.cover(request):
            return Element.RESOURCE
        return self._other_mismatch(request, is_bounded=is_bounded)

    def fits(self, request: Request, *, is_bounded: bool) -> bool:
        """Whether one of the `Candidates` of the request has no mismatch."""
        resources = self.statement.resources
        if resources is not None and resources.has_variables and not resources.cover(request):
            return False
        return self._other_mismatch(request, is_bounded=is_bounded) is None

    def _other_mismatch(self, request: Request, *, is_bounded: bool) -> Element | Condition | None:
        for condition in self.statement.conditions:
            if not condition.holds(request):
                return condition
        if self.statement.principals is not None and not self.nearness(request, is_bounded=is_bounded):
            return Element.PRINCIPAL
        return None

    def nearness(self, request: Request, *, is_bounded: bool) -> Nearness:
        """How the statement names the caller; one of an identity's own policy is as near as can be."""
        principals = self.statement.principals
        if principals is None:
            return Nearness.DIRECT
        return principals.nearness(request.caller, is_bounded=is_bounded)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The statements that are about an action and may cover a resource; conditions and callers are open."""

    denying: tuple[Placed, ...]
    allowing: tuple[Placed, ...]


class Policies:
    """Policies that count together, such as all of a user and its groups; made once, asked many times.

    It remembers which statements are about an action and a resource, so that a request looks at few of many.
    """

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies = tuple(policies)
        self.statements = tuple(
            Placed(policy, statement) for policy in self.policies for statement in policy.document.statements
        )
        self._about: dict[str, tuple[Placed, ...]] = {}
        self._candidates: dict[tuple[str, str], Candidates] = {}

    def candidates(self, action: str, resource: str) -> Candidates:
        """The statements that may fit, for an action in lower case and an ARN or `*`."""
        question = action, resource
        found = self._candidates.get(question)
        if found is None:
            found = self._search(action, resource)
            _remember(self._candidates, question, found)
        return found

    def _search(self, action: str, resource: str) -> Candidates:
        about = self._about.get(action)
        if about is None:
            about = tuple(placed for placed in self.statements if placed.statement.actions.cover(action))
            _remember(self._about, action, about)
        parts = split_arn(resource)
        covering = [
            placed
            for placed in about
            if placed.statement.resources is None or placed.statement.resources.may_cover(parts)
        ]
        return Candidates(
            tuple(placed for placed in covering if placed.statement.effect is Effect.DENY),
            tuple(placed for placed in covering if placed.statement.effect is Effect.ALLOW),
        )


def _remember(found: dict[K, V], question: K, answer: V) -> None:
    if len(found) >= _REMEMBERED:
        found.clear()
    found[question] = answer


@dataclass(frozen=True, slots=True)
class Applicable:
    """Every policy that has a say in a request.

    `identity`: those of the caller and its groups, or of the role behind a session. `resource`: the
    repository's and the registry's. `trust`: that of the role to be assumed, None for any other action.
    `boundary` and `session` only limit; None where there is none, which is not the same as one that allows
    nothing.
    """

    identity: Policies
    resource: tuple[Policies, ...] = ()
    trust: Policies | None = None
    boundary: Policies | None = None
    session: Policies | None = None

    def all(self) -> tuple[Policies, ...]:
        """In the order in which an explicit deny is looked for."""
        others = (self.trust, self.boundary, self.session)
        return (self.identity, *self.resource, *(policies for policies in others if policies is not None))
