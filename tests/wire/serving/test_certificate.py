"""The certificate of the port changes with its files, and never for one that cannot be used."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from entrepot.serving.certificate import PortCertificate
from entrepot.settings import SettingInvalid
from tests.wire.serving.conftest import Log

AUTHORITY = trustme.CA()


class Files:
    """A certificate's files."""

    def __init__(self, folder: Path) -> None:
        self.chain, self.key = folder / "chain.pem", folder / "key.pem"
        self.replace()

    def replace(self, *, key_only: bool = False) -> bytes:
        """Write another certificate and key; the certificate."""
        issued = AUTHORITY.issue_cert("localhost")
        self.key.write_bytes(issued.private_key_pem.bytes())
        if not key_only:
            self.chain.write_bytes(issued.cert_chain_pems[0].bytes())
        return ssl.PEM_cert_to_DER_cert(self.chain.read_text())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@asynccontextmanager
async def listening(certificate: PortCertificate) -> AsyncIterator[int]:
    """A port that echoes one line."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=certificate.context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def connected(
    port: int, *, name: str | None = "localhost"
) -> AsyncIterator[tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, and the certificate that it was shown."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    context.check_hostname = name is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name or "")
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    try:
        yield shown, reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def shown_on(port: int, *, name: str | None = "localhost") -> bytes:
    async with connected(port, name=name) as (shown, _, _):
        return shown


@pytest.mark.parametrize("name", ["localhost", None])
async def test_new_files_are_shown_to_new_connections(files: Files, name: str | None) -> None:
    certificate = PortCertificate(files.chain, files.key)
    async with listening(certificate) as port, connected(port) as (old, reader, writer):
        new = files.replace()
        certificate.look()

        assert await shown_on(port, name=name) == new != old
        writer.write(b"still here\n")
        assert await reader.readline() == b"still here\n"


@pytest.mark.parametrize("damage", ["half", "empty", "gone", "other key"])
async def test_what_cannot_be_used_leaves_the_old_certificate(files: Files, log: Log, damage: str) -> None:
    certificate = PortCertificate(files.chain, files.key)
    async with listening(certificate) as port:
        old = await shown_on(port)
        if damage == "half":
            files.chain.write_bytes(files.chain.read_bytes()[:300])
        elif damage == "empty":
            files.key.write_bytes(b"")
        elif damage == "gone":
            files.chain.unlink()
        else:
            files.replace(key_only=True)
        certificate.look()
        certificate.look()

        assert await shown_on(port) == old
        [line] = log.lines()
        assert "is not taken, the old certificate stays" in str(line["event"])
        new = files.replace()
        certificate.look()
        assert await shown_on(port) == new


async def test_files_that_did_not_change_are_left_alone(files: Files, log: Log) -> None:
    certificate = PortCertificate(files.chain, files.key)

    certificate.look()

    assert log.lines() == []


def test_a_start_with_bad_files_is_refused(files: Files) -> None:
    files.key.write_text("damaged")

    with pytest.raises(SettingInvalid, match="tls-cert and tls-key: "):
        PortCertificate(files.chain, files.key)


def test_an_encrypted_key_is_refused_and_nobody_is_asked(files: Files) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    key = load_pem_private_key(files.key.read_bytes(), password=None)
    files.key.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )

    with pytest.raises(SettingInvalid, match="tls-cert and tls-key: "):
        PortCertificate(files.chain, files.key)
