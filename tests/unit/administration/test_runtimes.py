"""What docker, crictl and ctr say they run, as they print it."""

import json
from collections.abc import Mapping, Sequence

import pytest

from entrepot.administration.connection import NotAnswered
from entrepot.administration.pins import read_end
from entrepot.administration.runtimes import run_command, running_images
from tests.unit.domain.lifecycle.builders import NOW

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
APP = f"localhost:5050/team/app@{A}"


class Printed:
    """A machine on which each command prints what it is said to."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers

    def __call__(self, command: Sequence[str]) -> str:
        return self._answers[" ".join(command)]


def test_docker_is_asked_for_the_digests_of_what_its_containers_run() -> None:
    run = Printed(
        {
            "docker ps --quiet --no-trunc": "one\ntwo\nthree\n",
            "docker inspect --format {{.Image}} one two three": f"{B}\n{B}\n{C}\n",
            f"docker image inspect --format {{{{json .RepoDigests}}}} {B} {C}": f'["{APP}","x/y@{B}"]\n[]\n',
        }
    )
    assert running_images("docker", "", run) == {APP, f"x/y@{B}"}
    assert running_images("docker", "", Printed({"docker ps --quiet --no-trunc": "\n"})) == set()


def test_crictl_is_asked_for_containers_and_what_their_images_are_called() -> None:
    containers = [
        {"image": {"image": B}, "imageRef": B},
        {"image": {"image": "localhost:5050/team/base:1"}, "imageRef": ""},
    ]
    images = [
        {"id": B, "repoTags": ["localhost:5050/team/app:1"], "repoDigests": [APP]},
        {
            "id": C,
            "repoTags": ["localhost:5050/team/base:1"],
            "repoDigests": [f"localhost:5050/team/base@{C}"],
        },
        {"id": A, "repoTags": [], "repoDigests": [f"localhost:5050/team/old@{B}"]},
    ]
    run = Printed(
        {
            "crictl ps --output json": json.dumps({"containers": containers}),
            "crictl images --output json": json.dumps({"images": images}),
        }
    )
    assert running_images("crictl", "", run) == {APP, f"localhost:5050/team/base@{C}"}


def test_ctr_is_asked_for_tasks_and_the_digests_of_their_images() -> None:
    table = (
        "REF TYPE DIGEST SIZE PLATFORMS LABELS\n"
        f"localhost:5050/team/app:1 application/vnd.oci.image.index.v1+json {A} 2.1 MiB linux/amd64 -\n"
        f"localhost:5050/team/old:1 application/vnd.oci.image.index.v1+json {B} 2.1 MiB linux/amd64 -\n"
    )
    run = Printed(
        {
            "ctr --namespace k8s.io images ls": table,
            "ctr --namespace k8s.io tasks ls --quiet": "web\nlocal\n",
            "ctr --namespace k8s.io containers info web": '{"Image": "localhost:5050/team/app:1"}',
            "ctr --namespace k8s.io containers info local": '{"Image": ""}',
        }
    )
    assert running_images("ctr", "k8s.io", run) == {f"localhost:5050/team/app:1@{A}"}


def test_a_command_that_fails_is_said_in_a_line() -> None:
    with pytest.raises(NotAnswered, match=r"^sh -c echo no >&2; exit 3: no$"):
        run_command(["sh", "-c", "echo no >&2; exit 3"])
    with pytest.raises(NotAnswered, match=r"^absent-program: "):
        run_command(["absent-program"])


def test_an_end_is_a_span_or_a_time() -> None:
    assert str(read_end("30d", NOW)) == "2026-12-25 12:00:00+00:00"
    assert str(read_end("12h", NOW)) == "2026-11-26 00:00:00+00:00"
    assert str(read_end("2026-12-31", NOW)) == "2026-12-31 00:00:00+00:00"
    assert str(read_end("2026-12-31T10:00:00+02:00", NOW)) == "2026-12-31 10:00:00+02:00"
    for text in ("", "d", "3w", "tomorrow", "-1d"):
        with pytest.raises(NotAnswered, match="must be such as 30d"):
            read_end(text, NOW)
