"""Members that answers of the service share, and the pages that its lists come in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from entrepot.domain.images import ImageId
from entrepot.ports.records import AccessKey
from entrepot.registry.pages import read_token

Member = Mapping[str, object]
Params = Mapping[str, object]

_PAGE = 100  # as ECR's lists where nobody says how much


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page: at most `limit` entries behind the one at `after`, whose parts are "" at the start."""

    after: tuple[str, ...]
    limit: int

    @property
    def fetched(self) -> int:
        """One entry more than the page has, to see whether it is the last."""
        return self.limit + 1


def page_of(kind: str, params: Params, *, parts: int = 1) -> Asked:
    """The page that a call asks for; `parts` is how many its positions have.

    Raises InvalidParameter for a token of another list.
    """
    return Asked(read_token(kind, token_of(params), parts), limit_of(params))


def token_of(params: Params) -> str | None:
    """Where the caller's list goes on; None at its start."""
    return cast("str | None", params.get("nextToken"))


def limit_of(params: Params) -> int:
    """How many entries the caller wants."""
    return cast("int", params.get("maxResults", _PAGE))


def image_id_of(given: Mapping[str, str]) -> ImageId:
    """An image that a call names."""
    return ImageId(digest=given.get("imageDigest"), tag=given.get("imageTag"))


def session_member(key: AccessKey, *, current: str) -> Member:
    """A session; `current` is the key of the one that asks."""
    principal = key.principal
    return {
        "accessKeyId": principal.access_key_id,
        "principalArn": principal.arn,
        "kind": principal.session_kind,
        "createdAt": key.created_at,
        "expiresAt": principal.expires_at,
        # A role may have been assumed with a key of another account, which is not told here.
        "issuedBy": None if principal.is_role_session else key.issued_by,
        "isCurrent": principal.access_key_id == current,
    }
