"""What the AWS front asks of identity: keys by id, and the decision on every call."""

from collections.abc import Mapping, Sequence

from entrepot.aws.endpoint import KeyRecord
from entrepot.aws.operations import Call
from entrepot.domain.names import Registry, parse_repository_arn, repository_arn
from entrepot.identity.credentials import Credentials
from entrepot.identity.decisions import Decisions

# Operations that ask for the permission of another one (extensions.md, 5).
_PERMISSIONS = {"ecr:ListImageReferrers": "ecr:BatchGetImage"}
_OPEN_TO_ALL = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})  # STS API: no permission needed


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
    """Asks for a decision on each resource that a call names."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def authorize(self, call: Call, action: str, params: Mapping[str, object]) -> None:
        """Return where the call may go on; raises AccessDenied."""
        if action in _OPEN_TO_ALL:
            return
        permission = _PERMISSIONS.get(action, action)
        for account, resource in _resources(call, params):
            await self._decisions.require(call.caller, permission, account=account, resource=resource)


def _resources(call: Call, params: Mapping[str, object]) -> Sequence[tuple[str, str]]:
    """(owning account, ARN) of everything the call is about; the account's `*` where it names nothing."""
    arn = params.get("resourceArn")
    if isinstance(arn, str):
        return [(parse_repository_arn(arn)[0].account, arn)]
    account = params.get("registryId")
    registry = Registry(account if isinstance(account, str) else call.account, call.region)
    names = params.get("repositoryNames", [])
    named = [*names] if isinstance(names, list) else []
    if isinstance(params.get("repositoryName"), str):
        named.append(params["repositoryName"])
    if not named:
        return [(registry.account, "*")]
    return [(registry.account, repository_arn(registry, str(name))) for name in named]
