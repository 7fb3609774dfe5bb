import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.errors import HeaderError, SipError, UriError
from luasip.sip.values import (
    bounded_int,
    parse_cseq,
    parse_name_addr,
    parse_qvalue,
    parse_uint32,
    parse_via,
)

VIAS = [
    ("SIP/2.0/UDP h", "UDP", "h", None, {}),
    ("SIP/2.0/udp h:5060;branch=z9hG4bKx;rport", "UDP", "h", 5060, {"branch": "z9hG4bKx", "rport": ""}),
    ("SIP/2.0/TCP [2001:db8::9:1]:5061 ; a = b", "TCP", "[2001:db8::9:1]", 5061, {"a": "b"}),
    ("SIP / 2.0 / UDP   192.0.2.2 ;branch=1", "UDP", "192.0.2.2", None, {"branch": "1"}),
    ("SIP/2.0/TLS h : 5061", "TLS", "h", 5061, {}),
    ("SIP/2.0/UDP\th", "UDP", "h", None, {}),
    ("sip/2.0/UDP h", "UDP", "h", None, {}),
    ("SIP/2.0/UNKNOWN h;x", "UNKNOWN", "h", None, {"x": ""}),
    (
        "SIP/2.0/UDP h;received=[2001:db8::1];ttl=1",
        "UDP",
        "h",
        None,
        {"received": "[2001:db8::1]", "ttl": "1"},
    ),
]


@pytest.mark.parametrize(("text", "transport", "host", "port", "params"), VIAS)
def test_via(text: str, transport: str, host: str, port: int | None, params: dict[str, str]) -> None:
    via = parse_via(text, 3, 9)
    assert (via.text, via.start, via.end) == (text, 3, 9)
    assert (via.transport, via.host, via.port, via.params) == (transport, host, port, params)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0 h",
        "SIP/2.0/ h",
        "SIP/2.0/UDP/x h",
        "/2.0/UDP h",
        "SIP/2.0/U@P h",
        "SIP/2.0/UDP h h",
        "SIP/2.0/UDP h:",
        "SIP/2.0/UDP h:99999",
        "SIP/2.0/UDP 2001:db8::1",
        "SIP/2.0/UDP [2001:db8::1",
        "SIP/2.0/UDP h;;",
        "SIP/2.0/UDP h;branch=",
        "SIP/2.0/UDP h;branch=1;branch=2",
        "SIP/2.0/UDP ;branch=1",
        ";,",
    ],
)
def test_bad_via(text: str) -> None:
    with pytest.raises(HeaderError) as caught:
        parse_via(text)
    assert (caught.value.name, caught.value.status, caught.value.value) == ("Via", 400, text) or ";" in text


def test_via_properties() -> None:
    via = parse_via("SIP/2.0/UDP h:5;branch=b;received=1.2.3.4;rport=99")
    assert (via.branch, via.received, via.rport, via.sent_by) == ("b", "1.2.3.4", "99", "h:5")
    via = parse_via("SIP/2.0/UDP h")
    assert (via.branch, via.received, via.rport, via.sent_by) == ("", "", None, "h")
    assert parse_via("SIP/2.0/UDP h;rport").rport == ""
    assert repr(via) == "Via('SIP/2.0/UDP h')"


NAME_ADDRS = [
    ("<sip:a@h>", "", "sip:a@h", {}),
    ("sip:a@h", "", "sip:a@h", {}),
    ("sip:a@h;tag=1", "", "sip:a@h", {"tag": "1"}),
    ("sip:a@h ; tag = 1", "", "sip:a@h", {"tag": "1"}),
    ("<sip:a@h;x=1>;tag=1", "", "sip:a@h;x=1", {"tag": "1"}),
    ("Bob Smith <sip:a@h>", "Bob Smith", "sip:a@h", {}),
    ('"Bob, \\"B\\" <x>" <sip:a@h>;q=0.3', 'Bob, "B" <x>', "sip:a@h", {"q": "0.3"}),
    ('"Bob"<sip:a@h>', "Bob", "sip:a@h", {}),
    ('"" <sip:a@h> ;a', "", "sip:a@h", {"a": ""}),
    ("a@b.c: <sip:a@h>", "a@b.c:", "sip:a@h", {}),
    ("J\xc3\xbcrgen <sip:a@h>", "J\xc3\xbcrgen", "sip:a@h", {}),
    ("<sip:a@h?Route=%3Csip:x%3E>", "", "sip:a@h?Route=%3Csip:x%3E", {}),
    ('<sip:a@h>;+sip.instance="<urn:uuid:1>"', "", "sip:a@h", {"+sip.instance": '"<urn:uuid:1>"'}),
    ("tel:+1;tag=2", "", "tel:+1", {"tag": "2"}),
    ("<name:John_Smith>", "", "name:John_Smith", {}),
]


