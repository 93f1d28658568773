"""Pushing and pulling as clients do it."""

from entrepot.domain.media_types import OCI_MANIFEST
from tests.wire.oci.world import World, digest_of


async def test_docker_push_and_pull(world: World) -> None:
    layer = b"layer " * 100_000
    location = await world.begin()
    sent = await world.ask("PATCH", location, body=layer, is_chunked=True)
    assert (sent.status, sent.headers["range"]) == (202, f"0-{len(layer) - 1}")
    digest = digest_of(layer).replace(":", "%3A")
    done = await world.ask("PUT", f"{sent.headers['location']}?digest={digest}", body=b"")
    assert done.status == 201
    pulled = await world.ask("GET", done.headers["location"])
    assert (pulled.status, pulled.body == layer) == (200, True)
    image = await world.push_image("1.0")
    head = await world.ask("HEAD", "/v2/team/app/manifests/1.0", [("Accept", OCI_MANIFEST)])
    assert (head.status, head.headers["docker-content-digest"]) == (200, image)
