"""core: KSR's own functions."""

import logging
from typing import Any

import pytest

from luasip.kemi.context import SEND_CLOSE, SEND_NO_CONNECT, Branch, RouteContext
from luasip.kemi.declare import Module
from luasip.modules.core import Core
from luasip.modules.core.methods import METHOD_LETTERS
from tests.bench import INVITE, FakeListener, FakeServices, context, exported

RESPONSE = (
    "SIP/2.0 180 Ringing\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKown\r\n"
    "Via: SIP/2.0/TCP 127.0.0.2:5070;branch=z9hG4bKone\r\n"
    "From: <sip:alice@example.com>;tag=from1\r\n"
    "To: <sip:bob@example.com>;tag=to1\r\n"
    "Call-ID: call1@127.0.0.2\r\n"
    "CSeq: 7 INVITE\r\n"
    "Content-Length: 0\r\n\r\n"
)


class Bench:
    """core over one message."""

    def __init__(self, text: str = INVITE, **source: Any) -> None:
        self.services = FakeServices()
        self.core = Core(Module.Settings(), self.services)
        self.ctx: RouteContext = context(text, self.services, **source)

    def call(self, name: str, *arguments: Any) -> Any:
        return exported(self.core)[name](self.ctx, *arguments)


@pytest.fixture
def bench() -> Bench:
    return Bench()


METHODS = [*METHOD_LETTERS.values(), "INFO"]


@pytest.mark.parametrize("method", METHODS)
def test_method_predicates(method: str) -> None:
    bench = Bench(INVITE.replace("INVITE sip", f"{method} sip").replace("7 INVITE", f"7 {method}"))
    assert [name for name in METHODS if bench.call(f"is_{name}")] == [method]
    assert bench.call("is_method", method.lower())


def test_replies_are_judged_by_cseq() -> None:
    bench = Bench(RESPONSE)
    assert bench.call("is_INVITE")
    assert not bench.call("is_BYE")
    assert bench.call("is_method_in", "bi")


def test_unreadable_cseq_is_no_method() -> None:
    bench = Bench(RESPONSE.replace("7 INVITE", "seven"))
    assert not bench.call("is_INVITE")
    assert not bench.call("is_method", "")
    assert not bench.call("is_method_in", "I")


@pytest.mark.parametrize(
    ("letters", "method", "expected"),
    [
        ("IABC", "BYE", True),
        ("iabc", "CANCEL", True),
        ("E", "PRACK", True),
        ("P", "PUBLISH", True),
        ("F", "REFER", True),
        ("D", "DELETE", True),
        ("IABC", "OPTIONS", False),
        ("", "INVITE", False),
        ("XYZ", "INVITE", False),
    ],
)
def test_is_method_in(letters: str, method: str, expected: bool) -> None:
    bench = Bench(INVITE.replace("INVITE sip", f"{method} sip"))
    assert bench.call("is_method_in", letters) is expected


@pytest.mark.parametrize(
    ("protocol", "true"),
    [
        ("udp", {"is_UDP"}),
        ("tcp", {"is_TCP", "is_TCPX"}),
        ("tls", {"is_TLS", "is_TCPX"}),
        ("sctp", {"is_SCTP"}),
        ("ws", {"is_WS", "is_WSX"}),
        ("wss", {"is_WSS", "is_WSX"}),
    ],
)
def test_protocol_predicates(bench: Bench, protocol: str, true: set[str]) -> None:
    bench.ctx.source.listener = FakeListener(protocol)
    names = {"is_UDP", "is_TCP", "is_TCPX", "is_TLS", "is_SCTP", "is_WS", "is_WSS", "is_WSX"}
    assert {name for name in names if bench.call(name)} == true


@pytest.mark.parametrize(
    ("letters", "protocol", "expected"),
    [
        ("UT", "udp", True),
        ("e", "tls", True),
        ("v", "ws", True),
        ("w", "wss", True),
        ("t", "udp", False),
        ("", "udp", False),
    ],
)
def test_is_proto(bench: Bench, letters: str, protocol: str, expected: bool) -> None:
    bench.ctx.source.listener = FakeListener(protocol)
    assert bench.call("is_proto", letters) is expected


@pytest.mark.parametrize(
    ("uri", "destination", "true"),
    [
        ("sip:b@h", "", {"to_UDP"}),
        ("sip:b@h;transport=TCP", "", {"to_TCP"}),
        ("sips:b@h", "", {"to_TLS"}),
        ("sip:b@h", "sip:10.0.0.1;transport=ws", {"to_WS", "to_WSX", "to_IPv4"}),
        ("sip:b@h", "sip:[::1];transport=wss", {"to_WSS", "to_WSX", "to_IPv6"}),
        ("sip:b@10.0.0.999;transport=sctp", "", {"to_SCTP"}),
        ("rubbish", "", set()),
    ],
)
def test_outbound_predicates(bench: Bench, uri: str, destination: str, true: set[str]) -> None:
    bench.ctx.target.uri, bench.ctx.target.destination_uri = uri, destination
    names = {"to_UDP", "to_TCP", "to_TLS", "to_SCTP", "to_WS", "to_WSS", "to_WSX", "to_IPv4", "to_IPv6"}
    assert {name for name in names if bench.call(name)} == true


def test_a_reply_leaves_by_its_second_via() -> None:
    bench = Bench(RESPONSE)
    assert bench.call("to_TCP")
    assert bench.call("to_IPv4")
    alone = Bench(RESPONSE.replace("Via: SIP/2.0/TCP 127.0.0.2:5070;branch=z9hG4bKone\r\n", ""))
    assert not alone.call("to_TCP")
    assert not alone.call("to_IPv4")


def test_source_predicates() -> None:
    bench = Bench()
    assert bench.call("is_IPv4")
    assert not bench.call("is_IPv6")
    assert bench.call("is_src_port", 5070)
    assert not bench.call("is_src_port", 5060)
    assert bench.call("is_dst_port", 5060)
    assert Bench(host="::1").call("is_IPv6")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("example.com", True),
        ("sip:example.com", True),
        ("sip:bob@example.com", True),
        ("sips:127.0.0.1:5060", True),
        ("sip:127.0.0.1:5062", False),
        ("sip:127.0.0.1:5060;transport=tls", False),
        ("sip:elsewhere.org", False),
        ("sip:", False),
        ("", False),
    ],
)
def test_is_myself(bench: Bench, uri: str, expected: bool) -> None:
    assert bench.call("is_myself", uri) is expected


def test_is_myself_of_the_message(bench: Bench) -> None:
    assert bench.call("is_myself_ruri")
    assert bench.call("is_myself_furi")
    assert bench.call("is_myself_turi")
    assert not bench.call("is_myself_duri")
    assert bench.call("is_myself_nhuri")
    assert not bench.call("is_myself_srcip")
    bench.ctx.target.destination_uri = "sip:elsewhere.org"
    assert not bench.call("is_myself_nhuri")
    assert not bench.call("is_myself_duri")
    bench.ctx.target.destination_uri = "sip:127.0.0.1"
    assert bench.call("is_myself_duri")
    assert not Bench(RESPONSE).call("is_myself_ruri")
    assert not Bench(INVITE.replace("<sip:bob@example.com>", "<bob")).call("is_myself_turi")


def test_is_myself_by_source() -> None:
    assert Bench(host="127.0.0.1", port=9).call("is_myself_srcip")
    assert not Bench(host="127.0.0.1", port=9).call("is_myself_suri")
    assert Bench(host="127.0.0.1", port=5060).call("is_myself_suri")


@pytest.mark.parametrize("kind", ["flag", "sflag", "bflag"])
def test_flags(bench: Bench, kind: str) -> None:
    for flag in (0, 31):
        assert bench.call(f"is{kind}set", flag) is False
        assert bench.call(f"set{kind}", flag) is True
        assert bench.call(f"is{kind}set", flag) is True
        assert bench.call(f"reset{kind}", flag) is True
        assert bench.call(f"is{kind}set", flag) is False
    for flag in (-1, 32):
        assert bench.call(f"set{kind}", flag) is False
        assert bench.call(f"reset{kind}", flag) is False
        assert bench.call(f"is{kind}set", flag) is False


def test_branch_flags(bench: Bench) -> None:
    bench.ctx.branches.append(Branch("sip:second@example.com"))
    assert bench.call("setbiflag", 3, 1)
    assert bench.ctx.branches[0].flags == 8
    assert bench.call("isbiflagset", 3, 1)
    assert not bench.call("isbiflagset", 3, 0)
    assert bench.call("resetbiflag", 3, 1)
    assert bench.ctx.branches[0].flags == 0
    assert bench.call("setbiflag", 3, 2) is True
    assert bench.call("isbiflagset", 3, 2) is False
    assert bench.call("resetbiflag", 3, 2) is True


def test_request_uri(bench: Bench) -> None:
    bench.ctx.target.uri = "sip:bob:secret@example.com:5080;transport=udp"
    assert bench.call("setuser", "carol")
    assert bench.ctx.target.uri == "sip:carol:secret@example.com:5080;transport=udp"
    assert bench.call("sethost", "other.org")
    assert bench.ctx.target.uri == "sip:carol:secret@other.org:5080;transport=udp"
    assert bench.call("setuser", "")
    assert bench.ctx.target.uri == "sip:other.org:5080;transport=udp"
    assert not bench.call("sethost", "")
    assert not bench.call("sethost", "a b")
    assert not bench.call("setuser", "a b")
    assert bench.call("seturi", "anything")
    assert not bench.call("setuser", "x")
    assert not bench.call("sethost", "x")
    assert not bench.call("seturi", "")
    assert bench.ctx.target.uri == "anything"
    assert not Bench(RESPONSE).call("seturi", "sip:a@b")


def test_destination_uri(bench: Bench) -> None:
    assert not bench.call("isdsturiset")
    assert bench.call("setdsturi", "sip:10.0.0.1")
    assert bench.call("isdsturiset")
    assert bench.ctx.target.destination_uri == "sip:10.0.0.1"
    assert bench.call("resetdsturi")
    assert not bench.call("isdsturiset")
    assert not bench.call("setdsturi", "")


def test_forward(bench: Bench) -> None:
    assert bench.call("forward") == 1
    assert bench.call("forward_uri", "sip:10.0.0.1") == 1
    assert bench.call("forward_uri", "") == -1
    assert bench.services.forwarded == ["", "sip:10.0.0.1"]


def test_route_and_drop(bench: Bench) -> None:
    assert bench.call("route", "RELAY") == -1
    assert bench.call("set_drop") is None
    assert bench.ctx.dropped


def test_force_rport(bench: Bench) -> None:
    bench = Bench(INVITE.replace(";rport", ""), host="10.0.0.9", port=4321)
    assert bench.call("force_rport") is True
    assert bench.ctx.rport_forced
    assert bench.ctx.request.top_via_text == (
        "SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bKone;rport=4321;received=10.0.0.9"
    )
    assert Bench(RESPONSE).call("force_rport") is True


def test_ways_of_sending(bench: Bench) -> None:
    for name in ("set_reply_close", "set_reply_no_connect", "set_forward_close", "set_forward_no_connect"):
        assert bench.call(name) is True
    assert bench.ctx.reply_send_flags == bench.ctx.forward_send_flags == SEND_CLOSE | SEND_NO_CONNECT
    assert bench.call("add_local_rport") is True
    assert bench.ctx.local_rport


def test_connection_aliases(bench: Bench) -> None:
    assert bench.call("add_tcp_alias", 5080) == 1
    assert bench.services.aliases == []
    bench.ctx.source.connection_id = 7
    assert bench.call("add_tcp_alias", 5080) == 1
    assert bench.call("add_tcp_alias", 0) == -1
    assert bench.call("add_tcp_alias_via") == 1
    assert bench.services.aliases == [(7, 5080), (7, 5070)]


@pytest.mark.parametrize(
    ("calls", "advertised"),
    [
        ([("set_advertised_address", "sip.example.com", 1)], ("sip.example.com", 0)),
        ([("set_advertised_port", "5080", 1)], ("", 5080)),
        ([("set_advertised_port", "5080", 1), ("set_advertised_address", "a.org", 1)], ("a.org", 5080)),
        (
            [
                ("set_advertised_port", "x", -1),
                ("set_advertised_port", "0", -1),
                ("set_advertised_address", "", -1),
            ],
            None,
        ),
    ],
)
def test_advertised(
    bench: Bench, calls: list[tuple[str, str, int]], advertised: tuple[str, int] | None
) -> None:
    for name, value, expected in calls:
        assert bench.call(name, value) == expected
    assert bench.ctx.advertised == advertised


def test_log_levels(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "luasip.script")
    for name in ("dbg", "info", "notice", "warn", "err", "crit"):
        assert bench.call(name, f"text of {name} 100%\n") is None
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (10, "text of dbg 100%"),
        (20, "text of info 100%"),
        (25, "text of notice 100%"),
        (30, "text of warn 100%"),
        (40, "text of err 100%"),
        (50, "text of crit 100%"),
    ]
    caplog.clear()
    bench.call("log", "WARN", "one")
    bench.call("log", "L_WARN", "two")
    assert [record.levelno for record in caplog.records] == [30, 40]


@pytest.mark.parametrize(("level", "number"), [(10, 3), (20, 2), (25, 1), (30, 0), (40, -1), (50, -2)])
def test_get_debug(bench: Bench, caplog: pytest.LogCaptureFixture, level: int, number: int) -> None:
    caplog.set_level(level, "luasip.script")
    assert bench.call("get_debug") == number
