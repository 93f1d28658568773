"""What a call of our own service needs to be allowed: its own action, on the one resource it is about.

What the recycle bin asks beside is in `bin_questions.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from entrepot.aws.operations import Call
from entrepot.domain.names import Registry, repository_arn
from entrepot.domain.policy.requests import Context
from entrepot.domain.usage import cluster_arn
from entrepot.identity.revocation import Revocations
from entrepot.services.contexts import Question, context_of
from entrepot.services.ecr.registries import registry_of
from entrepot.services.entrepot.bin_questions import ABOUT_THE_BIN, BinQuestions
from entrepot.services.entrepot.shapes import Params

OF_ONESELF = frozenset(
    f"entrepot:{name}" for name in ("CreateConsoleSession", "ListSessions", "RevokeSession", "RevokeTokens")
)
"""What nobody needs a permission for as long as it is about the caller itself."""

ABOUT_REGISTRIES = frozenset(
    (
        "DescribeImageStatistics",
        "DescribeRegistryStatistics",
        "DescribeRepositoryStatistics",
        "DescribeSharedLayers",
        "EstimateDeletion",
        "ListImageStatistics",
        "ListRepositoryStatistics",
        "ListStatisticsHistory",
    )
)
"""What is about repositories, or about a registry as a whole."""


class EntrepotQuestions:
    """The question of each call.

    Accounts belong to `first_account`, the server's own: from another one nobody reaches them.
    """

    def __init__(self, revocations: Revocations, recycling: BinQuestions, first_account: str) -> None:
        self._revocations = revocations
        self._recycling = recycling
        self._first_account = first_account

    async def of(self, call: Call, action: str, params: Params) -> Sequence[Question]:
        """A question, one for each repository, or those of the bin.

        Keys are named by their ids, so that no refusal tells whose they are.
        """
        if call.operation in ABOUT_THE_BIN:
            return await self._recycling.of(call, action, params)
        context = context_of(call)
        if call.operation == "ListLayerFiles":
            return _of_layer_files(call, action, params, context)
        if call.operation in ("CreateAccount", "ListAccounts"):
            owner = self._first_account
            name = params.get("accountId", "*")
            return [Question(action, owner, f"arn:aws:entrepot::{owner}:account/{name}", context)]
        if call.operation in ABOUT_REGISTRIES:
            return [Question(action, *place, context) for place in _places(call, params)]
        about = _of_the_registry(call, params)
        if about:
            return [Question(action, call.account, resource, context) for resource in about]
        resource, is_own = await self._resource(call, params)
        return [Question(action, call.account, resource, context, is_own=is_own and action in OF_ONESELF)]

    async def _resource(self, call: Call, params: Params) -> tuple[str, bool]:
        """The ARN that the call is about, and whether that is the caller's own affair."""
        own = call.caller.arn
        if call.operation == "ExplainAccess":
            principal = str(params["principal"])
            is_key = not principal.startswith("arn:")
            return (_key_arn(call.account, principal) if is_key else principal), False
        if params.get("allPrincipals"):
            return "*", False
        key_id = params.get("accessKeyId")
        if key_id is not None:
            owner = await self._revocations.owner(call.account, str(key_id))
            return _key_arn(call.account, str(key_id)), owner == own
        principal = str(params.get("principalArn", own))
        return principal, principal == own


def _of_layer_files(call: Call, action: str, params: Params, context: Context) -> list[Question]:
    """Who may pull the image may look into it: its own action has only to be denied by nobody."""
    resource = repository_arn(Registry(call.account, call.region), str(params["repositoryName"]))
    tagged = replace(context, image_tag=cast("str | None", params.get("imageTag")))
    return [
        Question(action, call.account, resource, context, is_own=True),
        Question("ecr:BatchGetImage", call.account, resource, tagged),
        Question("ecr:GetDownloadUrlForLayer", call.account, resource, context),
    ]


def _places(call: Call, params: Params) -> Iterator[tuple[str, str]]:
    """(owning account, ARN) of each repository that is named; the registry's `*` where none is."""
    registry = registry_of(call, params)
    several = cast("Sequence[str]", params.get("repositoryNames", ()))
    names = [*several, *filter(None, [params.get("repositoryName")])]
    for name in names:
        yield registry.account, repository_arn(registry, str(name))
    if not names:
        yield registry.account, "*"


_ABOUT_REPOSITORIES = frozenset({"ExplainLifecycle", "ListPins", "PinImage", "UnpinImage"})
_ABOUT_CLUSTERS = frozenset({"DescribeUsage", "ListUsage", "ReportUsage"})


def _of_the_registry(call: Call, params: Params) -> list[str]:
    """ARNs of the repository or the clusters that the call is about; of all of them where it names none."""
    registry = Registry(call.account, call.region)
    name = params.get("repositoryName")
    if call.operation in _ABOUT_REPOSITORIES:
        return [repository_arn(registry, "*" if name is None else str(name))]
    if call.operation not in _ABOUT_CLUSTERS:
        return []
    if name is not None:
        return [repository_arn(registry, str(name))]
    named = cast("Sequence[str]", params.get("clusterNames", ()))
    one = params.get("clusterName")
    clusters = [str(one)] if one is not None else named or ["*"]
    return [cluster_arn(registry, cluster) for cluster in clusters]


def _key_arn(account: str, access_key_id: str) -> str:
    return f"arn:aws:entrepot::{account}:access-key/{access_key_id}"
