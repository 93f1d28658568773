"""Bringing blobs in: at once, in chunks, or by mounting what another repository holds."""

from contextlib import suppress

from aiohttp import web

from entrepot.domain.digests import Digest, parse_digest
from entrepot.domain.errors import DigestUnsupported, Refusal, TooLarge, UploadNotFound
from entrepot.domain.layers import LAYER_LIMIT_BYTES
from entrepot.domain.names import parse_repository_name
from entrepot.domain.repositories import Repository
from entrepot.oci.auditing import step
from entrepot.oci.bodies import Chunks
from entrepot.oci.faults import upload_headers
from entrepot.oci.ranges import parse_chunk_range
from entrepot.oci.routes import BlobAt, UploadAt, path_of
from entrepot.oci.visits import Visit
from entrepot.ports.records import UploadRow
from entrepot.registry.mounts import Mounts
from entrepot.registry.uploads import LayerUploads


class Uploads:
    """`/v2/<name>/blobs/uploads/` and what goes on under it."""

    def __init__(self, uploads: LayerUploads, mounts: Mounts) -> None:
        self._uploads = uploads
        self._mounts = mounts

    async def begin(self, visit: Visit, repository: Repository) -> web.StreamResponse:
        """POST: 201 where the blob is mounted or came with the request, else 202 and a place to send it."""
        mount, whole = visit.query.find("mount"), visit.query.find("digest")
        if mount is not None:
            digest, source = parse_digest(mount), visit.query.find("from")
            name = parse_repository_name(source) if source else None
            step("MountLayer", repository, layerDigest=digest, sourceRepositoryName=name)
            mounted = await self._mounts.mount(
                repository, visit.principal, digest, name, visit.caller.context()
            )
            if mounted is not None:
                return _created(repository, digest)
            step("InitiateLayerUpload", repository)
        elif whole is not None:
            return await self._take_whole(visit, repository, parse_digest(whole))
        row = await self._uploads.begin(repository, visit.principal)
        return _state(repository, row, status=202)

    async def answer(self, visit: Visit, repository: Repository, route: UploadAt) -> web.StreamResponse:
        """The answer to any method on an upload under way."""
        match visit.method:
            case "GET":
                row = await self._uploads.get(repository, visit.principal, route.upload_id)
                return _state(repository, row, status=204)
            case "PATCH":
                return await self._append(visit, repository, route.upload_id)
            case "PUT":
                return await self._finish(visit, repository, route.upload_id)
            case _:
                await self._uploads.cancel(repository, visit.principal, route.upload_id)
                return web.Response(status=204)

    async def _take_whole(self, visit: Visit, repository: Repository, digest: Digest) -> web.StreamResponse:
        await visit.require("ecr:UploadLayerPart", repository.name)
        await visit.require("ecr:CompleteLayerUpload", repository.name)
        chunks, _ = _chunks(visit)
        row = await self._uploads.begin(repository, visit.principal)
        try:
            step("UploadLayerPart", repository, uploadId=row.id)
            await self._uploads.append(repository, visit.principal, row.id, chunks)
            step("CompleteLayerUpload", repository, uploadId=row.id, layerDigests=[digest])
            await self._uploads.finish(repository, visit.principal, row.id, digest)
        except Refusal:
            step("CancelLayerUpload", repository, uploadId=row.id)
            with suppress(UploadNotFound):  # nobody was told of it, so nobody would go on with it
                await self._uploads.cancel(repository, visit.principal, row.id)
            raise
        return _created(repository, digest)

    async def _append(self, visit: Visit, repository: Repository, upload_id: str) -> web.StreamResponse:
        await self._uploads.get(repository, visit.principal, upload_id)
        chunks, start = _chunks(visit)
        row = await self._uploads.append(repository, visit.principal, upload_id, chunks, start=start)
        return _state(repository, row, status=202)

    async def _finish(self, visit: Visit, repository: Repository, upload_id: str) -> web.StreamResponse:
        await self._uploads.get(repository, visit.principal, upload_id)
        digest = _required_digest(visit)
        if not visit.body.is_empty:
            await visit.require("ecr:UploadLayerPart", repository.name)
            chunks, start = _chunks(visit)
            step("UploadLayerPart", repository, uploadId=upload_id)
            await self._uploads.append(repository, visit.principal, upload_id, chunks, start=start)
        step("CompleteLayerUpload", repository, uploadId=upload_id, layerDigests=[digest])
        await self._uploads.finish(repository, visit.principal, upload_id, digest)
        return _created(repository, digest)


def _chunks(visit: Visit) -> tuple[Chunks, int | None]:
    """The body, and where it says that it begins; raises TooLarge and ChunkMisplaced before reading it."""
    announced = visit.body.announced_bytes
    if (announced or 0) > LAYER_LIMIT_BYTES:
        raise TooLarge(LAYER_LIMIT_BYTES)
    part = parse_chunk_range(visit.lines("Content-Range"), announced)
    return (visit.body.chunks(), None) if part is None else (visit.body.chunks(part.length), part.start)


def _required_digest(visit: Visit) -> Digest:
    text = visit.query.find("digest")
    if text is None:
        raise DigestUnsupported("")
    return parse_digest(text)


def _created(repository: Repository, digest: Digest) -> web.Response:
    headers = {"Location": path_of(BlobAt(repository.name, digest)), "Docker-Content-Digest": digest}
    return web.Response(status=201, headers=headers)


def _state(repository: Repository, row: UploadRow, *, status: int) -> web.Response:
    headers = upload_headers(UploadAt(repository.name, row.id), row.upload.offset_bytes)
    return web.Response(status=status, headers=headers)
