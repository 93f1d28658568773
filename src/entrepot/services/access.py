"""What the AWS front asks of identity: keys by id, and the decision on every call."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from entrepot.aws import refusals
from entrepot.aws.endpoint import KeyRecord
from entrepot.aws.operations import ANONYMOUS, Call
from entrepot.domain.errors import AccessDenied, Refusal, SessionRefused
from entrepot.domain.policy.decisions import Outcome
from entrepot.domain.principals import Principal
from entrepot.identity.auditing import concern
from entrepot.identity.credentials import Credentials
from entrepot.identity.decisions import Decisions
from entrepot.identity.key_uses import KeyUses
from entrepot.services.contexts import Question

Questions = Callable[[Call, str, Mapping[str, object]], Awaitable[Sequence[Question]]]
"""The questions that a call of one service has to be asked before it may go on; at least one."""

# STS API: nobody needs a permission for the first two; a role's own policy decides on the others.
OPEN_TO_ALL = frozenset(
    {"sts:GetCallerIdentity", "sts:GetSessionToken", "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"}
)

# STS API, "Comparing the AWS STS API operations": all that sessions without a role may call of STS.
_OF_A_USERS_SESSION = OPEN_TO_ALL
# What nobody has to sign is not refused because somebody did.
_OF_A_FEDERATED_SESSION = frozenset({"sts:GetCallerIdentity", "sts:AssumeRoleWithWebIdentity"})

_IN_ONE_GO = 200  # questions: some milliseconds, in which nobody else is answered


class KeyBook:
    """Access keys as the wire verifies them."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def find(self, access_key_id: str) -> KeyRecord | None:
        """The key, None where there is none."""
        found = await self._credentials.find(access_key_id)
        if found is None:
            return None
        return KeyRecord(found.principal, found.secret, found.session_token_sha256, found.is_active)


class CallAuthorizer:
    """Asks for a decision on everything that a call is about."""

    def __init__(self, decisions: Decisions, key_uses: KeyUses, questions: Mapping[str, Questions]) -> None:
        """`questions` by the service's prefix in actions, such as `ecr`."""
        self._decisions = decisions
        self._key_uses = key_uses
        self._questions = questions

    async def authorize(self, call: Call, action: str, params: Mapping[str, object]) -> None:
        """Return where the call may go on; raises AccessDenied."""
        service = action.partition(":")[0]
        if call.caller is ANONYMOUS:
            _check_open(action)
            return
        if call.caller.expires_at is None:  # keys of sessions are many, and nobody asks for their use
            self._key_uses.note(call.caller.access_key_id, service, call.region)
        refused = refusal_of_session(call.caller, action)
        if refused is not None:
            raise refused
        if action in OPEN_TO_ALL:
            return
        for number, question in enumerate(await self._questions[service](call, action, params), 1):
            if number % _IN_ONE_GO == 0:  # images may come with very many tags
                await asyncio.sleep(0)
            concern(question.account, question.resource)
            await self._ask(call.caller, question)

    async def _ask(self, caller: Principal, question: Question) -> None:
        decision = await self._decisions.decide(
            caller,
            question.action,
            account=question.account,
            resource=question.resource,
            context=question.context,
            proposed_policy=question.repository_policy,
        )
        if decision.is_allowed or (question.is_own and decision.outcome is Outcome.IMPLICIT_DENY):
            return
        raise AccessDenied(caller.arn, question.action, question.resource, decision.because)


def _check_open(action: str) -> None:
    """Refuse what AWS takes unsigned and nobody here decides on."""
    if action not in OPEN_TO_ALL:
        raise refusals.missing_token()


def refusal_of_session(caller: Principal, action: str) -> Refusal | None:
    """What refuses a session of a user or a federated user whatever policies say, None where nothing does.

    Users of the console may call IAM, as in AWS; but nobody whose own session may not, by way of the console.
    """
    service, _, operation = action.partition(":")
    if caller.expires_at is None or caller.is_role_session or service not in ("iam", "sts"):
        return None
    if service == "iam":
        if not caller.is_console:
            return refusals.unrecognized_client()
        if not (caller.is_federated or caller.is_of_token):
            return None
        # Not as AWS refuses such keys: the console would take its session for ended.
        return SessionRefused(f"Cannot call {operation} with session credentials")
    allowed = _OF_A_FEDERATED_SESSION if caller.is_federated else _OF_A_USERS_SESSION
    if action in allowed:
        return None
    return SessionRefused(f"Cannot call {operation} with session credentials")
