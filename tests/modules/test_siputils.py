"""siputils: messages, URIs, Contact encoding, OPTIONS."""

from typing import Any

import pytest

from luasip.kemi.context import RouteContext
from luasip.kemi.credentials import accept_credentials
from luasip.modules.siputils import Siputils
from luasip.sip.digest import Credentials
from tests.bench import INVITE, FakeServices, context

CONTACT = "Contact: <sip:alice@127.0.0.2:5070>\r\n"
RESPONSE = (
    "SIP/2.0 200 OK\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n"
    "{}"
    "To: <sip:b@example.com>;tag=2\r\n"
    "CSeq: 1 INVITE\r\n\r\n"
)


class Bench:
    """siputils over one message."""

    def __init__(
        self, text: str = INVITE, host: str = "127.0.0.2", port: int = 5070, **settings: Any
    ) -> None:
        self.services = FakeServices()
        self.module = Siputils(Siputils.Settings(**settings), self.services)
        self.ctx: RouteContext = context(text, self.services, host=host, port=port)

    def call(self, name: str, *arguments: Any) -> int:
        code = getattr(self.module, name)(self.ctx, *arguments)
        assert isinstance(code, int)
        return code

    def contact(self) -> str:
        """The Contact lines as the message would leave."""
        sent = self.ctx.edits.apply(self.ctx.message)
        return "".join(
            f"{line}\r\n" for line in sent.split("\r\n") if line[:8] == "Contact:" or line[:2] == "m:"
        )


def test_kinds_of_messages() -> None:
    request, reply = Bench(), Bench(RESPONSE.format(""))
    assert (request.call("is_request"), request.call("is_reply")) == (1, -1)
    assert (reply.call("is_request"), reply.call("is_reply")) == (-1, 1)
    for bench in (request, reply):
        assert (bench.call("is_sip"), bench.call("is_http")) == (1, -1)
        assert bench.call("sip_parse_headers") == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (INVITE, -1),
        (INVITE.replace("To: Bob <sip:bob@example.com>", "t: <sip:bob@example.com>;tag=x"), 1),
        (INVITE.replace("To: Bob <sip:bob@example.com>", "To: <sip:bob@example.com;tag=x>"), -1),
        (INVITE.replace("To: Bob <sip:bob@example.com>", "To: <"), -1),
        (INVITE.replace("To: Bob <sip:bob@example.com>\r\n", ""), -1),
    ],
)
def test_has_totag(text: str, code: int) -> None:
    assert Bench(text).call("has_totag") == code


def test_is_user() -> None:
    bench = Bench()
    assert bench.call("is_user", "alice") == -1
    accept_credentials(bench.ctx, Credentials("Digest", {"username": "alice"}, "Authorization"))
    assert bench.call("is_user", "alice") == 1
    assert bench.call("is_user", "bob") == -1


TWO_VIAS = INVITE.replace("Max-Forwards", "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKtwo\r\nMax-Forwards")


@pytest.mark.parametrize(
    ("text", "strict", "loose"),
    [
        (INVITE, 1, 1),
        (TWO_VIAS, -1, -1),
        (RESPONSE.format(""), 1, 1),
        (RESPONSE.format("Record-Route: <sip:127.0.0.1;lr>\r\n"), 1, 1),
        (RESPONSE.format("Record-Route: <sip:example.com;lr>\r\n"), -1, 1),
        (RESPONSE.format("Record-Route: <sip:10.0.0.9;lr>, <sip:127.0.0.1;lr>\r\n"), -1, -1),
        (RESPONSE.format("Record-Route: <x\r\n"), -1, -1),
    ],
)
def test_is_first_hop(text: str, strict: int, loose: int) -> None:
    assert Bench(text).call("is_first_hop") == strict
    assert Bench(text).call("is_first_hop_mode", 0) == strict
    assert Bench(text).call("is_first_hop_mode", 1) == loose


def test_a_reply_that_went_round_is_no_first_hop() -> None:
    text = RESPONSE.format("Record-Route: <sip:127.0.0.1;lr>\r\n")
    assert Bench(text, host="127.0.0.1", port=5060).call("is_first_hop") == -1
    assert Bench(text, host="127.0.0.1", port=5061).call("is_first_hop") == 1


