"""Host names of registries: the one string that a repository URI, an endpoint and a login share."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from entrepot.domain.names import Registry

_REGION = r"([a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?)"
_REGISTRY = re.compile(rf"([0-9]{{12}})\.dkr[.-]ecr(?:-fips)?\.{_REGION}\.(.+)")
# IAM is none of them: it is one for all regions, and its host names hardly tell which one signs.
_API = re.compile(rf"(?:(?:api\.)?ecr|sts|cloudtrail|entrepot)(?:-fips)?\.{_REGION}\.(.+)")
_DUAL_STACK = {"amazonaws.com": ("on.aws", "api.aws")}  # what AWS calls the same hosts over IPv6
_LONGEST_HOST = 255
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOCAL_DOMAIN = "localhost"  # RFC 6761: resolves to this machine, where it resolves at all


@dataclass(frozen=True, slots=True)
class Addresses:
    """What this server calls itself.

    `host` is its plain name, an IPv6 address in brackets, under which the default account's
    registries of every region are found; with a `domain`, and always for other accounts, names
    are ECR's, `{account}.dkr.ecr.{region}.{domain}`.
    """

    scheme: str
    host: str
    port: int
    domain: str | None
    default_account: str

    def registry_host(self, registry: Registry) -> str:
        """Host and, unless it is the scheme's own, port, as clients log in to and repository URIs begin."""
        if self.domain is None and registry.account == self.default_account:
            return self._with_port(self.host)
        domain = self.domain or _LOCAL_DOMAIN
        return self._with_port(f"{registry.account}.dkr.ecr.{registry.region}.{domain}")

    def registry_url(self, registry: Registry) -> str:
        """ECR's proxyEndpoint."""
        return f"{self.scheme}://{self.registry_host(registry)}"

    def download_url(self, registry: Registry, *, seen_scheme: str, seen_host: str) -> str:
        """Where a client that reached us under this scheme and Host finds the registry's layers."""
        scheme = self.scheme_for(seen_scheme)
        if scheme != self.scheme and self.knows(seen_host):
            return f"{scheme}://{seen_host}"
        return self.registry_url(registry)

    def scheme_for(self, seen_scheme: str) -> str:
        """The scheme to hand out: TLS may have ended at a proxy, as only it or the operator can tell."""
        return "https" if "https" in (self.scheme, seen_scheme) else "http"

    def registry_of(self, host: str) -> Registry | None:
        """The registry that a Host header of ECR's shape names; None for any other host."""
        found = _REGISTRY.fullmatch(without_port(host)) if len(host) <= _LONGEST_HOST else None
        if found is None or not self._is_own(found[3]):
            return None
        return Registry(account=found[1], region=found[2])

    def api_region(self, host: str) -> str | None:
        """The region that a Host header names as those of AWS's APIs do, `api.ecr.{region}.{domain}`.

        None for any other host, for IAM, and for AWS's one STS of all regions.
        """
        found = _API.fullmatch(without_port(host)) if len(host) <= _LONGEST_HOST else None
        return found[1] if found is not None and self._is_own(found[2]) else None

    def endpoint(self) -> str:
        """The URL of the server's APIs."""
        return f"{self.scheme}://{self._with_port(self.host)}"

    def knows(self, host: str) -> bool:
        """Whether a Host header is a name of this server, so that it may be handed back."""
        return without_port(host) == self.host or self.registry_of(host) is not None

    def _is_own(self, domain: str) -> bool:
        own = self.domain or _LOCAL_DOMAIN
        return domain == own or domain in _DUAL_STACK.get(own, ())

    def _with_port(self, host: str) -> str:
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def without_port(host: str) -> str:
    """The name in a Host header, lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isascii() and port.isdigit() else host).lower().rstrip(".")


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address, that of IPv4 where IPv6 only wraps one; None where there is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    wrapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return wrapped or address
