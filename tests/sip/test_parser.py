import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.errors import HeaderError, NotSip, ParseError, SipError
from luasip.sip.message import Request, Response
from luasip.sip.parser import DEFAULT, Limits, parse_message
from luasip.sip.response import build_response
from tests.sip.messages import INVITE, INVITE_HEAD, RESPONSE, minimal, request_with


def test_request() -> None:
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    assert (message.is_request, message.method, message.version) == (True, "INVITE", "SIP/2.0")
    assert message.request_uri == "sip:bob@biloxi.example.com"
    assert message.text == INVITE


def test_response() -> None:
    message = parse_message(RESPONSE)
    assert isinstance(message, Response)
    assert (message.is_request, message.status, message.reason, message.version) == (
        False,
        486,
        "Busy Here",
        "SIP/2.0",
    )


@pytest.mark.parametrize("message", [INVITE, RESPONSE, minimal()])
def test_trailing_bytes_of_a_datagram_are_cut(message: str) -> None:
    whole = message if "ontent-Length" in message else message.replace("\r\n\r\n", "\r\nl: 0\r\n\r\n")
    for trailer in ("\x00", "\r\n\r\n", RESPONSE):
        assert parse_message(whole + trailer).text == whole


@pytest.mark.parametrize("message", [INVITE, RESPONSE])
def test_every_shorter_message_is_refused(message: str) -> None:
    for length in range(len(message)):
        with pytest.raises(ParseError):
            parse_message(message[:length])


def test_leading_line_ends_are_ignored() -> None:
    message = parse_message("\r\n\r\n" + INVITE)
    assert message.text == INVITE
    assert message.headers[0].start == message.headers_start


def test_without_content_length_the_body_reaches_to_the_end() -> None:
    assert parse_message(request_with("Via: x", body="abc")).body == "abc"


def test_no_header_lines() -> None:
    message = parse_message("OPTIONS sip:h SIP/2.0\r\n\r\nbody")
    assert (message.headers, message.body) == ([], "body")


def test_bare_line_feeds_become_crlf_in_the_headers_only() -> None:
    message = parse_message("OPTIONS sip:h SIP/2.0\nA: b\n c\nl: 4\n\nx\ny\r")
    assert message.text == "OPTIONS sip:h SIP/2.0\r\nA: b\r\n c\r\nl: 4\r\n\r\nx\ny\r"
    assert message.headers[0].value == "b c"


@pytest.mark.parametrize(
    ("line", "key", "name", "value"),
    [
        ("Subject:x", "subject", "Subject", "x"),
        ("Subject \t:\t x \t", "subject", "Subject", "x"),
        ("s:", "subject", "s", ""),
        ("S: a:b", "subject", "S", "a:b"),
        ("X-Own: \xc3\xa0\x85", "x-own", "X-Own", "\xc3\xa0\x85"),
        ("sUBJECT: a\r\n\tb\r\n  c", "subject", "sUBJECT", "a b c"),
        ("Subject :\r\n x", "subject", "Subject", "x"),
        ("extensionHeader-!.%*+_`'~: y", "extensionheader-!.%*+_`'~", "extensionHeader-!.%*+_`'~", "y"),
        ('To: "\\\x00\\\x07" <sip:a@h>', "to", "To", '"\\\x00\\\x07" <sip:a@h>'),
    ],
)
def test_header_line(line: str, key: str, name: str, value: str) -> None:
    message = parse_message(request_with("A: 1", line, "B: 2"))
    header = message.headers[1]
    assert (header.key, header.name, header.value) == (key, name, value)
    assert message.text[header.start : header.end] == line + "\r\n"


NOT_SIP = [
    "",
    "\r\n",
    "\r\n\r\n",
    "\x00" * 20,
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "INVITE sip:h",
    "x\n\n",
    "jaK\x00",
]


@pytest.mark.parametrize("text", NOT_SIP)
def test_not_sip(text: str) -> None:
    with pytest.raises(NotSip):
        parse_message(text)


