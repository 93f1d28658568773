"""Operations on layers and their uploads."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from entrepot.aws.operations import Call
from entrepot.domain.addresses import Addresses
from entrepot.domain.digests import Digest, is_digest, parse_digest
from entrepot.domain.errors import UploadOutOfOrder
from entrepot.domain.layers import PART_BYTES, Layer
from entrepot.identity.tokens import Tokens
from entrepot.registry.catalog import Catalog
from entrepot.registry.layers import Layers
from entrepot.registry.uploads import LayerUploads
from entrepot.services.ecr.registries import repository_of
from entrepot.services.ecr.shapes import Member, place_members

if TYPE_CHECKING:
    from types_boto3_ecr import type_defs as ecr


class LayerOperations:
    """Upload layers in parts, ask for them, get their download URLs."""

    def __init__(
        self, catalog: Catalog, layers: Layers, uploads: LayerUploads, tokens: Tokens, addresses: Addresses
    ) -> None:
        self._catalog = catalog
        self._layers = layers
        self._uploads = uploads
        self._tokens = tokens
        self._addresses = addresses

    async def initiate(self, call: Call, params: "ecr.InitiateLayerUploadRequestTypeDef") -> Member:
        """InitiateLayerUpload."""
        upload = await self._uploads.begin(await repository_of(self._catalog, call, params), call.caller)
        return {"uploadId": upload.id, "partSize": PART_BYTES}

    async def upload_part(self, call: Call, params: "ecr.UploadLayerPartRequestTypeDef") -> Member:
        """UploadLayerPart; the offsets are inclusive and must cover exactly the bytes sent."""
        repository = await repository_of(self._catalog, call, params)
        first, last, part = params["partFirstByte"], params["partLastByte"], params["layerPartBlob"]
        if not isinstance(part, bytes) or last - first + 1 != len(part):
            held = await self._uploads.get(repository, call.caller, params["uploadId"])
            raise UploadOutOfOrder(
                held.id, repository.name, repository.registry.account, held.upload.offset_bytes
            )
        upload = await self._uploads.append(
            repository, call.caller, params["uploadId"], _whole(part), start=first, is_part=True
        )
        return {
            **place_members(repository),
            "uploadId": upload.id,
            "lastByteReceived": upload.upload.offset_bytes - 1,
        }

    async def complete(self, call: Call, params: "ecr.CompleteLayerUploadRequestTypeDef") -> Member:
        """CompleteLayerUpload; of several digests the first counts."""
        repository = await repository_of(self._catalog, call, params)
        digest = parse_digest(params["layerDigests"][0])
        await self._uploads.complete(repository, call.caller, params["uploadId"], digest)
        return {**place_members(repository), "uploadId": params["uploadId"], "layerDigest": digest}

    async def check_availability(
        self, call: Call, params: "ecr.BatchCheckLayerAvailabilityRequestTypeDef"
    ) -> Member:
        """BatchCheckLayerAvailability."""
        repository = await repository_of(self._catalog, call, params)
        asked = list(dict.fromkeys(params["layerDigests"]))
        wellformed = [Digest(text) for text in asked if is_digest(text)]
        held, media_types = await self._layers.find_many(repository, wellformed)
        layers = []
        for digest in wellformed:
            layer = held.get(digest)
            layers.append(
                {
                    "layerDigest": digest,
                    "layerAvailability": _availability(layer),
                    "layerSize": layer.size_bytes if layer else None,
                    "mediaType": media_types.get(digest),
                }
            )
        return {"layers": layers, "failures": [_failure(text) for text in asked if not is_digest(text)]}

    async def download_url(self, call: Call, params: "ecr.GetDownloadUrlForLayerRequestTypeDef") -> Member:
        """GetDownloadUrlForLayer: a URL that works for an hour, while the layer and the caller's key do."""
        repository = await repository_of(self._catalog, call, params)
        layer = await self._layers.get_referenced(repository, parse_digest(params["layerDigest"]))
        token = await self._tokens.issue_download(
            call.caller, repository.registry, repository.name, layer.digest
        )
        at = self._addresses.download_url(repository.registry, seen_scheme=call.scheme, seen_host=call.host)
        return {"downloadUrl": f"{at}/layers/{token}", "layerDigest": layer.digest}


def _availability(layer: Layer | None) -> str:
    if layer is None:
        return "UNAVAILABLE"
    return "ARCHIVED" if layer.is_archived else "AVAILABLE"


async def _whole(part: bytes) -> AsyncIterator[bytes]:
    yield part


def _failure(text: str) -> Member:
    if not text:
        code, reason = "MissingLayerDigest", "The layer digest is missing"
    else:
        code, reason = "InvalidLayerDigest", "The layer digest is invalid"
    return {"layerDigest": text, "failureCode": code, "failureReason": reason}
