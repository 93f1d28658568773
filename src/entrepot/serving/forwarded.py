"""Whom a request comes from where trusted proxies stand in between, by what their headers say.

`X-Forwarded-For`, `-Proto` and `-Host`, or RFC 7239's `Forwarded`, and only from a peer that the operator
named. Each proxy adds itself on the right, so the client is the rightmost address that is no trusted
proxy's; whatever stands to the left of it the client may have written itself.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from multidict import CIMultiDictProxy

from entrepot.settings import Network

_MOST_HOPS = 32
_LONGEST_HEADER = 4096
_SCHEMES = ("http", "https")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 (RFC 9110's name for a word)
_PAIR = re.compile(rf'[ \t]*({_TOKEN})=({_TOKEN}|"(?:[^"\\]|\\.)*")[ \t]*([;,]|$)')
_ESCAPED = re.compile(r"\\(.)")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from; `scheme` and `host` are None where the connection's own count."""

    remote: str
    scheme: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class _Hop:
    """What one proxy says of the peer that it had; None for what it does not say, or not readably."""

    address: Address | None
    scheme: str | None = None
    host: str | None = None


class TrustedProxies:
    """The proxies that the operator named."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)
        self.trusts = lru_cache(maxsize=1024)(self._trusts)

    def origin(self, peer: str, headers: CIMultiDictProxy[str]) -> Origin:
        """Whom a request of this trusted peer comes from.

        Where both kinds of header came and name different clients, one of them went through a proxy that
        does not know it: neither counts.
        """
        usual, standard = self._usual(headers), self._standard(headers)
        origins = [self._client(peer, hops) for hops in (usual, standard) if hops]
        if not origins or len({origin.remote for origin in origins}) > 1:
            return Origin(peer)
        return origins[0]

    def _trusts(self, peer: str) -> bool:
        """Whether the peer is one of them."""
        address = _address(peer)
        return address is not None and any(address in network for network in self._networks)

    def _client(self, peer: str, hops: Sequence[_Hop]) -> Origin:
        """The first hop from the right that no trusted proxy stands at; what cannot be read ends the way."""
        remote, last = peer, hops[-1]
        for hop in reversed(hops[-_MOST_HOPS:]):
            last = hop
            if hop.address is None:
                break
            remote = str(hop.address)
            if not self.trusts(remote):
                break
        return Origin(remote, last.scheme, last.host)

    def _usual(self, headers: CIMultiDictProxy[str]) -> Sequence[_Hop]:
        """Of X-Forwarded-*; scheme and host are what the nearest proxy says, for they come in no order."""
        addresses = _listed(headers, "X-Forwarded-For")
        if not addresses:
            return ()
        scheme = _scheme(_listed(headers, "X-Forwarded-Proto")[-1:])
        host = _host(_listed(headers, "X-Forwarded-Host")[-1:])
        return [_Hop(_node(text), scheme, host) for text in addresses]

    def _standard(self, headers: CIMultiDictProxy[str]) -> Sequence[_Hop]:
        """Of Forwarded; none at all where a part of it cannot be read."""
        text = _whole(headers, "Forwarded")
        hops, pairs, position = [], dict[str, str](), 0
        while position < len(text):
            found = _PAIR.match(text, position)
            if found is None or found[1].lower() in pairs:
                return ()
            pairs[found[1].lower()] = _unquoted(found[2])
            position = found.end()
            if found[3] != ";":
                hops.append(_hop(pairs))
                pairs = {}
        return hops


def _hop(pairs: dict[str, str]) -> _Hop:
    named = {name: [pairs[name]] if name in pairs else [] for name in ("proto", "host")}
    return _Hop(_node(pairs.get("for", "")), _scheme(named["proto"]), _host(named["host"]))


def _whole(headers: CIMultiDictProxy[str], name: str) -> str:
    """All lines of a header as one; nothing where there is more of it than proxies write."""
    text = ",".join(headers.getall(name, []))
    return text if len(text) <= _LONGEST_HEADER else ""


def _listed(headers: CIMultiDictProxy[str], name: str) -> list[str]:
    text = _whole(headers, name)
    return [part.strip(" \t") for part in text.split(",")] if text else []


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1]) if text.startswith('"') else text


def _scheme(said: Iterable[str]) -> str | None:
    return next((text.lower() for text in said if text.lower() in _SCHEMES), None)


def _host(said: Iterable[str]) -> str | None:
    return next((text for text in said if _HOST.fullmatch(text)), None)


def _node(text: str) -> Address | None:
    """The address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`."""
    if text.startswith("["):
        text, bracket, port = text[1:].partition("]")
        if not bracket or not (port == "" or _is_port(port)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    return _address(text)


def _is_port(text: str) -> bool:
    return text[:1] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6


def _address(text: str) -> Address | None:
    """An address without a zone; an IPv4 one in IPv6's clothes is what it is."""
    try:
        address = ip_address(text) if "%" not in text else None
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
