"""Machines as far as the network goes, on links that a test takes down: namespaces and veth pairs."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_interface, ip_network
from random import SystemRandom

from tests.engines.programs import find_program, require_root

_NETWORKS = ("198.51.100.0/24", "203.0.113.0/24")  # RFC 5737: nobody's; each link has a /30 of them


class End(Enum):
    """The two ends of a link."""

    NEAR = "the test's"
    FAR = "the machine's"


@dataclass(frozen=True, slots=True)
class Link:
    """A link between the test's machine and another one, with an address at each end."""

    near: str
    far: str
    _interface: str
    _holder: int

    def take_down(self, at: End) -> None:
        """From now on nothing passes, and nobody is told: open connections stay open.

        What stands at the other end sees its packets vanish; what stands at this one finds no way there.
        """
        self._set(at, "down")

    def bring_up(self, at: End) -> None:
        self._set(at, "up")

    def _set(self, at: End, state: str) -> None:
        inside = [] if at is End.NEAR else inside_of(self._holder)
        _run(*inside, "ip", "link", "set", self._interface, state)


@dataclass(frozen=True, slots=True)
class Machine:
    """A network namespace; `front` leads to its clients, `back` to the servers that it asks itself."""

    holder: int
    front: Link
    back: Link

    def inside(self) -> list[str]:
        """What a command line begins with that is to run there."""
        return inside_of(self.holder)


def inside_of(holder: int) -> list[str]:
    return ["nsenter", f"--net=/proc/{holder}/ns/net", "--"]


@contextmanager
def machine() -> Iterator[Machine]:
    """A machine with two links to this one, and with no way from there to anywhere else.

    It ends with the last process that runs there, and its links with it.
    """
    require_root("a network namespace")
    find_program("ip")
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec sleep infinity"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "ready\n", "the namespace could not be made"
            with ExitStack() as stack:
                front, back = (
                    stack.enter_context(_link(holder.pid, f"ent{holder.pid}{name}")) for name in "fb"
                )
                yield Machine(holder.pid, front, back)
        finally:
            holder.send_signal(signal.SIGKILL)


@contextmanager
def _link(holder: int, interface: str) -> Iterator[Link]:
    near, far = _free_addresses()
    _run("ip", "link", "add", interface, "type", "veth", "peer", "name", interface, "netns", str(holder))
    try:
        for address, inside in ((near, []), (far, inside_of(holder))):
            _run(*inside, "ip", "address", "add", f"{address}/30", "dev", interface)
            _run(*inside, "ip", "link", "set", interface, "up")
        yield Link(near, far, interface, holder)
    finally:
        _run("ip", "link", "delete", interface)


def _free_addresses() -> tuple[str, str]:
    """The two of a network that no interface of this machine has, those of other tests too."""
    listed = json.loads(_run("ip", "-json", "-4", "address", "show"))
    taken = [
        ip_interface(f"{at['local']}/{at['prefixlen']}").network for one in listed for at in one["addr_info"]
    ]
    free = [
        part
        for network in _NETWORKS
        for part in ip_network(network).subnets(new_prefix=30)
        if not any(part.overlaps(other) for other in taken)
    ]
    near, far = SystemRandom().choice(free).hosts()
    return str(near), str(far)


def _run(*command: str) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout
