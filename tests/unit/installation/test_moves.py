"""What a pair of URLs asks to be moved, and what is refused before anything is opened."""

import io
from pathlib import Path

import pytest

from entrepot.installation.moves import BlobPlaces, CannotMove, RowPlaces, parse_places
from entrepot.installation.progress import ProgressLine, Step, describe
from entrepot.storage.blobs.locations import Bucket, Folder


def test_two_stores_of_blobs_move_layers(tmp_path: Path) -> None:
    assert parse_places(f"file://{tmp_path}", "s3://bucket/prefix") == BlobPlaces(
        Folder(tmp_path), Bucket("bucket", "prefix")
    )


def test_two_databases_move_rows(tmp_path: Path) -> None:
    (tmp_path / "rows.db").touch()
    source, target = f"sqlite://{tmp_path}/rows.db", "postgresql://db/entrepot"
    assert parse_places(source, target) == RowPlaces(source, target)
    assert parse_places(target, source) == RowPlaces(target, source)


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("file:///a", "postgresql://db/entrepot", "must both be"),
        ("sqlite:///a", "s3://bucket", "must both be"),
        ("ftp://host/a", "s3://bucket", "must be file:///"),
        ("/a", "s3://bucket", "must be file:///"),
        ("s3://bucket/a", "s3://bucket/a", "the same place"),
        ("postgresql://db/entrepot", "postgresql://db/entrepot", "the same database"),
        ("s3://bucket/a", "s3://user:secret@bucket/a", "TO: must hold no credentials"),
        ("file:///no/such/folder", "s3://bucket", "there is no folder /no/such/folder"),
        ("sqlite:///no/such/rows.db", "postgresql://db/entrepot", "there is no /no/such/rows.db"),
        ("postgresql://db/entrepot", "sqlite://", "must name a file"),
    ],
)
def test_what_cannot_be_moved_is_refused_with_the_reason(source: str, target: str, reason: str) -> None:
    with pytest.raises(CannotMove, match=reason) as refused:
        parse_places(source, target)
    assert "secret" not in str(refused.value)


class Seconds:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def step(done: int, total: int = 10) -> Step:
    return Step("layers", done, total, done << 20, total << 20)


def test_a_log_gets_a_line_at_the_start_every_ten_seconds_and_at_the_end() -> None:
    out, clock = io.StringIO(), Seconds()
    line = ProgressLine(out, clock, is_terminal=False)
    for done in range(11):
        line.tell(step(done))
        clock.now += 3
    line.end()

    assert [text.split(",")[0] for text in out.getvalue().splitlines()] == [
        "layers 0/10",
        "layers 4/10",
        "layers 8/10",
        "layers 10/10",
    ]
    assert "\r" not in out.getvalue()


def test_a_terminal_gets_one_line_that_is_written_over() -> None:
    out, clock = io.StringIO(), Seconds()
    line = ProgressLine(out, clock, is_terminal=True)
    for done in range(11):
        line.tell(step(done))
        clock.now += 1
    line.end()

    assert out.getvalue().count("\n") == 1
    assert "[########################] 10/10" in out.getvalue()


def test_the_line_tells_rate_and_time_left_from_what_was_done_since_the_first_step() -> None:
    text = describe(step(6), step(2), 2.0, has_bar=True)

    assert text == (
        "layers [##############----------] 6/10, 6.0 MiB of 10.0 MiB (60%), 2.0 MiB/s, 0:00:02 left"
    )


def test_nothing_to_do_is_done_at_once() -> None:
    rows = Step("rows of tag:", 5000, None)
    assert describe(rows, rows, 1.0, has_bar=True) == "rows of tag: 5000"
    assert describe(step(0, 0), step(0, 0), 0.0, has_bar=False) == ("layers 0/0, 0 B of 0 B (100%), 0 B/s")
