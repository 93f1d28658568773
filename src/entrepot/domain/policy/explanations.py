"""Why each statement of every policy did or did not fit a request; made only when somebody asks."""

from dataclasses import dataclass

from entrepot.domain.policy.conditions import Condition
from entrepot.domain.policy.documents import Effect, Kind
from entrepot.domain.policy.policies import Applicable, Element, Placed
from entrepot.domain.policy.requests import ContextValue, Request


@dataclass(frozen=True, slots=True)
class Look:
    """One statement before the request: `mismatch` is the first part that does not fit, None when it fits.

    `found` is what the request held under the key of a condition that does not fit, None for nothing.
    """

    policy: str
    kind: Kind
    index: int
    sid: str
    effect: Effect
    mismatch: Element | Condition | None
    found: ContextValue | None = None

    @property
    def why(self) -> str:
        """The mismatch in one phrase, "" for none."""
        part = self.mismatch
        if part is None:
            return ""
        if isinstance(part, Element):
            return f"its {part} is about another"
        held = "nothing" if self.found is None else repr(self.found)
        return f"{part.operator} {part.key} {', '.join(part.values)} does not hold for {held}"


def explain(request: Request, applicable: Applicable) -> tuple[Look, ...]:
    """A look at every statement, in the order in which the evaluator takes them."""
    action, is_bounded = request.action.lower(), applicable.boundary is not None
    return tuple(
        _look(placed, request, action, is_bounded=is_bounded)
        for policies in applicable.all()
        for placed in policies.statements
    )


def _look(placed: Placed, request: Request, action: str, *, is_bounded: bool) -> Look:
    document, statement = placed.policy.document, placed.statement
    mismatch: Element | Condition | None = Element.ACTION
    if statement.actions.cover(action):
        mismatch = placed.mismatch(request, is_bounded=is_bounded)
    found = mismatch.read(request) if isinstance(mismatch, Condition) else None
    return Look(
        placed.policy.name, document.kind, statement.index, statement.sid, statement.effect, mismatch, found
    )
