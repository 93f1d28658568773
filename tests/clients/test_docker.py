"""A real docker daemon pushes to and pulls from a served Entrepot."""

import os
from collections.abc import Callable

from tests.engines.docker import Docker
from tests.engines.entrepot import Endpoint
from tests.engines.interruption import interrupted

NewRepository = Callable[[], str]


def test_pushed_image_pulls_back_under_the_same_digest(
    docker: Docker, entrepot: Endpoint, new_repository: NewRepository
) -> None:
    repository = new_repository()
    name = f"{entrepot.registry}/{repository}:1"
    docker.import_image(name, {"greeting": b"hello", "noise": os.urandom(200_000)})
    image_id = docker.image_id(name)

    pushed = docker.push(name)
    docker.run("rmi", name)
    docker.run("pull", name)

    assert docker.image_id(name) == image_id
    assert docker.digest(name) == pushed
    [detail] = entrepot.ecr().describe_images(repositoryName=repository)["imageDetails"]
    assert (detail["imageDigest"], detail["imageTags"]) == (pushed, ["1"])


def test_image_pulls_by_digest(docker: Docker, entrepot: Endpoint, new_repository: NewRepository) -> None:
    name = f"{entrepot.registry}/{new_repository()}"
    docker.import_image(f"{name}:1", {"noise": os.urandom(1000)})
    digest = docker.push(f"{name}:1")
    docker.run("rmi", f"{name}:1")

    docker.run("pull", f"{name}@{digest}")

    assert docker.digest(f"{name}@{digest}") == digest


def test_second_tag_names_the_same_image(
    docker: Docker, entrepot: Endpoint, new_repository: NewRepository
) -> None:
    repository = new_repository()
    name = f"{entrepot.registry}/{repository}"
    docker.import_image(f"{name}:1", {"noise": os.urandom(1000)})
    docker.run("tag", f"{name}:1", f"{name}:latest")

    assert docker.push(f"{name}:1") == docker.push(f"{name}:latest")

    [detail] = entrepot.ecr().describe_images(repositoryName=repository)["imageDetails"]
    assert sorted(detail["imageTags"]) == ["1", "latest"]


def test_image_that_is_there_already_is_not_sent_again(
    docker: Docker, entrepot: Endpoint, new_repository: NewRepository
) -> None:
    name = f"{entrepot.registry}/{new_repository()}:1"
    docker.import_image(name, {"noise": os.urandom(1000)})
    pushed = docker.push(name)

    printed = docker.run("push", name)

    assert "Layer already exists" in printed
    assert pushed in printed


def test_layer_is_mounted_from_another_repository(
    docker: Docker, entrepot: Endpoint, new_repository: NewRepository
) -> None:
    first, second = new_repository(), new_repository()
    docker.import_image(f"{entrepot.registry}/{first}:1", {"noise": os.urandom(1000)})
    docker.push(f"{entrepot.registry}/{first}:1")
    docker.run("tag", f"{entrepot.registry}/{first}:1", f"{entrepot.registry}/{second}:1")

    printed = docker.run("push", f"{entrepot.registry}/{second}:1")

    assert f"Mounted from {first}" in printed


def test_immutable_tag_refuses_a_second_image_and_says_so(
    docker: Docker, entrepot: Endpoint, new_repository: NewRepository
) -> None:
    repository = new_repository()
    entrepot.ecr().put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    name = f"{entrepot.registry}/{repository}:1"
    docker.import_image(name, {"noise": os.urandom(1000)})
    first = docker.push(name)
    docker.import_image(name, {"noise": os.urandom(1000)})

    printed = docker.run("push", name, is_expected_to_fail=True)

    assert f"The image tag '1' already exists in the '{repository}' repository" in printed
    assert "cannot be overwritten because the tag is immutable" in printed
    [detail] = entrepot.ecr().describe_images(repositoryName=repository)["imageDetails"]
    assert detail["imageDigest"] == first


def test_push_to_a_repository_that_does_not_exist_names_it(docker: Docker, entrepot: Endpoint) -> None:
    name = f"{entrepot.registry}/team/never-made:1"
    docker.import_image(name, {"noise": os.urandom(1000)})

    printed = docker.run("push", name, is_expected_to_fail=True)

    assert "The repository with name 'team/never-made' does not exist" in printed


def test_wrong_password_is_refused(docker_engine: Docker, entrepot: Endpoint) -> None:
    printed = docker_engine.run(
        "login", "--username", "AWS", "--password-stdin", "localhost:" + str(entrepot.port),
        stdin="wrong", is_expected_to_fail=True,
    )  # fmt: skip

    assert "401 Unauthorized" in printed


def test_download_that_was_cut_off_goes_on_where_it_stopped(
    docker: Docker, entrepot: Endpoint, password: str, new_repository: NewRepository
) -> None:
    repository = new_repository()
    name = f"{entrepot.registry}/{repository}:1"
    docker.import_image(name, {"noise": os.urandom(8_000_000)})
    pushed = docker.push(name)
    docker.run("rmi", name)

    with interrupted(entrepot.port, cut_after_bytes=3_000_000) as network:
        through = f"127.0.0.1:{network.port}"
        docker.login(through, password)
        docker.run("pull", f"{through}/{repository}:1")

    assert network.cuts == 1
    assert any(asked.startswith("bytes=") and asked != "bytes=0-" for asked in network.ranges)
    assert docker.digest(f"{through}/{repository}:1") == pushed
