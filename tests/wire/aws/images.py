"""Layers and images pushed through the ECR API, all contents small and by default all different."""

from asyncio import to_thread
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.wire.oci.world import digest_of, index, manifest

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

CONFIG = b'{"architecture":"amd64","os":"linux"}'


@dataclass(frozen=True, slots=True)
class Image:
    """What was pushed."""

    digest: str
    manifest: str


async def create(ecr: "ECRClient", name: str = "team/app") -> str:
    """A repository with nothing set; its name."""
    await to_thread(ecr.create_repository, repositoryName=name)
    return name


async def begin(ecr: "ECRClient", name: str) -> str:
    """The id of a new upload."""
    return (await to_thread(ecr.initiate_layer_upload, repositoryName=name))["uploadId"]


async def send_part(ecr: "ECRClient", name: str, upload_id: str, part: bytes, first: int = 0) -> int:
    """The last byte received."""
    answer = await to_thread(
        ecr.upload_layer_part,
        repositoryName=name,
        uploadId=upload_id,
        partFirstByte=first,
        partLastByte=first + len(part) - 1,
        layerPartBlob=part,
    )
    return answer["lastByteReceived"]


async def push_layer(ecr: "ECRClient", name: str, content: bytes) -> str:
    """The digest of a layer that is there afterwards, pushed if it was not."""
    digest = digest_of(content)
    known = await to_thread(ecr.batch_check_layer_availability, repositoryName=name, layerDigests=[digest])
    if known["layers"][0]["layerAvailability"] == "UNAVAILABLE":
        upload_id = await begin(ecr, name)
        await send_part(ecr, name, upload_id, content)
        await to_thread(
            ecr.complete_layer_upload, repositoryName=name, uploadId=upload_id, layerDigests=[digest]
        )
    return digest


async def image_text(ecr: "ECRClient", name: str, content: bytes, **members: object) -> str:
    """The manifest of an image whose layers are in the repository."""
    await push_layer(ecr, name, CONFIG)
    await push_layer(ecr, name, content)
    return manifest(config=CONFIG, layers=[content], **members).decode()


async def push_image(
    ecr: "ECRClient", name: str, *tags: str, content: bytes = b"a layer", **members: object
) -> Image:
    """An image under all the tags, or under none."""
    text = await image_text(ecr, name, content, **members)
    return await put(ecr, name, text, *tags)


async def push_index(ecr: "ECRClient", name: str, *children: Image, tag: str | None = None) -> Image:
    """An index of images that are there."""
    text = index(*(child.manifest.encode() for child in children)).decode()
    return await put(ecr, name, text, *([tag] if tag else []))


async def put(ecr: "ECRClient", name: str, text: str, *tags: str) -> Image:
    """PutImage, once for each tag."""
    if not tags:
        await to_thread(ecr.put_image, repositoryName=name, imageManifest=text)
    for tag in tags:
        await to_thread(ecr.put_image, repositoryName=name, imageManifest=text, imageTag=tag)
    return Image(digest_of(text.encode()), text)
