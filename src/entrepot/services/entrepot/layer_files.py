"""The operation that lists the files of a layer."""

from typing import cast

from entrepot.aws.operations import Call
from entrepot.domain.digests import parse_digest
from entrepot.domain.errors import InvalidParameter
from entrepot.domain.images import ImageId
from entrepot.domain.layer_files import LayerFile
from entrepot.domain.names import Registry, parse_repository_name
from entrepot.registry.catalog import Catalog
from entrepot.registry.layer_files import LayerFiles
from entrepot.registry.pages import cut_page
from entrepot.services.entrepot.shapes import Member, Params, page_of

_KIND = "layer-files"


class LayerFileOperations:
    """ListLayerFiles."""

    def __init__(self, catalog: Catalog, layer_files: LayerFiles) -> None:
        self._catalog = catalog
        self._layer_files = layer_files

    async def list(self, call: Call, params: Params) -> Member:
        """ListLayerFiles."""
        page = page_of(_KIND, params)
        after = _place(page.after[0])
        image = ImageId(
            digest=cast("str | None", params.get("imageDigest")),
            tag=cast("str | None", params.get("imageTag")),
        )
        digest = parse_digest(str(params["layerDigest"]))
        name = parse_repository_name(str(params["repositoryName"]))
        repository = await self._catalog.get(Registry(call.account, call.region), name)
        files = await self._layer_files.get(repository, image, digest)
        look = files.one_level if params.get("oneLevel") else files.everything
        found = look(str(params.get("prefix", "")).lstrip("/"), after, page.fetched)
        cut = cut_page(_KIND, found, page.limit, lambda placed: (str(placed.place),))
        return {
            "files": [_member(placed.file) for placed in cut.entries],
            "fileCount": files.count,
            "sizeInBytes": files.size_bytes,
            "isComplete": files.end is None,
            "endedBy": files.end,
            "nextToken": cut.next_token,
        }


def _place(text: str) -> int:
    if not text:
        return -1
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidParameter("nextToken", "Invalid token")
    return int(text)


def _member(file: LayerFile) -> Member:
    return {
        "path": file.path,
        "type": file.type.value,
        "sizeInBytes": file.size_bytes,
        "fileCount": file.count,
        "mode": None if file.mode is None else f"{file.mode:04o}",
        "uid": file.uid,
        "gid": file.gid,
        "modifiedAt": file.modified_at,
        "linkTarget": file.link_target,
        "whiteout": file.whiteout and file.whiteout.value,
        "leavesRoot": file.leaves_root or None,
    }
