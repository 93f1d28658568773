"""What the AWS front tells the audit: who calls which operation, with which parameters."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from entrepot.aws.operations import Call
from entrepot.domain.arns import account_of
from entrepot.domain.audit import Deed, Resource, actor_of, shown
from entrepot.identity.auditing import doing, under_way
from entrepot.identity.refusals import Refusals


class CallAudit:
    """Events of calls; those of refusals wait in `refusals` to be written down."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals

    @contextmanager
    def over(self, call: Call, action: str, params: Callable[[], Mapping[str, object]]) -> Iterator[None]:
        """What is changed meanwhile is changed by this call."""
        with doing(lambda: _deed(call, action, params())):
            yield

    def refused(self, code: str, message: str) -> None:
        """The call that is under way was refused to its caller."""
        deed = under_way()
        if deed is not None:
            self._refusals.refused(deed, code, message)

    def unproven(self, address: str, access_key_id: str, account: str) -> None:
        """A request was not signed as the key's owner would."""
        self._refusals.unproven(address, access_key_id, account)


def _deed(call: Call, action: str, params: Mapping[str, object]) -> Deed:
    service, _, name = action.partition(":")
    role = params.get("RoleArn")  # of STS, which asks nobody but the role itself
    assumed = service == "sts" and isinstance(role, str)
    return Deed(
        actor=actor_of(call.caller),
        service=service,
        name=name,
        region=call.region,
        address=call.source_ip,
        agent=call.user_agent or "",
        request_id=call.request_id,
        parameters=shown(params),
        resources=(Resource(str(role), account_of(str(role))),) if assumed else (),
    )
