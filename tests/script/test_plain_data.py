"""Plain data between Lua and Python."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.script.plain_data import FunctionName, decode, encode, wire_text

WIRE = st.text(st.characters(max_codepoint=255), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False) | WIRE
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(WIRE, inner), max_leaves=20)


@given(DATA)
def test_decode_undoes_encode(value: object) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n"),
        (True, "t"),
        (5, "i5;"),
        (1 << 70, "d1.1805916207174113e+21;"),
        (0.5, "d0.5;"),
        ("a;b", "s3;a;b"),
        (b"\xff\0", "s2;\xff\0"),
        ("€", "s3;\xe2\x82\xac"),
        ((1, "x"), "l2;i1;s1;x"),
        ({"k": [None]}, "m1;s1;kl1;n"),
    ],
)
def test_encoding(value: object, text: str) -> None:
    assert encode(value) == text


@pytest.mark.parametrize("value", [object(), {(1,): 2}, {None: 1}, [set()]])
def test_what_lua_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)


def test_numbers_that_lua_writes_its_own_way() -> None:
    assert decode("dinf;") == math.inf
    assert math.isnan(decode("d-nan;"))


def test_functions_become_names() -> None:
    name = decode("h7;")
    assert isinstance(name, FunctionName)
    assert name.number == 7
    assert str(name) == str(decode("h8;"))  # what is counted by name must not count each function for itself


@pytest.mark.parametrize(("text", "wire"), [("a", "a"), ("\xff", "\xff"), ("€", "\xe2\x82\xac"), ("", "")])
def test_wire_text(text: str, wire: str) -> None:
    assert wire_text(text) == wire
