"""The STS service: who is calling, and temporary keys for the caller, a role or a federated user."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from entrepot.aws.endpoint import Service, offer
from entrepot.aws.operations import AnyHandler, Call, Operations
from entrepot.aws.refusals import access_denied
from entrepot.domain.errors import NotOffered
from entrepot.identity.credentials import Credentials, IssuedKey
from entrepot.identity.sessions import AskedSession, BegunSession, Sessions
from entrepot.identity.web_sessions import WebSessions
from entrepot.services.contexts import Question, context_of

if TYPE_CHECKING:
    from types_boto3_sts import type_defs as sts

Member = Mapping[str, object]

_DEFAULT_LIFE = timedelta(hours=12)  # STS API, GetSessionToken
_ROOT_LIFE = timedelta(hours=1)  # the same page: the most and the default for the root user


class TokenOperations:
    """Every operation of STS that is offered."""

    def __init__(self, credentials: Credentials, sessions: Sessions, web_sessions: WebSessions) -> None:
        self._credentials = credentials
        self._sessions = sessions
        self._web_sessions = web_sessions

    async def caller_identity(self, call: Call, _params: Mapping[str, object]) -> Member:
        """GetCallerIdentity, which everybody may call."""
        return {"UserId": call.caller.user_id, "Account": call.caller.account, "Arn": call.caller.arn}

    async def session_token(self, call: Call, params: "sts.GetSessionTokenRequestTypeDef") -> Member:
        """GetSessionToken."""
        _refuse_devices(call, params)
        _refuse_sessions(call)
        asked = params.get("DurationSeconds")
        duration = timedelta(seconds=asked) if asked is not None else _DEFAULT_LIFE
        if call.caller.is_root:
            duration = min(duration, _ROOT_LIFE)
        return {"Credentials": _credentials(await self._credentials.issue_session(call.caller, duration))}

    async def assume_role(self, call: Call, params: "sts.AssumeRoleRequestTypeDef") -> Member:
        """AssumeRole."""
        _refuse_devices(call, params)
        for name in ("SourceIdentity", "ProvidedContexts"):
            if params.get(name):
                raise NotOffered(f"AssumeRole with {name}")
        asked = replace(
            _asked(params["RoleSessionName"], cast("Mapping[str, object]", params)),
            transitive_tags=tuple(params.get("TransitiveTagKeys", ())),
            external_id=params.get("ExternalId"),
        )
        begun = await self._sessions.assume_role(call.caller, params["RoleArn"], asked, context_of(call))
        role = {"AssumedRoleId": begun.principal.user_id, "Arn": begun.principal.arn}
        return {**_begun(begun), "AssumedRoleUser": role}

    async def assume_role_with_web_identity(
        self, call: Call, params: "sts.AssumeRoleWithWebIdentityRequestTypeDef"
    ) -> Member:
        """AssumeRoleWithWebIdentity, which nobody signs: the token is what proves who calls."""
        if params.get("ProviderId"):
            raise NotOffered("AssumeRoleWithWebIdentity with an OAuth 2.0 access token")
        asked = _asked(params["RoleSessionName"], cast("Mapping[str, object]", params))
        begun = await self._web_sessions.assume_role(
            params["RoleArn"], params["WebIdentityToken"], asked, context_of(call)
        )
        principal = begun.session.principal
        return {
            **_begun(begun.session),
            "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
            "SubjectFromWebIdentityToken": begun.identity.subject,
            "Audience": begun.identity.audience,
            "Provider": begun.provider.arn,  # so STS answers, though its API reference says `iss`
        }

    async def federation_token(self, call: Call, params: "sts.GetFederationTokenRequestTypeDef") -> Member:
        """GetFederationToken."""
        _refuse_sessions(call)
        asked = _asked(params["Name"], cast("Mapping[str, object]", params))
        user_id = "" if call.caller.is_root else call.caller.user_id
        begun = await self._sessions.federate(call.caller, user_id, asked)
        user = {"FederatedUserId": begun.principal.user_id, "Arn": begun.principal.arn}
        return {**_begun(begun), "FederatedUser": user}


async def sts_questions(call: Call, action: str, params: Mapping[str, object]) -> Sequence[Question]:
    """GetFederationToken is about the user that it makes; the others decide by themselves."""
    resource = f"arn:aws:sts::{call.account}:federated-user/{params.get('Name', '')}"
    return [Question(action, call.account, resource, context_of(call))]


def _refuse_devices(call: Call, params: Mapping[str, object]) -> None:
    if params.get("SerialNumber") or params.get("TokenCode"):
        raise NotOffered(f"{call.operation} with a multi-factor device")


def _refuse_sessions(call: Call) -> None:
    if call.caller.expires_at is not None:
        raise access_denied(f"Cannot call {call.operation} with session credentials")


def _asked(name: str, params: Mapping[str, object]) -> AskedSession:
    seconds = cast("int | None", params.get("DurationSeconds"))
    policy = cast("str | None", params.get("Policy"))
    arns = cast("Sequence[Mapping[str, str]]", params.get("PolicyArns", ()))
    tags = cast("Sequence[Mapping[str, str]]", params.get("Tags", ()))
    return AskedSession(
        name,
        timedelta(seconds=seconds) if seconds is not None else None,
        policies=() if policy is None else (policy,),
        policy_arns=tuple(each["arn"] for each in arns if each.get("arn")),
        tags={tag["Key"]: tag["Value"] for tag in tags},
    )


def _begun(begun: BegunSession) -> Member:
    return {"Credentials": _credentials(begun.issued), "PackedPolicySize": begun.packed_percent}


def _credentials(issued: IssuedKey) -> Member:
    return {
        "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret,
        "SessionToken": issued.session_token,
        "Expiration": issued.expires_at,
    }


STS_OFFERED: Mapping[str, Callable[[TokenOperations], AnyHandler]] = {
    "AssumeRole": lambda sts: sts.assume_role,
    "AssumeRoleWithWebIdentity": lambda sts: sts.assume_role_with_web_identity,
    "GetCallerIdentity": lambda sts: sts.caller_identity,
    "GetFederationToken": lambda sts: sts.federation_token,
    "GetSessionToken": lambda sts: sts.session_token,
}
"""The offered operations; a table of its own, so that it can be read without a database."""


def sts_service(tokens: TokenOperations) -> Service:
    """STS, with every operation that is offered."""
    return offer("sts", Operations({name: performer(tokens) for name, performer in STS_OFFERED.items()}))
