"""Long lists of values, in statements of bounded size and few distinct texts.

A statement says `…` where its list goes: `digest IN (…)`, `VALUES …`. A batch is padded to a power
of two by repeating its last item, so that a list of any length uses one of ten texts and the
drivers' caches hold them all; whoever inserts must therefore bear to see a row twice.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

_BATCH = 512  # 1,026 parameters in the widest statement; both databases take over 32,000


def batches(items: Sequence[T]) -> Iterator[list[T]]:
    """The items, at most 512 at a time, with the last one repeated up to a power of two."""
    for start in range(0, len(items), _BATCH):
        batch = list(items[start : start + _BATCH])
        padded = 1 << (len(batch) - 1).bit_length()
        yield batch + batch[-1:] * (padded - len(batch))


@lru_cache
def placeholders(first: int, count: int) -> str:
    """`$2, $3, $4` for a list of three that begins at $2."""
    return ", ".join(f"${first + i}" for i in range(count))


@lru_cache
def text_rows(first: int, count: int) -> str:
    """`(CAST($2 AS TEXT)), (CAST($3 AS TEXT))`: a column of a type that needs no guessing."""
    return ", ".join(f"(CAST(${first + i} AS TEXT))" for i in range(count))


@lru_cache
def value_rows(count: int, *, shared: int, own: int) -> str:
    """`($1, $2, $3), ($1, $2, $4)` for two rows that share two values and own one each."""
    head = f"{placeholders(1, shared)}, " if shared else ""
    return ", ".join(f"({head}{placeholders(shared + 1 + i * own, own)})" for i in range(count))
