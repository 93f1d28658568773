"""Operations on OpenID Connect providers."""

from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.identity.providers import OidcProviders
from entrepot.services.iam.shapes import Member, tag_members, tags_in

if TYPE_CHECKING:
    from types_boto3_iam import type_defs as iam


class ProviderOperations:
    """Create, get, list, change and delete providers."""

    def __init__(self, providers: OidcProviders) -> None:
        self._providers = providers

    async def create(self, call: Call, params: "iam.CreateOpenIDConnectProviderRequestTypeDef") -> Member:
        """CreateOpenIDConnectProvider."""
        provider = await self._providers.create(
            call.account,
            params["Url"],
            client_ids=params.get("ClientIDList", ()),
            thumbprints=params.get("ThumbprintList", ()),
            tags=tags_in(params),
        )
        return {"OpenIDConnectProviderArn": provider.arn, "Tags": tag_members(provider.tags)}

    async def get(self, call: Call, params: "iam.GetOpenIDConnectProviderRequestTypeDef") -> Member:
        """GetOpenIDConnectProvider."""
        provider = await self._providers.get(call.account, params["OpenIDConnectProviderArn"])
        return {
            "Url": provider.url,
            "ClientIDList": provider.client_ids,
            "ThumbprintList": provider.thumbprints,
            "CreateDate": provider.created_at,
            "Tags": tag_members(provider.tags),
        }

    async def list(self, call: Call, _params: object) -> Member:
        """ListOpenIDConnectProviders."""
        providers = await self._providers.all(call.account)
        return {"OpenIDConnectProviderList": [{"Arn": provider.arn} for provider in providers]}

    async def add_client(
        self, call: Call, params: "iam.AddClientIDToOpenIDConnectProviderRequestTypeDef"
    ) -> Member:
        """AddClientIDToOpenIDConnectProvider."""
        arn, client_id = params["OpenIDConnectProviderArn"], params["ClientID"]
        await self._providers.add_client(call.account, arn, client_id)
        return {}

    async def remove_client(
        self, call: Call, params: "iam.RemoveClientIDFromOpenIDConnectProviderRequestTypeDef"
    ) -> Member:
        """RemoveClientIDFromOpenIDConnectProvider."""
        arn, client_id = params["OpenIDConnectProviderArn"], params["ClientID"]
        await self._providers.remove_client(call.account, arn, client_id)
        return {}

    async def set_thumbprints(
        self, call: Call, params: "iam.UpdateOpenIDConnectProviderThumbprintRequestTypeDef"
    ) -> Member:
        """UpdateOpenIDConnectProviderThumbprint."""
        arn = params["OpenIDConnectProviderArn"]
        await self._providers.set_thumbprints(call.account, arn, params["ThumbprintList"])
        return {}

    async def delete(self, call: Call, params: "iam.DeleteOpenIDConnectProviderRequestTypeDef") -> Member:
        """DeleteOpenIDConnectProvider."""
        await self._providers.delete(call.account, params["OpenIDConnectProviderArn"])
        return {}
