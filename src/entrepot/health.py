"""`python -m entrepot.health`: whether the server with these settings, on this machine, is ready.

Container engines run it again and again, so it imports little: 0.1 s, where the command line takes 0.7 s.
"""

import http.client
import os
import ssl
import sys
from argparse import ArgumentParser
from contextlib import closing

from entrepot.settings import SettingInvalid, Settings, add_options, read_settings

_SECONDS = 5.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (compared, not bound)


def main() -> int:
    """0 where it is ready, 1 where it is not, 2 where the settings cannot be followed."""
    parser = ArgumentParser(prog="python -m entrepot.health", description="Whether the server is ready.")
    add_options(parser)
    try:
        settings = read_settings(parser.parse_args(), os.environ)
    except SettingInvalid as failure:
        print(f"entrepot: {failure}", file=sys.stderr)
        return 2
    return 0 if is_ready(settings) else 1


def is_ready(settings: Settings) -> bool:
    """Whether /readyz answers 200."""
    with closing(_connect(settings)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException) as failure:
            print(f"entrepot: {failure}", file=sys.stderr)
            return False


def _connect(settings: Settings) -> http.client.HTTPConnection:
    host = _EVERYWHERE.get(settings.host, settings.host)
    if settings.tls_cert is None:
        return http.client.HTTPConnection(host, settings.port, timeout=_SECONDS)
    context = ssl.create_default_context()
    context.check_hostname = (
        False  # the certificate names what clients call the server, and nothing secret is sent
    )
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, settings.port, timeout=_SECONDS, context=context)


if __name__ == "__main__":
    sys.exit(main())
