"""Jobs without secrets: a real issuer's token, AWS's clients, and docker with the role that it opens."""

import hmac
import json
import os
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.clients.oci_layout import Layout
from tests.clients.raw_registry import OCI_MANIFEST
from tests.engines.docker import Docker
from tests.engines.entrepot import ACCOUNT, REGION, Entrepot, served
from tests.engines.oidc_issuer import JOB, Issuer, new_keys, oidc_issuer
from tests.engines.programs import find_program, run_program
from tests.engines.skopeo import open_skopeo

ROLE = f"arn:aws:iam::{ACCOUNT}:role/build"
PUSH = [
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with oidc_issuer(tmp_path_factory.mktemp("issuer")) as running:
        yield running


@pytest.fixture(scope="module")
def server(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrepot]:
    """A server that knows the issuer's authority, with a role for jobs of one repository's main branch."""
    folder = tmp_path_factory.mktemp("server")
    with served(folder, "--workers=1", f"--oidc-ca-file={issuer.ca_file}") as entrepot:
        prepare(entrepot, issuer)
        yield entrepot


def prepare(entrepot: Entrepot, issuer: Issuer) -> None:
    iam = entrepot.iam()
    provider = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["sts.amazonaws.com"])[
        "OpenIDConnectProviderArn"
    ]
    trusted = {f"{issuer.host}:sub": JOB["sub"], f"{issuer.host}:aud": "sts.amazonaws.com"}
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": trusted},
    }
    iam.create_role(RoleName="build", AssumeRolePolicyDocument=document(trust))
    login = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
    push = {"Effect": "Allow", "Action": PUSH, "Resource": f"arn:aws:ecr:*:{ACCOUNT}:repository/team/*"}
    iam.put_role_policy(RoleName="build", PolicyName="push", PolicyDocument=document(login, push))
    entrepot.create_repository("team/app")


def document(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def assume(server: Entrepot, token: str, attempts: int = 1) -> dict[str, Any]:
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": attempts})
    sts = boto3.session.Session().client("sts", endpoint_url=server.url, region_name=REGION, config=config)
    try:
        return dict(
            sts.assume_role_with_web_identity(RoleArn=ROLE, RoleSessionName="job-7", WebIdentityToken=token)
        )
    finally:
        sts.close()


def refusal(server: Entrepot, token: str) -> str:
    with pytest.raises(ClientError) as refused:
        assume(server, token)
    return str(refused.value.response["Error"]["Code"])


def environment(server: Entrepot, home: Path, token: str) -> dict[str, str]:
    """What a job has: no key, a file with a token, and the role's name."""
    home.mkdir(exist_ok=True)
    (home / "token").write_text(token)
    given = server.client_environment(home)
    del given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"]
    return given | {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(home / "token"),
        "AWS_ROLE_ARN": ROLE,
        "AWS_ROLE_SESSION_NAME": "job-7",
    }


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_of_a_real_issuer_opens_the_role(server: Entrepot, issuer: Issuer, algorithm: str) -> None:
    answer = assume(server, issuer.token(algorithm=algorithm))
    assert answer["SubjectFromWebIdentityToken"] == JOB["sub"]
    assert answer["Provider"] == f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer.host}"


def test_attack_19_tokens_of_a_real_issuer_for_others_are_refused(server: Entrepot, issuer: Issuer) -> None:
    assert refusal(server, issuer.token(sub="repo:acme/app:pull_request")) == "AccessDenied"
    assert refusal(server, issuer.token(audience="vault")) == "InvalidIdentityToken"
    assert refusal(server, issuer.token(exp=1_700_000_000)) == "ExpiredTokenException"
    assert refusal(server, issuer.token(iss="https://localhost")) == "InvalidIdentityToken"


def test_attack_19_tokens_that_the_issuer_did_not_sign_are_refused(server: Entrepot, issuer: Issuer) -> None:
    good = issuer.token()
    header, payload, signature = good.split(".")
    said = jwt.decode(good, options={"verify_signature": False})
    kid = jwt.get_unverified_header(good)["kid"]
    [mine, _] = new_keys()
    key = jwt.PyJWK(mine).key
    public = {name: issuer.jwks[0][name] for name in ("kty", "n", "e")}
    own = {name: mine[name] for name in ("kty", "n", "e")}
    none = b64encode(json.dumps({"alg": "none", "kid": kid}).encode()).decode().rstrip("=")
    forged = [
        f"{none}.{payload}.",
        f"{header}.{payload}.{signature[:-8]}AAAAAAAA",
        jwt.encode(said, key, "RS256", headers={"kid": kid}),
        jwt.encode(said, key, "RS256", headers={"kid": kid, "jwk": own}),
        jwt.encode(said, key, "RS256", headers={"kid": "mine", "jku": f"{server.url}/keys"}),
        jwt.encode(said, key, "RS256", headers={"kid": "../../../../dev/null"}),
        with_shared_secret(said, kid, jwt.PyJWK(public).key),
    ]
    assert {refusal(server, each) for each in forged} == {"InvalidIdentityToken"}
    assume(server, good)


