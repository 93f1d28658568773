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
    """Decides requests: an account's root may do everything in it and, without policies, nobody else anything."""

    async def decide(self, principal: Principal, action: str, *, account: str) -> Decision:
        """The decision on `action` (such as `ecr:PutImage`) on a resource that `account` owns."""
        if principal.account != account:
            return Decision(is_allowed=False, because=f"no resource-based policy allows the {action} action")
        if not principal.is_root:
            return Decision(is_allowed=False, because=f"no identity-based policy allows the {action} action")
        return Decision(is_allowed=True)

    async def require(self, principal: Principal, action: str, *, account: str, resource: str) -> None:
        """Raises AccessDenied unless the decision is yes; `resource` is the ARN the refusal names, or `*`."""
        decision = await self.decide(principal, action, account=account)
        if not decision.is_allowed:
            raise AccessDenied(principal.arn, action, resource, decision.because)
