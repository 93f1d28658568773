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
        page = page_of("sessions", params)
        scope = await self._scope(call, params, "principalArn", "allPrincipals") or KeysOf(call.caller.arn)
        found = await self._revocations.sessions(scope, after=page.after, limit=page.fetched)
        cut = cut_page("sessions", list(found), page.limit, _position)
        members = [session_member(key, current=call.caller.access_key_id) for key in cut.entries]
        return {"sessions": members, "nextToken": cut.next_token}

    async def revoke(self, call: Call, params: Params) -> Member:
        """RevokeSession."""
        await self._revocations.end_session(call.account, str(params["accessKeyId"]))
        return {}

    async def revoke_tokens(self, call: Call, params: Params) -> Member:
        """RevokeTokens."""
        scope = await self._scope(call, params, "principalArn", "accessKeyId", "allPrincipals")
        if scope is None:
            raise InvalidParameter("principalArn", "must be given, or accessKeyId, or allPrincipals")
        done = await self._revocations.revoke(call.account, scope)
        return {
            "revokedAt": done.at,
            "keyCount": done.revoked.keys,
            "sessionCount": done.revoked.sessions,
        }

    async def _scope(self, call: Call, params: Params, *members: str) -> KeyScope | None:
        """Whose keys the call means, None where it does not say."""
        given = [member for member in members if params.get(member)]
        if len(given) > 1:
            raise InvalidParameter(given[1], f"must not be given beside {given[0]}")
        match given:
            case ["principalArn"]:
                return await self._revocations.scope_of(call.account, str(params["principalArn"]))
            case ["accessKeyId"]:
                return OneKey(str(params["accessKeyId"]))
            case ["allPrincipals"]:
                return KeysOfAccount(call.account)
        return None


def _position(key: AccessKey) -> tuple[str]:
    return (key.principal.access_key_id,)
