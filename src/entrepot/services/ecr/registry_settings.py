"""Operations on a registry as a whole: tokens for it, and its settings."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.addresses import Addresses
from entrepot.domain.names import Registry
from entrepot.identity.tokens import Tokens
from entrepot.registry.settings import AccountSettings
from entrepot.services.ecr.shapes import Member

if TYPE_CHECKING:
    from types_boto3_ecr import type_defs as ecr


class RegistryOperations:
    """Authorization tokens, the registry's description, account settings."""

    def __init__(self, tokens: Tokens, settings: AccountSettings, addresses: Addresses) -> None:
        self._tokens = tokens
        self._settings = settings
        self._addresses = addresses

    async def authorize(self, call: Call, params: "ecr.GetAuthorizationTokenRequestTypeDef") -> Member:
        """GetAuthorizationToken: one entry for each registry asked for, in that order."""
        accounts = params.get("registryIds") or [call.account]
        return {"authorizationData": [await self._authorization(call, account) for account in accounts]}

    async def _authorization(self, call: Call, account: str) -> Member:
        registry = Registry(account=account, region=call.region)
        issued = await self._tokens.issue(call.caller, registry)
        return {
            "authorizationToken": base64.b64encode(f"AWS:{issued.token}".encode("ascii")).decode("ascii"),
            "expiresAt": issued.expires_at,
            "proxyEndpoint": self._addresses.registry_url(registry),
        }

    async def describe(self, call: Call, _params: Mapping[str, object]) -> Member:
        """DescribeRegistry."""
        return {"registryId": call.account, "replicationConfiguration": {"rules": []}}

    async def get_setting(self, call: Call, params: "ecr.GetAccountSettingRequestTypeDef") -> Member:
        """GetAccountSetting."""
        value = await self._settings.get(Registry(call.account, call.region), params["name"])
        return {"name": params["name"], "value": value}

    async def put_setting(self, call: Call, params: "ecr.PutAccountSettingRequestTypeDef") -> Member:
        """PutAccountSetting."""
        await self._settings.put(Registry(call.account, call.region), params["name"], params["value"])
        return {"name": params["name"], "value": params["value"]}
