import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.storage.text import to_unicode, to_wire


def wire(data: bytes) -> str:
    return data.decode("latin-1")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"alice", "alice"),
        ("Jürgen 🎷".encode(), "Jürgen 🎷"),
        (b"caf\xe9", "caf\uf7e9"),
        ("\uf780".encode(), "\uf7ef\uf79e\uf780"),
        ("ü".encode() + b"\xff", "ü\uf7ff"),
    ],
)
def test_both_ways(data: bytes, text: str) -> None:
    assert to_unicode(wire(data)) == text
    assert to_wire(text) == wire(data)


@given(st.binary())
def test_any_bytes_come_back(data: bytes) -> None:
    text = to_unicode(wire(data))
    text.encode("utf-8")
    assert to_wire(text) == wire(data)


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters=map(chr, range(0xF780, 0xF800)))))
def test_any_text_comes_back(text: str) -> None:
    assert to_unicode(to_wire(text)) == text
