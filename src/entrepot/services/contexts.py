"""What a call tells the policies about itself, and the questions that it has to be asked."""

from dataclasses import dataclass

from entrepot.aws.operations import Call
from entrepot.domain.addresses import parse_address
from entrepot.domain.policy.requests import Context


@dataclass(frozen=True, slots=True)
class Question:
    """May the caller do this? `resource` is an ARN or `*` that `account` owns.

    What `is_own` gives nobody more than they have: no policy has to allow it, but one may deny it.
    `repository_policy` stands in place of the policy of whatever repository has the name, "" for none.
    """

    action: str
    account: str
    resource: str
    context: Context
    is_own: bool = False
    repository_policy: str | None = None


def context_of(call: Call) -> Context:
    """What every call has: where it came from, and how."""
    return Context(
        source_ip=parse_address(call.source_ip),
        is_secure=call.is_secure,
        user_agent=call.user_agent,
        region=call.region or None,
    )
