"""Parts of a layer's file list: by prefix, by folder, page after page."""

import tarfile

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.decoding.budget import Limits
from entrepot.decoding.reader import listing
from entrepot.domain.layer_files import FileType, LayerFile
from entrepot.registry import file_lists
from entrepot.registry.file_lists import FileList
from tests.unit.decoding.archives import END, archive, member


def files(*members: tarfile.TarInfo) -> FileList:
    contents = iter([archive(*members)])
    return FileList(listing(lambda _: next(contents, b""), Limits()))


def folder(name: str) -> tarfile.TarInfo:
    return member(name, type=tarfile.DIRTYPE, size=0, mode=0o755)


TREE = files(
    folder("etc"),
    member("etc-old", size=1),
    member("etc/hosts", size=10),
    folder("etc/ssl"),
    member("etc/ssl/key", size=100),
    member("usr/bin/a", size=1000),
    member("usr/bin/b", size=2000),
    member("usr.txt", size=5),
)


def level(prefix: str) -> list[tuple[str, int | None, int | None]]:
    return [
        (each.file.path, each.file.size_bytes, each.file.count) for each in TREE.one_level(prefix, -1, 100)
    ]


def paths(found: list[LayerFile]) -> list[str]:
    return [file.path for file in found]


def test_a_level_has_its_folders_once_with_what_lies_below_them() -> None:
    assert level("") == [("etc", 110, 3), ("etc-old", 1, None), ("usr.txt", 5, None), ("usr", 3000, 2)]
    assert level("etc/") == [("etc/hosts", 10, None), ("etc/ssl", 100, 1)]
    assert level("usr/") == [("usr/bin", 3000, 2)]
    assert level("usr/bin/") == [("usr/bin/a", 1000, None), ("usr/bin/b", 2000, None)]
    assert level("usr/bin/b") == [("usr/bin/b", 2000, None)]
    assert level("etc") == [("etc", 110, 3), ("etc-old", 1, None)]
    assert level("nothing/") == []


def test_a_folder_without_an_entry_of_its_own_has_no_mode() -> None:
    [usr] = [each.file for each in TREE.one_level("usr", -1, 100) if each.file.path == "usr"]
    assert (usr.type, usr.mode, usr.modified_at) == (FileType.DIRECTORY, None, None)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("prefix", ["", "etc", "etc/", "usr/bin/"])
def test_pages_have_together_what_the_whole_has(prefix: str, size: int) -> None:
    for look in (TREE.everything, TREE.one_level):
        whole = [each.file for each in look(prefix, -1, 100)]
        paged: list[LayerFile] = []
        after = -1
        while page := look(prefix, after, size):
            paged += [each.file for each in page]
            after = page[-1].place
        assert paged == whole


@pytest.mark.parametrize("after", [-1, 0, 3, 7, 8, 999_999_999])
def test_attack_40_a_forged_place_begins_somewhere_or_nowhere(after: int) -> None:
    for prefix in ("", "etc/", "zzz"):
        for look in (TREE.everything, TREE.one_level):
            assert all(each.file.path.startswith(prefix) for each in look(prefix, after, 10))


def test_one_path_may_stand_several_times_in_a_layer() -> None:
    twice = files(member("a", size=1), member("a", size=2), member("a/b", size=4), folder("a"))
    assert [each.file.size_bytes for each in twice.one_level("", -1, 9)] == [1, 2, 4]
    assert [each.file.size_bytes for each in twice.everything("a", -1, 9)] == [1, 2, None, 4]


def test_attack_37_a_path_that_stands_a_great_many_times_is_not_gone_through_for_a_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A quarter of a million such lines would hold everybody else up for a second at each look."""
    many = files(*[member("a", size=1)] * 500, member("a/b", size=4))
    looked_at: list[bytes] = []

    def path_of(line: bytes) -> str:
        looked_at.append(line)
        return str(orjson.loads(line)[0])

    monkeypatch.setattr(file_lists, "_path_of", path_of)
    found = many.one_level("", 498, 9)
    assert [(each.file.type, each.file.size_bytes) for each in found] == [
        (FileType.FILE, 1),
        (FileType.DIRECTORY, 4),
    ]
    assert len(looked_at) < 100


def test_what_is_no_archive_has_no_list() -> None:
    contents = iter([b"no archive"])
    with pytest.raises(ValueError, match="not an archive"):
        FileList(listing(lambda _: next(contents, b""), Limits()))
    contents = iter([END])
    assert FileList(listing(lambda _: next(contents, b""), Limits())).count == 0


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "a-", "a0", "b", "..", "é"]), min_size=1, max_size=4), max_size=20
    )
)
def test_every_file_is_found_by_going_down_from_the_root(names: list[list[str]]) -> None:
    made = ["/".join(name) for name in names]
    tree = files(*(member(name) for name in made))
    found: list[str] = []
    folders = [""]
    while folders:
        for each in tree.one_level(folders.pop(), -1, 1000):
            if each.file.type is FileType.DIRECTORY:
                folders.append(f"{each.file.path}/")
            else:
                found.append(each.file.path)
    assert sorted(found) == sorted(made)
