"""Wire text and Unicode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.kemi.wire_text import data_from_wire, data_to_wire, from_wire, to_wire


def test_utf8_bytes_one_character_each() -> None:
    assert to_wire("é€") == "\xc3\xa9\xe2\x82\xac"
    assert from_wire("\xc3\xa9\xe2\x82\xac") == "é€"


def test_bytes_that_are_no_utf8_stay() -> None:
    assert from_wire("caf\xe9") == "caf\xe9"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_there_and_back(text: str) -> None:
    assert from_wire(to_wire(text)) == text


def test_lone_surrogates_do_not_raise() -> None:
    assert len(to_wire("\ud800")) == 3


def test_data() -> None:
    unicode = {"é": ["€", {"n": 1, "x": None}], "t": True, "d": 0.5}
    wire = {"\xc3\xa9": ["\xe2\x82\xac", {"n": 1, "x": None}], "t": True, "d": 0.5}
    assert data_to_wire(unicode) == wire
    assert data_from_wire(wire) == unicode
    assert data_from_wire({1: "\xc3\xa9"}) == {1: "é"}


def test_data_nested_too_deeply() -> None:
    assert data_to_wire([[["x"]]], 3) == [[["x"]]]
    with pytest.raises(ValueError, match="nested too deeply"):
        data_to_wire([[[["x"]]]], 3)
