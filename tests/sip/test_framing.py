import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.errors import FramingError
from luasip.sip.framing import PING, Frame, StreamFramer, read_content_length
from luasip.sip.parser import Limits
from tests.sip.messages import INVITE, RESPONSE

FIRST = INVITE.encode("latin-1")
SECOND = RESPONSE.encode("latin-1")
FOLDED = b"OPTIONS sip:h SIP/2.0\r\nX: y\r\n l: 9\r\nL \t:\r\n 3\r\n\r\nabc"

STREAMS: list[tuple[bytes, list[Frame]]] = [
    (FIRST, [FIRST]),
    (FIRST + SECOND + FOLDED, [FIRST, SECOND, FOLDED]),
    (PING, [PING]),
    (PING + PING + FIRST, [PING, PING, FIRST]),
    (FIRST + PING + SECOND, [FIRST, PING, SECOND]),
    (b"\r\n" + FIRST, [FIRST]),
    (b"\r\n\r\n\r\n" + FIRST + b"\r\n" + SECOND, [PING, FIRST, SECOND]),
]


@pytest.mark.parametrize(("stream", "frames"), STREAMS)
def test_whole(stream: bytes, frames: list[Frame]) -> None:
    framer = StreamFramer()
    assert framer.feed(stream) == frames
    assert (framer.pending, framer.mid_message, framer.lost) == (0, False, False)


@pytest.mark.parametrize(("stream", "frames"), STREAMS)
def test_byte_by_byte(stream: bytes, frames: list[Frame]) -> None:
    framer = StreamFramer()
    assert [frame for byte in stream for frame in framer.feed(bytes([byte]))] == frames
    assert framer.pending == 0


@pytest.mark.parametrize(("stream", "frames"), STREAMS)
def test_trailing_bytes_wait(stream: bytes, frames: list[Frame]) -> None:
    framer = StreamFramer()
    assert framer.feed(stream + b"INV") == frames
    assert (framer.pending, framer.mid_message) == (3, True)
    assert framer.feed(SECOND[0:0]) == []


@given(st.lists(st.sampled_from([FIRST, SECOND, FOLDED, PING]), max_size=6), st.data())
def test_any_cut(frames: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    framer = StreamFramer()
    read: list[Frame] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        read += framer.feed(stream[start:end])
    assert read == frames


@pytest.mark.parametrize(
    ("data", "mid"), [(b"", False), (b"\r", False), (b"\r\n", False), (b"\r\n\r", False), (b"I", True)]
)
def test_mid_message(data: bytes, mid: bool) -> None:
    framer = StreamFramer()
    assert framer.feed(data) == []
    assert framer.mid_message is mid


LOST = [
    (b"OPTIONS sip:h SIP/2.0\r\nA: b\r\n\r\n", "no Content-Length"),
    (b"OPTIONS sip:h SIP/2.0\r\nl: -1\r\n\r\n", "'-1'"),
    (b"OPTIONS sip:h SIP/2.0\r\nl: 1e9\r\n\r\n", "'1e9'"),
    (b"OPTIONS sip:h SIP/2.0\r\nl:\r\n\r\n", "Content-Length"),
    (b"OPTIONS sip:h SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\n", "conflicting"),
    (b"OPTIONS sip:h SIP/2.0\r\nl: 99999999999999999999\r\n\r\n", "Content-Length"),
    (b"OPTIONS sip:h SIP/2.0\r\nl: 400\r\n\r\n", "allowed"),
    (b"GET / HTTP/2\r\nHost: h\r\n\r\n", "no Content-Length"),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "no Content-Length"),
    (b"x" * 301, "no end of headers"),
    (b"OPTIONS sip:h SIP/2.0\nl: 0\n\n", "LF"),
]


def test_http_requests() -> None:
    get = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    post = b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab"
    assert StreamFramer().feed(get + post + get) == [get, post, get]


@pytest.mark.parametrize(("stream", "why"), LOST)
def test_lost(stream: bytes, why: str) -> None:
    framer = StreamFramer(Limits(message=300))
    with pytest.raises(FramingError, match=why):
        framer.feed(stream)
    assert (framer.lost, framer.pending) == (True, 0)
    with pytest.raises(FramingError, match=why):
        framer.feed(SECOND)


def test_frames_before_the_fault_are_returned_first() -> None:
    framer = StreamFramer()
    assert framer.feed(SECOND + LOST[0][0]) == [SECOND]
    assert framer.lost
    with pytest.raises(FramingError):
        framer.feed(b"")


@pytest.mark.parametrize(
    "head", [b"a: b\r\nl: 5", b"CONTENT-LENGTH\t: 005", b"l: 5\r\nl: 5", b"X:\r\n l: 9\r\nl:\r\n\t5"]
)
def test_read_content_length(head: bytes) -> None:
    assert read_content_length(head) == 5


@given(st.binary(max_size=200) | st.binary(max_size=50).map(SECOND.__add__))
def test_garbage_gives_frames_or_framing_error(data: bytes) -> None:
    framer = StreamFramer()
    try:
        frames = framer.feed(data)
    except FramingError:
        return
    assert sum(map(len, frames)) + framer.pending <= len(data)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_start_line_that_ends_in_lf_is_lost_however_it_comes(size: int) -> None:
    """Whole, such a message was let through; in pieces the stream was lost."""
    data = b"OPTIONS sip:h SIP/2.0\nl: 0\r\n\r\n"
    framer = StreamFramer()
    frames: list[bytes] = []
    with pytest.raises(FramingError, match="start line"):
        frames += [frame for at in range(0, len(data), size) for frame in framer.feed(data[at : at + size])]
    assert frames == []
