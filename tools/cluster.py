"""Runs a whole cluster on this machine until Ctrl-C: PostgreSQL, SeaweedFS, nodes and a load balancer."""

import argparse
import asyncio
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.engines.balancers import Balancer, haproxy, nginx
from tests.engines.cluster import Cluster, Stores, cluster
from tests.engines.entrepot import REGION
from tests.engines.postgres import postgres_server
from tests.engines.seaweedfs import seaweedfs_server

BALANCERS: dict[str, Balancer] = {"haproxy": haproxy, "nginx": nginx}
BUCKET = "entrepot"
DATABASE = "entrepot"
OWN_KEYS = {"ENTREPOT_ROOT_ACCESS_KEY_ID": "", "ENTREPOT_ROOT_SECRET_ACCESS_KEY": ""}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make cluster", description=__doc__)
    parser.add_argument("--port", type=int, default=5050, help="port of the balancer (default 5050)")
    parser.add_argument("--nodes", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--balancer", choices=BALANCERS, default="haproxy", help="default haproxy")
    parser.add_argument("--folder", type=Path, help="where the data lies and stays; temporary by default")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            running = stack.enter_context(started(folder.absolute(), options))
            explain(running, folder)
            signal.pause()
    except KeyboardInterrupt:
        print("\nEverything has ended.", file=sys.stderr)
    except subprocess.CalledProcessError as failure:
        print(f"cluster: {failure}\n{failure.stderr.decode()}", file=sys.stderr)
        return 2
    except pytest.skip.Exception as missing:
        print(f"cluster: {missing}", file=sys.stderr)
        return 2
    return 0


@contextmanager
def started(folder: Path, options: argparse.Namespace) -> Iterator[Cluster]:
    """The cluster, ready."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # where root runs this, PostgreSQL is another user, who has to pass
    with ExitStack() as stack:
        print("PostgreSQL …", file=sys.stderr)
        postgres = stack.enter_context(postgres_server(folder / "postgresql"))
        print("SeaweedFS …", file=sys.stderr)
        seaweedfs = stack.enter_context(seaweedfs_server(folder / "seaweedfs"))
        stores = Stores(
            asyncio.run(postgres.ensure_database(DATABASE)),
            seaweedfs.blobs_url(seaweedfs.ensure_bucket(BUCKET)),
            seaweedfs.credentials,
        )
        print(f"{options.nodes} nodes and {options.balancer} …", file=sys.stderr)
        yield stack.enter_context(
            cluster(
                folder,
                stores,
                count=options.nodes,
                port=options.port,
                balancer=BALANCERS[options.balancer],
                environment=OWN_KEYS,
            )
        )


def explain(running: Cluster, folder: Path) -> None:
    """Say how to use it."""
    endpoint = running.endpoint
    [node] = [node for node in running.nodes if node.credential_file.exists()]
    node.take_credential()
    print(
        f"""
{len(running.nodes)} nodes (ports {", ".join(str(node.port) for node in running.nodes)}) behind {endpoint.url}
Data and logs are in {folder}

In another terminal:

  export AWS_ENDPOINT_URL_ECR={endpoint.url} AWS_ENDPOINT_URL_STS={endpoint.url}
  export AWS_ACCESS_KEY_ID={node.access_key_id} AWS_SECRET_ACCESS_KEY={node.secret_access_key}
  export AWS_DEFAULT_REGION={REGION}
  aws ecr create-repository --repository-name team/app
  aws ecr get-login-password | docker login --username AWS --password-stdin {endpoint.registry}

Ctrl-C ends everything.
""",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
