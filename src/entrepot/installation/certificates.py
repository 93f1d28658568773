"""A private authority for the server's names, and the certificate that it gives the server.

```
DATA-DIR/tls/ca.pem       the authority, which clients come to trust; made once, lasts ten years
DATA-DIR/tls/ca.key       its key, 0600; whoever has it can pass for any name that the authority covers
DATA-DIR/tls/server.pem   the server's certificate, 397 days; made anew each time
DATA-DIR/tls/server.key   its key, 0600; anew with it
```
"""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from entrepot.installation.files import write_durably

_AUTHORITY_LIFE = timedelta(days=3652)
_LIFE = timedelta(days=397)  # browsers and Apple's clients refuse more than 398
_SKEW = timedelta(hours=1)  # clocks of clients that are behind

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOCAL_NAME = "localhost"
_LOCAL_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_LOCAL_ADDRESSES = (ip_address("127.0.0.1"), ip_address("::1"))

# Where AWS serves registries. Of these an authority covers no more than the registry's own hosts: clients
# that trust it meet the rest of AWS under the same names.
_AWS_DOMAINS = frozenset(
    {
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "c2s.ic.gov",
        "cloud.adc-e.uk",
        "csp.hci.ic.gov",
        "sc2s.sgov.gov",
    }
)

# The APIs beside the registry's own, by their hosts under a region and under the domain itself.
_REGIONAL = ("sts", "iam", "cloudtrail", "entrepot")  # iam.REGION is AWS's in every partition but its first
_GLOBAL = ("sts", "iam")

# Services that came when authorities of AWS's domains were in use already: one that may not speak for them
# still renews the rest.
_LATER = frozenset({"iam", "cloudtrail", "entrepot"})

_Address = IPv4Address | IPv6Address


class CannotIssue(Exception):
    """No certificate can be made; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class ServerNames:
    """What a server is called: ECR's names under a domain, and hosts beside them.

    Without accounts the names of all of them are covered, by a wildcard in each region. A wildcard
    stands for one label, so a region cannot be one too.
    """

    domain: str | None
    regions: tuple[str, ...]
    accounts: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def dns_names(self) -> list[str]:
        """Every name; each once, the plain ones first. Raises CannotIssue for what is none."""
        domain = self.domain or _LOCAL_NAME
        own = [] if domain in _AWS_DOMAINS else [domain]
        names = [_LOCAL_NAME, *own, *(host for host in self.hosts if _address(host) is None)]
        for region in self.regions:
            names += [f"{account}.dkr.ecr.{region}.{domain}" for account in self.accounts or ("*",)]
            names += [f"api.ecr.{region}.{domain}", f"ecr.{region}.{domain}"]
            names += [f"{service}.{region}.{domain}" for service in _REGIONAL]
        names += [f"{service}.{domain}" for service in _GLOBAL]
        return [_checked(name) for name in dict.fromkeys(names)]

    def addresses(self) -> list[_Address]:
        """Every IP address."""
        given = [address for address in map(_address, self.hosts) if address is not None]
        return list(dict.fromkeys([*_LOCAL_ADDRESSES, *given]))

    def subtrees(self) -> list[str]:
        """The DNS names under which an authority for this server may speak.

        A domain of one's own is one subtree, so that regions may be added; of AWS's domains it is
        the registry's hosts in these regions.
        """
        domain = self.domain or _LOCAL_NAME
        own = [domain]
        if domain in _AWS_DOMAINS:
            own = [f"{service}.{domain}" for service in _GLOBAL]
            own += [
                f"{service}.{region}.{domain}" for region in self.regions for service in ("ecr", *_REGIONAL)
            ]
        hosts = [host.removeprefix("*.") for host in self.hosts if _address(host) is None]
        return list(dict.fromkeys([_LOCAL_NAME, *own, *hosts]))


@dataclass(frozen=True, slots=True)
class Issued:
    """Files of a certificate, and of the authority behind it.

    `left_out` are names of services that the authority may not speak for, because it was made before there
    were any.
    """

    authority: Path
    certificate: Path
    key: Path
    names: tuple[str, ...]
    ends_at: datetime
    is_new_authority: bool
    left_out: tuple[str, ...] = ()


def issue(data_dir: Path, names: ServerNames, now: datetime) -> Issued:
    """Make the server's certificate, and the authority where there is none; raises CannotIssue.

    A server that runs on the files takes the new ones by itself.
    """
    folder = data_dir / "tls"
    authority, is_new = _authority(folder, names, now)
    key = ec.generate_private_key(ec.SECP256R1())
    addresses = names.addresses()
    dns_names, left_out = _covered(authority.certificate, names.dns_names(), addresses)
    certificate = _certificate(authority, key.public_key(), dns_names, addresses, now)
    # In between the two do not match; a server that looks just then keeps what it has, and looks again.
    write_durably(folder / "server.key", _key_text(key))
    write_durably(folder / "server.pem", certificate.public_bytes(Encoding.PEM), mode=0o644)
    return Issued(
        authority=folder / "ca.pem",
        certificate=folder / "server.pem",
        key=folder / "server.key",
        names=(*dns_names, *map(str, addresses)),
        ends_at=certificate.not_valid_after_utc,
        is_new_authority=is_new,
        left_out=left_out,
    )


def authority_of(certificate: Path, data_dir: Path) -> Path | None:
    """The data folder's authority where the certificate is from it; None where it is from elsewhere."""
    path = data_dir / "tls" / "ca.pem"
    try:
        ours = x509.load_pem_x509_certificate(path.read_bytes())
        x509.load_pem_x509_certificate(certificate.read_bytes()).verify_directly_issued_by(ours)
    except (FileNotFoundError, ValueError, TypeError, InvalidSignature):
        return None
    return path


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def _authority(folder: Path, names: ServerNames, now: datetime) -> tuple[_Authority, bool]:
    """The folder's authority, and whether it was made for this."""
    certificate_file, key_file = folder / "ca.pem", folder / "ca.key"
    if not certificate_file.exists():
        made = _new_authority(names, now)
        write_durably(key_file, _key_text(made.key))
        write_durably(certificate_file, made.certificate.public_bytes(Encoding.PEM), mode=0o644)
        return made, True
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as cause:
        raise CannotIssue(f"the authority in {folder} cannot be used: {cause}") from cause
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise CannotIssue(f"{key_file} is not the key of {certificate_file}")
    if certificate.not_valid_after_utc <= now:
        raise CannotIssue(f"{certificate_file} has ended: move {folder} away to make another authority")
    return _Authority(certificate, key), False


