"""Settings: each from the command line, the environment or not at all, and none that cannot be followed."""

import os
from argparse import ArgumentParser
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme

from entrepot.domain.names import Registry
from entrepot.settings import OPTIONS, Option, SettingInvalid, Settings, add_options, read_settings
from entrepot.storage.blobs.locations import Bucket, Folder

VALUES = {  # option: (what is given, what comes of it)
    "host": ("127.0.0.1", "127.0.0.1"),
    "port": ("8080", 8080),
    "data-dir": ("/srv/entrepot", Path("/srv/entrepot")),
    "database": ("postgresql://db/entrepot", "postgresql://db/entrepot"),
    "blobs": ("s3://bucket/some/where", Bucket("bucket", "some/where")),
    "blobs-fallback": ("file:///old", Folder(Path("/old"))),
    "archive": ("s3://cold/layers", Bucket("cold", "layers")),
    "blob-redirects": ("off", False),
    "blob-redirect-endpoint": ("https://blobs.example.com/", "https://blobs.example.com"),
    "workers": ("3", 3),
    "domain": (".Example.COM.", "example.com"),
    "external-url": ("https://registry.example.com/", "https://registry.example.com"),
    "account-id": ("210987654321", "210987654321"),
    "root-key-file": ("/etc/entrepot/root-key", Path("/etc/entrepot/root-key")),
    "allow-sparse": ("true", True),
    "read-only": ("true", True),
    "storage-encrypted": ("true", True),
    "trusted-proxy": ("10.0.0.0/8, ::1", (ip_network("10.0.0.0/8"), ip_network("::1/128"))),
    "metrics-listen": ("9100", ("127.0.0.1", 9100)),
    "metrics-repositories": ("true", True),
    "drain-delay-seconds": ("5", 5),
    "collect-seconds": ("60", 60),
    "grace-seconds": ("0", 0),
    "audit-days": ("0", 0),
    "token-seconds": ("900", 900),
    "drain-seconds": ("0", 0),
    "log-level": ("DEBUG", "debug"),
}
FIELDS = {
    "storage-encrypted": "is_storage_encrypted",
    "blob-redirects": "has_blob_redirects",
    "read-only": "is_read_only",
    "trusted-proxy": "trusted_proxies",
}
FLAGS = {option.name for option in OPTIONS if option.is_flag}


def settings(*arguments: str, environment: Mapping[str, str] | None = None) -> Settings:
    parser = ArgumentParser()
    add_options(parser)
    return read_settings(parser.parse_args(arguments), environment or {})


def read(found: Settings, option: str) -> object:
    return getattr(found, FIELDS.get(option, option.replace("-", "_")))


def variable(option: str) -> str:
    return "ENTREPOT_" + option.upper().replace("-", "_")


def given(option: str, value: str) -> list[str]:
    return [f"--{option}"] if option in FLAGS else [f"--{option}", value]


@pytest.mark.parametrize("option", VALUES)
def test_an_option_is_read_from_either_place(option: str) -> None:
    text, value = VALUES[option]

    assert read(settings(*given(option, text)), option) == value
    assert read(settings(environment={variable(option): text}), option) == value
    assert read(settings(), option) != value


def test_every_option_is_tried_here() -> None:
    assert {option.name for option in OPTIONS} - set(VALUES) == {
        "tls-cert",
        "tls-key",
        "oidc-ca-file",
        "proxy-protocol",
    }


@pytest.mark.parametrize("option", sorted(set(VALUES) - FLAGS))
def test_the_command_line_goes_before_the_environment(option: str) -> None:
    text, value = VALUES[option]

    # what the environment says is not even looked at
    assert read(settings(*given(option, text), environment={variable(option): "\0bad"}), option) == value


@pytest.mark.parametrize("option", VALUES)
def test_an_empty_variable_is_one_not_set(option: str) -> None:
    assert read(settings(environment={variable(option): ""}), option) == read(settings(), option)


