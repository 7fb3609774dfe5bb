"""nathelper: the signs of NAT, Contacts and Request-URIs with an alias, session descriptions, pings."""

import contextlib
import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luasip.errors import CommandError, SettingsError
from luasip.kemi.context import RouteContext
from luasip.kemi.coverage import missing
from luasip.kemi.pseudo_variables import PseudoVariables
from luasip.kemi.transactions import Completed, OwnRequest
from luasip.modules.nathelper import Nathelper
from luasip.modules.nathelper.addresses import (
    alias_uri,
    alias_value,
    is_private,
    parse_address,
    without_parameter,
)
from luasip.modules.nathelper.settings import NathelperSettings
from luasip.modules.pv import Pv
from luasip.modules.usrloc import Contact, Usrloc, UsrlocSettings
from luasip.sip.parser import parse_message
from luasip.sip.uri import parse_uri
from tests.bench import INVITE, FakeListener, FakeServices, context

SDP = (
    "v=0\r\no=- 1 1 IN IP4 10.1.1.1\r\ns=-\r\nc=IN IP4 10.1.1.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\nm=video 4002 RTP/AVP 31\r\nc=IN IP4 0.0.0.0\r\n"
)


def nathelper(services: FakeServices | None = None, nat_bflag: int = -1, **settings: Any) -> Nathelper:
    services = services or FakeServices()
    usrloc = Usrloc(UsrlocSettings(nat_bflag=nat_bflag), services)
    return Nathelper(NathelperSettings(**settings), services, usrloc)


def message(contact: str = "<sip:alice@127.0.0.2:5070>", body: str = "", **fields: Any) -> str:
    """INVITE with another Contact ("" for none), Via or body."""
    line = f"Contact: {contact}\r\n" if contact else ""
    text = INVITE.replace("Contact: <sip:alice@127.0.0.2:5070>\r\n", line)
    text = text.replace("SIP/2.0/UDP 127.0.0.2:5070", f"SIP/2.0/UDP {fields.get('via', '127.0.0.2:5070')}")
    text = text.replace(
        "INVITE sip:bob@example.com;transport=udp", f"INVITE {fields.get('uri', 'sip:bob@example.com')}"
    )
    head, _, old = text.partition("\r\n\r\n")
    body = body or old
    head = head.replace("Content-Length: 5", f"Content-Length: {len(body)}")
    return f"{head}\r\n\r\n{body}"


def sent_contact(ctx: RouteContext) -> str:
    """The Contact as it leaves."""
    text = ctx.edits.apply(ctx.message)
    return next(line for line in text.split("\r\n") if line.startswith("Contact:")).partition(": ")[2]


def sent_body(ctx: RouteContext) -> list[str]:
    head, _, body = ctx.edits.apply(ctx.message).partition("\r\n\r\n")
    assert f"Content-Length: {len(body)}" in head
    assert body.endswith("\r\n")
    return body.splitlines()


def test_every_function_is_there() -> None:
    assert [function for function in missing((Nathelper,)) if function.module == "nathelper"] == []


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.0.0.1", True),
        ("172.15.0.1", False),
        ("172.31.255.255", True),
        ("192.168.1.1", True),
        ("100.64.0.1", True),
        ("100.128.0.1", False),
        ("192.0.0.7", True),
        ("192.0.0.8", False),
        ("8.8.8.8", False),
        ("fd00::1", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_private_addresses(address: str, private: bool) -> None:
    assert is_private(address, False) is private
    assert nathelper(nat_addr_mode=0).is_rfc1918(context(), address) == (1 if private else -1)


def test_reserved_addresses_count_by_default() -> None:
    assert nathelper().is_rfc1918(context(), "192.0.0.8") == 1


PUBLIC = {"host": "198.51.100.7", "port": 5060}
PUBLIC_VIA = "198.51.100.7"


@pytest.mark.parametrize(
    ("bit", "text", "source"),
    [
        (1, message("<sip:a@192.168.0.2>", via=PUBLIC_VIA), PUBLIC),
        (2, message("", via="198.51.100.8"), PUBLIC),
        (2, message("", via="phone.invalid"), PUBLIC),
        (4, message("", via="10.0.0.1"), PUBLIC),
        (8, message("", SDP, via=PUBLIC_VIA), PUBLIC),
        (16, message("", via=PUBLIC_VIA), {"host": "198.51.100.7", "port": 1024}),
        (32, message("", via="10.0.0.9"), {"host": "10.0.0.9", "port": 5060}),
        (128, message("<sip:a@198.51.100.7:5062>", via=PUBLIC_VIA), PUBLIC),
        (256, message("", SDP, via=PUBLIC_VIA), PUBLIC),
    ],
)
def test_signs_of_nat(bit: int, text: str, source: dict[str, Any]) -> None:
    module = nathelper()
    assert module.nat_uac_test(context(text, **source), bit) == 1
    fine = message("<sip:a@198.51.100.7>", SDP.replace("10.1.1.1", "198.51.100.7"), via=PUBLIC_VIA)
    assert module.nat_uac_test(context(fine, **PUBLIC), bit) == -1


def test_no_sign_of_nat_where_nothing_can_be_read() -> None:
    module = nathelper()
    ctx = context(message("", via=PUBLIC_VIA), **PUBLIC)
    assert module.nat_uac_test(ctx, 1023) == -1
    assert module.nat_uac_test(context(message("*", via=PUBLIC_VIA), **PUBLIC), 129) == -1
    assert module.nat_uac_test(context(), 0) == -1


def test_websocket_is_a_sign() -> None:
    services = FakeServices(listeners=[FakeListener("wss")])
    assert nathelper(services).nat_uac_test(context(services=services), 64) == 1


@pytest.mark.parametrize(
    ("destination", "code"),
    [
        ("", -1),
        ("sip:example.com:5060", -1),
        ("sip:203.0.113.1", 1),
        ("sip:example.com:5061", 1),
        ("sip:example.com;transport=ws", 1),
    ],
)
def test_other_destination(destination: str, code: int) -> None:
    ctx = context()
    ctx.target.destination_uri = destination
    assert nathelper().nat_uac_test(ctx, 512) == code


@pytest.mark.parametrize(
    ("via", "code"),
    [
        ("SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKa;received=198.51.100.1", 1),
        ("SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKa;rport=1024", 1),
        ("SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKa;rport=5060;received=10.0.0.2", -1),
        ("SIP/2.0/WS 10.0.0.2;branch=z9hG4bKa", 1),
    ],
)
def test_reply_towards_nat(via: str, code: int) -> None:
    text = INVITE.replace("INVITE sip:bob@example.com;transport=udp SIP/2.0", "SIP/2.0 200 OK")
    text = text.replace("Max-Forwards: 70\r\n", f"Via: {via}\r\n")
    assert nathelper().nat_uac_test(context(text), 512) == code


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("<sip:alice@10.0.0.1>", "<sip:alice@127.0.0.2:5070>"),
        ('"A <b>" <sip:a@h:1;ob?x=y>;q=0.5', '"A <b>" <sip:a@127.0.0.2:5070;ob?x=y>;q=0.5'),
        ("<sip:a@h;maddr=1.2.3.4;ob>", "<sip:a@127.0.0.2:5070;ob>"),
        (
            '<sip:a@h>;+sip.instance="<urn:uuid:1>"',
            '<sip:a@127.0.0.2:5070>;+sip.instance="<urn:uuid:1>"',
        ),
        ("sip:a@h;expires=5", "<sip:a@127.0.0.2:5070>;expires=5"),
    ],
)
def test_fix_nated_contact(contact: str, expected: str) -> None:
    module, ctx = nathelper(), context(message(contact))
    assert module.fix_nated_contact(ctx) == 1
    assert sent_contact(ctx) == expected
    assert module.fix_nated_contact(ctx) == -1
    assert module.set_contact_alias(ctx) == -1
    assert sent_contact(ctx) == expected


def test_addresses_of_ipv6_are_bracketed() -> None:
    ctx = context(message("<sip:a@h>"), host="2001:db8::1", port=9)
    assert nathelper().fix_nated_contact(ctx) == 1
    assert sent_contact(ctx) == "<sip:a@[2001:db8::1]:9>"
    ctx = context(message("<sip:a@h>"), host="2001:db8::1", port=9)
    assert nathelper().set_contact_alias(ctx) == 1
    assert sent_contact(ctx) == "<sip:a@h;alias=[2001:db8::1]~9~1>"


@pytest.mark.parametrize("contact", ["", "*", "<bad>", "<tel:+1>", "<sip:a@h"])
def test_no_contact_to_change(contact: str) -> None:
    module, ctx = nathelper(), context(message(contact))
    assert module.fix_nated_contact(ctx) == -1
    assert module.set_contact_alias(ctx) == -1
    assert not ctx.edits


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("<sip:alice@10.0.0.1>", "<sip:alice@10.0.0.1;alias=127.0.0.2~5070~1>"),
        ("Al <sip:a@h;ob?x=y>;q=1", "Al <sip:a@h;ob;alias=127.0.0.2~5070~1?x=y>;q=1"),
        ("sip:a@h;expires=5", "<sip:a@h;alias=127.0.0.2~5070~1>;expires=5"),
        ("<sip:a@h>, <sip:b@h>", "<sip:a@h;alias=127.0.0.2~5070~1>, <sip:b@h>"),
    ],
)
def test_set_contact_alias(contact: str, expected: str) -> None:
    module, ctx = nathelper(), context(message(contact))
    assert module.set_contact_alias(ctx) == 1
    assert sent_contact(ctx) == expected
    assert ctx.message.contacts[0].uri.params["alias"] == "127.0.0.2~5070~1"
    assert module.set_contact_alias(ctx) == -1


def test_each_branch_may_change_the_contact() -> None:
    module, ctx = nathelper(), context()
    branch = context()
    branch.message = ctx.message
    assert [module.set_contact_alias(ctx), module.set_contact_alias(branch)] == [1, 1]
    assert sent_contact(ctx) == sent_contact(branch) == "<sip:alice@127.0.0.2:5070;alias=127.0.0.2~5070~1>"


@given(
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str).filter(lambda host: "%" not in host),
    st.integers(1, 65535),
    st.sampled_from(["udp", "tcp", "tls", "sctp", "ws", "wss"]),
)
def test_alias_is_read_as_written(host: str, port: int, protocol: str) -> None:
    uri = parse_uri(alias_uri(alias_value(host, port, protocol)))
    assert (uri.host.strip("[]"), uri.port, uri.transport or "udp") == (host, port, protocol)


@given(st.text(alphabet="0123456789abcdef.:~[]%@;=1", max_size=40))
def test_what_an_alias_says_is_an_address_or_nothing(value: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_address(parse_uri(alias_uri(value)).host) is not None


def test_alias_that_is_there_may_be_trimmed() -> None:
    module, ctx = nathelper(alias_name="saddr"), context(message("<sip:a@h;saddr=1.2.3.4~1~2;ob>"))
    assert module.set_contact_alias_trim(ctx) == 1
    assert sent_contact(ctx) == "<sip:a@h;ob;saddr=127.0.0.2~5070~1>"


@pytest.mark.parametrize(
    ("contact", "code"),
    [
        ("", 2),
        ("<sip:a@127.0.0.2:5070>", 2),
        ("<sip:a@127.0.0.2:5070;transport=udp>", 2),
        ("<sip:a@127.0.0.2:5070;transport=tcp>", 1),
        ("<sip:a@127.0.0.2>", 1),
        ("<sip:a@example.com:5070>", 1),
        ("*", -1),
    ],
)
def test_add_contact_alias(contact: str, code: int) -> None:
    ctx = context(message(contact))
    assert nathelper().add_contact_alias(ctx) == code
    assert bool(ctx.edits) is (code == 1)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [  # as Kamailio 5.6 does it
        ("sip:a@8.8.8.8", "sip:a@8.8.8.8;alias=1.2.3.4~5070~2"),
        ("sip:a@8.8.8.8;alias=9.9.9.9~5~1", "sip:a@8.8.8.8;alias=1.2.3.4~5070~2;alias=9.9.9.9~5~1"),
        ("sips:a;x@8.8.8.8:1;transport=tcp?y=z", "sips:a;x@8.8.8.8:1;alias=1.2.3.4~5070~2;transport=tcp?y=z"),
    ],
)
def test_an_alias_is_added_before_others(uri: str, expected: str) -> None:
    ctx = context(message(f"<{uri}>"))
    assert nathelper().add_contact_alias_addr(ctx, "1.2.3.4", "5070", "tcp") == 1
    assert sent_contact(ctx) == f"<{expected}>"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("192.0.2.1", "5060", "tcp"), 1),
        (("2001:db8::1", "1", "WSS"), 1),
        (("host", "5060", "tcp"), -1),
        (("192.0.2.1", "0", "tcp"), -1),
        (("192.0.2.1", "65536", "tcp"), -1),
        (("192.0.2.1", "x", "tcp"), -1),
        (("192.0.2.1", "5060", "smoke"), -1),
    ],
)
def test_add_contact_alias_addr(arguments: tuple[str, str, str], code: int) -> None:
    assert nathelper().add_contact_alias_addr(context(), *arguments) == code
    assert nathelper().add_contact_alias_addr(context(message("")), *arguments) == 2


@pytest.mark.parametrize(
    ("uri", "code", "rewritten", "destination"),
    [
        ("sip:a@h", 2, "sip:a@h", ""),
        ("sip:alias=1@h", 2, "sip:alias=1@h", ""),
        ("sip:a;alias=x@h", 2, "sip:a;alias=x@h", ""),
        ("sip:a@h;alias=1.2.3.4~5~1", 1, "sip:a@h", "sip:1.2.3.4:5"),
        ("sip:a@h;lr;alias=1.2.3.4~5~2;ob?x=y", 1, "sip:a@h;lr;ob?x=y", "sip:1.2.3.4:5;transport=tcp"),
        ("sip:a@h;alias=[::1]~5~6", 1, "sip:a@h", "sip:[::1]:5;transport=wss"),
        ("sip:a@h;alias=1.2.3.4~5~9", -1, "", ""),
        ("sip:a@h;alias=1.2.3.4~5", -1, "", ""),
        ("sip:a@h;alias=1.2.3.4~70000~1", -1, "", ""),
        ("sip:a@h;alias=evil.invalid~5~1", -1, "", ""),
        ("sip:a@h;alias=[1.2.3.4]~5~1", 1, "sip:a@h", "sip:1.2.3.4:5"),
        ("sip:a@h;alias=[fe80::1%25x]~5~1", -1, "", ""),
        ("sip:a@h;alias", -1, "", ""),
    ],
)
def test_handle_ruri_alias(uri: str, code: int, rewritten: str, destination: str) -> None:
    ctx = context(message(uri=uri))
    assert nathelper().handle_ruri_alias(ctx) == code
    assert (ctx.target.uri, ctx.target.destination_uri) == (rewritten or uri, destination)


def test_alias_to_handle_may_be_the_last() -> None:
    uri = "sip:a@h;alias=1.1.1.1~1~1;alias=2.2.2.2~2~1"
    first, last = context(message(uri=uri)), context(message(uri=uri))
    assert nathelper().handle_ruri_alias_mode(first, 0) == 1
    assert nathelper().handle_ruri_alias_mode(last, 1) == 1
    assert (first.target.destination_uri, last.target.destination_uri) == ("sip:1.1.1.1:1", "sip:2.2.2.2:2")
    assert last.target.uri == "sip:a@h;alias=1.1.1.1~1~1"


def test_parameters_keep_their_order() -> None:
    assert without_parameter("sip:a@h;A=1;b;Alias=2;c", "alias") == ("sip:a@h;A=1;b;c", "2")
    with pytest.raises(ValueError, match="no IP address"):
        alias_uri("x~1~1")


def test_set_alias_to_pv() -> None:
    services = FakeServices()
    services.variables = PseudoVariables(services)
    services.variables.add(Pv(Pv.Settings(), services))
    module = nathelper(services)
    ctx = context(message("<sip:a@h;alias=1.2.3.4~5~2>"), services)
    assert module.set_alias_to_pv(ctx, "$avp(x)") == 1
    assert ctx.lists.avps["x"] == ["sip:1.2.3.4:5;transport=tcp"]
    udp = context(message("<sip:a@h;alias=1.2.3.4~5~1>"), services)
    assert module.set_alias_to_pv(udp, "$avp(x)") == 1
    assert udp.lists.avps["x"] == ["sip:1.2.3.4:5;transport=udp"]
    assert module.set_alias_to_pv(ctx, "$si") == -1
    assert module.set_alias_to_pv(context(services=services), "$avp(x)") == -1


def test_fix_nated_register() -> None:
    ctx = context()
    assert nathelper().fix_nated_register(ctx) == 1
    assert ctx.lists.avps == {}
    assert nathelper(received_avp="$avp(s:rcv)").fix_nated_register(ctx) == 1
    assert ctx.lists.avps == {"rcv": ["sip:127.0.0.2:5070"]}


