"""Which addresses the server may connect to on somebody else's word (attack 33)."""

import errno
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from entrepot.domain.addresses import parse_address

AddressInfo = tuple[int, int, int, str, Any]
"""One answer of `getaddrinfo`: family, type, protocol, name and socket address."""

MakeSocket = Callable[[AddressInfo], socket.socket]

# Where machines in clouds are told about themselves and their keys, outside the link-local networks: Alibaba,
# AWS over IPv6, Azure, Google over IPv6, Oracle.
_METADATA = frozenset(
    ip_address(text)
    for text in ("100.100.100.200", "fd00:ec2::254", "168.63.129.16", "fd20:ce::254", "192.0.0.192")
)
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TRANSLATED = ip_network("64:ff9b::/96")


class AddressRefused(OSError):
    """Nothing is sent to this address."""


def is_refused(text: str, *, allows_loopback: bool) -> bool:
    """Whether an address is one that no issuer may send us to; private ones are usual on premises."""
    address = parse_address(text.partition("%")[0])
    if address is None:
        return True
    return any(_is_refused(each, allows_loopback=allows_loopback) for each in (address, *_wrapped(address)))


def checked_sockets(*, allows_loopback: bool) -> MakeSocket:
    """Makes the socket for a connection to a resolved address; raises AddressRefused.

    It sees the very address that is then connected to, so no second look at the name can change it.
    """

    def make(info: AddressInfo) -> socket.socket:
        address = str(info[4][0])
        if is_refused(address, allows_loopback=allows_loopback):
            raise _refusal(address)
        return plain_socket(info)

    return make


def plain_socket(info: AddressInfo) -> socket.socket:
    """The socket for a connection to an address that nobody needs to check."""
    made = socket.socket(*info[:3])
    made.setblocking(False)
    return made


def check_literal(host: str) -> None:
    """Raises AddressRefused for an address in the place of a name, where nobody here looks names up."""
    if parse_address(host.partition("%")[0]) is not None and is_refused(host, allows_loopback=False):
        raise _refusal(host)


def _refusal(address: str) -> AddressRefused:
    return AddressRefused(errno.EACCES, f"connections to {address} are refused")


def _is_refused(address: IPv4Address | IPv6Address, *, allows_loopback: bool) -> bool:
    if address.is_loopback:
        return not allows_loopback
    return address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA


def _wrapped(address: IPv4Address | IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 address that an IPv6 one stands for behind a translator, beside the mapped one."""
    if isinstance(address, IPv4Address):
        return ()
    if address in _TRANSLATED:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    if address in _SIX_TO_FOUR:
        return (IPv4Address((int(address) >> 80) & 0xFFFFFFFF),)
    return ()
