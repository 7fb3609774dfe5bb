"""RFC 4475: which layer objects to each torture message, and the values of those that only look wrong."""

import pytest

from luasip.errors import HeaderError, ParseError, SipError, UriError
from luasip.sip.framing import StreamFramer
from luasip.sip.message import Message, Request, Response
from luasip.sip.parser import parse_message
from luasip.sip.response import build_response
from tests.sip.examined import examine
from tests.sip.rfc4475_messages import MESSAGES

# Nothing objects. "baddate": nothing here reads Date, and a proxy need not (§3.1.2.12).
# "badbranch" is the transaction layer's; "zeromf", "invut", "sdp01" … are decided by who routes or answers.
ACCEPTED = [
    *[
        "wsinv",
        "intmeth",
        "esc01",
        "escnull",
        "esc02",
        "lwsdisp",
        "longreq",
        "dblreq",
        "semiuri",
        "transports",
    ],
    *[
        "mpart01",
        "unreason",
        "noreason",
        "baddate",
        "badbranch",
        "unksm2",
        "invut",
        "bcast",
        "zeromf",
    ],
    *["cparam01", "cparam02", "regescrt", "sdp01", "inv2543", "regbadct", "escruri"],
]
# name → part of the reason phrase, status 400
PARSER_OBJECTS = {
    "clerr": "Content-Length larger than message",
    "ncl": "Bad Content-Length",
    "ltgtruri": "Bad Request-URI",
    "lwsruri": "White space in request line",
    "lwsstart": "White space in request line",
    "trws": "Bad request line",
    "bigcode": "Bad status line",
    "mcl01": "Conflicting Content-Length",
}
# name → status, part of the reason phrase. "regaut01" is sanity's, which like Kamailio's takes Digest only.
CHECKS_OBJECT = {
    "badinv01": (400, "Via"),
    "scalar02": (400, "CSeq"),
    "scalarlg": (400, "CSeq"),
    "quotbal": (400, "To"),
    "badaspec": (400, "To"),
    "baddn": (400, "From"),
    "badvers": (505, "Version"),
    "mismatch01": (400, "CSeq"),
    "mismatch02": (400, "CSeq"),
    "insuf": (400, "From"),
    "unkscm": (416, "Scheme"),
    "novelsc": (416, "Scheme"),
    "bext01": (420, "Extension"),
    "multi01": (400, "given twice"),
    "regaut01": (400, "^400 $"),
}


def message(name: str) -> Message:
    return parse_message(MESSAGES[name])


def test_each_message_is_in_one_table() -> None:
    assert sorted([*ACCEPTED, *PARSER_OBJECTS, *CHECKS_OBJECT]) == sorted(MESSAGES)
    assert len(MESSAGES) == 49


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    parsed = message(name)
    examine(parsed)
    assert MESSAGES[name].startswith(parsed.text)
    assert parsed.vias
    if isinstance(parsed, Request):
        assert parse_message(build_response(parsed, 200, "OK", to_tag="t")).to.tag


@pytest.mark.parametrize(("name", "reason"), PARSER_OBJECTS.items())
def test_parser_objects(name: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason) as caught:
        message(name)
    assert caught.value.status == 400
    salvaged = caught.value.salvaged
    if name == "bigcode":
        assert salvaged is None
    else:
        assert isinstance(salvaged, Request)
        assert parse_message(build_response(salvaged, 400, caught.value.reason)).call_id == salvaged.call_id


@pytest.mark.parametrize(
    ("name", "status", "reason"), [(n, s, r) for n, (s, r) in CHECKS_OBJECT.items()]
)
def test_checks_object(name: str, status: int, reason: str) -> None:
    parsed = message(name)
    with pytest.raises(SipError, match=reason) as caught:
        examine(parsed)
    assert caught.value.status == status


@pytest.mark.parametrize("name", sorted({*ACCEPTED, *CHECKS_OBJECT} - {"inv2543", "dblreq"}))
def test_framer_gives_what_the_parser_takes(name: str) -> None:
    data = MESSAGES[name].encode("latin-1")
    framer = StreamFramer()
    assert [frame for byte in data for frame in framer.feed(bytes([byte]))] == [data]


def test_wsinv() -> None:
    parsed = message("wsinv")
    assert [(via.transport, via.host, via.branch) for via in parsed.vias] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert (parsed.to.tag, parsed.from_.tag) == ("1918181833n", "98asjd8")
    assert parsed.from_.display_name == 'J Rosenberg \\"'
    assert (parsed.max_forwards, parsed.cseq.number, parsed.content_length) == (68, 9, 150)
    assert parsed.values("subject") == [""]
    assert parsed.values("newfangledheader") == ["newfangled value continued newfangled value"]
    assert parsed.values("unknownheaderwithunusualvalue") == [";;,,;;,;"]
    assert "unknown-no-value" in parsed.routes[0].uri.params
    contact = parsed.contacts[0]
    assert (contact.display_name, contact.q) == ('Quoted string ""', 0.33)
    assert (contact.params["newparam"], contact.params["secondparam"]) == ("newvalue", "")


def test_intmeth() -> None:
    parsed = message("intmeth")
    assert isinstance(parsed, Request)
    assert parsed.method == parsed.cseq.method == "!interesting-Method0123456789_*+`.%indeed'~"
    assert parsed.to.display_name == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert parsed.to.uri.user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    assert parsed.from_.display_name == "token1~` token2'+_ token3*%!.-"
    assert parsed.from_.tag == "_token~1'+`*%!-."
    assert parsed.call_id == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"


def test_escapes() -> None:
    contact = message("esc01").contacts[0].uri
    assert contact.params == {"%6c%72": "", "n%61me": "v%61lue%25%34%31"}
    assert not contact.is_loose_router
    assert [contact.uri.user for contact in message("escnull").contacts] == ["%00", "%00%00"]
    escaped = message("esc02")
    assert isinstance(escaped, Request)
    assert (escaped.method, len(escaped.contacts)) == ("RE%47IST%45R", 2)


def test_dblreq_and_semiuri() -> None:
    assert message("dblreq").text.endswith("Content-Length: 0\r\n\r\n")
    semi = message("semiuri")
    assert isinstance(semi, Request)
    assert semi.request_uri == "sip:user;par=u%40example.net@example.com"
    assert len(semi.values("accept")) == 6
    assert [via.transport for via in message("transports").vias] == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]


def test_reasons() -> None:
    for name, reason in (("unreason", "= 2**3 * 5**2"), ("noreason", "")):
        parsed = message(name)
        assert isinstance(parsed, Response)
        assert parsed.reason.startswith(reason)


def test_values_that_only_their_reader_rejects() -> None:
    with pytest.raises(HeaderError, match="Contact"):
        _ = message("regbadct").contacts
    scalar = message("scalar02")
    assert (scalar.expires, scalar.contacts[0].expires) == (2**32 - 1, 2**32 - 1)
    with pytest.raises(HeaderError, match="Max-Forwards"):
        _ = scalar.max_forwards
    with pytest.raises(UriError):
        _ = message("regescrt").contacts[0].uri.replace(host="a b")


def test_contact_parameters_belong_where_they_are_written() -> None:
    header, inside = message("cparam01").contacts[0], message("cparam02").contacts[0]
    assert (header.params, header.uri.params) == ({"unknownparam": ""}, {})
    assert (inside.params, inside.uri.params) == ({}, {"unknownparam": ""})
    assert message("regescrt").contacts[0].uri.headers == "Route=%3Csip:sip.example.com%3E"
    assert message("unksm2").contacts[0].uri.scheme == "name"
