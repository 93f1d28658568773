"""A real OpenID Connect issuer, npm's `oidc-provider`: https on loopback, with an authority of its own."""

import hashlib
import json
import os
import ssl
import subprocess
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.engines.entrepot import end_process, free_port, tail
from tests.engines.programs import find_program

FOLDER = Path(__file__).with_name("oidc")
ALGORITHMS = ("RS256", "ES256")
JOB = {
    "sub": "repo:acme/app:ref:refs/heads/main",
    "repository": "acme/app",
    "repository_id": "7",
    "ref": "refs/heads/main",
    "workflow": "image",
}
_SECRET = "what-the-job-is-given-by-its-runner"
_STOP_SECONDS = 10


@dataclass(slots=True)
class Issuer:
    """One issuer. It keeps its port, its name and its certificate over `stop`, `start` and `rotate`."""

    folder: Path
    port: int
    authority: trustme.CA
    jwks: list[dict[str, Any]] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None

    @property
    def host(self) -> str:
        """What providers, ARNs and condition keys call it."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"https://{self.host}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "authority.pem"

    @property
    def thumbprint(self) -> str:
        """Of the last certificate that it shows."""
        last = (self.folder / "issuer.pem").read_text().rpartition("-----BEGIN")
        return hashlib.sha1(ssl.PEM_cert_to_DER_cert(last[1] + last[2])).hexdigest()

    @property
    def job_url(self) -> str:
        """What GitHub's runner has as ACTIONS_ID_TOKEN_REQUEST_URL, to which `&audience=` is added."""
        return f"{self.url}/job?version=1"

    @property
    def job_secret(self) -> str:
        return _SECRET

    def start(self) -> None:
        settings = self.folder / "issuer.json"
        settings.write_text(
            json.dumps(
                {
                    "issuer": self.url,
                    "port": self.port,
                    "certificate": str(self.folder / "issuer.pem"),
                    "key": str(self.folder / "issuer.key"),
                    "jwks": {"keys": self.jwks},
                    "algorithms": ALGORITHMS,
                    "secret": _SECRET,
                    "job": JOB,
                }
            )
        )
        log = self.folder / "issuer.log"
        with log.open("a") as errors:
            self._process = subprocess.Popen(
                [find_program("node"), FOLDER / "issuer.mjs", settings],
                env={**os.environ, "NODE_EXTRA_CA_CERTS": str(self.ca_file)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:  # its banner goes before
            if line.strip() == "ready":
                return
        raise AssertionError(f"the issuer ended:\n{tail(log)}")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            end_process(process, seconds=_STOP_SECONDS)  # type: ignore[arg-type]
            assert process.stdout is not None
            process.stdout.close()

    def rotate(self) -> None:
        """Sign with new keys, and publish no others."""
        self.stop()
        self.jwks = new_keys()
        self.start()

    def token(self, audience: str = "sts.amazonaws.com", algorithm: str = "RS256", **claims: object) -> str:
        """A token of a job of which the issuer says this, beside what it says of all."""
        said = urllib.parse.urlencode(
            {
                "grant_type": "client_credentials",
                "resource": f"urn:audience:{algorithm}:{audience}",
                "claims": json.dumps(JOB | claims),
            }
        )
        credentials = b64encode(f"ci:{_SECRET}".encode()).decode()
        request = urllib.request.Request(
            f"{self.url}/token", said.encode(), {"Authorization": f"Basic {credentials}"}
        )
        trusted = ssl.create_default_context(cafile=self.ca_file)
        with urllib.request.urlopen(request, context=trusted, timeout=30) as answer:
            return cast("str", json.load(answer)["access_token"])


@contextmanager
def oidc_issuer(folder: Path) -> Iterator[Issuer]:
    """A ready issuer; stopped at the end."""
    if not (FOLDER / "node_modules").is_dir():
        pytest.skip("oidc-provider is not installed; `tools/install-npm tests/engines/oidc` does it")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    folder.mkdir(exist_ok=True)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    (folder / "issuer.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(folder / "issuer.key")
    issuer = Issuer(folder, free_port(), authority, new_keys())
    try:
        issuer.start()
        yield issuer
    finally:
        issuer.stop()


def new_keys() -> list[dict[str, Any]]:
    """Private keys for the algorithms, as the issuer is given them."""
    made: Sequence[dict[str, Any]] = (
        RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True),
        ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True),
    )
    return [
        {name: value for name, value in jwk.items() if name != "key_ops"}
        | {"use": "sig", "alg": algorithm, "kid": f"{algorithm}-{os.urandom(4).hex()}"}
        for jwk, algorithm in zip(made, ALGORITHMS, strict=True)
    ]