@pytest.mark.parametrize(
    ("date", "code"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", 1),
        ("Tue, 14 Nov 2023 22:12:21 GMT", 1),
        ("Tue, 14 Nov 2023 22:12:19 GMT", -4),
        ("yesterday", -1),
        ("", -1),
    ],
)
def test_hdr_date_check(date: str, code: int) -> None:
    bench = Bench(INVITE.replace("User-Agent", f"Date: {date}\r\nUser-Agent"))
    assert bench.call("hdr_date_check", 60) == code


def test_hdr_date_check_without_date() -> None:
    assert Bench().call("hdr_date_check", 60) == -1


def test_options_reply() -> None:
    text = INVITE.replace("INVITE sip:bob@example.com;transport=udp", "OPTIONS sip:example.com")
    bench = Bench(text, options_support="path")
    assert bench.call("options_reply") == 0
    assert bench.services.replies == [
        (200, "OK", "Accept: */*\r\nAccept-Encoding: \r\nAccept-Language: en\r\nSupported: path\r\n")
    ]
    for other in (INVITE, INVITE.replace("INVITE sip:bob", "OPTIONS sip:bob"), RESPONSE.format("")):
        wrong = Bench(other)
        assert wrong.call("options_reply") == -1
        assert wrong.services.replies == []


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("uri_param", ("flag",), 1),
        ("uri_param", ("FLAG",), 1),
        ("uri_param", ("transport",), -1),
        ("uri_param", ("none",), -1),
        ("uri_param_value", ("transport", "udp"), 1),
        ("uri_param_value", ("transport", "UDP"), -1),
        ("uri_param_value", ("none", "x"), -1),
        ("uri_param_any", ("transport",), 1),
        ("uri_param_any", ("flag",), 1),
        ("uri_param_any", ("none",), -1),
    ],
)
def test_uri_param(name: str, arguments: tuple[str, ...], code: int) -> None:
    bench = Bench()
    bench.ctx.target.uri = "sip:bob@example.com;transport=udp;flag"
    assert bench.call(name, *arguments) == code
    bench.ctx.target.uri = "nonsense"
    assert bench.call(name, *arguments) == -1


@pytest.mark.parametrize(
    ("uri", "name", "argument", "code", "result"),
    [
        ("sip:a@b", "add_uri_param", "x=1", 1, "sip:a@b;x=1"),
        ("sip:a@b;y?h=1", "add_uri_param", "x", 1, "sip:a@b;y;x?h=1"),
        ("sip:a@b", "add_uri_param", "", 1, "sip:a@b"),
        ("sip:a@b", "add_uri_param", "x y", -1, "sip:a@b"),
        ("nonsense", "add_uri_param", "x", -1, "nonsense"),
        ("sip:a@b;x=1;y;Z=2?h=1", "uri_param_rm", "y", 1, "sip:a@b;x=1;Z=2?h=1"),
        ("sip:a@b;x=1;y;Z=2?h=1", "uri_param_rm", "z", 1, "sip:a@b;x=1;y?h=1"),
        ("sip:a;x=1@b;x=1", "uri_param_rm", "x", 1, "sip:a;x=1@b"),
        ("sip:b;x=1", "uri_param_rm", "x", 1, "sip:b"),
        ("sip:a@b", "uri_param_rm", "x", 1, "sip:a@b"),
        ("nonsense", "uri_param_rm", "x", -1, "nonsense"),
    ],
)
def test_changing_uri_parameters(uri: str, name: str, argument: str, code: int, result: str) -> None:
    bench = Bench()
    bench.ctx.target.uri = uri
    assert bench.call(name, argument) == code
    assert bench.ctx.target.uri == result