BAD_LINES = [
    ("no colon", "without colon"),
    (": x", "header name"),
    ("A B: x", "header name"),
    ("A@: x", "header name"),
    ("A\x00: x", "Control"),
    ("A: \x00", "Control"),
    ("A: \x0b", "Control"),
    ("A: a\rb", "Control"),
    ("A: a\nb", "Control"),
    ("A: a\n b", "Control"),
    ("A: a\rb\r\nB: a\nb", "Control"),
    ("no colon\r\nA: a\nb", "Control"),
    ("A: a\r\n b\x00", "Control"),
    ("A: \x7f", "Control"),
    ("\xa0A: x", "header name"),
    ("l: -1", "Content-Length"),
    ("l: +1", "Content-Length"),
    ("l: 1e1", "Content-Length"),
    ("l: 0x1", "Content-Length"),
    ("l: 1 1", "Content-Length"),
    ("l:", "Content-Length"),
    ("l: 6", "Content-Length larger"),
    ("l: 99999999999999999999999999", "Content-Length larger"),
    ("l: 1\r\nContent-Length: 2", "Conflicting"),
]


@pytest.mark.parametrize(("line", "reason"), BAD_LINES)
def test_fault_keeps_what_could_be_read(line: str, reason: str) -> None:
    valid = minimal()
    text = valid.replace("\r\nto:", f"\r\n{line}\r\nto:") + "body!"
    with pytest.raises(ParseError, match=reason) as caught:
        parse_message(text)
    assert caught.value.status == 400
    salvaged = caught.value.salvaged
    assert isinstance(salvaged, Request)
    assert (salvaged.method, salvaged.call_id, salvaged.to.uri_text) == ("OPTIONS", "c1", "sip:b@example.com")
    answer = build_response(salvaged, 400, caught.value.reason, to_tag="t")
    assert parse_message(answer).to.tag == "t"


def test_many_folds_are_one_line() -> None:
    text = request_with("A: b" + "\r\n c" * 1500 + "\r\n\t", "B: d")
    assert [line.value for line in parse_message(text).headers] == ["b" + " c" * 1500, "d"]
    with pytest.raises(ParseError, match="Z header too long"):
        parse_message(request_with("Z: b" + "\r\n " * 12000))


def test_too_many_lines_go_before_what_is_wrong_with_one() -> None:
    with pytest.raises(ParseError, match="Too many header lines"):
        parse_message(request_with("no colon", *["A: b"] * 300))


def test_a_line_knows_its_value_when_the_text_behind_it_is_cut() -> None:
    message = parse_message(request_with("A:\t b \t", "B:", "C:  ", "l: 0", body="abc"))
    lines = [(line.name, line.value, line.value_start - line.start) for line in message.headers[:3]]
    assert lines == [("A", "b", 4), ("B", "", 2), ("C", "", 4)]
    assert message.body == ""


def test_same_content_length_twice_is_no_conflict() -> None:
    assert parse_message(request_with("l: 1", "Content-Length: 1", body="abc")).body == "a"


def test_header_section_may_not_begin_with_white_space() -> None:
    with pytest.raises(ParseError, match="white space"):
        parse_message(request_with(" A: b"))


