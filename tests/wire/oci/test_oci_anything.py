"""Whatever arrives, the answer is never the server's fault."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.storage.blobs.memory import MemoryBlobs
from tests.wire.oci.raw_http import request_bytes
from tests.wire.oci.world import World, digest_of, open_world

DIGEST = digest_of(b"a layer")
METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]
PIECES = [
    "v2",
    "team",
    "app",
    "blobs",
    "uploads",
    "manifests",
    "tags",
    "list",
    "referrers",
    "_catalog",
    "latest",
    "layers",
    DIGEST,
    DIGEST.replace(":", "%3A"),
    "sha512:" + "0" * 128,
    "sha256:..",
    "",
    ".",
    "..",
    "%2e%2e",
    "%2f",
    "%00",
    "%c0%ae",
    "%",
    "\\",
    "a" * 256,
]
VALUES = st.sampled_from(
    ["", "0", "-1", "1000", "1001", DIGEST, "team/app", "%00", "%ff", "+", "a/b", "x" * 2000]
)
KEYS = st.sampled_from(["n", "last", "digest", "mount", "from", "tag", "artifactType", "token", "_state", ""])
HEADERS = {
    "Range": ["bytes=0-", "bytes=5-1", "bytes=-", "bytes=1-2,3-4", "bytes=" + "9" * 500, "x"],
    "Content-Range": ["0-3", "4-7", "3-0", "x", "bytes 0-3/4", "-", "0-" + "9" * 500],
    "Accept": ["*/*", "text/html", "application/vnd.oci.image.manifest.v1+json;q=0", ",;,", "é"],
    "Content-Type": ["application/json", "application/vnd.oci.image.manifest.v1+json", "", "x;y=z", "é"],
    "If-Range": ["x", f'"{DIGEST}"'],
    "Host": ["localhost", "123456789012.dkr.ecr.eu-west-1.localhost", "x", "", "[::1]:5050", "a b"],
    "Connection": ["close", "keep-alive", "upgrade"],
    "Expect": ["100-continue", "x"],
    "Content-Encoding": ["gzip", "deflate", "br", "x"],
    "Content-Length": ["4"],
    "Upgrade": ["websocket", "h2c"],
}

Asked = tuple[str, str, list[tuple[str, str]], bytes, bool]
LINES = [(name, value) for name, values in HEADERS.items() for value in values]


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """Something between a good request and noise."""
    pieces = draw(st.lists(st.sampled_from(PIECES), max_size=8))
    prefix = draw(st.sampled_from(["/v2/", "/v2/team/app/", "/v2/team/app/blobs/uploads/", "/layers/"]))
    query = "&".join(f"{key}={value}" for key, value in draw(st.lists(st.tuples(KEYS, VALUES), max_size=4)))
    lines = draw(st.lists(st.sampled_from(LINES), max_size=4))
    body = draw(st.sampled_from([b"", b"{}", b"abcd", b"{" * 2000, b"\xff\x00"]))
    return (
        draw(st.sampled_from(METHODS)),
        prefix + "/".join(pieces) + ("?" + query if query else ""),
        lines,
        body,
        draw(st.booleans()),
    )


async def test_attack_01_nothing_that_arrives_is_an_error_of_the_server() -> None:
    async with open_world(MemoryBlobs(), idle_seconds=0.02) as world:
        await world.push_image("latest")
        upload = await world.begin()
        loop = asyncio.get_running_loop()

        @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
        @given(requests(), st.booleans(), st.booleans())
        def ask(asked: Asked, is_known: bool, is_upload: bool) -> None:
            method, target, lines, body, is_chunked = asked
            credentials = world.basic() if is_known else []
            place = upload if is_upload else target
            raw = request_bytes(method, place, [*credentials, *lines], body, is_chunked=is_chunked)
            assert asyncio.run_coroutine_threadsafe(_status(world, raw), loop).result(timeout=30) < 500

        await asyncio.to_thread(ask)
        assert world.failures == []


async def _status(world: World, raw: bytes) -> int:
    """Of the first final answer."""
    async with world.line() as line:
        await line.send(raw)
        status, _ = await line.head()
        while status == 100:
            status, _ = await line.head()
        return status