@pytest.mark.parametrize(
    ("uri", "code"), [("sip:a@b;gr=x", 1), ("sip:a@b;gr", 2), ("sip:a@b", -1), ("x", -1)]
)
def test_is_gruu(uri: str, code: int) -> None:
    bench = Bench()
    bench.ctx.target.uri = uri
    assert bench.call("is_gruu") == code


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("cmp_uri", ("sip:a@B.org", "sip:a@b.org"), 1),
        ("cmp_uri", ("sip:a@b.org", "sip:A@b.org"), -1),
        ("cmp_uri", ("sip:a@b.org:5060", "sip:a@b.org"), -1),
        ("cmp_uri", ("sip:a@b.org", ""), -2),
        ("cmp_aor", ("sip:a@b.org:5070;x=1", "sips:a@B.org"), 1),
        ("cmp_aor", ("sip:a@b.org", "sip:c@b.org"), -1),
        ("cmp_aor", ("sip:a@b.org", "x"), -2),
        ("cmp_hdr_name", ("v", "VIA"), 1),
        ("cmp_hdr_name", ("Via", "From"), -1),
        ("cmp_hdr_name", ("", "From"), -2),
        ("is_uri", ("sip:a@b",), 1),
        ("is_uri", ("tel:+49",), 1),
        ("is_uri", ("a@b",), -1),
        ("is_uri", ("",), -1),
        ("is_tel_number", ("+4930",), 1),
        ("is_tel_number", ("4930",), 1),
        ("is_tel_number", ("49a",), -1),
        ("is_tel_number", ("+",), -1),
        ("is_tel_number", ("",), -1),
        ("is_numeric", ("0123",), 1),
        ("is_numeric", ("+1",), -1),
        ("is_numeric", ("\xb2",), -1),
        ("is_numeric", ("",), -1),
        ("is_alphanum", ("aB9",), 1),
        ("is_alphanum", ("a-b",), -1),
        ("is_alphanum", ("",), -1),
        ("is_alphanumex", ("a-b_", "-_"), 1),
        ("is_alphanumex", ("a.b", "-_"), -1),
    ],
)
def test_texts(name: str, arguments: tuple[str, ...], code: int) -> None:
    assert Bench().call(name, *arguments) == code


ENCODED = "sip:p*alice**127.0.0.2*5070*@1.2.3.4"


@pytest.mark.parametrize(
    ("contact", "encoded"),
    [
        (CONTACT, f"Contact: <{ENCODED}>\r\n"),
        ("m: sip:alice@127.0.0.2:5070;expires=5\r\n", f"m: <{ENCODED}>;expires=5\r\n"),
        (
            'Contact: "<sip:alice@127.0.0.2:5070>" <sip:a:b@h;transport=tcp;x>;q=1, <sip:h>\r\n',
            'Contact: "<sip:alice@127.0.0.2:5070>" <sip:p*a*b*h**tcp@1.2.3.4>;q=1, <sip:p***h**@1.2.3.4>\r\n',
        ),
    ],
)
def test_encode_contact(contact: str, encoded: str) -> None:
    bench = Bench(INVITE.replace(CONTACT, contact))
    assert bench.call("encode_contact", "p", "1.2.3.4") == 1
    assert bench.contact() == encoded


@pytest.mark.parametrize(
    ("contact", "code"), [("", -1), ("Contact: *\r\n", -1), ("Contact: <sip:@>\r\n", -1)]
)
def test_encode_contact_failures(contact: str, code: int) -> None:
    bench = Bench(INVITE.replace(CONTACT, contact))
    assert bench.call("encode_contact", "p", "1.2.3.4") == code
    assert bench.call("decode_contact_header") == code
    assert bench.contact() == contact
    assert Bench().call("encode_contact", "p", "") == -1


@pytest.mark.parametrize(
    ("uri", "code", "decoded"),
    [
        ("sip:p*alice**127.0.0.2*5070*@1.2.3.4", 1, "sip:alice@127.0.0.2:5070"),
        ("sip:p*a*b*h**tcp@1.2.3.4;x=1", 1, "sip:a:b@h;transport=tcp;x=1"),
        ("sip:p***h**@1.2.3.4", 1, "sip:h"),
        ("sip:p*a**h*@1.2.3.4", -1, None),
        ("sip:p*a****@1.2.3.4", -1, None),
        ("sip:p**b*h**@1.2.3.4", -1, None),
        ("sip:alice@1.2.3.4", -1, None),
        ("sip:1.2.3.4", -1, None),
    ],
)
def test_decode_contact(uri: str, code: int, decoded: str | None) -> None:
    bench = Bench(INVITE.replace(CONTACT, f"Contact: <{uri}>;q=0.5\r\n"))
    bench.ctx.target.uri = uri
    assert bench.call("decode_contact") == code
    assert bench.ctx.target.uri == (decoded or uri)
    assert bench.call("decode_contact_header") == code
    assert bench.contact() == f"Contact: <{decoded or uri}>;q=0.5\r\n"


