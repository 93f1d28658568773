"""Blobs by digest: whether they are there, their bytes or a part of them, and letting go of them."""

from aiohttp import web

from entrepot.domain.layers import Layer
from entrepot.domain.media_types import is_media_type
from entrepot.domain.repositories import Repository
from entrepot.oci.ranges import Part, parse_range
from entrepot.oci.routes import BlobAt
from entrepot.oci.standing import standing_headers
from entrepot.oci.transfer import SMALL_BYTES, Transfers
from entrepot.oci.visits import Visit
from entrepot.registry.deletions import Deletions
from entrepot.registry.layers import Layers

_OCTETS = "application/octet-stream"
_OVERRIDABLE = ("Content-Type", "Content-Disposition", "Cache-Control")  # by GetObject, of those we send


class Blobs:
    """`/v2/<name>/blobs/<digest>`."""

    def __init__(self, layers: Layers, deletions: Deletions, downloads: "Downloads") -> None:
        self._layers = layers
        self._deletions = deletions
        self._downloads = downloads

    async def answer(self, visit: Visit, repository: Repository, route: BlobAt) -> web.StreamResponse:
        """The answer to any method that the route offers."""
        if visit.method == "DELETE":
            await self._deletions.delete_layer(repository, route.digest)
            return web.Response(status=202)
        layer = await self._layers.get(repository, route.digest)
        if visit.method == "GET":
            return await self._downloads.get(visit.request, visit.request_id, layer)
        return self._downloads.head(layer)


class Downloads:
    """Layers on their way out, for every door that gives them."""

    def __init__(self, layers: Layers, transfers: Transfers) -> None:
        self._layers = layers
        self._transfers = transfers

    def head(self, layer: Layer) -> web.StreamResponse:
        """What `get` would say, without the bytes; with the type that an image gives them (facts 4.5)."""
        called = layer.media_type
        media_type = called if called is not None and is_media_type(called) else _OCTETS
        return web.Response(headers=_headers(layer, media_type) | {"Content-Length": str(layer.size_bytes)})

    async def get(self, request: web.BaseRequest, request_id: str, layer: Layer) -> web.StreamResponse:
        """The bytes, or the part of them that the request's Range names; raises RangeInvalid.

        Or where the storage has them: then it is the storage that honours the Range.
        """
        headers = _headers(layer, _OCTETS) | standing_headers(request_id)
        if layer.size_bytes > SMALL_BYTES and "If-Range" not in request.headers:  # it names our ETag
            overridden = {name: headers[name] for name in _OVERRIDABLE}
            location = await self._layers.link(layer, headers=overridden)
            if location is not None:
                return _redirect(location, layer)
        part = parse_range(_range_lines(request, layer), layer.size_bytes)
        if part is not None:
            headers["Content-Range"] = part.content_range(layer.size_bytes)
        status = 200 if part is None else 206
        part = part or Part(0, layer.size_bytes)
        if layer.size_bytes <= SMALL_BYTES:
            content = await self._layers.content(layer)
            body = content[part.start : part.start + part.length]
            return web.Response(status=status, headers=headers, body=body)
        reader = await self._layers.open(layer)
        return await self._transfers.send(request, reader, part, status=status, headers=headers)


def _range_lines(request: web.BaseRequest, layer: Layer) -> list[str]:
    """The Range header, unless it is meant for other content than ours (RFC 9110, section 13.1.5)."""
    condition = request.headers.get("If-Range", _etag(layer))
    return request.headers.getall("Range", []) if condition == _etag(layer) else []


def _redirect(location: str, layer: Layer) -> web.Response:
    """307, with the method kept; no cache may keep it longer than the address holds."""
    headers = {"Location": location, "Docker-Content-Digest": layer.digest, "Cache-Control": "no-store"}
    return web.Response(status=307, headers=headers)


def _etag(layer: Layer) -> str:
    return f'"{layer.digest}"'


def _headers(layer: Layer, media_type: str) -> dict[str, str]:
    """What says that these bytes are a download and never a page, whatever a browser thinks of them."""
    return {
        "Content-Type": media_type,
        "Docker-Content-Digest": layer.digest,
        "ETag": _etag(layer),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": "attachment",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
