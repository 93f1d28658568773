"""Repositories and images in an order by what is known of them, each from an index (decision 34)."""

from entrepot.domain.digests import Digest
from entrepot.domain.images import ImageStatus
from entrepot.domain.names import Registry, RepositoryName
from entrepot.ports.orders import Place, PlacedImage, PlacedRepository, RepositoryOrder
from entrepot.storage.metadata.columns import to_optional_time, to_time
from entrepot.storage.metadata.connection import Row
from entrepot.storage.metadata.subject import Subject

_LEAST, _MOST = -(2**63), 2**63 - 1
_FIRST, _LAST = "", "\x7f"  # below and above every name, id and digest, which are ASCII
_UP, _DOWN = False, True

_NAMED = """
SELECT r.id, r.name FROM repository AS r WHERE r.account = $1 AND r.region = $2
"""
_NAMED_PAGES = {
    _UP: f"{_NAMED} AND r.name > $3 ORDER BY r.name LIMIT $4",
    _DOWN: f"{_NAMED} AND r.name < $3 ORDER BY r.name DESC LIMIT $4",
}
# A total stays while its repository is in the recycle bin: it comes without a name, so that a page reads a
# bounded number of rows however many there are.
_MEASURED = """
SELECT t.repository_id AS id, t.images, t.size_bytes, t.pulls, t.pushed_at, t.pulled_at, r.name
  FROM repository_total AS t
  LEFT JOIN repository AS r ON r.id = t.repository_id
 WHERE t.account = $1 AND t.region = $2
"""
# The columns of each order's index behind the registry, but the id that ends it.
_COLUMNS: dict[RepositoryOrder, tuple[str, ...]] = {
    RepositoryOrder.IMAGES: ("images",),
    RepositoryOrder.SIZE: ("size_bytes",),
    RepositoryOrder.PULLS: ("pulls", "size_bytes"),
    RepositoryOrder.LAST_PUSH: ("pushed_at",),
    RepositoryOrder.LAST_PULL: ("pulled_at",),
}
_MEASURED_PAGES = {
    (RepositoryOrder.IMAGES, _UP): f"""{_MEASURED}
   AND (t.images, t.repository_id) > ($3, $4) ORDER BY t.images, t.repository_id LIMIT $5
""",
    (RepositoryOrder.IMAGES, _DOWN): f"""{_MEASURED}
   AND (t.images, t.repository_id) < ($3, $4) ORDER BY t.images DESC, t.repository_id DESC LIMIT $5
""",
    (RepositoryOrder.SIZE, _UP): f"""{_MEASURED}
   AND (t.size_bytes, t.repository_id) > ($3, $4) ORDER BY t.size_bytes, t.repository_id LIMIT $5
""",
    (RepositoryOrder.SIZE, _DOWN): f"""{_MEASURED}
   AND (t.size_bytes, t.repository_id) < ($3, $4) ORDER BY t.size_bytes DESC, t.repository_id DESC LIMIT $5
""",
    (RepositoryOrder.PULLS, _UP): f"""{_MEASURED}
   AND (t.pulls, t.size_bytes, t.repository_id) > ($3, $4, $5)
 ORDER BY t.pulls, t.size_bytes, t.repository_id LIMIT $6
""",
    (RepositoryOrder.PULLS, _DOWN): f"""{_MEASURED}
   AND (t.pulls, t.size_bytes, t.repository_id) < ($3, $4, $5)
 ORDER BY t.pulls DESC, t.size_bytes DESC, t.repository_id DESC LIMIT $6
""",
    (RepositoryOrder.LAST_PUSH, _UP): f"""{_MEASURED}
   AND (t.pushed_at, t.repository_id) > ($3, $4) ORDER BY t.pushed_at, t.repository_id LIMIT $5
""",
    (RepositoryOrder.LAST_PUSH, _DOWN): f"""{_MEASURED}
   AND (t.pushed_at, t.repository_id) < ($3, $4) ORDER BY t.pushed_at DESC, t.repository_id DESC LIMIT $5
""",
    (RepositoryOrder.LAST_PULL, _UP): f"""{_MEASURED}
   AND (t.pulled_at, t.repository_id) > ($3, $4) ORDER BY t.pulled_at, t.repository_id LIMIT $5
""",
    (RepositoryOrder.LAST_PULL, _DOWN): f"""{_MEASURED}
   AND (t.pulled_at, t.repository_id) < ($3, $4) ORDER BY t.pulled_at DESC, t.repository_id DESC LIMIT $5
""",
}
_IMAGES = """
SELECT digest, media_type, artifact_type, size_bytes, pushed_at, last_pulled_at, pulls, status
  FROM image WHERE repository_id = $1
"""
# NULL and 0 are both never. Databases do not agree where NULL stands in an order: it stays out of this one.
_PULLED = f"{_IMAGES} AND pulls > 0"
_PULLED_PAGES = {
    _UP: f"{_PULLED} AND (pulls, digest) > ($2, $3) ORDER BY pulls, digest LIMIT $4",
    _DOWN: f"{_PULLED} AND (pulls, digest) < ($2, $3) ORDER BY pulls DESC, digest DESC LIMIT $4",
}
_IMAGE_PAGES = {
    _UP: f"{_IMAGES} AND digest > $2 ORDER BY digest LIMIT $3",
    _DOWN: f"{_IMAGES} AND digest < $2 ORDER BY digest DESC LIMIT $3",
}


