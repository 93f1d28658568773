"""May this principal do that? Every door asks here, and gets a decision with its reason."""

from dataclasses import dataclass

from entrepot.domain.errors import AccessDenied
from entrepot.domain.principals import Principal


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer; `because` is AWS's clause that gives the reason of a refusal, "" where allowed."""

    is_allowed: bool
    because: str = ""


class Decisions:
    """Decides requests: without policies an account's root may do everything in it, and nobody else."""

    async def decide(self, principal: Principal, action: str, *, account: str, resource: str) -> Decision:  # noqa: ARG002 (policies read the resource)
        """The decision on `action` (such as `ecr:PutImage`) on an ARN or `*` that `account` owns."""
        if principal.account != account:
            return Decision(is_allowed=False, because=f"no resource-based policy allows the {action} action")
        if not principal.is_root:
            return Decision(is_allowed=False, because=f"no identity-based policy allows the {action} action")
        return Decision(is_allowed=True)

    async def require(self, principal: Principal, action: str, *, account: str, resource: str) -> None:
        """Raises AccessDenied unless the decision is yes."""
        decision = await self.decide(principal, action, account=account, resource=resource)
        if not decision.is_allowed:
            raise AccessDenied(principal.arn, action, resource, decision.because)
