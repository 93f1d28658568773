"""A signed connection to the server: AWS's credential chain, and the endpoint that AWS's clients ask."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    SSLError,
)
from botocore.loaders import Loader
from botocore.session import Session

from entrepot.installation.endpoint_file import find_endpoint
from entrepot.services.entrepot.model import FOLDER, NAME
from entrepot.settings import DATA_DIR, add_options, read_option

_REGION = "us-east-1"
_LARGEST_PAGE = 1000  # entries, in the lists of the service that may be very long

# What to do about what botocore's words leave open.
_ADVICE: tuple[tuple[type[BotoCoreError], str], ...] = (
    (EndpointConnectionError, "is the server running?"),
    (ConnectionClosedError, "does the server run there, and speak TLS? Then https://"),
    (SSLError, "http:// where the server speaks no TLS; AWS_CA_BUNDLE names a private authority"),
    (NoCredentialsError, 'give --profile, or type `eval "$(entrepot env)"` first'),
)
_STRANGE_KEY = "UnrecognizedClientException"
_NOT_HERE = ("RepositoryNotFoundException", "DeletedRepositoryNotFoundException")


class NotAnswered(Exception):
    """The server refused, or could not be asked; the text says why."""


class Server:
    """The operations of the service; every refusal becomes a NotAnswered."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def ask(self, operation: str, **params: object) -> Mapping[str, Any]:
        """The answer to one call of an operation's method; parameters that are None are left out."""
        with _said_plainly(self._client.meta.region_name):
            answer = getattr(self._client, operation)(**_given(params))
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def all(self, operation: str, **params: object) -> Mapping[str, Any]:
        """Every page of a list as one answer."""
        with _said_plainly(self._client.meta.region_name):
            pages = self._client.get_paginator(operation).paginate(**_given(params))
            whole: Mapping[str, Any] = pages.build_full_result()
        return whole

    def pages(self, operation: str, **params: object) -> Iterator[Mapping[str, Any]]:
        """Page after page of a list, the largest that there are."""
        wanted = _given(params) | {"PaginationConfig": {"PageSize": _LARGEST_PAGE}}
        with _said_plainly():
            yield from self._client.get_paginator(operation).paginate(**wanted)


def add_connection_options(parser: ArgumentParser) -> None:
    """What says which server is asked, and as whom."""
    parser.add_argument("--endpoint-url", metavar="URL", help="the server; else as AWS's clients find it")
    parser.add_argument("--profile", help="an AWS profile with keys and, perhaps, the endpoint")
    parser.add_argument("--region", help=f"region to sign for (default {_REGION})")
    add_options(parser, (DATA_DIR,))


def connect(parsed: Namespace, environment: Mapping[str, str], *, service: str = NAME) -> Server:
    """The server that the options, the environment, a profile or the data folder name, in this order.

    `service` is another one of those that it offers at the same address.
    """
    with _said_plainly():
        session = Session(profile=parsed.profile)
        session.register_component("data_loader", Loader(extra_search_paths=[str(FOLDER)]))
        endpoint, authority = _endpoint(parsed, environment, session)
        url = urlsplit(endpoint)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise NotAnswered(f"{endpoint}: must be a URL such as http://localhost:5050")
        client = session.create_client(
            service,
            region_name=parsed.region or session.get_config_variable("region") or _REGION,
            endpoint_url=endpoint,
            verify=authority,
            config=Config(retries={"mode": "standard"}),
        )
    return Server(client)


@contextmanager
def _said_plainly(region: str = "") -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        advice = ""
        if said["Code"] == _STRANGE_KEY:
            advice = ". Are the keys this server's?"
        elif said["Code"] in _NOT_HERE:
            advice = f". The region was {region}; --region names another"
        raise NotAnswered(f"{said['Code']}: {said['Message'].rstrip('.')}{advice}") from error
    except BotoCoreError as error:
        words = " ".join(str(error).split())  # some say it in several lines
        advice = next((f": {advice}" for kind, advice in _ADVICE if isinstance(error, kind)), "")
        raise NotAnswered(f"{words.rstrip('.')}{advice}") from error


def _endpoint(parsed: Namespace, environment: Mapping[str, str], session: Session) -> tuple[str, str | None]:
    """The URL, and the authority of its certificate where the data folder names one."""
    if parsed.endpoint_url:
        return parsed.endpoint_url, None
    provider = ConfiguredEndpointProvider(
        full_config=session.full_config,
        scoped_config=session.get_scoped_config(),
        client_name=NAME,
        environ=environment,
    )
    configured = provider.provide()
    if configured:
        return configured, None
    data_dir = Path(read_option(DATA_DIR, parsed, environment)).absolute()
    served = find_endpoint(data_dir)
    if served is None:
        raise NotAnswered(
            "no server is named: give --endpoint-url, set AWS_ENDPOINT_URL_ENTREPOT, or name a --data-dir"
        )
    bundle = session.get_config_variable("ca_bundle")
    return served.endpoint, None if bundle or served.authority is None else str(served.authority)


def _given(params: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in params.items() if value is not None}
