"""A repository, and the tags that people put on it as a resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from entrepot.domain.errors import InvalidTag, TooManyTags
from entrepot.domain.mutability import TagMutability
from entrepot.domain.names import Registry, RepositoryName, repository_arn
from entrepot.domain.pins import PIN_TAG, are_pin_patterns

TAG_LIMIT = 50  # user tags a repository, ECR guide "Tagging"


@dataclass(frozen=True, slots=True)
class Encryption:
    """How a repository's layers and manifests are kept; fixed when it is created."""

    type: str = "AES256"
    kms_key: str | None = None

    @property
    def key_id(self) -> str:
        """The name under which blobs of repositories with equal encryption may share bytes."""
        return self.kms_key or self.type


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository; `id` is ours and never shown."""

    id: str
    registry: Registry
    name: RepositoryName
    created_at: datetime
    mutability: TagMutability
    scan_on_push: bool
    encryption: Encryption

    @property
    def arn(self) -> str:
        """The resource that policies name."""
        return repository_arn(self.registry, self.name)


def check_resource_tags(tags: Mapping[str, str]) -> None:
    """Refuse what AWS refuses of resource tags (ECR guide, "Tag restrictions"); raises InvalidTag."""
    for key, value in tags.items():
        check_tag_key(key)
        # `*` is none of AWS's characters, but the sign that tag patterns are made of
        is_valid = are_pin_patterns(value) if key == PIN_TAG else all(_is_tag_character(c) for c in value)
        if len(value) > 256 or not is_valid:
            raise InvalidTag(f"The value of tag '{key}' is invalid")


def check_tag_key(key: str) -> None:
    """Refuse what cannot be the key of a caller's tag; raises InvalidTag."""
    if not 1 <= len(key) <= 128 or not all(_is_tag_character(c) for c in key):
        raise InvalidTag(f"Tag key '{key[:128]}' is invalid")
    if key.lower().startswith("aws:"):
        raise InvalidTag("Tag keys that begin with 'aws:' are reserved")


def check_tag_count(count: int, resource: str) -> None:
    """Raises TooManyTags over the limit."""
    if count > TAG_LIMIT:
        raise TooManyTags(resource)


def _is_tag_character(character: str) -> bool:
    return character.isalpha() or character.isnumeric() or character in " +-=._:/@"
