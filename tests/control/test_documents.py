"""luasip/control/documents.py: JSON documents cut out of a stream, wherever it is split."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.control.documents import DocumentReader, DocumentTooLong

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(), JSON) | st.lists(JSON), max_size=4), st.integers(1, 40), st.booleans()
)
def test_documents_come_out_as_they_went_in(values: list[Any], size: int, ascii_only: bool) -> None:
    stream = b"\n \t".join(
        json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass") for value in values
    )
    reader = DocumentReader(1 << 20)
    found: list[bytes] = []
    for at in range(0, len(stream), size):
        found += reader.feed(stream[at : at + size])
    assert [json.loads(document.decode("utf-8", "surrogatepass")) for document in found] == values
    assert not reader.in_document


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (b'{"a": "}"}', [b'{"a": "}"}']),
        (b'{"a": "\\"}"}{}', [b'{"a": "\\"}"}', b"{}"]),
        (b"noise {} noise [1]", [b"{}", b"[1]"]),
        (b"\n\n", []),
        (b'"text" 5', []),
    ],
)
def test_streams(stream: bytes, found: list[bytes]) -> None:
    assert DocumentReader(100).feed(stream) == found


def test_one_byte_at_a_time() -> None:
    reader = DocumentReader(100)
    document = b'{"a\\\\": ["\\"", {"b": []}]}'
    found = [one for byte in document for one in reader.feed(bytes([byte]))]
    assert found == [document]


def test_too_long() -> None:
    reader = DocumentReader(20)
    with pytest.raises(DocumentTooLong, match="20 bytes"):
        reader.feed(b"[" + b" " * 30)
    assert reader.feed(b"{}") == [b"{}"]
    assert reader.feed(b"noise" * 100) == []
