"""Pages of an order in which many rows may not be told."""

from collections.abc import Sequence

from entrepot.domain.names import RepositoryName
from entrepot.ports.orders import Place, PlacedRepository
from entrepot.registry.orders import tellable

ROWS = [PlacedRepository(f"r{n}", RepositoryName(f"team/r{n:05}"), (n, f"r{n}")) for n in range(5000)]


async def fetch(after: Place | None, size: int) -> Sequence[PlacedRepository]:
    start = 0 if after is None else int(after[0]) + 1
    return ROWS[start : start + size]


async def nobody(_name: RepositoryName) -> bool:
    return False


async def ends_in_seven(name: RepositoryName) -> bool:
    return name.endswith("7")


async def test_attack_29_a_page_of_what_one_may_not_see_is_empty_and_goes_on() -> None:
    after: Place | None = None
    pages = 0
    while True:
        stretch = await tellable(fetch, after, 100, nobody)
        assert stretch.named == []
        pages += 1
        if stretch.place is None:
            break
        after = stretch.place
    assert pages == 3  # of 2,000 rows that were looked at


async def test_every_row_that_may_be_told_comes_once() -> None:
    found: list[str] = []
    after: Place | None = None
    while True:
        stretch = await tellable(fetch, after, 7, ends_in_seven)
        assert len(stretch.named) <= 7
        found += [repository_id for repository_id, _ in stretch.named]
        if stretch.place is None:
            break
        after = stretch.place
    assert found == [f"r{n}" for n in range(7, 5000, 10)]


async def test_a_full_last_page_has_no_token_more() -> None:
    async def everybody(_name: RepositoryName) -> bool:
        return True

    stretch = await tellable(fetch, (3999, "r3999"), 1000, everybody)
    assert (len(stretch.named), stretch.place) == (1000, None)
