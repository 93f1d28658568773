"""Layers by signed address: what GetDownloadUrlForLayer hands out, checked again when it is used."""

from aiohttp import web

from entrepot.domain.audit import Deed, Resource, actor_of
from entrepot.domain.errors import AccessDenied, Refusal
from entrepot.domain.principals import Principal
from entrepot.domain.repositories import Repository
from entrepot.identity.decisions import Decisions
from entrepot.identity.refusals import Refusals
from entrepot.identity.tokens import Tokens
from entrepot.oci.access import context_of, origin_of
from entrepot.oci.blobs import Downloads
from entrepot.oci.bodies import Body
from entrepot.oci.faults import fault, refused
from entrepot.oci.refusals import MethodNotOffered
from entrepot.oci.routes import split_target
from entrepot.oci.standing import standing_headers
from entrepot.oci.transfer import Transfers
from entrepot.registry.catalog import Catalog
from entrepot.registry.layers import Layers

_ACTION = "ecr:GetDownloadUrlForLayer"


class LayerDoor:
    """Answers `/layers/<token>`."""

    def __init__(
        self,
        catalog: Catalog,
        layers: Layers,
        transfers: Transfers,
        tokens: Tokens,
        decisions: Decisions,
        *,
        refusals: Refusals | None = None,
    ) -> None:
        self._catalog = catalog
        self._layers = layers
        self._downloads = Downloads(layers, transfers)
        self._tokens = tokens
        self._decisions = decisions
        self._refusals = refusals

    async def answer(
        self, request: web.BaseRequest, request_id: str, notes: dict[str, str]
    ) -> web.StreamResponse:
        """The layer, a part of it, or why not; what a log may tell of it goes into `notes`."""
        try:
            response = await self._open(request, request_id, notes)
        except Refusal as refusal:
            notes["refusal"] = type(refusal).__name__
            response = refused(refusal)
        if not response.prepared:
            response.headers.update(standing_headers(request_id))
            if not await Body(request, idle_seconds=1).drain():
                response.force_close()
        return response

    async def _open(
        self, request: web.BaseRequest, request_id: str, notes: dict[str, str]
    ) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotOffered(("GET", "HEAD"))
        notes["operation"] = _ACTION
        path, _ = split_target(request.raw_path)
        download = await self._tokens.read_download(path.removeprefix("/layers/"))
        notes["account"] = download.registry.account
        notes["principal"] = download.principal.arn
        repository = await self._catalog.recall(download.registry, download.name)
        try:
            await self._decisions.require(
                download.principal,
                _ACTION,
                account=repository.registry.account,
                resource=repository.arn,
                context=context_of(origin_of(request), repository.registry.region),
            )
        except AccessDenied as denied:
            if self._refusals is not None:
                deed = _deed(request, request_id, download.principal, repository)
                self._refusals.refused(deed, "AccessDenied", fault(denied).message or "")
            raise
        layer = await self._layers.get_referenced(repository, download.digest)
        if request.method == "HEAD":
            return self._downloads.head(layer)
        return await self._downloads.get(request, request_id, layer)


def _deed(request: web.BaseRequest, request_id: str, principal: Principal, repository: Repository) -> Deed:
    """The use of a layer's address, as the audit tells it."""
    origin = origin_of(request)
    return Deed(
        actor=actor_of(principal),
        service="ecr",
        name=_ACTION.removeprefix("ecr:"),
        region=repository.registry.region,
        address=origin.remote,
        agent=origin.user_agent or "",
        request_id=request_id,
        resources=(Resource(repository.arn, repository.registry.account),),
    )
