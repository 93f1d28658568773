"""Operations on pins."""

from typing import TYPE_CHECKING, cast

from entrepot.aws.operations import Call
from entrepot.domain.images import ImageId
from entrepot.domain.names import Registry, parse_repository_name
from entrepot.registry.pins import PinnedImage, Pins
from entrepot.services.entrepot.shapes import Member, Params, image_id_of, limit_of, token_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class PinOperations:
    """Pins images, unpins them and lists pins."""

    def __init__(self, pins: Pins) -> None:
        self._pins = pins

    async def pin(self, call: Call, params: Params) -> Member:
        """PinImage."""
        pinned = await self._pins.pin(
            Registry(call.account, call.region),
            parse_repository_name(str(params["repositoryName"])),
            _image(params),
            by=call.caller.arn,
            reason=cast("str | None", params.get("reason")),
            until=cast("datetime | None", params.get("until")),
        )
        return {"pin": _member(call.account, pinned)}

    async def unpin(self, call: Call, params: Params) -> Member:
        """UnpinImage."""
        name = parse_repository_name(str(params["repositoryName"]))
        pinned = await self._pins.unpin(Registry(call.account, call.region), name, _image(params))
        return {"pin": _member(call.account, pinned)}

    async def list(self, call: Call, params: Params) -> Member:
        """ListPins."""
        named, registry = params.get("repositoryName"), Registry(call.account, call.region)
        name = None if named is None else parse_repository_name(str(named))
        page = await self._pins.page(registry, name, token=token_of(params), limit=limit_of(params))
        patterns = () if name is None else await self._pins.patterns(registry, name)
        return {
            "pins": [_member(call.account, each) for each in page.entries],
            "tagPatterns": list(patterns) or None,
            "nextToken": page.next_token,
        }


def _image(params: Params) -> ImageId:
    return image_id_of(cast("Mapping[str, str]", params["imageId"]))


def _member(account: str, pinned: PinnedImage) -> Member:
    return {
        "registryId": account,
        "repositoryName": pinned.name,
        "imageDigest": pinned.pin.digest,
        "imageTags": list(pinned.tags) or None,
        "reason": pinned.pin.reason,
        "pinnedBy": pinned.pin.pinned_by,
        "pinnedAt": pinned.pin.pinned_at,
        "until": pinned.pin.until,
    }