@pytest.mark.parametrize(
    "start",
    [
        "INVITE  sip:h SIP/2.0",
        "INVITE sip:h  SIP/2.0",
        "INVITE sip:h SIP/2.0 ",
        " INVITE sip:h SIP/2.0",
        "INVITE sip:a; lr SIP/2.0",
        "INVITE <sip:h> SIP/2.0",
        "INVITE SIP/2.0",
        "IN@ITE sip:h SIP/2.0",
        "INVITE sip:h SIP/2",
        "INVITE sip:h SIP/2.x",
        "INVITE sip:h\t SIP/2.0",
        "INVITE sip:\x00 SIP/2.0",
        'INVITE sip:" SIP/2.0',
    ],
)
def test_bad_request_line(start: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_message(request_with("A: b", start=start))
    assert caught.value.status == 400
    assert not isinstance(caught.value, NotSip)


@pytest.mark.parametrize(
    "start", ["x-!%y tel:1 sip/2.0", "OPTIONS any:thing SIP/7.0", "REGISTER sip:\xc3\xa0@h SIP/2.0"]
)
def test_unusual_request_line_parses(start: str) -> None:
    assert parse_message(request_with("A: b", start=start)).is_request


@pytest.mark.parametrize(
    "start",
    [
        "SIP/2.0 4294967301 better not break the receiver",
        "SIP/2.0 99 x",
        "SIP/2.0 700 x",
        "SIP/2.0 2x0 x",
        "SIP/2.0 -20 x",
        "SIP/2.0 ²00 x",
        "SIP/2 200 OK",
        "SIP/2.0",
        "SIP/2.0  200 OK",
        "SIP/2.0 200 \x00",
    ],
)
def test_bad_status_line(start: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_message(request_with("A: b", start=start))
    assert caught.value.salvaged is None


@pytest.mark.parametrize(
    ("start", "reason"),
    [("SIP/2.0 200 ", ""), ("SIP/2.0 200", ""), ("SIP/2.0 100 =\xc3\xa0 x", "=\xc3\xa0 x")],
)
def test_reason_phrase(start: str, reason: str) -> None:
    message = parse_message(request_with("A: b", start=start))
    assert isinstance(message, Response)
    assert message.reason == reason


def test_bad_response_has_nothing_to_salvage() -> None:
    with pytest.raises(ParseError) as caught:
        parse_message(RESPONSE.replace("Length: 0", "Length: 9"))
    assert caught.value.salvaged is None


@pytest.mark.parametrize(
    ("limits", "status", "reason"),
    [
        (Limits(message=100), 513, "Too Large"),
        (Limits(headers=3), 400, "Too many"),
        (Limits(line=40), 400, "Via header too long"),
        (Limits(uri=10), 414, "Too Long"),
    ],
)
def test_limits(limits: Limits, status: int, reason: str) -> None:
    with pytest.raises(ParseError, match=reason) as caught:
        parse_message(INVITE, limits)
    assert caught.value.status == status
    assert isinstance(caught.value.salvaged, Request)


def test_default_limits_admit_a_full_datagram() -> None:
    head = minimal()
    assert parse_message(head + "x" * (DEFAULT.message - len(head))).body.endswith("x")


_BYTES = st.text(st.characters(max_codepoint=255))
_SIPPY = st.lists(
    st.sampled_from(
        [
            "\r\n",
            "\n",
            "\r",
            " ",
            "\t",
            ":",
            ",",
            ";",
            "<",
            ">",
            '"',
            "\\",
            "Via",
            "v",
            "l",
            "1",
            "-1",
            "SIP/2.0",
            "INVITE",
            "sip:a@h",
            "To",
            "CSeq",
            "\x00",
            "ÿ",
            "200",
            "UDP",
            "Content-Length",
            "[::1]",
            "=",
            "branch",
            "*",
            "m",
            "Route",
        ]
    ),
    max_size=60,
).map("".join)


@given(
    _BYTES
    | _SIPPY
    | _SIPPY.map("OPTIONS sip:h SIP/2.0\r\n".__add__)
    | _SIPPY.map((INVITE_HEAD[:-2] + "X: ").__add__)
)
def test_garbage_gives_a_message_or_a_sip_error(text: str) -> None:
    try:
        message = parse_message(text)
    except ParseError as error:
        if not isinstance(error.salvaged, Request):
            return
        message = error.salvaged
    for line in message.headers:
        assert message.text[line.start : line.end].startswith(line.name)
        assert line.start <= line.value_start <= line.value_end <= line.end
    for name in ("top_via", "vias", "from_", "to", "call_id", "cseq", "contacts", "contact_star", "routes"):
        read_or_sip_error(message, name)
    for name in (
        "record_routes",
        "paths",
        "max_forwards",
        "expires",
        "content_length",
        "content_type",
        "media_type",
    ):
        read_or_sip_error(message, name)
    if isinstance(message, Request):
        try:
            build_response(message, 400, "Bad Request", to_tag="t")
        except HeaderError as error:
            assert "missing" in error.reason  # noqa: PT017


def read_or_sip_error(message: Request | Response, name: str) -> None:
    try:
        getattr(message, name)
    except SipError as error:
        assert error.status == 400  # noqa: PT017


_TOKENS = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=8)
_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)


@given(_TOKENS, st.lists(st.tuples(_TOKENS.map("X-".__add__), _VALUES), max_size=8), _BYTES)
def test_what_is_written_is_read(method: str, headers: list[tuple[str, str]], body: str) -> None:
    lines = [f"{name}: {value}" for name, value in headers]
    text = request_with(*lines, f"Content-Length: {len(body)}", start=f"{method} sip:h SIP/2.0", body=body)
    message = parse_message(text)
    assert isinstance(message, Request)
    assert (message.method, message.body, message.text) == (method, body, text)
    read = [(line.name, line.value) for line in message.headers[:-1]]
    assert read == [(name, value.strip(" \t")) for name, value in headers]
