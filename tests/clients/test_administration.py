"""The commands that ask a running server: where they find it, as whom, and what they say when it refuses."""

import csv
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from entrepot.services.entrepot.model import FOLDER
from tests.engines.entrepot import PROGRAM, REGION, Entrepot, served
from tests.engines.programs import PATH, run_program

INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY_INDEX = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []})
APP = f"arn:aws:ecr:{REGION}:123456789012:repository/team/app"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrepot]:
    with served(tmp_path_factory.mktemp("server"), "--workers=1") as entrepot:
        yield entrepot


@dataclass(frozen=True, slots=True)
class Shell:
    """A home of its own, with keys and without an endpoint."""

    home: Path
    server: Entrepot

    @property
    def keys(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.server.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.server.secret_access_key,
        }

    def run(
        self, *command: str, variables: Mapping[str, str] | None = None, is_expected_to_fail: bool = False
    ) -> str:
        bare = {"PATH": PATH, "HOME": str(self.home), "AWS_EC2_METADATA_DISABLED": "true"}
        given = self.keys if variables is None else variables
        return run_program(
            PROGRAM,
            *command,
            environment=bare | dict(given),
            folder=self.home,
            is_expected_to_fail=is_expected_to_fail,
        )


@pytest.fixture
def shell(tmp_path: Path, server: Entrepot) -> Shell:
    return Shell(tmp_path, server)


def test_the_server_is_found_by_option_variable_profile_or_folder(shell: Shell, server: Entrepot) -> None:
    accounts = f"{server.account} since "
    assert accounts in shell.run("account", "list", f"--endpoint-url={server.url}")
    for name in ("AWS_ENDPOINT_URL_ENTREPOT", "AWS_ENDPOINT_URL"):
        assert accounts in shell.run("account", "list", variables={**shell.keys, name: server.url})
    data = f"--data-dir={server.data_folder}"
    assert accounts in shell.run("account", "list", data)
    given = {
        "ENTREPOT_ROOT_ACCESS_KEY_ID": server.access_key_id,
        "ENTREPOT_ROOT_SECRET_ACCESS_KEY": server.secret_access_key,
    }
    shell.run("configure", data, "--profile=here", variables=given)
    assert accounts in shell.run("account", "list", "--profile=here", variables={})
    assert accounts in shell.run("account", "list", variables={"AWS_PROFILE": "here"})


def test_what_is_missing_or_refused_is_said_in_a_line(shell: Shell, server: Entrepot) -> None:
    here = f"--endpoint-url={server.url}"
    why = ("why", f"arn:aws:iam::{server.account}:user/gone", "ecr:PutImage", APP)
    wrong = shell.keys | {"AWS_SECRET_ACCESS_KEY": "x" * 40}
    cases: list[tuple[tuple[str, ...], Mapping[str, str] | None, str]] = [
        (why, None, "no server is named: give --endpoint-url, set AWS_ENDPOINT_URL_ENTREPOT"),
        ((*why, here), {}, "Unable to locate credentials: give --profile"),
        (
            (*why, here),
            {**wrong, "AWS_ACCESS_KEY_ID": "AKIASTRANGESTRANGE22"},
            "UnrecognizedClientException: ",
        ),
        ((*why, here), wrong, "InvalidSignatureException: The request signature we calculated"),
        ((*why, here), None, "NoSuchEntityException: The principal with name arn:aws:iam::"),
        ((*why, here, "--context=x"), None, "--context x: must be KEY=VALUE"),
        (("stats", "gone", here, "--region=a-1"), None, "RepositoryNotFoundException: The repository "),
        ((*why, here, "--profile=gone"), None, "The config profile (gone) could not be found"),
        ((*why, "--endpoint-url=http://127.0.0.1:1"), None, "Could not connect to the endpoint URL"),
        ((*why, "--endpoint-url=localhost:5050"), None, "localhost:5050: must be a URL such as http://"),
        ((*why, "--endpoint-url=http:localhost"), None, "http:localhost: must be a URL such as http://"),
        ((*why, here.replace("http:", "https:")), None, "SSL validation failed for https://"),
        (("session", "revoke", "ASIA%ASIA%ASIA%ASIA%", here), None, "InvalidParameterException: "),
        (("session", "revoke", "x", here), None, "Parameter validation failed"),
    ]
    for command, variables, said in cases:
        printed = shell.run(*command, variables=variables, is_expected_to_fail=True)
        assert printed.startswith(f"entrepot: {said}"), printed
        assert printed.count("\n") == 1


