"""Where a listing goes on: opaque tokens that carry the last entry seen.

A forged token can only start a listing elsewhere within what its bearer may list anyway, so it is
checked for form and not signed.
"""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from entrepot.domain.errors import InvalidParameter
from entrepot.ports.records import Records, Store

K = TypeVar("K")
T = TypeVar("T")
_LONGEST = 2048
_SMALL = 200  # rows that may be read on the event loop


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some entries of a listing, and the token that continues it, None at its end."""

    entries: list[T]
    next_token: str | None


def cut_page(kind: str, found: list[T], limit: int, position: Callable[[T], Sequence[str]]) -> Page[T]:
    """The page of at most `limit` entries from a query for one more than that."""
    if len(found) <= limit:
        return Page(found, None)
    entries = found[:limit]
    return Page(entries, _token(kind, position(entries[-1])))


async def fetch_page(store: Store, limit: int, body: Callable[[Records], Awaitable[T]]) -> T:
    """Run a page's query: a small one at once, a large one where it holds nobody else up."""
    return await (store.read if limit <= _SMALL else store.scan)(body)


async def all_rows(
    fetch: Callable[[K], Awaitable[list[T]]], start: K, key_of: Callable[[T], K], *, page: int
) -> AsyncIterator[T]:
    """Every row behind `start`, of a query that gives at most `page` of those behind a key."""
    after = start
    while rows := await fetch(after):
        for row in rows:
            yield row
        if len(rows) < page:
            return
        after = key_of(rows[-1])


def read_token(kind: str, token: str | None, parts: int) -> tuple[str, ...]:
    """The position that a token of this kind carries, empty strings for none; raises InvalidParameter."""
    if token is None:
        return ("",) * parts
    if len(token) > _LONGEST:
        raise InvalidParameter("nextToken", "Invalid token")
    try:
        text = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode("utf-8")
    except ValueError as cause:
        raise InvalidParameter("nextToken", "Invalid token") from cause
    found_kind, *position = text.split("\0")
    if found_kind != kind or len(position) != parts:
        raise InvalidParameter("nextToken", "Invalid token")
    return tuple(position)


def _token(kind: str, position: Sequence[str]) -> str:
    return base64.urlsafe_b64encode("\0".join((kind, *position)).encode("utf-8")).decode("ascii")
