"""What one node does, the others know: credentials, settings, tags, uploads, jobs."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from botocore.exceptions import ClientError

from tests.clients.raw_registry import OCI_MANIFEST, RawRegistry, sha256, target_of, with_query
from tests.engines.cluster import Stores, cluster, make_node
from tests.engines.entrepot import PROGRAM, Entrepot, log_entries
from tests.engines.programs import run_program
from tests.faults.serving.images import Acknowledged, OciPusher, make_image, pull, registry_of
from tests.faults.serving.processes import wait_until

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

_UNSET = {"ENTREPOT_ROOT_ACCESS_KEY_ID": "", "ENTREPOT_ROOT_SECRET_ACCESS_KEY": ""}


@pytest.fixture
def nodes(stores: Stores, tmp_path: Path) -> Iterator[Sequence[Entrepot]]:
    """Three nodes with a root credential that their first start, at once, has made."""
    with cluster(
        tmp_path, stores, "--workers=1", "--log-level=debug", "--collect-seconds=1", environment=_UNSET
    ) as running:
        take_credential(running.nodes)
        running.nodes[0].create_repository("team/app")
        yield running.nodes


def take_credential(nodes: Sequence[Entrepot]) -> Entrepot:
    """Give the clients of all nodes the credential that only one of them has in a file; that node."""
    [holder] = [node for node in nodes if node.credential_file.exists()]
    holder.take_credential()
    for node in nodes:
        node.access_key_id, node.secret_access_key = holder.access_key_id, holder.secret_access_key
    return holder


def test_three_first_starts_at_once_make_one_credential_and_a_token_is_good_everywhere(
    nodes: Sequence[Entrepot],
) -> None:
    password = nodes[0].password()
    for node in nodes:
        assert node.sts().get_caller_identity()["Account"] == node.account
        raw = registry_of(node)
        answer = type(raw)(raw.host, raw.port, password).send("GET", "/v2/team/app/tags/list")
        assert answer.status == 200


def test_a_replaced_credential_ends_on_every_node(nodes: Sequence[Entrepot]) -> None:
    old = [(node.ecr(), registry_of(node)) for node in nodes]
    for ecr, raw in old:  # what a node knows of the key may be in its caches now
        ecr.describe_repositories()
        assert raw.send("GET", "/v2/team/app/tags/list").status == 200
    holder = take_credential(nodes)
    run_program(
        PROGRAM,
        "credentials",
        f"--data-dir={holder.data_folder}",
        *(option for option in holder.options if option.startswith(("--database", "--blobs", "--root-key"))),
        environment={"PATH": "", **holder.environment},
    )
    for ecr, raw in old:
        wait_until(partial(_is_refused, ecr), "the old key ends")
        wait_until(partial(_is_locked_out, raw), "its token ends")
    take_credential(nodes)
    for node in nodes:
        node.ecr().describe_repositories()


def test_a_setting_of_a_repository_holds_on_every_node(nodes: Sequence[Entrepot]) -> None:
    image, other = (make_image(random.Random(seed), "1.0", sizes=[28]) for seed in (1, 2))
    OciPusher(registry_of(nodes[0]), "team/app", Acknowledged(), random.Random(1)).push(image)
    for digest, content in other.content.items():
        OciPusher(registry_of(nodes[0]), "team/app", Acknowledged(), random.Random(1)).push_layer(
            digest, content
        )
    nodes[0].ecr().put_image_tag_mutability(repositoryName="team/app", imageTagMutability="IMMUTABLE")
    for node in nodes:
        raw = registry_of(node)
        put = raw.push_manifest("team/app", "1.0", other.manifest, OCI_MANIFEST)
        assert put.status >= 400, node.port
        pull(raw, "team/app", image)


def test_the_api_of_every_node_shows_a_repository_as_it_is(nodes: Sequence[Entrepot]) -> None:
    clients = [node.ecr() for node in nodes]
    for changing, *others in (clients, clients[1:] + clients[:1], clients[2:] + clients[:2]):
        changing.put_image_tag_mutability(repositoryName="team/app", imageTagMutability="IMMUTABLE")
        for client in others:
            [found] = client.describe_repositories(repositoryNames=["team/app"])["repositories"]
            assert found["imageTagMutability"] == "IMMUTABLE"
        changing.delete_repository(repositoryName="team/app")
        for client in others:
            with pytest.raises(client.exceptions.RepositoryNotFoundException):
                client.describe_repositories(repositoryNames=["team/app"])
        others[0].create_repository(repositoryName="team/app")


def test_a_tag_moved_through_one_node_is_seen_through_the_others_at_once(nodes: Sequence[Entrepot]) -> None:
    registries = [registry_of(node) for node in nodes]
    chance = random.Random(5)
    for _ in range(10):
        through = chance.choice(registries)
        image = make_image(chance, "latest", layers=1, sizes=[28])
        OciPusher(through, "team/app", Acknowledged(), chance).push(image)
        for raw in registries:
            pull(raw, "team/app", image)


def test_an_upload_whose_requests_meet_a_node_each_finishes(nodes: Sequence[Entrepot]) -> None:
    registries, chance = [registry_of(node) for node in nodes], random.Random(3)
    content = chance.randbytes(14_000_000)
    where, start = registries[0].begin_upload("team/app"), 0
    for number in range(1, 13):
        end = len(content) if number == 12 else start + chance.randrange(1, 2_000_000)
        end = min(end, len(content))
        sent = registries[number % 3].send("PATCH", where, content[start:end])
        assert (sent.status, sent.headers["range"]) == (202, f"0-{end - 1}")
        where, start = target_of(sent), end
    done = registries[1].send("PUT", with_query(where, digest=sha256(content)), b"")
    assert done.status == 201
    for raw in registries:
        assert raw.send("GET", f"/v2/team/app/blobs/{sha256(content)}").body == content


def test_parts_that_meet_a_node_each_make_one_layer(nodes: Sequence[Entrepot]) -> None:
    content, part, clients = random.Random(4).randbytes(16_000_000), 5 << 20, [node.ecr() for node in nodes]
    upload = clients[0].initiate_layer_upload(repositoryName="team/app")["uploadId"]
    for number, start in enumerate(range(0, len(content), part), start=1):
        piece = content[start : start + part]
        clients[number % 3].upload_layer_part(
            repositoryName="team/app",
            uploadId=upload,
            partFirstByte=start,
            partLastByte=start + len(piece) - 1,
            layerPartBlob=piece,
        )
    clients[2].complete_layer_upload(
        repositoryName="team/app", uploadId=upload, layerDigests=[sha256(content)]
    )
    for node in nodes:
        got = registry_of(node).send("GET", f"/v2/team/app/blobs/{sha256(content)}")
        assert got.body == content


def test_a_job_runs_once(nodes: Sequence[Entrepot], stores: Stores) -> None:
    nodes[0].own().put_recycle_bin_settings(retentionDays=0)  # what is deleted is cleared at once
    names = [f"gone/app-{number}" for number in range(12)]
    for number, name in enumerate(names):
        nodes[number % 3].create_repository(name)
        registry_of(nodes[0]).begin_upload(name)
    for number, name in enumerate(names):
        nodes[(number + 1) % 3].ecr().delete_repository(repositoryName=name, force=True)
    wait_until(lambda: not jobs(stores, "forget-repository"), "the jobs are done")
    entries = [entry for node in nodes for entry in log_entries(node, "job done")]
    done = [entry["key"] for entry in entries if entry["kind"] == "forget-repository"]
    assert len(done) == len(set(done)) == len(names)


def test_a_job_moves_when_its_node_dies(stores: Stores, tmp_path: Path) -> None:
    keys = f"--root-key-file={tmp_path / 'keys' / 'root-key'}"
    first, second = (make_node(tmp_path / name, stores, keys, "--workers=1") for name in ("one", "two"))
    with closing(asyncio.Runner()) as runner:
        try:
            first.start()
            first.own().put_recycle_bin_settings(retentionDays=0)
            first.create_repository("team/app")
            registry_of(first).begin_upload("team/app")
            blocker = runner.run(asyncpg.connect(stores.database))
            blocking = blocker.transaction()
            runner.run(blocking.start())
            runner.run(blocker.execute("LOCK TABLE upload IN EXCLUSIVE MODE"))
            first.ecr().delete_repository(repositoryName="team/app", force=True)
            wait_until(lambda: "forget-repository" in jobs(stores, is_held=True), "the job is taken")
            first.kill9()
            second.start()
            runner.run(blocking.rollback())
            wait_until(lambda: not jobs(stores, "forget-repository"), "the job is done", seconds=120)
            runner.run(blocker.close())
        finally:
            first.stop()
            second.stop()


def jobs(stores: Stores, kind: str = "", *, is_held: bool = False) -> list[str]:
    """The kinds of the jobs there are."""

    async def ask() -> list[str]:
        connection = await asyncpg.connect(stores.database)
        try:
            rows = await connection.fetch(
                "SELECT kind FROM job WHERE (kind = $1 OR $1 = '') AND (lease IS NOT NULL OR NOT $2)",
                kind,
                is_held,
            )
            return [row["kind"] for row in rows]
        finally:
            await connection.close()

    return asyncio.run(ask())


def _is_refused(ecr: "ECRClient") -> bool:
    try:
        ecr.describe_repositories()
    except ClientError as refused:
        return "UnrecognizedClientException" in str(refused)
    return False


def _is_locked_out(raw: RawRegistry) -> bool:
    return raw.send("GET", "/v2/team/app/tags/list").status in (401, 403)
