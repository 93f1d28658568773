"""Several nodes on one database and one store of blobs, behind a balancer on one address."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.engines.entrepot import Endpoint, Entrepot, free_port
from tests.engines.shipped_balancers import Balancer, haproxy


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

    def by_port(self, port: int, other: int, database_options: str = "") -> "Stores":
        """The same, but what is reached by the port is reached by the other one."""
        return replace(
            self,
            database=self.database.replace(f":{port}/", f":{other}/") + database_options,
            blobs=self.blobs.replace(f"%3A{port}", f"%3A{other}"),
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
) -> Iterator[Cluster]:
    """Ready nodes, started all at once, and a balancer before them; stopped at the end.

    Where stores are a list, each node has its own way to them; `own` is what each has in its environment.
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
        )
        for number, (way, own_environment) in enumerate(zip(ways, own or [{}] * count, strict=True), start=1)
    ]
    endpoint = ClusterEndpoint(folder, port, nodes=nodes)
    try:
        start_all(nodes)
        with balancer(folder, port, [node.port for node in nodes]):
            yield Cluster(endpoint, nodes)
    finally:
        endpoint.close()
        with ThreadPoolExecutor(len(nodes)) as pool:
            list(pool.map(Entrepot.stop, nodes))


def make_node(
    folder: Path, stores: Stores, *options: str, environment: Mapping[str, str] | None = None
) -> Entrepot:
    """A node that is not started yet."""
    folder.mkdir(parents=True, exist_ok=True)
    return Entrepot(
        folder,
        free_port(),
        options=(*stores.options, *options),
        environment={**stores.environment, **(environment or {})},
    )


def start_all(nodes: Sequence[Entrepot]) -> None:
    """Start them at once; return when all are ready."""
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(Entrepot.start, nodes))
