"""The private authority: what it may speak for, and what it gives the server."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from entrepot.installation.certificates import CannotIssue, ServerNames, authority_of, issue
from entrepot.installation.trust import instructions

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AWS = ServerNames("amazonaws.com", ("us-east-1", "eu-west-1"))
OWN = ServerNames("example.com", ("onprem-1",))


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def names_in(path: Path) -> set[str]:
    names = load(path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}


def subtrees_of(path: Path) -> set[str]:
    constraints = load(path).extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    return {str(name.value) for name in constraints.value.permitted_subtrees or ()}


def test_a_certificate_has_every_name_of_the_registry(tmp_path: Path) -> None:
    issued = issue(tmp_path, OWN, NOW)

    assert names_in(issued.certificate) == {
        "localhost",
        "127.0.0.1",
        "::1",
        "example.com",
        "*.dkr.ecr.onprem-1.example.com",
        "api.ecr.onprem-1.example.com",
        "ecr.onprem-1.example.com",
        "cloudtrail.onprem-1.example.com",
        "sts.onprem-1.example.com",
        "iam.onprem-1.example.com",
        "entrepot.onprem-1.example.com",
        "sts.example.com",
        "iam.example.com",
    }


def test_named_accounts_take_the_place_of_the_wildcard(tmp_path: Path) -> None:
    issued = issue(tmp_path, ServerNames(None, ("us-east-1",), accounts=("210987654321",)), NOW)

    names = names_in(issued.certificate)
    assert "210987654321.dkr.ecr.us-east-1.localhost" in names
    assert not any(name.startswith("*") for name in names)


def test_an_authority_covers_a_domain_of_ones_own_whole(tmp_path: Path) -> None:
    issued = issue(tmp_path, OWN, NOW)

    assert subtrees_of(issued.authority) == {"localhost", "example.com", "127.0.0.0/8", "::1/128"}
    issue(tmp_path, ServerNames("example.com", ("onprem-1", "onprem-2")), NOW)


def test_an_authority_covers_no_more_of_aws_than_the_registry(tmp_path: Path) -> None:
    issued = issue(tmp_path, AWS, NOW)

    names = ("ecr", "sts", "iam", "cloudtrail", "entrepot")
    services = [f"{service}.{region}" for region in AWS.regions for service in names]
    assert subtrees_of(issued.authority) == {
        *(f"{name}.amazonaws.com" for name in services),
        "sts.amazonaws.com",
        "iam.amazonaws.com",
        "localhost",
        "127.0.0.0/8",
        "::1/128",
    }
    with pytest.raises(CannotIssue, match=r"without .*api.ecr.ap-south-1.amazonaws.com.*make another"):
        issue(tmp_path, ServerNames("amazonaws.com", ("ap-south-1",)), NOW)


def test_an_authority_from_before_a_service_still_renews_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr("entrepot.installation.certificates._REGIONAL", ("sts",))
        before.setattr("entrepot.installation.certificates._GLOBAL", ("sts",))
        issue(tmp_path, AWS, NOW)

    renewed = issue(tmp_path, AWS, NOW)

    assert not renewed.is_new_authority
    assert "ecr.us-east-1.amazonaws.com" in names_in(renewed.certificate)
    assert "iam.amazonaws.com" in renewed.left_out
    assert not {*renewed.left_out} & names_in(renewed.certificate)
    assert "iam.amazonaws.com" in instructions(renewed, ["localhost"], port=443, domain="amazonaws.com")


def test_other_hosts_are_names_or_addresses(tmp_path: Path) -> None:
    names = ServerNames(None, ("us-east-1",), hosts=("registry.example.com", "192.0.2.7", "[2001:db8::7]"))

    issued = issue(tmp_path, names, NOW)

    assert {"registry.example.com", "192.0.2.7", "2001:db8::7"} <= names_in(issued.certificate)
    assert {"registry.example.com", "192.0.2.7/32", "2001:db8::7/128"} <= subtrees_of(issued.authority)


@pytest.mark.parametrize(
    "host", ["", "a b", "-a", "a..b", "a.*.b", "é.example", "a" * 64, "a\n", "https://a", "a:1"]
)
def test_what_is_no_host_name_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(CannotIssue, match="is no host name"):
        issue(tmp_path, ServerNames(None, ("us-east-1",), hosts=(host,)), NOW)


def test_again_the_certificate_is_renewed_and_the_authority_kept(tmp_path: Path) -> None:
    first = issue(tmp_path, AWS, NOW)
    authority, certificate = first.authority.read_bytes(), first.certificate.read_bytes()

    second = issue(tmp_path, AWS, NOW + timedelta(days=300))

    assert (first.is_new_authority, second.is_new_authority) == (True, False)
    assert second.authority.read_bytes() == authority
    assert second.certificate.read_bytes() != certificate
    load(second.certificate).verify_directly_issued_by(load(second.authority))


def test_a_certificate_lasts_397_days_and_no_longer_than_its_authority(tmp_path: Path) -> None:
    first = load(issue(tmp_path, AWS, NOW).certificate)
    last = issue(tmp_path, AWS, NOW + timedelta(days=3600))

    assert first.not_valid_after_utc - first.not_valid_before_utc == timedelta(days=397)
    assert last.ends_at == load(last.authority).not_valid_after_utc == NOW + timedelta(days=3652)
    with pytest.raises(CannotIssue, match="has ended"):
        issue(tmp_path, AWS, NOW + timedelta(days=3652))


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    issue(tmp_path, AWS, NOW)

    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / "tls" / name).stat().st_mode) == 0o600


def test_a_key_of_another_authority_is_refused(tmp_path: Path) -> None:
    issue(tmp_path, AWS, NOW)
    issue(tmp_path / "other", AWS, NOW)
    (tmp_path / "other" / "tls" / "ca.key").rename(tmp_path / "tls" / "ca.key")

    with pytest.raises(CannotIssue, match="is not the key of"):
        issue(tmp_path, AWS, NOW)


@pytest.mark.parametrize("name", ["ca.pem", "ca.key"])
def test_a_damaged_authority_is_refused_and_stays(tmp_path: Path, name: str) -> None:
    issue(tmp_path, AWS, NOW)
    (tmp_path / "tls" / name).write_text("damaged")

    with pytest.raises(CannotIssue, match="cannot be used"):
        issue(tmp_path, AWS, NOW)

    assert (tmp_path / "tls" / name).read_text() == "damaged"


def test_only_certificates_of_the_folders_authority_are_known_as_its_own(tmp_path: Path) -> None:
    issued = issue(tmp_path, AWS, NOW)
    other = tmp_path / "other.pem"
    trustme.CA().issue_cert("localhost").cert_chain_pems[0].write_to_path(str(other))

    assert authority_of(issued.certificate, tmp_path) == issued.authority
    assert authority_of(other, tmp_path) is None
    assert authority_of(issued.certificate, tmp_path / "elsewhere") is None


def test_openssl_takes_the_authority(tmp_path: Path) -> None:
    issued = issue(tmp_path, AWS, NOW)

    context = ssl.create_default_context(cafile=str(issued.authority))

    assert len(context.get_ca_certs()) == 1


def test_the_folder_of_docker_has_the_port_where_the_name_of_the_image_has_it(tmp_path: Path) -> None:
    issued = issue(tmp_path / "a folder", AWS, NOW)

    printed = instructions(issued, ["registry.example.com:5050"], port=5050, domain=None)

    assert f"'{issued.authority}' /etc/docker/certs.d/registry.example.com:5050/ca.crt" in printed
    assert "entrepot serve --port=5050 '--data-dir=" in printed
