"""Moving a registry between stores: what a pair of URLs asks for, and one run of it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from entrepot.app import check_blobs, now, open_blob_move, open_row_copy, open_store
from entrepot.domain.audit import operator, own_deed
from entrepot.identity.auditing import AuditedStore, doing
from entrepot.installation.first_start import check_served, open_ring
from entrepot.ports.blobs import UploadBusy
from entrepot.ports.records import Records
from entrepot.registry.blob_moves import Manner, Moved, PlainBlobs, Progress
from entrepot.settings import Settings
from entrepot.storage.blobs.locations import Folder, Location, LocationInvalid, parse_location
from entrepot.storage.copying.row_copy import Copied, CopyProgress

_BLOBS = ("file", "s3")
_ROWS = ("sqlite", "postgres", "postgresql")


class CannotMove(Exception):
    """The move that was asked for cannot be made; the text says why, and holds no secret."""


@dataclass(frozen=True, slots=True)
class BlobPlaces:
    """Two stores of blobs."""

    source: Location
    target: Location


@dataclass(frozen=True, slots=True)
class RowPlaces:
    """Two databases, by their URLs."""

    source: str
    target: str


def parse_places(source: str, target: str) -> BlobPlaces | RowPlaces:
    """What is to be moved, told by the schemes; raises CannotMove."""
    kinds = [_kind(url) for url in (source, target)]
    if kinds[0] != kinds[1]:
        raise CannotMove("FROM and TO must both be stores of blobs, or both databases")
    if kinds[0] == "rows":
        if source == target:
            raise CannotMove("FROM and TO are the same database")
        for url in (source, target):
            _check_database(url)
        if source.startswith("sqlite") and not _sqlite_path(source).is_file():
            raise CannotMove(f"FROM: there is no {_sqlite_path(source)}")
        return RowPlaces(source, target)
    places = BlobPlaces(_location("FROM", source), _location("TO", target))
    if places.source == places.target:
        raise CannotMove("FROM and TO are the same place")
    if isinstance(places.source, Folder) and not places.source.path.is_dir():
        raise CannotMove(f"FROM: there is no folder {places.source.path}")
    return places


async def move_blobs(
    settings: Settings, places: BlobPlaces, manner: Manner, report: Callable[[Progress], None]
) -> Moved:
    """Move the layers that the rows of this installation name; raises CannotMove or CannotStart."""
    check_served(settings)
    async with open_store(settings) as store:
        await open_ring(settings, store)
    for location in (places.source, places.target):
        check_blobs(location)
    async with open_blob_move(
        settings,
        places.source,
        places.target,
        target_name=hashlib.sha256(repr(_identity(places.target)).encode()).hexdigest()[:32],
        manner=manner,
        report=report,
    ) as move:
        try:
            moved = await move.run()
        except UploadBusy as cause:
            raise CannotMove("another move to TO is under way, or was killed a minute ago") from cause
        except PlainBlobs as cause:
            raise CannotMove(
                "some layers lie plain, because FROM encrypts what it keeps by itself; "
                "if TO does too, say so with --target-encrypts"
            ) from cause
    await _tell(settings, moved)
    return moved


async def _tell(settings: Settings, moved: Moved) -> None:
    """The event of a move: it has changed no row that a transaction of its own could go with."""
    actor = operator(settings.account_id, "entrepot migrate-storage")
    details = {
        "copiedLayers": moved.copied_blobs,
        "copiedBytes": moved.copied_bytes,
        "failed": len(moved.failed),
    }
    with doing(lambda: own_deed(actor, "MoveLayers", **details)):
        async with open_store(settings) as store:
            await AuditedStore(store, now).write(_nothing)


async def _nothing(_records: Records) -> None:
    """What is done is done."""


async def copy_rows(places: RowPlaces, report: Callable[[CopyProgress], None]) -> Copied:
    """Copy every row; raises CannotCopy."""
    async with open_row_copy(places.source, places.target, report) as copy:
        return await copy.run()


def _kind(url: str) -> str:
    scheme = url.partition("://")[0]
    if scheme in _BLOBS:
        return "blobs"
    if scheme in _ROWS:
        return "rows"
    raise CannotMove("FROM and TO must be file:///…, s3://…, sqlite:///… or postgresql://…")


def _location(role: str, url: str) -> Location:
    try:
        return parse_location(url)
    except LocationInvalid as cause:
        raise CannotMove(f"{role}: {cause}") from cause


def _identity(location: Location) -> tuple[str, ...]:
    """What makes it that store, however the URL was written and whatever it says of encryption."""
    if isinstance(location, Folder):
        return ("file", str(location.path.absolute()))
    return ("s3", location.name, location.prefix, location.endpoint or "")


def _check_database(url: str) -> None:
    if url.startswith("sqlite") and not url.partition("://")[2]:
        raise CannotMove("sqlite:///PATH must name a file")


def _sqlite_path(url: str) -> Path:
    return Path(unquote(url.partition("://")[2]))
