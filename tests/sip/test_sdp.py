import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.errors import SipError
from luasip.sip.sdp import parse_sdp, read_attributes

SDP = """v=0
o=alice 2890844526 2890844526 IN IP4 192.0.2.1
s=-
c=IN IP4 224.2.1.1/127
t=0 0
a=tool:x
m=audio 49170/2 RTP/AVP 0 8
a=rtpmap:0 PCMU/8000
a=sendrecv
m=video 0 RTP/AVP 31
c=IN IP6 2001:db8::1
""".replace("\n", "\r\n")


@pytest.mark.parametrize("text", [SDP, SDP.replace("\r\n", "\n"), SDP.rstrip()])
def test_parse(text: str) -> None:
    session = parse_sdp(text)
    assert session.origin is not None
    assert session.origin.address == "192.0.2.1"
    assert [(c.network, c.address_type, c.address) for c in session.connections] == [
        ("IN", "IP4", "224.2.1.1"),
        ("IN", "IP6", "2001:db8::1"),
    ]
    for connection in [session.origin, *session.connections]:
        assert text[connection.start : connection.end] == connection.address
    audio, video = session.media
    assert (audio.media, audio.port, audio.protocol, audio.formats) == ("audio", 49170, "RTP/AVP", ["0", "8"])
    assert text[audio.port_start : audio.port_end] == "49170"
    assert audio.connection is session.connection
    assert (audio.attributes("sendrecv"), audio.attributes("rtpmap")) == ([""], ["0 PCMU/8000"])
    assert (video.port, video.formats, len(video.lines)) == (0, ["31"], 2)
    assert read_attributes(session.lines, "tool") == ["x"]
    assert repr(video.lines[1]) == "SdpLine(c=IN IP6 2001:db8::1)"


def test_lines_cover_the_text() -> None:
    session = parse_sdp(SDP)
    lines = session.lines + [line for section in session.media for line in section.lines]
    assert "".join(SDP[line.start : line.end] for line in lines) == SDP
    assert all(SDP[line.start : line.value_end] == f"{line.kind}={line.value}" for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "o=a",
        "v=0\r\nc=IN IP4\r\n",
        "v=0\r\no=a b c IN IP4 \r\n",
        "v=0\nm=audio x RTP/AVP 0\n",
        "v=0\nm=audio\n",
        "v=0\nm=audio 65536 RTP/AVP 0\n",
        "v=0\nm=audio 1\n",
        "v=0\nm=a -1 b c\n",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(SipError):
        parse_sdp(text)


@given(st.text("vocmta=\r\n 01x/IN", max_size=60).map("v=0\n".__add__))
def test_garbage(text: str) -> None:
    try:
        session = parse_sdp(text)
    except SipError:
        return
    for connection in session.connections:
        assert text[connection.start : connection.end] == connection.address
