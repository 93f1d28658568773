"""Names that callers choose: accounts, regions, repositories, tags, and the ARNs made of them."""

import re
from dataclasses import dataclass
from typing import NewType

from entrepot.domain.errors import InvalidParameter

RepositoryName = NewType("RepositoryName", str)
Tag = NewType("Tag", str)

REPOSITORY_NAME_PATTERN = (
    r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"  # ecr model, 2015-09-21
)
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*")
_TAG_PATTERN = "[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"  # OCI distribution-spec 1.1, "Pulling manifests"
_TAG = re.compile(_TAG_PATTERN)
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Registry:
    """One account's repositories in one region."""

    account: str
    region: str


def parse_repository_name(text: str) -> RepositoryName:
    """A repository's name, 2 to 256 characters in ECR's grammar; raises InvalidParameter."""
    if not _is_repository_name(text):
        raise InvalidParameter(
            "repositoryName", f"must satisfy regular expression '{REPOSITORY_NAME_PATTERN}'"
        )
    return RepositoryName(text)


def _is_repository_name(text: str) -> bool:
    return 2 <= len(text) <= 256 and all(_COMPONENT.fullmatch(part) for part in text.split("/"))


def parse_tag(text: str) -> Tag:
    """A tag of up to 128 characters; raises InvalidParameter."""
    if not _TAG.fullmatch(text):
        raise InvalidParameter("imageTag", f"must satisfy regular expression '{_TAG_PATTERN}'")
    return Tag(text)


def is_account(text: str) -> bool:
    """Twelve digits."""
    return _ACCOUNT.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Any one host label: every region name that a person types is valid."""
    return _REGION.fullmatch(text) is not None


def partition(region: str) -> str:
    """The ARN partition that AWS uses for a region of this name."""
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"


def repository_arn(registry: Registry, name: str) -> str:
    """The resource that policies and tagging name; the name may be `*`."""
    return f"arn:{partition(registry.region)}:ecr:{registry.region}:{registry.account}:repository/{name}"


def parse_repository_arn(text: str) -> tuple[Registry, RepositoryName]:
    """The registry and name inside a repository's ARN; raises InvalidParameter."""
    fields = text.split(":", 5)
    if len(fields) == 6 and fields[0] == "arn" and fields[2] == "ecr" and fields[5].startswith("repository/"):
        registry = Registry(account=fields[4], region=fields[3])
        name = fields[5].removeprefix("repository/")
        if (
            is_region(registry.region)
            and is_account(registry.account)
            and fields[1] == partition(registry.region)
            and _is_repository_name(name)
        ):
            return registry, RepositoryName(name)
    raise InvalidParameter("resourceArn", "Invalid ARN")
