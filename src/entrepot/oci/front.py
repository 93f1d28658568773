"""The door on `/v2/`: what happens to a request, in order, and what every answer has."""

from dataclasses import dataclass

from aiohttp import web

from entrepot.domain.errors import AccessDenied, Refusal, Unauthenticated
from entrepot.domain.repositories import Repository
from entrepot.identity.auditing import doing
from entrepot.identity.refusals import Refusals
from entrepot.oci.access import Access, Caller, action_of
from entrepot.oci.auditing import deed_of
from entrepot.oci.blobs import Blobs, Downloads
from entrepot.oci.bodies import Body
from entrepot.oci.faults import fault, refused
from entrepot.oci.listings import NameLists
from entrepot.oci.manifests import Manifests
from entrepot.oci.queries import Query
from entrepot.oci.referrers import Referrers
from entrepot.oci.routes import (
    Base,
    BlobAt,
    CatalogList,
    InRepository,
    ManifestAt,
    ReferrerList,
    Route,
    TagList,
    UploadAt,
    UploadList,
    parse_route,
    split_target,
)
from entrepot.oci.standing import standing_headers
from entrepot.oci.transfer import Transfers
from entrepot.oci.uploads import Uploads
from entrepot.oci.visits import Visit
from entrepot.registry.catalog import Catalog
from entrepot.registry.deletions import Deletions
from entrepot.registry.layers import Layers
from entrepot.registry.listings import Listings
from entrepot.registry.mounts import Mounts
from entrepot.registry.pulls import Pulls
from entrepot.registry.pushes import Pushes
from entrepot.registry.uploads import LayerUploads


@dataclass(frozen=True, slots=True)
class UseCases:
    """What the protocol is translated to."""

    catalog: Catalog
    pushes: Pushes
    pulls: Pulls
    listings: Listings
    deletions: Deletions
    uploads: LayerUploads
    layers: Layers
    mounts: Mounts


class OciFront:
    """Answers everything under `/v2/`."""

    def __init__(
        self,
        use_cases: UseCases,
        access: Access,
        transfers: Transfers,
        refusals: Refusals | None = None,
        *,
        idle_seconds: float = 60,
    ) -> None:
        """A body that stops arriving for `idle_seconds` is cut short; who is denied is told to `refusals`."""
        self._access = access
        self._refusals = refusals
        self._idle_seconds = idle_seconds
        self._catalog = use_cases.catalog
        self._names = NameLists(use_cases.catalog, use_cases.listings)
        self._manifests = Manifests(use_cases.pushes, use_cases.pulls, use_cases.deletions)
        downloads = Downloads(use_cases.layers, transfers)
        self._blobs = Blobs(use_cases.layers, use_cases.deletions, downloads)
        self._uploads = Uploads(use_cases.uploads, use_cases.mounts)
        self._referrers = Referrers(use_cases.listings)

    async def answer(
        self, request: web.BaseRequest, request_id: str, notes: dict[str, str]
    ) -> web.StreamResponse:
        """The answer to any request; what a log may tell of it goes into `notes`."""
        body = Body(request, idle_seconds=self._idle_seconds)
        try:
            response = await self._admit(request, request_id, body, notes)
        except Unauthenticated as refusal:
            notes["refusal"] = type(refusal).__name__
            response = self._access.challenge(request)
        except Refusal as refusal:
            notes["refusal"] = type(refusal).__name__
            response = refused(refusal)
        if not response.prepared:
            response.headers.update(standing_headers(request_id))
            if not await body.drain():
                response.force_close()
        return response

    async def _admit(
        self, request: web.BaseRequest, request_id: str, body: Body, notes: dict[str, str]
    ) -> web.StreamResponse:
        caller = await self._access.authenticate(request)
        _note_caller(notes, caller)
        path, query = split_target(request.raw_path)
        route = parse_route(path)
        notes["operation"] = action_of(route, request.method)
        try:
            with doing(lambda: deed_of(caller, route, request.method, request_id)):
                await self._access.authorize(caller, route, request.method)
                visit = Visit(request, request_id, body, Query.parse(query), caller, self._access)
                return await self._enter(visit, route, notes)
        except AccessDenied as denied:
            if self._refusals is not None:
                deed = deed_of(caller, route, request.method, request_id)
                self._refusals.refused(deed, "AccessDenied", fault(denied).message or "")
            raise

    async def _enter(self, visit: Visit, route: Route, notes: dict[str, str]) -> web.StreamResponse:
        match route:
            case Base():
                return web.Response(body=b"{}", headers={"Content-Type": "application/json"})
            case CatalogList():
                return await self._names.repositories(visit)
            case _:
                repository = await self._catalog.recall(visit.registry, route.name)
                notes["region"], notes["repository"] = repository.registry.region, repository.name
                return await self._enter_repository(visit, repository, route)

    async def _enter_repository(
        self, visit: Visit, repository: Repository, route: InRepository
    ) -> web.StreamResponse:
        match route:
            case TagList():
                return await self._names.tags(visit, repository)
            case ManifestAt():
                return await self._manifests.answer(visit, repository, route)
            case BlobAt():
                return await self._blobs.answer(visit, repository, route)
            case UploadList():
                return await self._uploads.begin(visit, repository)
            case UploadAt():
                return await self._uploads.answer(visit, repository, route)
            case ReferrerList():
                return await self._referrers.answer(visit, repository, route)


def _note_caller(notes: dict[str, str], caller: Caller) -> None:
    notes["account"] = caller.registry.account
    notes["principal"] = caller.principal.arn
