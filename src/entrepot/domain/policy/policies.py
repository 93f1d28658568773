"""Policies where they are attached, and the statements of several that speak of one action."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from entrepot.domain.policy.arns import last_part
from entrepot.domain.policy.conditions import Condition
from entrepot.domain.policy.documents import Document, Effect, Statement
from entrepot.domain.policy.principals import Nearness
from entrepot.domain.policy.requests import Request

_REMEMBERED = 1000  # actions, after which the memory starts anew: a simulation may ask for endless ones


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


class _Index:
    """Statements by what the resource begins with, so that a request looks at few of many."""

    def __init__(self, statements: Iterable[Placed]) -> None:
        by_length: dict[int, dict[str, list[Placed]]] = {}
        for placed in statements:
            resources = placed.statement.resources
            for head in ("",) if resources is None else resources.heads:
                by_length.setdefault(len(head), {}).setdefault(head, []).append(placed)
        self._by_length = tuple(sorted(by_length.items()))

    def find(self, last: str) -> Iterator[Placed]:
        """Those that may cover a resource whose ARN has this last part."""
        for length, by_head in self._by_length:
            yield from by_head.get(last[:length], ())


class Policies:
    """Policies that count together, such as all of a user and its groups; made once, asked many times.

    It remembers which statements are about an action.
    """

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies = tuple(policies)
        self.statements = tuple(
            Placed(policy, statement) for policy in self.policies for statement in policy.document.statements
        )
        self.reads_time = any(policy.document.reads_time for policy in self.policies)
        self.reads_resource_tags = any(policy.document.reads_resource_tags for policy in self.policies)
        self._about: dict[str, dict[Effect, _Index]] = {}

    def candidates(self, effect: Effect, action: str, resource: str) -> Iterator[Placed]:
        """The statements that may fit, for an action in lower case and an ARN or `*`."""
        about = self._about.get(action)
        if about is None:
            if len(self._about) >= _REMEMBERED:
                self._about.clear()
            about = self._about[action] = self._search(action)
        return about[effect].find(last_part(resource))

    def _search(self, action: str) -> dict[Effect, _Index]:
        about = [placed for placed in self.statements if placed.statement.actions.cover(action)]
        return {
            effect: _Index(placed for placed in about if placed.statement.effect is effect)
            for effect in Effect
        }


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

    @property
    def has_statements(self) -> bool:
        """Whether any policy says anything at all."""
        return any(policies.statements for policies in self.all())

    @property
    def reads_time(self) -> bool:
        """Whether the answer to a request may be another one a moment later."""
        return any(policies.reads_time for policies in self.all())

    @property
    def reads_resource_tags(self) -> bool:
        """Whether the answer may depend on the tags of the resource."""
        return any(policies.reads_resource_tags for policies in self.all())

    def all(self) -> tuple[Policies, ...]:
        """In the order in which an explicit deny is looked for."""
        others = (self.trust, self.boundary, self.session)
        return (self.identity, *self.resource, *(policies for policies in others if policies is not None))