@pytest.mark.parametrize(("text", "display_name", "uri_text", "params"), NAME_ADDRS)
def test_name_addr(text: str, display_name: str, uri_text: str, params: dict[str, str]) -> None:
    value = parse_name_addr(text, "Contact", 1, 2)
    assert (value.text, value.display_name, value.uri_text, value.params) == (
        text,
        display_name,
        uri_text,
        params,
    )
    assert (value.start, value.end, value.header) == (1, 2, "Contact")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<>",
        "<sip:a@h",
        "sip:a@h>",
        '"Bob <sip:a@h>',
        '"Bob" x <sip:a@h>',
        'Bob "x" <sip:a@h>',
        "Bell, A <sip:a@h>",
        "a;b <sip:a@h>",
        "< sip:a@h >",
        "<sip:a@h> x",
        "<sip:a@h>;;",
        "sip:a@h?Route=x",
        "sip:a,b@h",
        'sip:"a"@h',
        "a@h",
        "*",
        '"*"',
        "<<sip:a@h>>",
    ],
)
def test_bad_name_addr(text: str) -> None:
    with pytest.raises(HeaderError) as caught:
        parse_name_addr(text, "Contact")
    assert caught.value.name == "Contact"


def test_name_addr_properties() -> None:
    value = parse_name_addr("<sip:a@h;x=1>;tag=t;q=0.25;expires=99999999999999999999")
    assert (value.tag, value.q, value.expires) == ("t", 0.25, 2**32 - 1)
    assert value.uri.user == "a"
    assert value.uri is value.uri
    value = parse_name_addr("<sip:a@h>")
    assert (value.tag, value.q, value.expires) == ("", None, None)


def test_name_addr_faults_show_when_read() -> None:
    value = parse_name_addr("<sip:a@h:x>;q=2;expires=soon", "Contact")
    with pytest.raises(UriError):
        _ = value.uri
    with pytest.raises(HeaderError, match="bad q"):
        _ = value.q
    with pytest.raises(HeaderError, match="bad expires"):
        _ = value.expires


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("1", 1), ("0.", 0), ("0.5", 0.5), ("1.000", 1), ("0.123", 0.123)]
)
def test_qvalue(text: str, expected: float) -> None:
    assert parse_qvalue(text) == expected


@pytest.mark.parametrize("text", ["", "2", "1.1", "0.1234", ".5", "-0", "1e0", "0.²", "00.1", "nan"])
def test_bad_qvalue(text: str) -> None:
    with pytest.raises(HeaderError):
        parse_qvalue(text)


@pytest.mark.parametrize(
    ("text", "number", "method"),
    [("1 INVITE", 1, "INVITE"), ("0009  INVITE", 9, "INVITE"), ("4294967295\tx-Y", 2**32 - 1, "x-Y")],
)
def test_cseq(text: str, number: int, method: str) -> None:
    cseq = parse_cseq(text)
    assert (cseq.number, cseq.method) == (number, method)
    assert repr(cseq) == f"CSeq({number}, {method!r})"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "INVITE",
        "INVITE 1",
        "-1 INVITE",
        "1 IN VITE",
        "4294967296 INVITE",
        "1e3 INVITE",
        "1\xa0INVITE",
        "1 I@",
    ],
)
def test_bad_cseq(text: str) -> None:
    with pytest.raises(HeaderError) as caught:
        parse_cseq(text)
    assert caught.value.name == "CSeq"


def test_numbers() -> None:
    assert parse_uint32("0" * 5000 + "7", "X") == 7
    assert bounded_int("0") == 0
    assert bounded_int("1" * 5000) == 2**32 - 1
    with pytest.raises(HeaderError, match="out of range"):
        parse_uint32("1" * 5000, "X")


_GARBAGE = st.text(st.characters(max_codepoint=0xFF)) | st.text('SIP/2.0UDP h;:=,<>"\\[]sip:a@', max_size=40)


@given(_GARBAGE)
def test_garbage_gives_a_value_or_a_sip_error(text: str) -> None:
    for read in (parse_via, parse_name_addr, parse_cseq):
        try:
            value = read(text)
        except SipError:
            continue
        assert value is not None
