"""What the server calls itself, and which host names are registries."""

import pytest

from entrepot.domain.addresses import Addresses, without_port
from entrepot.domain.names import Registry

DEFAULT = "123456789012"
OTHER = "210987654321"


def addresses(
    *, scheme: str = "http", host: str = "localhost", port: int = 5050, domain: str | None = None
) -> Addresses:
    return Addresses(scheme=scheme, host=host, port=port, domain=domain, default_account=DEFAULT)


def test_the_default_account_has_the_plain_host_in_every_region() -> None:
    assert addresses().registry_host(Registry(DEFAULT, "eu-west-1")) == "localhost:5050"
    assert addresses().registry_host(Registry(DEFAULT, "us-east-1")) == "localhost:5050"


def test_other_accounts_always_have_names_of_the_shape_of_ecr() -> None:
    host = addresses().registry_host(Registry(OTHER, "eu-west-1"))

    assert host == f"{OTHER}.dkr.ecr.eu-west-1.localhost:5050"
    assert addresses().registry_of(host) == Registry(OTHER, "eu-west-1")


def test_a_domain_gives_every_account_a_name_of_the_shape_of_ecr() -> None:
    server = addresses(domain="example.com")

    host = server.registry_host(Registry(DEFAULT, "eu-west-1"))

    assert host == f"{DEFAULT}.dkr.ecr.eu-west-1.example.com:5050"
    assert server.registry_of(host) == Registry(DEFAULT, "eu-west-1")


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_the_port_of_the_scheme_is_left_out(scheme: str, port: int) -> None:
    server = addresses(scheme=scheme, port=port, domain="amazonaws.com")

    assert server.registry_url(Registry(DEFAULT, "eu-west-1")) == (
        f"{scheme}://{DEFAULT}.dkr.ecr.eu-west-1.amazonaws.com"
    )


@pytest.mark.parametrize(
    "host",
    [
        f"{OTHER}.dkr.ecr.eu-west-1.example.com",
        f"{OTHER}.dkr.ecr.eu-west-1.example.com:8443",
        f"{OTHER}.DKR.ECR.EU-WEST-1.Example.COM:1",
        f"{OTHER}.dkr.ecr.eu-west-1.example.com.",
        f"{OTHER}.dkr.ecr.eu-west-1.example.com.:443",
    ],
)
def test_case_port_and_trailing_dot_do_not_matter(host: str) -> None:
    assert addresses(domain="example.com").registry_of(host) == Registry(OTHER, "eu-west-1")


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "[::1]:5050",
        f"{OTHER}.dkr.ecr.eu-west-1.evil.com",
        f"{OTHER}.dkr.ecr.eu-west-1.example.com.evil.com",
        f"{OTHER}.dkr.ecr.eu-west-1.example.com:port",
        f"{OTHER}.dkr.ecr.eu-west-1.example.com\n",
        f"x{OTHER}.dkr.ecr.eu-west-1.example.com",
        f"{OTHER[:-1]}.dkr.ecr.eu-west-1.example.com",
        f"{OTHER}.dkr.ecr..example.com",
        f"{OTHER}.dkr.ecr.{'a' * 255}.example.com",
        f"{OTHER}.dkr.ecr.eu.west.example.com",
    ],
)
def test_attack_19_hosts_of_other_shapes_or_domains_are_no_registry(host: str) -> None:
    assert addresses(domain="example.com").registry_of(host) is None


@pytest.mark.parametrize(
    ("host", "known"),
    [("localhost", True), ("LOCALHOST.:5050", True), ("evil.com", False), ("localhost.evil.com", False)],
)
def test_only_names_of_this_server_are_known(host: str, *, known: bool) -> None:
    assert addresses().knows(host) == known


def test_an_ipv6_host_is_written_in_brackets_everywhere() -> None:
    server = addresses(host="[::1]")

    assert server.endpoint() == "http://[::1]:5050"
    assert server.registry_host(Registry(DEFAULT, "eu-west-1")) == "[::1]:5050"
    assert server.knows("[::1]:5050")
    assert server.knows("[::1]")


@pytest.mark.parametrize(
    ("host", "name"),
    [("[::1]", "[::1]"), ("[::1]:80", "[::1]"), ("Example.com", "example.com"), ("h:", "h:"), ("h:٣", "h:٣")],
)
def test_a_port_is_ascii_digits_behind_a_name(host: str, name: str) -> None:
    assert without_port(host) == name


@pytest.mark.parametrize("kind", ["dkr.ecr", "dkr.ecr-fips", "dkr-ecr", "dkr-ecr-fips"])
@pytest.mark.parametrize("domain", ["amazonaws.com", "on.aws"])
def test_every_name_that_aws_has_for_a_registry_is_one(kind: str, domain: str) -> None:
    host = f"{OTHER}.{kind}.eu-west-1.{domain}"

    assert addresses(domain="amazonaws.com").registry_of(host) == Registry(OTHER, "eu-west-1")
    assert addresses(domain="example.com").registry_of(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "api.ecr.eu-west-1.amazonaws.com",
        "api.ecr.eu-west-1.amazonaws.com:443",
        "API.ECR.EU-WEST-1.AMAZONAWS.COM.",
        "ecr.eu-west-1.amazonaws.com",
        "ecr-fips.eu-west-1.amazonaws.com",
        "api.ecr-fips.eu-west-1.amazonaws.com",
        "ecr.eu-west-1.api.aws",
        "sts.eu-west-1.amazonaws.com",
        "sts-fips.eu-west-1.amazonaws.com",
        "sts.eu-west-1.api.aws",
        "cloudtrail.eu-west-1.amazonaws.com",
        "entrepot.eu-west-1.amazonaws.com",
    ],
)
def test_a_host_of_an_api_names_its_region(host: str) -> None:
    assert addresses(domain="amazonaws.com").api_region(host) == "eu-west-1"
    assert addresses(domain="example.com").api_region(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "sts.amazonaws.com",
        "iam.amazonaws.com",
        "iam.global.api.aws",
        "iam.us-gov.amazonaws.com",
        "localhost",
        "api.sts.eu-west-1.amazonaws.com",
        "ec2.eu-west-1.amazonaws.com",
        "api.ecr.eu.west.amazonaws.com",
        "api.ecr.eu-west-1.amazonaws.com.evil.com",
        "api.ecr.eu-west-1.amazonaws.com\n",
        f"api.ecr.{'a' * 255}.amazonaws.com",
    ],
)
def test_other_hosts_name_no_region(host: str) -> None:
    assert addresses(domain="amazonaws.com").api_region(host) is None
