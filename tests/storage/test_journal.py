import os
from pathlib import Path

import pytest

from luasip.errors import StorageError
from luasip.storage.journal import Journal


def lines(journal: Journal) -> list[str]:
    return [text for segment in journal.segments() for _, text in journal.read(segment)]


def test_lines_are_read_as_they_were_appended(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "folder")
    segment = journal.append("one")
    assert journal.append("two") == segment
    assert journal.read(segment) == [(4, "one"), (8, "two")]
    assert journal.read(segment, most=1) == [(4, "one")]
    assert journal.read(segment, 4) == [(8, "two")]
    assert journal.read(segment, 8) == []
    assert journal.size(segment) == 8


def test_a_line_longer_than_one_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    segment = journal.append("x" * 3_000_000)
    assert [len(text) for _, text in journal.read(segment)] == [3_000_000]


def test_a_new_segment_when_one_is_full(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=10)
    names = [journal.append(f"line {number}") for number in range(4)]
    assert names[0] == names[1] != names[2] == names[3]
    assert journal.segments() == [names[0], names[2]]
    assert lines(journal) == [f"line {number}" for number in range(4)]
    assert (journal.grows(names[0]), journal.grows(names[2])) == (False, True)


def test_segments_keep_their_order_when_the_clock_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, segment_bytes=1)
    times = iter([5000.0, 1000.0, 1000.0])
    monkeypatch.setattr("luasip.storage.journal.time.time", lambda: next(times))
    names = [journal.append(text) for text in "abc"]
    assert journal.segments() == names
    assert lines(journal) == ["a", "b", "c"]


def test_a_process_begins_a_segment_of_its_own(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    first.append("old")
    first.close()
    second = Journal(tmp_path)
    second.append("new")
    assert lines(second) == ["old", "new"]
    assert len(second.segments()) == 2


def test_a_line_cut_short_is_not_there(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    segment = first.append("whole")
    first.close()
    with open(tmp_path / segment, "ab") as file:
        file.write(b"cut sho")
    second = Journal(tmp_path)
    second.append("after")
    assert lines(second) == ["whole", "after"]


def test_removing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    segment = journal.append("one")
    assert not journal.remove(segment)
    assert not journal.remove(segment, 3)
    assert journal.remove(segment, 4)
    assert journal.segments() == []
    assert journal.read(segment) == []
    assert journal.size(segment) == 0
    journal.append("two")
    journal.seal()
    assert not journal.remove(journal.segments()[0], 3)
    assert journal.remove(journal.segments()[0])
    assert journal.remove("gone.journal")


def test_one_process_at_a_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(StorageError, match="another process"):
        Journal(tmp_path)
    journal.close()
    Journal(tmp_path).close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file"):
        Journal(tmp_path / "file" / "folder")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.append("before")
    real, left = os.write, [3]

    def write(file: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(28, "No space left on device")
        written = real(file, data[: left[0]])
        left[0] = 0
        return int(written)

    with monkeypatch.context() as patched:
        patched.setattr("luasip.storage.journal.os.write", write)
        with pytest.raises(StorageError, match="No space"):
            journal.append("does not fit")
    journal.append("after")
    assert lines(journal) == ["before", "after"]


def test_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("luasip.storage.journal.os.fsync", synced.append)
    journal = Journal(tmp_path)
    journal.sync()
    journal.append("one")
    journal.sync()
    journal.sync()
    assert len(synced) == 2  # the file and its folder
    journal.append("two")
    journal.seal()
    journal.sync()
    assert len(synced) == 4
    journal.close()
    assert len(synced) == 4
