import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.errors import FramingError
from luasip.modules.netstring import NetstringReader, netstring

LIMIT = 100


def read(pieces: Iterable[bytes], limit: int = LIMIT) -> list[bytes]:
    reader = NetstringReader(limit)
    return [frame for piece in pieces for frame in reader.feed(piece)]


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


@pytest.mark.parametrize(
    ("data", "frames"),
    [
        (b"5:hello,", [b"hello"]),
        (b"5:hello,3:abc,", [b"hello", b"abc"]),
        (b" \r\n\t5:hello,\r\n 3:abc,\n", [b"hello", b"abc"]),
        (b"0:,0:,", [b"", b""]),
        (b"005:hello,", [b"hello"]),
        (b"00000000000000000005:hello,", [b"hello"]),
        (b"7:3:abc,\n,", [b"3:abc,\n"]),
        (b"3:\x00\xff,,", [b"\x00\xff,"]),
        (b"100:%b," % (b"x" * 100), [b"x" * 100]),
        (b"5:hell", []),
        (b"5:hello", []),
        (b"5", []),
        (b"", []),
        (b" ", []),
    ],
)
def test_frames(data: bytes, frames: list[bytes]) -> None:
    assert read([data]) == frames
    assert read(byte_by_byte(data)) == frames


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello", "a length is expected, not 'hello'"),
        (b":hello,", "a length is expected, not ':hello,'"),
        (b"-1:x,", "a length is expected, not '-1:x,'"),
        (b"+1:x,", "a length is expected, not '+1:x,'"),
        (b"1 :x,", "a length is expected, not '1 :x,'"),
        (b"1_0:x,", "a length is expected"),
        (b"\xb2:xx,", "a length is expected"),
        (b"GET / HTTP/1.1\r\n", "a length is expected, not 'GET / HTTP/1.1"),
        (b"5:hello;", "no comma behind a frame of 5 bytes but ';'"),
        (b"5:hello world,", "no comma behind a frame of 5 bytes but ' world,'"),
        (b"101:", "frame of 101 bytes, 100 are allowed"),
        (b"99999", "frame of 99999 bytes, 100 are allowed"),
        (b"9" * 20, f"frame of {'9' * 20} bytes, 100 are allowed"),
        (b"0" * 21, "a length is expected, not '000000000000000000000'"),
        (b"0" * 21 + b"5:hello,", "a length is expected"),
    ],
)
def test_what_is_no_netstring(data: bytes, message: str) -> None:
    reader = NetstringReader(LIMIT)
    with pytest.raises(FramingError) as raised:
        reader.feed(data)
    assert message in str(raised.value)
    assert reader.lost
    assert reader.pending == 0
    with pytest.raises(FramingError):
        read(byte_by_byte(data))


def test_frames_before_a_fault_are_not_lost() -> None:
    reader = NetstringReader(LIMIT)
    assert reader.feed(b"1:a,1:b,x") == [b"a", b"b"]
    assert reader.lost
    with pytest.raises(FramingError, match="a length is expected"):
        reader.feed(b"1:c,")


def test_what_is_held_is_limited() -> None:
    reader = NetstringReader(LIMIT)
    for _ in range(50):
        assert reader.feed(b" " * 1000) == []
        assert reader.pending == 0
    reader.feed(b"100:" + b"x" * 99)
    assert reader.pending == 103
    assert reader.feed(b"x,1:") == [b"x" * 100]
    assert reader.pending == 2


def test_a_large_frame_in_small_pieces() -> None:
    payload = bytes(range(256)) * 400
    data = netstring(payload)
    assert read((data[i : i + 7] for i in range(0, len(data), 7)), 1 << 20) == [payload]


@given(st.lists(st.binary(max_size=50), max_size=8), st.data())
def test_any_frames_in_any_pieces(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(netstring, payloads))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    edges = [0, *cuts, len(stream)]
    assert read(stream[a:b] for a, b in itertools.pairwise(edges)) == payloads


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"1:", b"2:a", b",", b" ", b"0:,"]), max_size=12))
def test_garbage_gives_frames_or_the_typed_error(pieces: list[bytes]) -> None:
    whole, split = NetstringReader(LIMIT), NetstringReader(LIMIT)
    found: list[bytes] = []
    try:
        for piece in pieces:
            found += split.feed(piece)
            assert split.pending <= LIMIT + 40 + 22
    except FramingError:
        assert split.lost
    try:
        frames = whole.feed(b"".join(pieces))
    except FramingError:
        frames = []
    assert frames == found