def test_another_separator() -> None:
    bench = Bench(contact_flds_separator="-x")
    assert bench.call("encode_contact", "p", "h") == 1
    assert bench.contact() == "Contact: <sip:p-alice--127.0.0.2-5070-@h>\r\n"


HIDDEN = "c2lwOmFsaWNlQDEyNy4wLjAuMjo1MDcw"


def test_contact_param_encode_and_decode() -> None:
    bench = Bench()
    assert bench.call("contact_param_encode", "myp", "sip:1.2.3.4:5060") == 1
    assert bench.contact() == f"Contact: <sip:1.2.3.4:5060;myp={HIDDEN}>\r\n"
    back = Bench(bench.ctx.edits.apply(bench.ctx.message))
    assert back.call("contact_param_check", "MYP") == 1
    assert back.call("contact_param_check", "other") == -1
    assert back.call("contact_param_decode", "other") == 1
    assert not back.ctx.edits
    assert back.call("contact_param_decode", "myp") == 1
    assert back.contact() == CONTACT


def test_contact_param_edge_cases() -> None:
    none = Bench(INVITE.replace(CONTACT, ""))
    for name in ("contact_param_encode", "contact_param_encode_alias"):
        assert none.call(name, "myp", "sip:h") == 1
        assert none.call(name, "", "sip:h") == -1
        assert none.call(name, "myp", "") == -1
    assert none.call("contact_param_decode", "myp") == none.call("contact_param_rm", "myp") == 1
    assert none.call("contact_param_check", "myp") == -1
    broken = Bench(INVITE.replace(CONTACT, "Contact: <\r\n"))
    assert broken.call("contact_param_encode", "myp", "sip:h") == -1
    assert broken.call("contact_param_check", "myp") == -1


@pytest.mark.parametrize("value", ["%%%%", "Zm9v", "c2lwOmFAYg0KRXZpbDogMQ"])
def test_what_is_no_uri_is_not_decoded(value: str) -> None:
    """The last one holds a line end and a further header."""
    contact = f"Contact: <sip:h;myp={value.replace('%%', '%25')}>\r\n"
    bench = Bench(INVITE.replace(CONTACT, contact))
    assert bench.call("contact_param_decode", "myp") == -1
    assert not bench.ctx.edits
    bench.ctx.target.uri = f"sip:h;myp={value.replace('%%', '%25')}"
    assert bench.call("contact_param_decode_ruri", "myp") == -1


def test_contact_param_decode_ruri() -> None:
    bench = Bench()
    bench.ctx.target.uri = f"sip:h;myp={HIDDEN}"
    assert bench.call("contact_param_decode_ruri", "other") == 1
    assert bench.call("contact_param_decode_ruri", "MyP") == 1
    assert bench.ctx.target.uri == "sip:alice@127.0.0.2:5070"
    bench.ctx.target.uri = "nonsense"
    assert bench.call("contact_param_decode_ruri", "myp") == -1


@pytest.mark.parametrize(
    ("host", "port", "inner"),
    [
        ("127.0.0.2", 5070, "sip:alice@127.0.0.2:5070"),
        ("10.0.0.9", 5070, "sip:alice@127.0.0.2:5070;alias=10.0.0.9~5070~1"),
        ("::1", 9, "sip:alice@127.0.0.2:5070;alias=[::1]~9~1"),
    ],
)
def test_contact_param_encode_alias(host: str, port: int, inner: str) -> None:
    bench = Bench(host=host, port=port)
    assert bench.call("contact_param_encode_alias", "myp", "sip:h") == 1
    back = Bench(bench.ctx.edits.apply(bench.ctx.message))
    assert back.call("contact_param_decode", "myp") == 1
    assert back.contact() == f"Contact: <{inner}>\r\n"


def test_contact_param_rm() -> None:
    bench = Bench(INVITE.replace(CONTACT, "Contact: <sip:a@h;x=1;Y=2>;q=1, sip:b@h;y=3\r\n"))
    assert bench.call("contact_param_rm", "y") == 1
    assert bench.contact() == "Contact: <sip:a@h;x=1>;q=1, sip:b@h;y=3\r\n"