class SqlOrders(Subject):
    """The tables `repository`, `repository_total` and `image`, read in orders."""

    __slots__ = ()

    async def repositories(
        self,
        registry: Registry,
        order: RepositoryOrder,
        *,
        is_descending: bool,
        after: Place | None,
        limit: int,
    ) -> list[PlacedRepository]:
        figures, last = _COLUMNS.get(order, ()), "id"
        if order is RepositoryOrder.NAME:
            statement, last = _NAMED_PAGES[is_descending], "name"
        else:
            statement = _MEASURED_PAGES[order, is_descending]
        place = after or _start(*figures, is_descending=is_descending)
        rows = await self._connection.rows(statement, registry.account, registry.region, *place, limit)
        return [
            PlacedRepository(
                row["id"],
                None if row["name"] is None else RepositoryName(row["name"]),
                tuple(row[column] for column in (*figures, last)),
            )
            for row in rows
        ]

    async def pulled_images(
        self, repository_id: str, *, is_descending: bool, after: Place | None, limit: int
    ) -> list[PlacedImage]:
        place = after or _start("pulls", is_descending=is_descending)
        rows = await self._connection.rows(_PULLED_PAGES[is_descending], repository_id, *place, limit)
        return [_to_image(row, (row["pulls"], row["digest"])) for row in rows]

    async def images(
        self, repository_id: str, *, is_descending: bool, after: Place | None, limit: int
    ) -> list[PlacedImage]:
        place = after or _start(is_descending=is_descending)
        rows = await self._connection.rows(_IMAGE_PAGES[is_descending], repository_id, *place, limit)
        return [_to_image(row, (row["digest"],)) for row in rows]


def _start(*figures: str, is_descending: bool) -> Place:
    """Before everything in an order by these columns and a text."""
    figure, text = (_MOST, _LAST) if is_descending else (_LEAST, _FIRST)
    return (*(figure for _ in figures), text)


def _to_image(row: Row, place: Place) -> PlacedImage:
    return PlacedImage(
        digest=Digest(row["digest"]),
        media_type=row["media_type"],
        artifact_type=row["artifact_type"],
        size_bytes=row["size_bytes"],
        pushed_at=to_time(row["pushed_at"]),
        last_pulled_at=to_optional_time(row["last_pulled_at"]),
        pulls=row["pulls"] or 0,
        status=ImageStatus(row["status"] or ImageStatus.ACTIVE),
        place=place,
    )
