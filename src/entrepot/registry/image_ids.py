"""From a caller's way of naming an image to the image."""

from dataclasses import dataclass

from entrepot.domain.digests import parse_digest
from entrepot.domain.errors import ImageIdEmpty, ImageNotFound, Refusal, TagNamesAnother
from entrepot.domain.images import Image, ImageId
from entrepot.domain.names import parse_tag
from entrepot.domain.repositories import Repository
from entrepot.ports.records import Records


@dataclass(frozen=True, slots=True)
class ImageFailure:
    """Why one image of a batch was left out."""

    image_id: ImageId
    refusal: Refusal


async def resolve_image(records: Records, repository: Repository, image_id: ImageId) -> Image:
    """The image that an id names.

    Raises ImageIdEmpty, DigestUnsupported or InvalidParameter for what can name nothing,
    ImageNotFound, and TagNamesAnother where tag and digest disagree.
    """
    digest = parse_digest(image_id.digest) if image_id.digest is not None else None
    tag = parse_tag(image_id.tag) if image_id.tag is not None else None
    if tag is not None:
        image = await records.images.find_tagged(repository.id, tag)
    elif digest is not None:
        image = await records.images.find(repository.id, digest)
    else:
        raise ImageIdEmpty
    if image is None:
        raise ImageNotFound(digest, tag, repository.name, repository.registry.account)
    if digest is not None and tag is not None and image.digest != digest:
        raise TagNamesAnother(digest, tag)
    return image
