"""The STS service: who is calling, and temporary keys for the caller."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from entrepot.aws.endpoint import Service, offer
from entrepot.aws.operations import AnyHandler, Call, Operations
from entrepot.aws.refusals import access_denied
from entrepot.domain.errors import NotOffered
from entrepot.identity.credentials import Credentials

if TYPE_CHECKING:
    from types_boto3_sts import type_defs as sts

_DEFAULT_LIFE = timedelta(hours=12)  # STS API, GetSessionToken
_ROOT_LIFE = timedelta(hours=1)  # the same page: the most and the default for the root user


class TokenOperations:
    """GetCallerIdentity and GetSessionToken."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def caller_identity(self, call: Call, _params: Mapping[str, object]) -> Mapping[str, object]:
        """GetCallerIdentity, which everybody may call."""
        return {"UserId": call.caller.user_id, "Account": call.caller.account, "Arn": call.caller.arn}

    async def session_token(
        self, call: Call, params: "sts.GetSessionTokenRequestTypeDef"
    ) -> Mapping[str, object]:
        """GetSessionToken."""
        if params.get("SerialNumber") or params.get("TokenCode"):
            raise NotOffered("GetSessionToken with a multi-factor device")
        if call.caller.expires_at is not None:
            raise access_denied("Cannot call GetSessionToken with session credentials")
        asked = params.get("DurationSeconds")
        duration = timedelta(seconds=asked) if asked is not None else _DEFAULT_LIFE
        if call.caller.is_root:
            duration = min(duration, _ROOT_LIFE)
        issued = await self._credentials.issue_session(call.caller, duration)
        credentials = {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret,
            "SessionToken": issued.session_token,
            "Expiration": issued.expires_at,
        }
        return {"Credentials": credentials}


STS_OFFERED: Mapping[str, Callable[[TokenOperations], AnyHandler]] = {
    "GetCallerIdentity": lambda sts: sts.caller_identity,
    "GetSessionToken": lambda sts: sts.session_token,
}
"""The offered operations; a table of its own, so that it can be read without a database."""


def sts_service(tokens: TokenOperations) -> Service:
    """STS, with every operation that is offered."""
    return offer("sts", Operations({name: performer(tokens) for name, performer in STS_OFFERED.items()}))
