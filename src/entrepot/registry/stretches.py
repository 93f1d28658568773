"""Rows of blobs and what a store lists, walked side by side in the order of their keys."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from entrepot.ports.blobs import BytesAtRest

T = TypeVar("T")


async def side_by_side(
    rows_after: Callable[[str], Awaitable[list[T]]],
    key_of: Callable[[T], str],
    lying_after: Callable[[str], Awaitable[list[BytesAtRest]]],
    limit: int,
) -> AsyncIterator[tuple[dict[str, T], dict[str, BytesAtRest]]]:
    """Both by key, the same stretch of keys at a time; each function gives `limit` of them but at its end."""
    after = ""
    while True:
        rows = {key_of(row): row for row in await rows_after(after)}
        lying = {at_rest.key: at_rest for at_rest in await lying_after(after)}
        ends = [max(found) for found in (rows, lying) if len(found) == limit]
        if not ends:
            yield rows, lying
            return
        after = min(ends)
        yield _up_to(after, rows), _up_to(after, lying)


def _up_to(last: str, found: dict[str, T]) -> dict[str, T]:
    return {key: value for key, value in found.items() if key <= last}
