"""luasip/kemi/lists.py: stacks of values, newest first."""

import pytest

from luasip.kemi.lists import ValueLists, XavpRecord, pick


@pytest.mark.parametrize(
    ("index", "expected"),
    [(0, "c"), (1, "b"), (2, "a"), (3, None), (-1, "a"), (-3, "c"), (-4, None)],
)
def test_pick(index: int, expected: str | None) -> None:
    values: list[str | int] = ["c", "b", "a"]
    assert pick(values, index) == expected


@pytest.mark.parametrize("values", [None, []])
def test_pick_of_nothing(values: list[str | int] | None) -> None:
    assert pick(values, 0) is None
    assert pick(values, -1) is None


def test_fields_of_a_record() -> None:
    record, inner = XavpRecord(), XavpRecord()
    assert record.get("f") is None
    record.set("f", "only")
    assert record.fields == {"f": ["only"]}
    record.push("f", 2)
    record.push("f", inner)
    assert record.fields["f"] == [inner, 2, "only"]
    record.set("f", "newest")
    assert [record.get("f", index) for index in (0, 1, 2, -1, 3)] == ["newest", 2, "only", "only", None]
    assert record.get("F") is None


def test_clear_forgets_everything() -> None:
    lists = ValueLists()
    lists.avps["s:a"] = [1]
    lists.xavps["x"] = [XavpRecord()]
    lists.xavus["u"] = "v"
    lists.xavis["i"] = [XavpRecord()]
    lists.kept = {"module.what": object()}
    lists.clear()
    assert not any((lists.avps, lists.xavps, lists.xavus, lists.xavis))
    assert lists.kept is None


def test_lists_of_two_messages_are_apart() -> None:
    one, other = ValueLists(), ValueLists()
    one.avps["s:a"] = [1]
    assert other.avps == {}
    assert one.kept is None


def test_lists_that_were_only_looked_at_are_empty() -> None:
    lists = ValueLists()
    assert lists.are_empty
    assert not lists.avps
    assert lists.are_empty
    lists.avps["s:a"] = [1]
    assert not lists.are_empty
    lists.clear()
    lists.kept = {"module.what": 1}
    assert not lists.are_empty