def test_add_rcv_param() -> None:
    module, ctx = nathelper(), context(message("<sip:a@h>;q=1, sip:b@h"))
    assert module.add_rcv_param(ctx, 0) == 1
    added = ';received="sip:127.0.0.2:5070"'
    assert sent_contact(ctx) == f"<sip:a@h>;q=1{added}, sip:b@h{added}"
    ctx = context(message("<sip:a@h;x>;q=1"))
    assert module.add_rcv_param(ctx, 1) == 1
    assert sent_contact(ctx) == "<sip:a@h;x;received=sip:127.0.0.2:5070>;q=1"
    services = FakeServices(listeners=[FakeListener("tcp")])
    assert module.add_rcv_param(context(services=services), 1) == -1


@pytest.mark.parametrize(
    ("level", "code", "changed"),
    [
        (0, 2, []),
        (1, 2, ["a=direction:active"] * 2),
        (4, 2, ["a=nortpproxy:yes"]),
        (2, 1, ["c=IN IP4 127.0.0.2", "a=oldmediaip:10.1.1.1"]),
        (8, 1, ["o=- 1 1 IN IP4 127.0.0.2", "a=oldmediaip:10.1.1.1"]),
    ],
)
def test_fix_nated_sdp(level: int, code: int, changed: list[str]) -> None:
    ctx = context(message(body=SDP))
    assert nathelper().fix_nated_sdp(ctx, level) == code
    before = SDP.splitlines()
    after = sent_body(ctx) if level else before
    assert [line for line in after if line not in before] == changed
    assert "c=IN IP4 0.0.0.0" in after


def test_fix_nated_sdp_ip() -> None:
    module, ctx = nathelper(append_sdp_oldmediaip=0), context(message(body=SDP))
    assert module.fix_nated_sdp_ip(ctx, 10, "192.0.2.1") == 1
    assert module.fix_nated_sdp_ip(ctx, 10, "192.0.2.1") == 2
    assert sent_body(ctx) == SDP.replace("10.1.1.1", "192.0.2.1").splitlines()
    assert module.fix_nated_sdp_ip(context(message(body=SDP)), 2, "10.1.1.1") == 2
    assert module.fix_nated_sdp_ip(context(message(body=SDP)), 2, "name") == -1


def test_addresses_of_ip_version_6_are_exchanged_for_such() -> None:
    body = SDP.replace("IP4 10.1.1.1", "IP6 fe80::1").replace("IP4 0.0.0.0", "IP6 ::")
    ctx = context(message(body=body))
    assert nathelper().fix_nated_sdp_ip(ctx, 2, "192.0.2.1") == -1
    assert nathelper().fix_nated_sdp_ip(ctx, 2, "2001:db8::1") == 1
    expected = body.replace("c=IN IP6 fe80::1", "c=IN IP6 2001:db8::1").splitlines()
    assert sent_body(ctx) == [*expected, "a=oldmediaip6:fe80::1"]


@pytest.mark.parametrize("body", ["x", "v=0\r\n", SDP.replace("IP4", "IP6"), "v=0\r\nc=\r\n"])
def test_no_session_description_to_fix(body: str) -> None:
    assert nathelper().fix_nated_sdp(context(message(body=body)), 2) == -1


MIXED = (
    "--b1\r\nContent-Type: text/plain\r\n\r\nc=IN IP4 9.9.9.9\r\n"
    f"--b1\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--b1--\r\n"
)


def mixed(body: str = MIXED) -> RouteContext:
    text = message(body=body, via=PUBLIC_VIA)
    return context(text.replace("Content-Type: application/sdp", 'Content-Type: multipart/mixed;boundary="b1"', 1))


def test_a_session_description_may_be_a_part_of_the_body() -> None:
    module, ctx = nathelper(), mixed()
    assert module.nat_uac_test(ctx, 8) == 1
    assert module.fix_nated_sdp(ctx, 3) == 1
    sent = "\r\n".join(sent_body(ctx)) + "\r\n"
    assert sent == MIXED.replace("c=IN IP4 10.1.1.1", "c=IN IP4 127.0.0.2").replace(
        "a=sendrecv\r\n", "a=sendrecv\r\na=direction:active\r\n"
    ).replace(
        "c=IN IP4 0.0.0.0\r\n", "c=IN IP4 0.0.0.0\r\na=direction:active\r\na=oldmediaip:10.1.1.1\r\n"
    )


