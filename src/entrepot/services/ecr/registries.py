"""Which registry a call is about."""

from collections.abc import Mapping

from entrepot.aws.operations import Call
from entrepot.domain.names import Registry


def registry_of(call: Call, params: Mapping[str, object]) -> Registry:
    """The account that `registryId` names, else the caller's own, in the region of the signature."""
    account = params.get("registryId")
    return Registry(account=account if isinstance(account, str) else call.account, region=call.region)
