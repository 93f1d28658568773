"""The whole program behind one port of this process: every door, a real database, a real disk."""

import asyncio
import base64
import sqlite3
from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web
from botocore.config import Config

from entrepot.app import Application, open_application
from entrepot.domain.media_types import OCI_MANIFEST
from entrepot.installation.first_start import prepare
from entrepot.serving.connections import PatientServer
from entrepot.serving.process import Telemetry, request_server
from entrepot.serving.readiness import Readiness
from entrepot.settings import Settings, read_settings
from entrepot.storage.metadata.node_stamp import NodeStamp
from tests.engines.entrepot import REGION, ROOT_KEYS, session_that_knows_us
from tests.wire.oci.raw_http import Answer, Line, Lines, line_to
from tests.wire.oci.world import digest_of, manifest

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient


@dataclass(frozen=True, slots=True)
class PushedImage:
    """The digests of an image of one layer."""

    digest: str
    layer: str


@dataclass(slots=True)
class Port:
    """A served program, and what a test may reach behind it."""

    number: int
    settings: Settings
    app: Application
    server: PatientServer
    runner: web.ServerRunner
    readiness: Readiness

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A connection."""
        async with line_to(self.number) as line:
            yield line

    async def ask(self, method: str, target: str, lines: Lines = (), body: bytes | None = None) -> Answer:
        """One request on a connection of its own."""
        async with self.line() as line:
            return await line.ask(method, target, lines, body)

    async def send_raw(self, *pieces: bytes) -> bytes:
        """Everything that comes back before the connection ends, which the server has to bring about."""
        async with self.line() as line:
            for piece in pieces:
                try:
                    await line.send(piece)
                except ConnectionError:
                    break
            try:
                async with asyncio.timeout(60):
                    return await line.reader.read()
            except ConnectionError:
                return b""

    async def login(self) -> list[tuple[str, str]]:
        """The header of a client that is logged in."""
        granted = await asyncio.to_thread(lambda: self.ecr().get_authorization_token())
        token = granted["authorizationData"][0]["authorizationToken"]
        assert base64.b64decode(token).startswith(b"AWS:")
        return [("Authorization", f"Basic {token}")]

    async def create_repository(self, name: str) -> None:
        """An ordinary repository."""
        await asyncio.to_thread(lambda: self.ecr().create_repository(repositoryName=name))

    async def push_blob(self, login: Lines, content: bytes) -> str:
        """Where the blob lies now, in team/app."""
        where = f"/v2/team/app/blobs/uploads/?digest={digest_of(content)}"
        put = await self.ask("POST", where, login, content)
        assert put.status == 201, put
        return put.headers["location"]

    async def push_image(self, login: Lines, tag: str = "1") -> PushedImage:
        """An image in team/app."""
        config, layer = b"{}", b"a layer"
        for content in (config, layer):
            await self.push_blob(login, content)
        content = manifest(config=config, layers=[layer])
        lines = [*login, ("Content-Type", OCI_MANIFEST)]
        put = await self.ask("PUT", f"/v2/team/app/manifests/{tag}", lines, content)
        assert put.status == 201, put
        return PushedImage(digest_of(content), digest_of(layer))

    def break_database(self) -> None:
        """Take away tables that every request needs, as an outage would."""
        rows = sqlite3.connect(self.settings.database.removeprefix("sqlite://"))
        with closing(rows):
            rows.execute("ALTER TABLE access_key RENAME TO access_key_gone")
            rows.execute("ALTER TABLE account RENAME TO account_gone")

    def ecr(self) -> "ECRClient":
        """As `client`, of ECR."""
        return cast("ECRClient", self.client("ecr"))

    def client(self, service: str) -> Any:
        """A client that signs with the root credential; for use in a thread."""
        return session_that_knows_us().client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.number}",
            region_name=REGION,
            aws_access_key_id=ROOT_KEYS["ENTREPOT_ROOT_ACCESS_KEY_ID"],
            aws_secret_access_key=ROOT_KEYS["ENTREPOT_ROOT_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}),
        )


@asynccontextmanager
async def open_port(
    folder: Path,
    *,
    header_seconds: float = 30,
    environment: Mapping[str, str] = ROOT_KEYS,
    telemetry: Telemetry | None = None,
    **options: str,
) -> AsyncIterator[Port]:
    """The program with its data in the folder, and other options by name."""
    settings = read_settings(Namespace(data_dir=str(folder), port="0", **options), {})
    await prepare(settings, environment)
    telemetry = telemetry or Telemetry.alone()
    async with open_application(settings, NodeStamp(), reports=telemetry.reports) as app:
        readiness = Readiness(app.clock_lead, app.blobs.check, telemetry.meters)
        server = request_server(app, settings, telemetry, readiness, header_seconds=header_seconds)
        runner = web.ServerRunner(server, shutdown_timeout=5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield Port(runner.addresses[0][1], settings, app, server, runner, readiness)
        finally:
            await runner.cleanup()
