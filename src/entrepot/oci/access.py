"""Who asks, for which registry, and whether they may: decided before a body is read."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import web

from entrepot.domain.addresses import Addresses, parse_address
from entrepot.domain.digests import Digest
from entrepot.domain.errors import TokenRejected, Unauthenticated
from entrepot.domain.names import Registry, repository_arn
from entrepot.domain.policy.requests import Context
from entrepot.domain.principals import Principal
from entrepot.identity.decisions import Decisions
from entrepot.identity.tokens import Tokens
from entrepot.oci.refusals import MethodNotOffered, TokenElsewhere
from entrepot.oci.routes import (
    Base,
    BlobAt,
    CatalogList,
    ManifestAt,
    ReferrerList,
    Route,
    TagList,
    UploadAt,
    UploadList,
)
from entrepot.registry.listings import Listings

_USER = "AWS"

# What a caller must be allowed for each method of each route (facts 3.2). ECR has no action for the
# deletion of a layer or the state of an upload; they ask for the one that stands nearest.
ACTIONS: dict[type[Route], dict[str, str | None]] = {
    Base: {"GET": None, "HEAD": None},  # any good token will do
    CatalogList: {"GET": "ecr:DescribeRepositories", "HEAD": "ecr:DescribeRepositories"},
    TagList: {"GET": "ecr:ListImages", "HEAD": "ecr:ListImages"},
    ManifestAt: {
        "GET": "ecr:BatchGetImage",
        "HEAD": "ecr:BatchGetImage",
        "PUT": "ecr:PutImage",
        "DELETE": "ecr:BatchDeleteImage",
    },
    BlobAt: {
        "GET": "ecr:GetDownloadUrlForLayer",
        "HEAD": "ecr:BatchCheckLayerAvailability",
        "DELETE": "ecr:BatchDeleteImage",
    },
    UploadList: {"POST": "ecr:InitiateLayerUpload"},
    UploadAt: {
        "GET": "ecr:UploadLayerPart",
        "PATCH": "ecr:UploadLayerPart",
        "PUT": "ecr:CompleteLayerUpload",
        "DELETE": "ecr:UploadLayerPart",
    },
    ReferrerList: {"GET": "ecr:BatchGetImage", "HEAD": "ecr:BatchGetImage"},
}
# Whoever may read a layer learns nothing more from its headers: so AmazonEC2ContainerRegistryPullOnly is
# enough for clients that ask for them first.
_AS_GOOD = {"ecr:BatchCheckLayerAvailability": "ecr:GetDownloadUrlForLayer"}


@dataclass(frozen=True, slots=True)
class Origin:
    """How a request came here; the same for most requests of a client."""

    remote: str
    is_secure: bool
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal before the registry that the request is about, and how it came there."""

    principal: Principal
    registry: Registry
    origin: Origin

    def context(self, image_tag: str | None = None) -> Context:
        """What the request tells policies about itself."""
        return context_of(self.origin, self.registry.region, image_tag)


class Access:
    """Reads tokens and asks for decisions."""

    def __init__(
        self, addresses: Addresses, tokens: Tokens, decisions: Decisions, listings: Listings
    ) -> None:
        self._addresses = addresses
        self._tokens = tokens
        self._decisions = decisions
        self._listings = listings

    async def authenticate(self, request: web.BaseRequest) -> Caller:
        """Who asks: account and region are the host's where it names them, else the token's.

        Raises Unauthenticated, TokenExpired, and TokenElsewhere for another region's token.
        """
        try:
            principal, registry = await self._tokens.read(_token(request))
        except TokenRejected as cause:
            raise Unauthenticated from cause
        named = self._addresses.registry_of(request.host)
        if named is not None and named.region != registry.region:
            raise TokenElsewhere
        return Caller(principal, named or registry, origin_of(request))

    async def authorize(self, caller: Caller, route: Route, method: str) -> None:
        """Return where the caller may go on; raises MethodNotOffered or AccessDenied."""
        actions = ACTIONS[type(route)]
        if method not in actions:
            raise MethodNotOffered(tuple(actions))
        action = actions[method]
        if action is not None:
            name = "*" if isinstance(route, Base | CatalogList) else route.name
            for tag in await self._tags(caller, route, method):
                await self.require(caller, action, name, tag=tag)

    async def require(self, caller: Caller, action: str, name: str, *, tag: str | None = None) -> None:
        """Raises AccessDenied unless the caller may do this to the repository, or to all for `*`.

        `tag` is the image tag that it would be done to, None where it is done to none.
        """
        await self._decisions.require(
            caller.principal,
            action,
            account=caller.registry.account,
            resource=repository_arn(caller.registry, name),
            context=caller.context(tag),
            as_good=_AS_GOOD.get(action),
        )

    async def _tags(self, caller: Caller, route: Route, method: str) -> Sequence[str | None]:
        """The tag of the route, and of an image to be deleted by digest every tag that goes with it."""
        if not isinstance(route, ManifestAt):
            return [None]
        if ":" not in route.reference:
            return [route.reference]
        if method != "DELETE":
            return [None]
        tags = await self._listings.tags_of(caller.registry, route.name, [Digest(route.reference)])
        return [None, *tags]

    def challenge(self, request: web.BaseRequest) -> web.Response:
        """ECR's answer to a caller without credentials (facts 4.1)."""
        addresses, host = self._addresses, request.host
        is_ours = host.isascii() and addresses.knows(host)
        address = f"{addresses.scheme_for(request.scheme)}://{host}" if is_ours else addresses.endpoint()
        return web.Response(
            status=401,
            text="Not Authorized\n",
            headers={"Www-Authenticate": f'Basic realm="{address}/",service="ecr.amazonaws.com"'},
        )


def origin_of(request: web.BaseRequest) -> Origin:
    """How the request came here."""
    return Origin(request.remote or "", request.secure, request.headers.get("User-Agent"))


@lru_cache(maxsize=256)
def context_of(origin: Origin, region: str, image_tag: str | None = None) -> Context:
    """What a request tells policies about itself."""
    return Context(
        source_ip=parse_address(origin.remote),
        is_secure=origin.is_secure,
        user_agent=origin.user_agent,
        region=region,
        image_tag=image_tag,
    )


def action_of(route: Route, method: str) -> str:
    """What the access log calls the request; "" where it needs no permission."""
    return ACTIONS[type(route)].get(method) or ""


def _token(request: web.BaseRequest) -> str:
    """The token in `Authorization: Basic base64(AWS:token)`; raises Unauthenticated."""
    lines = request.headers.getall("Authorization", [])
    scheme, _, encoded = lines[0].partition(" ") if len(lines) == 1 else ("", "", "")
    if scheme.lower() != "basic":
        raise Unauthenticated
    try:
        user, _, token = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError) as cause:
        raise Unauthenticated from cause
    if user != _USER:
        raise Unauthenticated
    return token
