import pytest

from luasip.errors import HeaderError
from luasip.sip.message import Message, Request
from luasip.sip.parser import parse_message
from tests.sip.messages import INVITE, RESPONSE, minimal, request_with


def parse(text: str) -> Message:
    return parse_message(text)


def test_header_lines_know_their_place() -> None:
    message = parse(INVITE)
    for line in message.headers:
        whole = INVITE[line.start : line.end]
        assert whole.startswith(line.name)
        assert whole.endswith("\r\n")
        raw = INVITE[line.value_start : line.value_end]
        assert raw == raw.strip(" \t\r\n")
        assert "".join(raw.split()) == "".join(line.value.split())
    assert (
        "".join(INVITE[line.start : line.end] for line in message.headers)
        == (INVITE[message.headers_start : message.headers_end])
    )
    assert message.body_start == message.headers_end + 2


def test_typed_values() -> None:
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    assert [via.host for via in message.vias] == [
        "pc33.atlanta.example.com",
        "[2001:db8::1]",
        "tls.example.com",
        "last.example.com",
    ]
    assert message.top_via.text == message.vias[0].text
    assert message.from_.display_name == 'Alice "A"'
    assert (message.from_.tag, message.to.tag) == ("1928301774", "")
    assert message.to.uri.host == "biloxi.example.com"
    assert message.call_id == "a84b4c76e66710@pc33.atlanta.example.com"
    assert (message.cseq.number, message.cseq.method) == (314159, "INVITE")
    assert [route.uri_text for route in message.routes] == ["sip:r1.example.com;lr", "sip:r2.example.com"]
    assert message.routes[1].display_name == "x,y"
    assert [route.uri.host for route in message.record_routes] == ["p1.example.com", "p2.example.com"]
    assert [contact.expires for contact in message.contacts] == [60]
    assert (message.paths, message.contact_star) == ([], False)
    assert (message.max_forwards, message.expires, message.content_length) == (70, None, 4)
    assert (message.content_type, message.media_type) == ("application/sdp ; charset=x", "application/sdp")
    assert (message.user_agent, message.body) == ("", "a\r\n\xff")


@pytest.mark.parametrize("name", ["vias", "routes", "record_routes", "contacts"])
def test_list_values_know_their_place(name: str) -> None:
    message = parse(INVITE)
    for value in getattr(message, name):
        assert INVITE[value.start : value.end] == value.text


def test_values_are_kept() -> None:
    message = parse(INVITE)
    for name in ("top_via", "vias", "from_", "to", "cseq", "contacts", "routes", "record_routes"):
        assert getattr(message, name) is getattr(message, name)


def test_lines_and_values() -> None:
    message = parse(INVITE)
    assert [line.name for line in message.all("via")] == ["Via", "Via", "v"]
    assert message.all("x-none") == []
    assert message.first("x-none") is None
    subject = message.first("subject")
    assert subject is not None
    assert (subject.value, subject.value_start) == ("", subject.value_end)
    assert message.values("supported") == ["100rel", "timer"]
    assert message.values("call-id") == ["a84b4c76e66710@pc33.atlanta.example.com"]
    assert message.values("record-route")[1] == "<sip:p2.example.com;lr>"
    assert parse(minimal(supported=" ,a,, b,")).values("supported") == ["a", "b"]
    assert parse(minimal(authorization="Digest a=1, b=2")).values("authorization") == ["Digest a=1, b=2"]


def test_top_via_text_follows_what_is_set() -> None:
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    assert message.top_via_text == message.top_via.text
    message.top_via_text = "SIP/2.0/UDP x"
    assert message.top_via_text == "SIP/2.0/UDP x"


@pytest.mark.parametrize(
    ("contact", "star", "count"),
    [("*", True, 0), ("<sip:a@h>, *", True, 1), ("<sip:a@h>", False, 1), ("", False, 0)],
)
def test_contact_star(contact: str, star: bool, count: int) -> None:
    message = parse(minimal(contact=contact))
    assert (message.contact_star, len(message.contacts)) == (star, count)


@pytest.mark.parametrize("key", ["via", "from", "to", "call-id", "cseq"])
def test_missing_header(key: str) -> None:
    message = parse(request_with("X: y"))
    attribute = {"via": "top_via", "from": "from_", "call-id": "call_id"}.get(key, key)
    with pytest.raises(HeaderError, match="missing"):
        getattr(message, attribute)
    assert message.vias == []


BAD = [
    ("top_via", {"via": "SIP/2.0/UDP"}, "Via"),
    ("vias", {"via": "SIP/2.0/UDP h, x"}, "Via"),
    ("top_via", {"via": 'SIP/2.0/UDP h;a="x, SIP/2.0/UDP h'}, "Via"),
    ("from_", {"from": "<sip:a@h"}, "From"),
    ("to", {"to": '"a <sip:a@h>'}, "To"),
    ("call_id", {"call_id": "a b"}, "Call-ID"),
    ("call_id", {"call_id": "a@b@c"}, "Call-ID"),
    ("cseq", {"cseq": "x OPTIONS"}, "CSeq"),
    ("contacts", {"contact": "<sip:a@h>, x"}, "Contact"),
    ("contact_star", {"contact": "<sip:a@h>, x"}, "Contact"),
    ("routes", {"route": "<sip:a@h"}, "Route"),
    ("record_routes", {"record_route": "sip"}, "Record-Route"),
    ("paths", {"path": "<sip:a>,<sip:b"}, "Path"),
    ("max_forwards", {"max_forwards": "256"}, "Max-Forwards"),
    ("max_forwards", {"max_forwards": "-1"}, "Max-Forwards"),
    ("expires", {"expires": "Thu, 01 Dec 1994 16:00:00 GMT"}, "Expires"),
]


@pytest.mark.parametrize(("attribute", "changes", "name"), BAD)
def test_fault_is_raised_each_time(attribute: str, changes: dict[str, str], name: str) -> None:
    message = parse(minimal(**{f"{key}_" if key == "from" else key: value for key, value in changes.items()}))
    for _ in range(2):
        with pytest.raises(HeaderError) as caught:
            getattr(message, attribute)
        assert (caught.value.name, caught.value.status) == (name, 400)


def test_expires_is_capped() -> None:
    assert parse(minimal(expires="1" * 40)).expires == 2**32 - 1


def test_repr() -> None:
    assert repr(parse(INVITE)) == "<Request INVITE sip:bob@biloxi.example.com>"
    assert repr(parse(RESPONSE)) == "<Response 486 Busy Here>"
    assert repr(parse(RESPONSE).headers[-1]) == "HeaderLine('Content-Length', '0')"


def test_a_line_is_one_object_whoever_asks_for_it() -> None:
    message = parse(INVITE)
    first = message.first("via")
    assert first is not None
    assert first is message.required("via") is message.all("via")[0] is message.headers[0]


def test_lines_of_unknown_names_are_found_by_their_key() -> None:
    message = parse(request_with("X-Own: 1", "X-Other: 2", "x-own: 3", "To: 4", start="OPTIONS sip:a SIP/2.0"))
    assert [line.value for line in message.all("x-own")] == ["1", "3"]
    assert message.values("x-other") == ["2"]
    assert message.first("x-none") is None
    assert message.repeated == ("x-own",)


def test_has_value() -> None:
    message = parse(request_with("To:", "To: 1", "From: 1", "X-Own: \t", "X-Other: 1"))
    keys = ("to", "from", "via", "x-own", "x-other", "x-none")
    assert [key for key in keys if message.has_value(key)] == ["from", "x-other"]
