"""Several nodes on one database and one store of blobs, behind a balancer on one address."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.engines.balancers import Balancer, haproxy
from tests.engines.entrepot import Endpoint, Entrepot, free_port
from tests.engines.machines import Machine
from tests.faults.serving.processes import is_ready, wait_until


@dataclass(frozen=True, slots=True)
class Stores:
    """Where nodes keep everything, as `--database` and `--blobs` say it; empty means the data folder."""

    database: str = ""
    blobs: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What a node needs beside, to be let in."""

    @property
    def options(self) -> tuple[str, ...]:
        given = {"--database": self.database, "--blobs": self.blobs}
        return tuple(f"{option}={value}" for option, value in given.items() if value)

    def by(self, port: int, address: str, database_options: str = "") -> "Stores":
        """The same, but what is reached at this port of 127.0.0.1 is reached at the address and its port."""
        host, _, other = address.partition(":")
        return replace(
            self,
            database=self.database.replace(f"127.0.0.1:{port}/", f"{address}/") + database_options,
            blobs=self.blobs.replace(f"127.0.0.1%3A{port}", f"{host}%3A{other}"),
        )


@dataclass(slots=True)
class ClusterEndpoint(Endpoint):
    """The address of the balancer."""

    nodes: Sequence[Entrepot] = ()

    @property
    def logs(self) -> Sequence[Path]:
        return [node.log for node in self.nodes]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The nodes, and the one address that clients know."""

    endpoint: Endpoint
    nodes: Sequence[Entrepot]


@contextmanager
def cluster(
    folder: Path,
    stores: Stores | Sequence[Stores],
    *options: str,
    count: int = 3,
    port: int = 0,
    balancer: Balancer = haproxy,
    environment: Mapping[str, str] | None = None,
    own: Sequence[Mapping[str, str]] = (),
    machines: Sequence[Machine | None] = (),
) -> Iterator[Cluster]:
    """Ready nodes, started all at once, and a balancer before them; stopped at the end.

    Where stores are a list, each node has its own way to them; `own` is what each has in its environment,
    and `machines` where each runs if that is not the test's own.
    """
    port = port or free_port()
    ways = [stores] * count if isinstance(stores, Stores) else stores
    nodes = [
        make_node(
            folder / f"node{number}",
            way,
            f"--root-key-file={folder / 'keys' / 'root-key'}",
            f"--external-url=http://127.0.0.1:{port}",
            *options,
            environment={**(environment or {}), **own_environment},
            machine=machine,
        )
        for number, (way, own_environment, machine) in enumerate(
            zip(ways, own or [{}] * count, machines or [None] * count, strict=True), start=1
        )
    ]
    endpoint = ClusterEndpoint(folder, port, nodes=nodes)
    try:
        start_all(nodes)
        with balancer(folder, port, [node.registry for node in nodes]):
            wait_until(lambda: is_ready(endpoint), "the balancer has found a node")
            yield Cluster(endpoint, nodes)
    finally:
        endpoint.close()
        with ThreadPoolExecutor(len(nodes)) as pool:
            list(pool.map(Entrepot.stop, nodes))


def make_node(
    folder: Path,
    stores: Stores,
    *options: str,
    environment: Mapping[str, str] | None = None,
    machine: Machine | None = None,
) -> Entrepot:
    """A node that is not started yet."""
    folder.mkdir(parents=True, exist_ok=True)
    return Entrepot(
        folder,
        free_port(),
        host="127.0.0.1" if machine is None else machine.front.far,
        options=(*stores.options, *options),
        environment={**stores.environment, **(environment or {})},
        launcher=() if machine is None else machine.inside(),
    )


def start_all(nodes: Sequence[Entrepot]) -> None:
    """Start them at once; return when all are ready."""
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(Entrepot.start, nodes))
