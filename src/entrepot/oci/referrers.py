"""What refers to an image: signatures, SBOMs and whatever else names it as its subject."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from aiohttp import web

from entrepot.domain.digests import Digest
from entrepot.domain.images import Image
from entrepot.domain.manifests import LIMIT_BYTES
from entrepot.domain.media_types import OCI_INDEX, is_media_type
from entrepot.domain.repositories import Repository
from entrepot.oci.links import next_link
from entrepot.oci.routes import ReferrerList
from entrepot.oci.visits import Visit
from entrepot.registry.listings import Listings
from entrepot.registry.pages import Page, cut_page

_FIRST_FETCH = 8  # annotations may be 4 MiB an image: until we know better, few at a time
_LARGEST_FETCH = 100
_FRAME_BYTES = 200  # of the index around its entries, with something to spare


@dataclass(slots=True)
class _Growing:
    """The entries of an index so far, never longer together than a manifest may be."""

    entries: list[bytes]
    room_bytes: int
    largest_bytes: int = 1

    def take(self, image: Image) -> bool:
        """Add an image; False when it has no room. The first always has."""
        entry = orjson.dumps(_descriptor(image))
        if self.entries and len(entry) + 1 > self.room_bytes:
            return False
        self.entries.append(entry)
        self.room_bytes -= len(entry) + 1
        self.largest_bytes = max(self.largest_bytes, len(entry))
        return True

    def next_fetch(self) -> int:
        """How many more would fit if all were as large as the largest so far."""
        return max(1, min(self.room_bytes // self.largest_bytes, _LARGEST_FETCH))


class Referrers:
    """`/v2/<name>/referrers/<digest>`: an index of up to 4 MiB, and a link to the next if there is more."""

    def __init__(self, listings: Listings) -> None:
        self._listings = listings

    async def answer(self, visit: Visit, repository: Repository, route: ReferrerList) -> web.StreamResponse:
        """The index; an empty one for an unknown digest (distribution-spec 1.1, "Listing Referrers")."""
        types = visit.query.all("artifactType")
        headers = {"Content-Type": OCI_INDEX}
        if types:
            headers["OCI-Filters-Applied"] = "artifactType"
        wanted = [text for text in types if is_media_type(text)]
        index, token = b"", None
        if wanted or not types:
            index, token = await self._collect(repository, route.subject, visit.query.find("token"), wanted)
        if token is not None:
            path = f"/v2/{repository.name}/referrers/{route.subject}"
            headers |= next_link(path, *(("artifactType", text) for text in types), ("token", token))
        body = b'{"schemaVersion":2,"mediaType":"%b","manifests":[%b]}' % (OCI_INDEX.encode("ascii"), index)
        return web.Response(body=body, headers=headers)

    async def _collect(
        self, repository: Repository, subject: Digest, token: str | None, types: Sequence[str]
    ) -> tuple[bytes, str | None]:
        """The entries that fit, and the token of those that do not."""
        growing = _Growing([], LIMIT_BYTES - _FRAME_BYTES)
        fetch = _FIRST_FETCH
        while True:
            page = await self._listings.referrers(
                repository, subject, token=token, limit=fetch, artifact_types=types
            )
            for taken, image in enumerate(page.entries):
                if not growing.take(image):
                    return b",".join(growing.entries), _token_before(page, taken, token)
            token = page.next_token
            if token is None:
                return b",".join(growing.entries), None
            fetch = growing.next_fetch()
            await asyncio.sleep(0)  # thousands of referrers are read inline: others go first now and then


def _token_before(page: Page[Image], taken: int, token: str | None) -> str | None:
    """The token that goes on after the first `taken` entries of a page that `token` began."""
    if taken == 0:
        return token
    return cut_page("referrers", page.entries, taken, lambda image: (image.digest,)).next_token


def _descriptor(image: Image) -> dict[str, object]:
    descriptor: dict[str, object] = {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": image.manifest_bytes,
    }
    if image.artifact_type:
        descriptor["artifactType"] = image.artifact_type
    if image.annotations:
        descriptor["annotations"] = dict(image.annotations)
    return descriptor