@pytest.mark.parametrize("body", [MIXED.replace("application/sdp", "text/html"), "no parts", "--b1--"])
def test_no_part_is_a_session_description(body: str) -> None:
    assert nathelper().nat_uac_test(mixed(body), 8 | 256) == -1
    assert nathelper().fix_nated_sdp(mixed(body), 2) == -1


def test_record_routes_are_counted() -> None:
    module = nathelper()
    ctx = context(INVITE.replace("To:", "Record-Route: <sip:p;r2=on;lr>, <sip:q;r2=on;lr>\r\nTo:"))
    assert (module.record_route_count(ctx, "", None), module.top_record_route_count(ctx, "", None)) == (2, 2)
    ctx = context(INVITE.replace("To:", "Record-Route: <sip:p;lr>\r\nTo:"))
    assert (module.record_route_count(ctx, "", None), module.top_record_route_count(ctx, "", None)) == (1, 1)
    assert module.top_record_route_count(context(), "", None) == 0


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"natping_interval": 5, "ping_nated_only": 1}, "nat_bflag"),
        ({"natping_interval": 5, "sipping_bflag": 3}, "sipping_from"),
        ({"sipping_bflag": 32}, "sipping_bflag: 32"),
        ({"received_avp": "rcv"}, "no AVP"),
        ({"natping_interval": -1}, "negative"),
        ({"alias_name": "a b"}, "alias_name"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        nathelper(**settings)


# Pings


@dataclasses.dataclass
class SentRequests:
    """Stands in for the transaction layer."""

    sent: list[tuple[OwnRequest, Completed]] = dataclasses.field(default_factory=list)

    def send_own(self, request: OwnRequest, completed: Completed) -> int:
        self.sent.append((request, completed))
        return 1


class Pings:
    """nathelper with contacts in the table location; `second` lets one pass."""

    def __init__(self, *contacts: Contact, **settings: Any) -> None:
        self.services = FakeServices()
        self.services.transactions = self.requests = SentRequests()
        usrloc = Usrloc(UsrlocSettings(nat_bflag=6), self.services)
        table = usrloc.table("location")
        assert table is not None
        self.table = table
        self.ended: list[str] = []
        usrloc.on_expired(lambda name, contact: self.ended.append(f"{name} {contact.ruid}"))
        for contact in contacts:
            table.change(contact.aor, lambda _before, contact=contact: (contact,))  # type: ignore[misc]
        self.module = Nathelper(NathelperSettings(**settings), self.services, usrloc)
        self.module.start()

    def second(self) -> list[str]:
        """What was sent as datagrams."""
        before = len(self.services.forwarded)
        self.services.timers["nathelper.natping"]()
        return self.services.forwarded[before:]


def contact(number: int, uri: str = "", **fields: Any) -> Contact:
    return Contact(f"user{number}", f"ruid-{number}", uri or f"sip:u@10.0.0.{number}:5060", **fields)


def ping(target: str, socket: str = "") -> str:
    return f"udp:{target} \0\0\0\0{socket and ' ' + socket}"


def test_all_contacts_are_pinged_once_in_an_interval() -> None:
    pings = Pings(*[contact(number) for number in range(1, 8)], natping_interval=3)
    seconds = [pings.second() for _ in range(6)]
    assert [len(sent) for sent in seconds] == [3, 3, 1] * 2
    assert {text for sent in seconds[:3] for text in sent} == {ping(f"10.0.0.{n}:5060") for n in range(1, 8)}


@pytest.mark.parametrize(
    ("pinged", "settings", "expected"),
    [
        (contact(1, received="sip:198.51.100.1:1024"), {}, [ping("198.51.100.1:1024")]),
        (contact(1, socket="udp:127.0.0.1:5060"), {}, [ping("10.0.0.1:5060", "udp:127.0.0.1:5060")]),
        (contact(1), {"force_socket": "127.0.0.1"}, [ping("10.0.0.1:5060", "udp:127.0.0.1:5060")]),
        (contact(1, "sip:u@[::1]"), {}, [ping("::1:5060")]),
        (contact(1, "sip:u@10.0.0.1;transport=tcp"), {}, []),
        (contact(1, "sip:u@phone.invalid"), {}, []),
        (contact(1, expires=1), {}, []),
        (contact(1), {"ping_nated_only": 1}, []),
        (contact(1, cflags=64), {"ping_nated_only": 1}, [ping("10.0.0.1:5060")]),
        (contact(1, cflags=4), {"natping_disable_bflag": 2}, []),
    ],
)
def test_who_is_pinged_how(pinged: Contact, settings: dict[str, Any], expected: list[str]) -> None:
    assert Pings(pinged, natping_interval=1, **settings).second() == expected


@pytest.mark.parametrize(
    ("pinged", "hop", "route"),
    [
        (contact(1, cflags=192, received="sip:198.51.100.1:9"), "sip:198.51.100.1:9", ""),
        (
            contact(1, cflags=192, path="<sip:p1;lr>,<sip:p2;lr>"),
            "sip:p1;lr",
            "Route: <sip:p1;lr>,<sip:p2;lr>",
        ),
    ],
)
def test_contacts_with_the_flag_get_requests(pinged: Contact, hop: str, route: str) -> None:
    settings = {"ping_nated_only": 1, "sipping_bflag": 7, "sipping_from": "sip:ping@example.com"}
    pings = Pings(pinged, contact(2, cflags=64), natping_interval=1, **settings)
    assert pings.second() == [ping("10.0.0.2:5060")]
    [(request, _)] = pings.requests.sent
    assert (request.method, request.request_uri, request.next_hop) == ("OPTIONS", "sip:u@10.0.0.1:5060", hop)
    assert (request.to, request.headers) == ("<sip:u@10.0.0.1:5060>", route and f"{route}\r\n")
    assert request.from_.startswith("<sip:ping@example.com>;tag=ruid-1-")
    assert request.body == ""


SIP_PINGS = {
    "natping_interval": 1,
    "sipping_bflag": 7,
    "sipping_from": "sip:ping@example.com",
    "keepalive_timeout": 30,
}


@pytest.mark.parametrize(
    ("answers", "registered", "pings_sent"),
    [
        ({}, 0, 31),
        ({5: True, 15: False}, 0, 36),  # a status made here is no answer
        ({20: True}, 0, 40),
        ({}, 20, 40),
    ],
)
def test_a_contact_that_does_not_answer_is_removed(
    answers: dict[int, bool], registered: int, pings_sent: int
) -> None:
    """`registered`: seconds after the beginning at which the contact was last registered."""
    last_modified = int(FakeServices().epoch) + registered
    pings = Pings(contact(1, cflags=128, last_modified=last_modified), **SIP_PINGS)
    for second in range(40):
        pings.services.clock = 1000.0 + second
        pings.second()
        if second in answers:
            completed = pings.requests.sent[-1][1]
            response = parse_message("SIP/2.0 404 X\r\n\r\n") if answers[second] else None
            completed(404, response)  # type: ignore[arg-type]
    assert len(pings.requests.sent) == pings_sent
    gone = pings_sent < 40
    assert pings.ended == (["location ruid-1"] if gone else [])
    assert bool(pings.table.contacts("user1")) is not gone


def test_only_contacts_pinged_by_requests_are_removed() -> None:
    nobody_answers = [contact(1, "sip:u@10.0.0.1;transport=tcp", cflags=128), contact(2, "sip:u@10.0.0.2")]
    settings = {**SIP_PINGS, "ping_nated_only": 1}
    pings = Pings(*nobody_answers, **settings)
    for second in range(40):
        pings.services.clock = 1000.0 + second
        pings.second()
    assert pings.ended == []


def test_silence_while_pinging_was_off_does_not_count() -> None:
    pings = Pings(contact(1, cflags=128), **SIP_PINGS)
    pings.second()
    pings.module.enable_ping(0)
    pings.services.clock += 100
    pings.second()
    pings.module.enable_ping(1)
    pings.second()
    assert pings.ended == []


def test_pinging_is_switched() -> None:
    pings = Pings(contact(1), natping_interval=1)
    pings.module.enable_ping(0)
    assert pings.second() == []
    pings.module.enable_ping(1)
    assert len(pings.second()) == 1
    with pytest.raises(CommandError):
        nathelper().enable_ping(1)
