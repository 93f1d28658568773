"""The certificate of the port, replaced while the server runs whenever its files change."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from entrepot.settings import SettingInvalid, Settings

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0


class PortCertificate:
    """A TLS context that shows each new connection the certificate which the files hold by then.

    New files are loaded aside and taken whole: what cannot be used is logged, and the old
    certificate goes on. Connections that are open keep theirs.
    """

    def __init__(self, chain: Path, key: Path) -> None:
        """Raises SettingInvalid where the files cannot be used."""
        self._chain = chain
        self._key = key
        self._seen = self._stamps()
        try:
            self._current = _context(chain, key)
        except (OSError, ValueError) as cause:
            raise SettingInvalid(f"tls-cert and tls-key: {_reason(cause)}") from cause
        self.context = _context(chain, key)
        self.context.sni_callback = self._show_current  # called for clients that name no host too

    async def follow(self) -> None:
        """Look at the files once a second, for ever."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Take the files if they changed since the last look."""
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            self._current = _context(self._chain, self._key)
        except (OSError, ValueError) as failure:
            logger.warning("%s is not taken, the old certificate stays: %s", self._chain, _reason(failure))
        else:
            logger.info("the certificate of %s is shown from now on", self._chain)

    def _show_current(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current

    def _stamps(self) -> list[tuple[int, int, int]]:
        """What tells one state of the files from another; empty where one is missing at the moment."""
        try:
            found = [path.stat() for path in (self._chain, self._key)]
        except OSError:
            return []
        return [(one.st_mtime_ns, one.st_ino, one.st_size) for one in found]


@asynccontextmanager
async def port_tls(settings: Settings) -> AsyncIterator[ssl.SSLContext | None]:
    """The context of the port, kept up with the files of the settings; None where the port is plain.

    Raises SettingInvalid.
    """
    certificate = _certificate(settings)
    if certificate is None:
        yield None
        return
    following = asyncio.create_task(certificate.follow())
    try:
        yield certificate.context
    finally:
        following.cancel()


def check_certificate(settings: Settings) -> None:
    """Raises SettingInvalid where the port could not show its certificate."""
    _certificate(settings)


def _certificate(settings: Settings) -> PortCertificate | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return PortCertificate(settings.tls_cert, settings.tls_key)


def _context(chain: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(chain, key, password=_no_password)
    return context


def _no_password() -> str:
    """For an encrypted key; without this OpenSSL would ask on the terminal and wait."""
    return ""


def _reason(failure: Exception) -> str:
    """OpenSSL's errors without the place in its source."""
    return getattr(failure, "reason", None) or str(failure)
