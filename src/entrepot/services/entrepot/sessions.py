"""Operations on sessions, and on what keys and sessions have opened."""

from datetime import timedelta
from typing import cast

from entrepot.aws.operations import Call
from entrepot.domain.errors import InvalidParameter
from entrepot.identity.revocation import Revocations
from entrepot.identity.sessions import Sessions
from entrepot.ports.records import AccessKey, KeyScope, KeysOf, KeysOfAccount, OneKey
from entrepot.registry.pages import cut_page
from entrepot.services.entrepot.shapes import Member, Params, page_of, session_member

_CONSOLE_LIFE = timedelta(hours=12)  # the most, as AWS's console has


class SessionOperations:
    """Begins sessions of the console, lists sessions and ends them."""

    def __init__(self, sessions: Sessions, revocations: Revocations) -> None:
        self._sessions = sessions
        self._revocations = revocations

    async def create_for_console(self, call: Call, params: Params) -> Member:
        """CreateConsoleSession."""
        seconds = cast("int | None", params.get("durationSeconds"))
        duration = _CONSOLE_LIFE if seconds is None else timedelta(seconds=seconds)
        begun = await self._sessions.open_console(call.caller, duration)
        return {
            "accountId": begun.principal.account,
            "principalArn": begun.principal.arn,
            "credentials": {
                "accessKeyId": begun.issued.access_key_id,
                "secretAccessKey": begun.issued.secret,
                "sessionToken": begun.issued.session_token,
                "expiration": begun.issued.expires_at,
            },
        }

    async def list(self, call: Call, params: Params) -> Member:
        """ListSessions."""
        page = page_of("sessions", params, parts=2)
        _check_alone(params, "principalArn", "allPrincipals")
        scope = (
            KeysOfAccount(call.account) if params.get("allPrincipals") else await self._named(call, params)
        )
        after = (page.after[0], page.after[1])
        found = await self._revocations.sessions(scope, after=after, limit=page.fetched)
        cut = cut_page("sessions", list(found), page.limit, _position)
        members = [session_member(key, current=call.caller.access_key_id) for key in cut.entries]
        return {"sessions": members, "nextToken": cut.next_token}

    async def revoke(self, call: Call, params: Params) -> Member:
        """RevokeSession."""
        await self._revocations.end_session(call.account, str(params["accessKeyId"]))
        return {}

    async def revoke_tokens(self, call: Call, params: Params) -> Member:
        """RevokeTokens."""
        if _check_alone(params, "principalArn", "accessKeyId", "allPrincipals") is None:
            raise InvalidParameter("principalArn", "must be given, or accessKeyId, or allPrincipals")
        scope: KeyScope
        if params.get("accessKeyId"):
            scope = OneKey(str(params["accessKeyId"]))
        elif params.get("allPrincipals"):
            scope = KeysOfAccount(call.account)
        else:
            scope = await self._named(call, params)
        done = await self._revocations.revoke(call.account, scope)
        return {
            "revokedAt": done.at,
            "keyCount": done.revoked.keys,
            "sessionCount": done.revoked.sessions,
        }

    async def _named(self, call: Call, params: Params) -> KeysOf:
        """The keys of the principal that the call names, the caller where it names none."""
        named = params.get("principalArn")
        if named is None:
            return KeysOf(call.caller.arn)
        return await self._revocations.scope_of(call.account, str(named))


def _check_alone(params: Params, *members: str) -> str | None:
    """The one of these members that is given, None for none; InvalidParameter for two."""
    given = [member for member in members if params.get(member)]
    if len(given) > 1:
        raise InvalidParameter(given[1], f"must not be given beside {given[0]}")
    return given[0] if given else None


def _position(key: AccessKey) -> tuple[str, str]:
    return key.principal.arn, key.principal.access_key_id
