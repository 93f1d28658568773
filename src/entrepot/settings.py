"""What an operator may set, each on the command line, in the environment or not at all."""

import os
import re
import ssl
from argparse import Namespace, _ActionsContainer
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import quote, urlsplit

from entrepot.domain.addresses import Addresses
from entrepot.domain.names import is_account
from entrepot.storage.blobs.locations import Folder, Location, LocationInvalid, is_endpoint, parse_location

ENVIRONMENT_PREFIX = "ENTREPOT_"

_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_LISTEN = re.compile(r"(?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)?:)?([0-9]{1,5})")
_LONGEST_DOMAIN = 200  # leaves room for account and region in the 253 characters of a host name


Network = IPv4Network | IPv6Network


class SettingInvalid(ValueError):
    """A setting that cannot be followed; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: `--data-dir` on the command line is `ENTREPOT_DATA_DIR` in the environment."""

    name: str
    help: str
    default: str = ""
    is_flag: bool = False

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return ENVIRONMENT_PREFIX + self.name.replace("-", "_").upper()


DATA_DIR = Option("data-dir", "where everything is kept", "./data")
PORT = Option("port", "port to listen on", "5050")
DOMAIN = Option("domain", "gives registries ECR's host names, ACCOUNT.dkr.ecr.REGION.DOMAIN")
TLS_CERT = Option("tls-cert", "PEM file with the certificate chain; the server then speaks TLS only")
TLS_KEY = Option("tls-key", "PEM file with the certificate's key")
OPTIONS = (
    Option("host", "address to listen on; localhost means 127.0.0.1 and ::1", "localhost"),
    PORT,
    DATA_DIR,
    Option("database", "sqlite:///PATH or postgresql://…; SQLite in the data folder where it is not given"),
    Option(
        "blobs",
        "where layers are kept: file:///PATH or s3://BUCKET[/PREFIX]?endpoint=URL&region=NAME; "
        "DATA-DIR/blobs where it is not given",
    ),
    Option(
        "blobs-fallback",
        "where layers were kept before, and are still read while `migrate-storage` moves them to --blobs",
    ),
    Option(
        "archive",
        "where layers are kept that only archived images use: file:///PATH or s3://…, as with --blobs; "
        "they stay with the others where it is not given",
    ),
    Option("blob-redirects", "send clients to the object storage for plain layers: on or off", "on"),
    Option(
        "blob-redirect-endpoint",
        "scheme, host and port under which clients reach the object storage, where it is another than ours",
    ),
    Option("workers", "processes that answer requests; one for each processor where it is not given", "0"),
    DOMAIN,
    Option("external-url", "scheme, host and port to hand out, where clients reach the server by others"),
    TLS_CERT,
    TLS_KEY,
    Option("oidc-ca-file", "PEM file of authorities that count for OIDC issuers beside the machine's"),
    Option("account-id", "account that the first start makes", "123456789012"),
    Option("root-key-file", "the root key ring; DATA-DIR/keys/root-key where it is not given"),
    Option(
        "storage-encrypted",
        "the disk or bucket that keeps layers encrypts by itself: keep them plain",
        is_flag=True,
    ),
    Option("allow-sparse", "take indexes and images whose parts are not all in the repository", is_flag=True),
    Option("trusted-proxy", "CIDRs, with commas between, of proxies whose forwarded headers count"),
    Option(
        "proxy-protocol", "trusted proxies begin each connection with a PROXY header, v1 or v2", is_flag=True
    ),
    Option("metrics-listen", "[HOST:]PORT to serve /metrics on; without a host on 127.0.0.1 alone"),
    Option("metrics-repositories", "count requests by the name of their repository too", is_flag=True),
    Option("drain-delay-seconds", "how long to go on taking connections after SIGTERM, while not ready", "0"),
    Option("read-only", "answer reads and refuse every change; run no jobs", is_flag=True),
    Option("collect-seconds", "time between two rounds of the collector", "900"),
    Option(
        "grace-seconds",
        "how long an idle upload and a layer without an image are kept; a blob that nobody holds, 1/24 of it",
        "86400",
    ),
    Option("audit-days", "how long events of the audit are kept; 0 for ever", "90"),
    Option("token-seconds", "the longest life of a registry token", "43200"),
    Option("drain-seconds", "how long running transfers may go on after SIGTERM", "30"),
    Option("log-level", "debug, info, warning or error", "info"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server, checked."""

    host: str
    port: int
    data_dir: Path
    database: str
    blobs: Location
    blobs_fallback: Location | None
    has_blob_redirects: bool
    blob_redirect_endpoint: str | None
    workers: int
    domain: str | None
    external_url: str | None
    tls_cert: Path | None
    tls_key: Path | None
    account_id: str
    root_key_file: Path
    is_storage_encrypted: bool
    allow_sparse: bool
    is_read_only: bool
    collect_seconds: int
    grace_seconds: int
    drain_seconds: int
    log_level: str
    trusted_proxies: tuple[Network, ...] = ()
    proxy_protocol: bool = False
    metrics_listen: tuple[str, int] | None = None
    metrics_repositories: bool = False
    is_traced: bool = False
    drain_delay_seconds: int = 0
    oidc_ca_file: Path | None = None
    audit_days: int = 90
    token_seconds: int = 43_200
    archive: Location | None = None

    @property
    def blobs_dir(self) -> Path | None:
        """The folder where layers lie, None where they lie in a bucket."""
        return self.blobs.path if isinstance(self.blobs, Folder) else None

    @property
    def addresses(self) -> Addresses:
        """What the server calls itself."""
        scheme = "https" if self.tls_cert else "http"
        outside = urlsplit(self.external_url or f"{scheme}://{_nameable(self.host)}:{self.port}")
        host = (outside.hostname or "localhost").rstrip(".")
        port = {"http": 80, "https": 443}[outside.scheme] if outside.port is None else outside.port
        return Addresses(
            scheme=outside.scheme,
            host=f"[{host}]" if ":" in host else host,
            port=port,
            domain=self.domain,
            default_account=self.account_id,
        )


def add_options(parser: _ActionsContainer, options: tuple[Option, ...] = OPTIONS) -> None:
    """Declare the options, or a group of them; the help names the variable and the default of each."""
    for option in options:
        default = f"default {option.default}, " if option.default and option.default != "0" else ""
        text = f"{option.help} ({default}{option.variable})"
        if option.is_flag:
            parser.add_argument(f"--{option.name}", action="store_const", const="true", help=text)
        else:
            parser.add_argument(f"--{option.name}", metavar=option.name.upper(), help=text)


def data_dir_option(data_dir: Path) -> list[str]:
    """What names the folder on a command line that is typed in this one; nothing where it is the default."""
    return [] if data_dir == Path(DATA_DIR.default).absolute() else [f"--{DATA_DIR.name}={data_dir}"]


def read_option(option: Option, arguments: Namespace, environment: Mapping[str, str]) -> str:
    """The value given on the command line, else in the environment, else the default.

    An empty variable is one not set: so compose files pass on what is missing.
    """
    given = getattr(arguments, option.name.replace("-", "_"), None)
    return given if given is not None else environment.get(option.variable) or option.default


def read_settings(arguments: Namespace, environment: Mapping[str, str]) -> Settings:
    """The settings of a server; raises SettingInvalid."""
    value = {option.name: read_option(option, arguments, environment) for option in OPTIONS}
    data_dir = Path(value["data-dir"]).absolute()
    settings = Settings(
        host=value["host"],
        port=_number("port", value["port"], 0, 65535),
        data_dir=data_dir,
        database=value["database"] or f"sqlite://{quote(str(data_dir / 'metadata' / 'entrepot.db'))}",
        blobs=_location("blobs", value["blobs"]) if value["blobs"] else Folder(data_dir / "blobs"),
        blobs_fallback=_location("blobs-fallback", value["blobs-fallback"])
        if value["blobs-fallback"]
        else None,
        archive=_location("archive", value["archive"]) if value["archive"] else None,
        has_blob_redirects=_flag("blob-redirects", value["blob-redirects"]),
        blob_redirect_endpoint=value["blob-redirect-endpoint"].rstrip("/") or None,
        workers=_number("workers", value["workers"], 0, 256) or os.cpu_count() or 1,
        domain=_domain(value["domain"]),
        external_url=value["external-url"].rstrip("/") or None,
        tls_cert=_file("tls-cert", value["tls-cert"]),
        tls_key=_file("tls-key", value["tls-key"]),
        account_id=value["account-id"],
        root_key_file=Path(value["root-key-file"] or data_dir / "keys" / "root-key").absolute(),
        is_storage_encrypted=_flag("storage-encrypted", value["storage-encrypted"]),
        allow_sparse=_flag("allow-sparse", value["allow-sparse"]),
        trusted_proxies=_networks("trusted-proxy", value["trusted-proxy"]),
        proxy_protocol=_flag("proxy-protocol", value["proxy-protocol"]),
        metrics_listen=_listen("metrics-listen", value["metrics-listen"]),
        metrics_repositories=_flag("metrics-repositories", value["metrics-repositories"]),
        is_traced=_is_traced(environment),
        drain_delay_seconds=_number("drain-delay-seconds", value["drain-delay-seconds"], 0, 600),
        oidc_ca_file=_authorities("oidc-ca-file", value["oidc-ca-file"]),
        is_read_only=_flag("read-only", value["read-only"]),
        collect_seconds=_number("collect-seconds", value["collect-seconds"], 0, 86400),
        grace_seconds=_number("grace-seconds", value["grace-seconds"], 0, 31_536_000),
        audit_days=_number("audit-days", value["audit-days"], 0, 36500),
        token_seconds=_number("token-seconds", value["token-seconds"], 1, 43_200),
        drain_seconds=_number("drain-seconds", value["drain-seconds"], 0, 3600),
        log_level=value["log-level"].lower(),
    )
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    if not is_account(settings.account_id):
        raise SettingInvalid("account-id: must be 12 digits")
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise SettingInvalid("tls-cert and tls-key: one needs the other")
    if settings.blobs_fallback == settings.blobs:
        raise SettingInvalid("blobs-fallback: must be another place than the blobs")
    if settings.archive is not None and settings.archive in (settings.blobs, settings.blobs_fallback):
        raise SettingInvalid("archive: must be another place than the blobs")
    if not settings.host:
        raise SettingInvalid("host: must be an address; 0.0.0.0 or :: for all of this machine's")
    if settings.blob_redirect_endpoint is not None and not is_endpoint(settings.blob_redirect_endpoint):
        raise SettingInvalid("blob-redirect-endpoint: must be http(s)://HOST[:PORT] and nothing more")
    if settings.external_url is not None and not is_endpoint(settings.external_url):
        raise SettingInvalid("external-url: must be http(s)://HOST[:PORT] and nothing more")
    if settings.proxy_protocol and not settings.trusted_proxies:
        raise SettingInvalid("proxy-protocol: needs trusted-proxy, for nobody else may send its header")
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingInvalid("log-level: must be debug, info, warning or error")
    archive_dir = settings.archive.path if isinstance(settings.archive, Folder) else None
    for folder in (settings.blobs_dir, archive_dir, settings.data_dir / "metadata"):
        if folder is not None and settings.root_key_file.is_relative_to(folder):
            raise SettingInvalid("root-key-file: must not lie with the blobs or the database")


def _nameable(host: str) -> str:
    """The name to hand out for a listening address."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 (compared, not bound)
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _location(name: str, url: str) -> Location:
    try:
        return parse_location(url)
    except LocationInvalid as cause:
        raise SettingInvalid(f"{name}: {cause}") from cause


def _domain(text: str) -> str | None:
    domain = text.strip(".").lower()
    if domain and (len(domain) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(domain)):
        raise SettingInvalid("domain: must be a host name such as example.com")
    return domain or None


def _number(name: str, text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not least <= int(text) <= most:
        raise SettingInvalid(f"{name}: must be a number from {least} to {most}")
    return int(text)


def _flag(name: str, text: str) -> bool:
    if text.lower() in ("", "0", "no", "false", "off"):
        return False
    if text.lower() in ("1", "yes", "true", "on"):
        return True
    raise SettingInvalid(f"{name}: must be true or false")


def _networks(name: str, text: str) -> tuple[Network, ...]:
    """Addresses and CIDRs; one with bits below its mask is more likely a slip than meant."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as cause:
        raise SettingInvalid(f"{name}: must be addresses or CIDRs with commas between: {cause}") from cause


def _listen(name: str, text: str) -> tuple[str, int] | None:
    if not text:
        return None
    found = _LISTEN.fullmatch(text)
    if found is None or int(found[2]) > 65535:
        raise SettingInvalid(f"{name}: must be [HOST:]PORT")
    return (found[1] or "127.0.0.1").strip("[]"), int(found[2])


def _is_traced(environment: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's standard variables name a collector for traces."""
    endpoint = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environment.get(
        "OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    exporter = environment.get("OTEL_TRACES_EXPORTER") or "otlp"
    is_disabled = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if not endpoint or is_disabled or exporter == "none":
        return False
    protocol = environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environment.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL"
    )
    if exporter != "otlp" or protocol not in (None, "", "http/protobuf"):
        raise SettingInvalid("OTEL_*: traces are sent as otlp over http/protobuf alone")
    return True


def _file(name: str, text: str) -> Path | None:
    if not text:
        return None
    path = Path(text).absolute()
    if not path.is_file():
        raise SettingInvalid(f"{name}: {path} is not a file")
    return path


def _authorities(name: str, text: str) -> Path | None:
    path = _file(name, text)
    if path is None:
        return None
    try:
        ssl.create_default_context(cafile=path)
    except OSError as cause:  # OpenSSL's errors are some of these
        raise SettingInvalid(f"{name}: {path} holds no certificates: {cause}") from cause
    return path