def test_the_defaults_are_those_of_a_fresh_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = settings()

    assert (found.host, found.port, found.account_id) == ("localhost", 5050, "123456789012")
    assert found.data_dir == tmp_path / "data"
    assert found.root_key_file == tmp_path / "data/keys/root-key"
    assert found.database == f"sqlite://{tmp_path}/data/metadata/entrepot.db"
    assert found.workers == (os.cpu_count() or 1)
    assert (found.domain, found.external_url, found.tls_cert) == (None, None, None)
    assert not found.is_storage_encrypted
    assert not found.allow_sparse


def test_a_folder_of_any_name_has_its_database_inside() -> None:
    assert settings("--data-dir", "/srv/a b/100%41").database == (
        "sqlite:///srv/a%20b/100%2541/metadata/entrepot.db"
    )


def test_tls_files_must_exist_and_need_each_other(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.touch()
    with pytest.raises(SettingInvalid, match="tls-key"):
        settings("--tls-cert", str(cert), "--tls-key", str(key))
    with pytest.raises(SettingInvalid, match="one needs the other"):
        settings("--tls-cert", str(cert))
    key.touch()

    found = settings(environment={"ENTREPOT_TLS_CERT": str(cert), "ENTREPOT_TLS_KEY": str(key)})

    assert found.addresses.endpoint() == "https://localhost:5050"


def test_the_authorities_of_issuers_must_be_certificates(tmp_path: Path) -> None:
    file = tmp_path / "authorities.pem"
    for text in (None, "", "no certificate"):
        if text is not None:
            file.write_text(text)
        with pytest.raises(SettingInvalid, match=r"^oidc-ca-file: "):
            settings("--oidc-ca-file", str(file))
    trustme.CA().cert_pem.write_to_path(file)
    assert settings(environment={"ENTREPOT_OIDC_CA_FILE": str(file)}).oidc_ca_file == file
    assert settings().oidc_ca_file is None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("port", "-1"),
        ("port", "65536"),
        ("port", "http"),
        ("port", "٣"),
        ("port", "1" * 5000),
        ("port", "80 "),
        ("workers", "257"),
        ("workers", "1.5"),
        ("drain-seconds", "3601"),
        ("drain-seconds", "-1"),
        ("account-id", "12345678901"),
        ("account-id", "12345678901x"),
        ("log-level", "loud"),
        ("domain", "exa mple.com"),
        ("domain", "example.com:5050"),
        ("domain", "-example.com"),
        ("domain", "a..b"),
        ("domain", "a" * 201),
        ("domain", "example.com/x"),
        ("external-url", "registry.example.com"),
        ("external-url", "ftp://registry.example.com"),
        ("external-url", "https://"),
        ("external-url", "https://host/path"),
        ("external-url", "https://host?query"),
        ("external-url", "https://host#fragment"),
        ("external-url", "https://user:secret@host"),
        ("external-url", "https://host:99999"),
        ("external-url", "https://host:0"),
        ("external-url", "https://host:port"),
        ("external-url", "https://[::1"),
        ("external-url", "https://ho st"),
        ("external-url", "https://host\r\nX: y"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_option(option: str, value: str) -> None:
    for source in ([f"--{option}={value}"], []):
        with pytest.raises(SettingInvalid, match=f"^{option}: "):
            settings(*source, environment={variable(option): value})


@pytest.mark.parametrize("option", ["allow-sparse", "storage-encrypted"])
def test_flags_are_on_or_off(option: str) -> None:
    for text in ("1", "yes", "TRUE", "on"):
        assert read(settings(environment={variable(option): text}), option) is True
    for text in ("0", "no", "False", "off", ""):
        assert read(settings(environment={variable(option): text}), option) is False
    with pytest.raises(SettingInvalid, match=f"^{option}: "):
        settings(environment={variable(option): "maybe"})


def test_an_empty_host_does_not_listen_everywhere() -> None:
    with pytest.raises(SettingInvalid, match=r"^host: "):
        settings("--host", "")


@pytest.mark.parametrize("place", ["blobs/key", "metadata/key", "blobs/../metadata/key"])
def test_the_root_key_does_not_lie_with_what_it_opens(place: str) -> None:
    with pytest.raises(SettingInvalid, match=r"^root-key-file: "):
        settings("--data-dir", "/srv/entrepot", "--root-key-file", f"/srv/entrepot/{place}")


@pytest.mark.parametrize(
    ("arguments", "endpoint"),
    [
        ((), "http://localhost:5050"),
        (("--host", "0.0.0.0"), "http://localhost:5050"),
        (("--host", "::"), "http://localhost:5050"),
        (("--host", "::1"), "http://[::1]:5050"),
        (("--host", "192.0.2.1", "--port", "80"), "http://192.0.2.1"),
        (("--external-url", "https://R.example.com"), "https://r.example.com"),
        (("--external-url", "https://r.example.com.:443/"), "https://r.example.com"),
        (("--external-url", "http://[2001:DB8::1]:8080"), "http://[2001:db8::1]:8080"),
    ],
)
def test_what_is_handed_out_can_be_reached(arguments: tuple[str, ...], endpoint: str) -> None:
    addresses = settings(*arguments).addresses

    assert addresses.endpoint() == endpoint
    assert addresses.registry_url(Registry("123456789012", "eu-west-1")) == endpoint
    assert addresses.knows(endpoint.partition("//")[2])


def test_a_domain_makes_names_of_the_shape_of_ecr() -> None:
    addresses = settings("--domain", "example.com", "--external-url", "https://api.example.com").addresses

    host = addresses.registry_host(Registry("123456789012", "eu-west-1"))

    assert host == "123456789012.dkr.ecr.eu-west-1.example.com"


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_the_help_names_every_option_and_its_variable(option: Option) -> None:
    parser = ArgumentParser()
    add_options(parser)
    text = " ".join(parser.format_help().split())

    assert f"--{option.name}" in text
    assert option.variable in text
    assert option.variable == variable(option.name)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("9100", ("127.0.0.1", 9100)),
        (":9100", ("127.0.0.1", 9100)),
        ("0.0.0.0:9100", ("0.0.0.0", 9100)),
        ("[::1]:9100", ("::1", 9100)),
        ("localhost:9100", ("localhost", 9100)),
    ],
)
def test_metrics_are_on_loopback_unless_a_host_is_named(text: str, place: tuple[str, int]) -> None:
    assert settings("--metrics-listen", text).metrics_listen == place