def with_shared_secret(said: dict[str, Any], kid: str, public: Any) -> str:
    """A token by HS256, with the issuer's public key as the secret; no library signs such a one any more."""
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "kid": kid}, said)]
    unsigned = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = urlsafe_b64encode(hmac.digest(pem, unsigned, "sha256")).rstrip(b"=")
    return (unsigned + b"." + mac).decode()


def test_the_aws_command_line_does_it_by_itself(server: Entrepot, issuer: Issuer, tmp_path: Path) -> None:
    job = environment(server, tmp_path / "home", issuer.token())
    said = run_program(find_program("aws"), "sts", "get-caller-identity", environment=job)
    assert json.loads(said)["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/build/job-7"
    denied = run_program(
        find_program("aws"), "ecr", "describe-repositories", environment=job, is_expected_to_fail=True
    )
    assert "is not authorized to perform: ecr:DescribeRepositories" in denied


def test_boto3_does_it_by_itself(
    server: Entrepot, issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(server, tmp_path / "home", issuer.token()).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    session = boto3.session.Session()
    ecr = session.client("ecr")
    try:
        assert ecr.get_authorization_token()["authorizationData"]
    finally:
        ecr.close()
    assert session.get_credentials().method == "assume-role-with-web-identity"


def test_docker_pushes_and_pulls_with_the_role(
    server: Entrepot, issuer: Issuer, docker_engine: Docker, tmp_path: Path
) -> None:
    job = environment(server, tmp_path / "home", issuer.token())
    password = run_program(find_program("aws"), "ecr", "get-login-password", environment=job).strip()
    docker_engine.login(server.registry, password)
    image = f"{server.registry}/team/app:docker"
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY noise /\nCMD ["/noise"]\n')
    (tmp_path / "noise").write_bytes(os.urandom(1000))
    docker_engine.run("build", "--tag", image, str(tmp_path))
    docker_engine.run("push", image)
    docker_engine.run("image", "rm", image)
    docker_engine.run("pull", image)


def test_skopeo_is_let_into_nothing_else(
    server: Entrepot, issuer: Issuer, layout: Layout, tmp_path: Path
) -> None:
    server.create_repository("other/app")
    job = environment(server, tmp_path / "home", issuer.token())
    password = run_program(find_program("aws"), "ecr", "get-login-password", environment=job).strip()
    skopeo = open_skopeo(tmp_path)
    skopeo.login(server.registry, password)
    source = layout.name(OCI_MANIFEST, layout.add_image())
    skopeo.copy(source, f"docker://{server.registry}/team/app:skopeo")
    skopeo.copy(source, f"docker://{server.registry}/other/app:1", is_expected_to_fail=True)


def test_keys_may_change_at_the_issuer_and_the_issuer_may_be_down(tmp_path: Path) -> None:
    with oidc_issuer(tmp_path / "issuer") as issuer:
        folder = tmp_path / "server"
        folder.mkdir()
        with served(folder, "--workers=1", f"--oidc-ca-file={issuer.ca_file}") as entrepot:
            prepare(entrepot, issuer)
            old = issuer.token()
            assume(entrepot, old)
            issuer.stop()
            assume(entrepot, old)  # its keys are known
            issuer.rotate()
            new = issuer.token()
            assume(entrepot, new)
            assert refusal(entrepot, old) == "InvalidIdentityToken"
            entrepot.restart()
            issuer.stop()
            assert refusal(entrepot, new) == "IDPCommunicationError"
            issuer.start()
            assume(entrepot, new)


def test_attack_33_an_issuer_whose_authority_nobody_knows_is_believed_by_its_thumbprint_alone(
    issuer: Issuer, tmp_path: Path
) -> None:
    with served(tmp_path, "--workers=1") as entrepot:
        prepare(entrepot, issuer)
        assert refusal(entrepot, issuer.token()) == "IDPCommunicationError"
        iam = entrepot.iam()
        provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer.host}"
        for thumbprint in ("0" * 40, issuer.thumbprint):
            iam.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=provider, ThumbprintList=[thumbprint]
            )
        assume(entrepot, issuer.token())
