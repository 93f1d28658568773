"""What a person types so that each client trusts the server's own authority."""

import shlex
from collections.abc import Iterator, Sequence

from entrepot.installation.certificates import Issued
from entrepot.settings import data_dir_option


def instructions(issued: Issued, registries: Sequence[str], *, port: int, domain: str | None) -> str:
    """What was made, how it is served, and the commands for clients on the server's own machine.

    `registries` are hosts with ports, as in the names of images.
    """
    authority = shlex.quote(str(issued.authority))
    made = "was made: clients have to be given it" if issued.is_new_authority else "is the one that was there"
    serve = ["entrepot", "serve", f"--port={port}", *([f"--domain={domain}"] if domain else [])]
    serve += data_dir_option(issued.certificate.parent.parent)
    serve += [f"--tls-cert={issued.certificate}", f"--tls-key={issued.key}"]
    return "\n".join(
        (
            f"The authority {authority} {made}.",
            f"The certificate lasts until {issued.ends_at:%Y-%m-%d} and covers {', '.join(issued.names)}.",
            *_left_out(issued),
            "",
            "# a server takes a new certificate by itself; to start one",
            f"  {shlex.join(serve)}",
            "",
            "Clients trust the authority after these commands; on other machines copy its file there first.",
            "",
            *_commands(authority, registries),
        )
    )


def _left_out(issued: Issued) -> Iterator[str]:
    if issued.left_out:
        yield (
            f"The authority is older than the services at {', '.join(issued.left_out)}: to have these names "
            "too, move the tls folder away and make another, which the clients then have to be given."
        )


def _commands(authority: str, registries: Sequence[str]) -> Iterator[str]:
    sections = (
        (
            "docker, without a restart",
            [_folder("/etc/docker/certs.d", host, authority) for host in registries],
        ),
        (
            "podman, buildah, skopeo; the folder of docker is read too",
            [_folder("/etc/containers/certs.d", host, authority) for host in registries],
        ),
        (
            'containerd, so Kubernetes; config_path = "/etc/containerd/certs.d" in its config.toml',
            [_hosts_file(host, authority) for host in registries],
        ),
        (
            "every program of a Debian or Ubuntu machine; restart daemons afterwards",
            [
                f"install -D -m 644 {authority} /usr/local/share/ca-certificates/entrepot.crt",
                "update-ca-certificates",
            ],
        ),
        (
            "the AWS CLI, boto3, SDKs, docker-credential-ecr-login, the kubelet's ecr-credential-provider",
            [f"export AWS_CA_BUNDLE={authority}", f"aws configure set ca_bundle {authority}"],
        ),
        ("programs in Go", [f"export SSL_CERT_FILE={authority}"]),
        ("programs on Python's requests", [f"export REQUESTS_CA_BUNDLE={authority}"]),
        ("programs in Node", [f"export NODE_EXTRA_CA_CERTS={authority}"]),
        ("curl", [f"curl --cacert {authority} https://{registries[0]}/v2/"]),
        ("helm", [f"helm registry login {registries[0]} --username AWS --ca-file {authority}"]),
    )
    for title, lines in sections:
        yield f"# {title}"
        yield from (f"  {line}" for line in lines)


def _folder(folder: str, host: str, authority: str) -> str:
    """Its name has the port exactly if the image's name has it."""
    return f"install -D -m 644 {authority} {folder}/{host}/ca.crt"


def _hosts_file(host: str, authority: str) -> str:
    """The authority stands in the section of the host: at the top containerd 1.6 does not read it."""
    folder = f"/etc/containerd/certs.d/{host}"
    section = f'[host."https://{host}"]\\n  ca = "%s"\\n'
    return f"mkdir -p {folder} && printf '{section}' {authority} > {folder}/hosts.toml"