@pytest.mark.parametrize("text", ["x", "1:2:3", "70000", "http://x:1", ":", "::1:9100"])
def test_a_place_for_metrics_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingInvalid, match="metrics-listen"):
        settings("--metrics-listen", text)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example.com", "10.0.0.0/33", "10.0.0.0/8;::1"])
def test_trusted_proxies_are_addresses_and_networks(text: str) -> None:
    with pytest.raises(SettingInvalid, match="trusted-proxy"):
        settings("--trusted-proxy", text)


def test_the_proxy_protocol_needs_somebody_to_speak_it() -> None:
    with pytest.raises(SettingInvalid, match="trusted-proxy"):
        settings("--proxy-protocol")
    assert settings("--proxy-protocol", "--trusted-proxy=127.0.0.1").proxy_protocol


@pytest.mark.parametrize(
    ("variables", "is_traced"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "registry"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_sent_where_the_standard_variables_say(variables: dict[str, str], is_traced: bool) -> None:
    assert settings(environment=variables).is_traced is is_traced


@pytest.mark.parametrize(
    "variables", [{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, {"OTEL_TRACES_EXPORTER": "zipkin"}]
)
def test_a_way_of_sending_traces_that_is_not_offered_is_said(variables: dict[str, str]) -> None:
    with pytest.raises(SettingInvalid, match="OTEL"):
        settings(environment={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", **variables})