def _new_authority(names: ServerNames, now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    # A name of its own, so that a client that trusts two of them can tell which one signed.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Entrepot authority {secrets.token_hex(4)}")])
    subtrees: list[x509.GeneralName] = [x509.DNSName(_checked(subtree)) for subtree in names.subtrees()]
    own = [ip_network(address) for address in names.addresses() if address not in _LOCAL_ADDRESSES]
    subtrees += [x509.IPAddress(network) for network in (*_LOCAL_NETWORKS, *own)]
    constraints = x509.NameConstraints(permitted_subtrees=subtrees, excluded_subtrees=None)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(constraints, critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Authority(certificate, key)


def _certificate(
    authority: _Authority,
    key: ec.EllipticCurvePublicKey,
    dns_names: Sequence[str],
    addresses: Sequence[_Address],
    now: datetime,
) -> x509.Certificate:
    names = [*map(x509.DNSName, dns_names), *map(x509.IPAddress, addresses)]
    issuer = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Entrepot")]))
        .issuer_name(authority.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(min(now - _SKEW + _LIFE, authority.certificate.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _covered(
    authority: x509.Certificate, dns_names: Sequence[str], addresses: Iterable[_Address]
) -> tuple[list[str], tuple[str, ...]]:
    """The names that the authority may speak for, and those of later services that it may not.

    Clients refuse a certificate with any name outside; raises CannotIssue for one of anything else.
    """
    permitted = _permitted(authority)
    subtrees = [name.value for name in permitted if isinstance(name, x509.DNSName)]
    networks = [name.value for name in permitted if isinstance(name, x509.IPAddress)]
    outside = [name for name in dns_names if not any(_is_under(name, subtree) for subtree in subtrees)]
    left_out = tuple(name for name in outside if name.partition(".")[0] in _LATER)
    missing = [name for name in outside if name not in left_out]
    missing += [str(one) for one in addresses if not any(_is_in(one, network) for network in networks)]
    if missing:
        raise CannotIssue(
            f"the authority was made without {', '.join(missing)}: move the tls folder away to make "
            "another, with all names at once, which the clients then have to be given"
        )
    return [name for name in dns_names if name not in left_out], left_out


def _permitted(authority: x509.Certificate) -> list[x509.GeneralName]:
    try:
        constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound as cause:
        raise CannotIssue("the authority in the tls folder was not made by entrepot") from cause
    return list(constraints.permitted_subtrees or ())


def _is_under(name: str, subtree: str) -> bool:
    return name.removeprefix("*.") == subtree or name.endswith(f".{subtree}")


def _is_in(address: _Address, network: object) -> bool:
    return isinstance(network, IPv4Network | IPv6Network) and address in network


def _address(host: str) -> _Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _checked(name: str) -> str:
    labels = name.removeprefix("*.").split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise CannotIssue(f"{name!r} is no host name")
    return name


def _key_text(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