def test_answers_come_as_json_too(shell: Shell, server: Entrepot) -> None:
    here = (f"--endpoint-url={server.url}", "--json")
    root = f"arn:aws:iam::{server.account}:root"
    found = json.loads(shell.run("why", root, "ecr:PutImage", APP, *here))
    assert (found["decision"], found["policies"]) == ("allowed", [])
    made = json.loads(shell.run("account", "create", *here))
    assert made["account"]["accountId"] in {
        each["accountId"] for each in json.loads(shell.run("account", "list", *here))
    }
    assert json.loads(shell.run("session", "list", *here)) == []
    assert json.loads(shell.run("stats", *here))["largestRepositories"] == []
    revoked = json.loads(shell.run("token", "revoke", f"--access-key={server.access_key_id}", *here))
    assert (revoked["keyCount"], revoked["sessionCount"]) == (1, 0)


def test_repositories_are_told_a_line_each(shell: Shell, server: Entrepot) -> None:
    here = f"--endpoint-url={server.url}"
    for name in ("team/app", "team/web"):
        server.ecr().create_repository(repositoryName=name)
    head, *lines = shell.run("stats", "team/web", "team/app", here).splitlines()
    assert head.split("\t") == ["IMAGES", "TAGS", "BYTES", "PULLS", "REPOSITORY"]
    assert [line.split("\t") for line in lines] == [["0"] * 4 + [f"team/{name}"] for name in ("web", "app")]
    assert "\trepositories\n" in shell.run("stats", here)
    listed = shell.run("stats", "--sort=name", "--reverse", here)
    assert listed.index("\tteam/web\n") < listed.index("\tteam/app\n")
    refused = shell.run("stats", "team/none", here, is_expected_to_fail=True)
    assert "RepositoryNotFoundException" in refused


def test_attack_48_statistics_leave_as_csv_without_formulas(shell: Shell, server: Entrepot) -> None:
    here = f"--endpoint-url={server.url}"
    server.ecr().create_repository(repositoryName="csv/app")
    digest = server.ecr().put_image(
        repositoryName="csv/app", imageTag="v1", imageManifest=EMPTY_INDEX, imageManifestMediaType=INDEX
    )["image"]["imageId"]["imageDigest"]
    rows = {row["repositoryName"]: row for row in csv_of(shell.run("stats", "--csv", here))}
    assert (rows["csv/app"]["imageCount"], rows["csv/app"]["tagCount"]) == ("1", "1")
    assert csv_of(shell.run("stats", "csv/app", "--csv", here)) == [rows["csv/app"]]
    (image,) = csv_of(shell.run("stats", "--images=csv/app", "--sort=pulls", "--csv", here))
    assert (image["imageDigest"], image["imageTags"], image["pullCount"]) == (digest, "v1", "0")
    assert digest in shell.run("stats", "--images=csv/app", here)
    assert json.loads(shell.run("stats", "--images=csv/app", "--json", here))["images"][0]["pullCount"] == 0
    for wrong in (("--images=csv/app", "--sort=size"), ("csv/app", "--sort=size"), ("--csv", "--json")):
        assert shell.run("stats", *wrong, here, is_expected_to_fail=True).startswith("entrepot: ")


def csv_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_a_session_is_listed_with_its_end_and_which_one_it_is(shell: Shell, server: Entrepot) -> None:
    here = f"--endpoint-url={server.url}"
    given = server.own().create_console_session(durationSeconds=900)["credentials"]
    inside = {
        "AWS_ACCESS_KEY_ID": given["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["secretAccessKey"],
        "AWS_SESSION_TOKEN": given["sessionToken"],
    }
    listed = shell.run("session", "list", here, variables=inside)
    assert listed == (
        f"{given['accessKeyId']} console arn:aws:iam::{server.account}:root "
        f"until {given['expiration']:%Y-%m-%d %H:%M} UTC (this one)\n"
    )
    shell.run("session", "revoke", given["accessKeyId"], here, variables=inside)
    assert "UnrecognizedClientException" in shell.run(
        "session", "list", here, variables=inside, is_expected_to_fail=True
    )
    assert shell.run("session", "list", here) == ""


def test_the_model_is_printed_installed_and_found_by_boto3(
    shell: Shell, server: Entrepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = json.loads(shell.run("model", variables={}))
    assert printed["metadata"]["signingName"] == "entrepot"
    written = shell.run("model", "--install", variables={}).split()
    assert json.loads((shell.home / ".aws/models/entrepot/2026-11-25/service-2.json").read_bytes()) == printed
    assert len(written) == 2
    folder = shell.run("model", "--path", variables={}).strip()
    assert folder == os.fspath(FOLDER)
    monkeypatch.setenv("AWS_DATA_PATH", folder)
    client = boto3.session.Session().client(
        "entrepot",
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id=server.access_key_id,
        aws_secret_access_key=server.secret_access_key,
    )
    assert client.list_sessions()["sessions"] == []
    client.close()
