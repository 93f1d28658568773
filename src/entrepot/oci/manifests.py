"""Manifests by tag and by digest: put, given back byte for byte, deleted."""

from aiohttp import web
from multidict import CIMultiDict

from entrepot.domain.digests import Digest
from entrepot.domain.errors import InvalidParameter, NotAcceptable
from entrepot.domain.images import Image
from entrepot.domain.manifests import LIMIT_BYTES
from entrepot.domain.media_types import without_parameters
from entrepot.domain.names import Tag, parse_tag
from entrepot.domain.repositories import Repository
from entrepot.oci.negotiation import accepts
from entrepot.oci.routes import ManifestAt, path_of
from entrepot.oci.visits import Visit
from entrepot.registry.deletions import Deletions
from entrepot.registry.pulls import Pulls
from entrepot.registry.pushes import Pushes


class Manifests:
    """`/v2/<name>/manifests/<reference>`."""

    def __init__(self, pushes: Pushes, pulls: Pulls, deletions: Deletions) -> None:
        self._pushes = pushes
        self._pulls = pulls
        self._deletions = deletions

    async def answer(self, visit: Visit, repository: Repository, route: ManifestAt) -> web.StreamResponse:
        """The answer to any method that the route offers."""
        match visit.method:
            case "HEAD":
                return await self._head(visit, repository, route.reference)
            case "GET":
                return await self._get(visit, repository, route.reference)
            case "PUT":
                return await self._put(visit, repository, route.reference)
            case _:
                return await self._delete(repository, route.reference)

    async def _head(
        self, visit: Visit, repository: Repository, reference: Tag | Digest
    ) -> web.StreamResponse:
        image = await self._pulls.find(repository, reference)
        _check_accepted(visit, image, reference)
        length = {"Content-Length": str(image.manifest_bytes)}
        return web.Response(headers=_headers(image) | length)

    async def _get(self, visit: Visit, repository: Repository, reference: Tag | Digest) -> web.StreamResponse:
        pulled = await self._pulls.get(repository, reference, puller=visit.principal.arn)
        _check_accepted(visit, pulled.image, reference)
        return web.Response(body=pulled.content, headers=_headers(pulled.image))

    async def _put(self, visit: Visit, repository: Repository, reference: Tag | Digest) -> web.StreamResponse:
        digest = Digest(reference) if _is_digest(reference) else None
        further = [parse_tag(text) for text in visit.query.all("tag")]
        if further and digest is None:
            raise InvalidParameter("tag", "must come with a manifest that is put by its digest")
        for tag in further:
            await visit.require("ecr:PutImage", repository.name, tag=tag)
        tags = further if digest else [Tag(reference)]
        media_type = _declared_type(visit)
        content = await visit.body.read(LIMIT_BYTES)
        pushed = await self._pushes.put(repository, content, media_type=media_type, tags=tags, digest=digest)
        headers = CIMultiDict(
            {
                "Location": path_of(ManifestAt(repository.name, pushed.image.digest)),
                "Docker-Content-Digest": pushed.image.digest,
            }
        )
        if pushed.manifest.subject is not None:
            headers["OCI-Subject"] = pushed.manifest.subject.digest
        for tag in further:
            headers.add("OCI-Tag", tag)
        return web.Response(status=201, headers=headers)

    async def _delete(self, repository: Repository, reference: Tag | Digest) -> web.StreamResponse:
        if _is_digest(reference):
            await self._deletions.delete_image(repository, Digest(reference))
        else:
            await self._deletions.delete_tag(repository, Tag(reference))
        return web.Response(status=202)


def _check_accepted(visit: Visit, image: Image, reference: Tag | Digest) -> None:
    """Raises NotAcceptable where a client that asks by tag would not take it; by digest it must."""
    if not _is_digest(reference) and not accepts(visit.lines("Accept"), image.media_type):
        raise NotAcceptable(image.media_type)


def _declared_type(visit: Visit) -> str | None:
    return without_parameters(visit.request.headers.get("Content-Type", "")) or None


def _headers(image: Image) -> dict[str, str]:
    return {
        "Content-Type": image.media_type,
        "Docker-Content-Digest": image.digest,
        "ETag": f'"{image.digest}"',
    }


def _is_digest(reference: Tag | Digest) -> bool:
    return ":" in reference  # no tag has a colon
