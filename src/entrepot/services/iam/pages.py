"""Lists a page at a time, as IAM pages them: Marker, MaxItems, IsTruncated."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from entrepot.aws import refusals

T = TypeVar("T")

DEFAULT_PAGE = 100  # MaxItems, iam model


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page: at most `limit` entries behind the one named `after`, "" at the start."""

    after: str
    limit: int

    @property
    def fetched(self) -> int:
        """One entry more than the page has, to see whether it is the last."""
        return self.limit + 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some entries, and the members that say whether there are more."""

    entries: Sequence[T]
    members: Mapping[str, object]


def asked(params: Mapping[str, Any]) -> Asked:
    """The page that the parameters ask for."""
    return Asked(_read(params.get("Marker")), params.get("MaxItems", DEFAULT_PAGE))


def cut(found: Sequence[T], page: Asked, name: Callable[[T], str]) -> Page[T]:
    """The page out of what was fetched for it."""
    if len(found) <= page.limit:
        return Page(found, {"IsTruncated": False})
    entries = found[: page.limit]
    marker = urlsafe_b64encode(name(entries[-1]).encode()).decode("ascii")
    return Page(entries, {"IsTruncated": True, "Marker": marker})


def cut_all(all_of_it: Sequence[T], page: Asked, name: Callable[[T], str]) -> Page[T]:
    """The page out of everything there is, in the order of its names."""
    behind = [entry for entry in sorted(all_of_it, key=name) if name(entry) > page.after]
    return cut(behind, page, name)


def _read(marker: str | None) -> str:
    try:
        return b64decode(marker or "", altchars=b"-_", validate=True).decode()
    except ValueError as cause:
        raise refusals.validation("Invalid Marker.") from cause
