"""corex: branches, sockets, flags, raw data, files, Via additions."""

from pathlib import Path
from typing import Any

import pytest

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Route
from luasip.kemi.lists import XavpRecord
from luasip.kemi.operation import POOL_FULL, Call, Operation
from luasip.kemi.own_via import via_parameters, via_sent_by
from luasip.modules.corex import LARGEST_FILE, Corex
from luasip.modules.corex.sockets import split_socket
from tests.bench import INVITE, FakeListener, FakeServices, context, settle

RESPONSE = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\n\r\n"


class Bench:
    """corex over one message."""

    def __init__(self, text: str = INVITE, route: Route = Route.REQUEST, **settings: Any) -> None:
        self.services = FakeServices()
        self.services.listeners.append(FakeListener("udp", "::1", 5060, is_ipv6=True))
        self.corex = Corex(Corex.Settings(**settings), self.services)
        self.ctx: RouteContext = context(text, self.services, route)

    def call(self, name: str, *arguments: Any) -> Any:
        return settle(getattr(self.corex, name)(self.ctx, *arguments), run)


def run(operation: Operation) -> Any:
    """What a pool would do."""
    assert isinstance(operation, Call)
    try:
        return operation.function()
    except OSError as error:
        return error


def test_append_branch_moves_the_request_uri_with_all_it_has() -> None:
    bench = Bench()
    target = bench.ctx.target
    target.destination_uri, target.q, target.flags, target.path = "sip:10.0.0.1", 0.5, 6, "<sip:p;lr>"
    target.send_socket, target.instance = FakeListener(), "<urn:x>"
    assert bench.call("append_branch") == 1
    branch = bench.ctx.branches[0]
    assert (branch.uri, branch.destination_uri, branch.q) == (target.uri, "sip:10.0.0.1", 0.5)
    assert (branch.flags, branch.path, branch.instance) == (6, "<sip:p;lr>", "<urn:x>")
    assert branch.send_socket == FakeListener()
    left = bench.ctx.target
    assert (left.uri, left.destination_uri, left.flags, left.path) == (target.uri, "", 0, "")
    assert left.send_socket is None


@pytest.mark.parametrize(
    ("q", "code", "value"), [("", 1, None), ("0.7", 1, 0.7), ("1", 1, 1.0), ("2", -1, None), ("x", -1, None)]
)
def test_append_branch_uri(q: str, code: int, value: float | None) -> None:
    bench = Bench()
    bench.ctx.target.destination_uri = "sip:10.0.0.1"
    assert bench.call("append_branch_uri_q", "sip:second@example.com", q) == code
    if code > 0:
        assert bench.ctx.branches[0].uri == "sip:second@example.com"
        assert bench.ctx.branches[0].q == value
    assert bench.ctx.target.destination_uri == "sip:10.0.0.1"


def test_too_many_branches() -> None:
    bench = Bench()
    codes = [bench.call("append_branch_uri", f"sip:{number}@example.com") for number in range(13)]
    assert codes == [1] * 11 + [-1] * 2
    assert bench.call("append_branch") == -1
    assert Bench(RESPONSE).call("append_branch_uri", "sip:a@b") == -1


@pytest.mark.parametrize(
    ("text", "listener"),
    [
        ("udp:127.0.0.1:5060", FakeListener()),
        ("127.0.0.1:5060", FakeListener()),
        ("127.0.0.1", FakeListener()),
        ("TCP:127.0.0.1:5060", FakeListener("tcp")),
        ("udp:[::1]:5060", FakeListener("udp", "::1", 5060, is_ipv6=True)),
        ("udp:127.0.0.1:5061", None),
        ("tls:127.0.0.1:5060", None),
        ("udp:10.0.0.1:5060", None),
        ("udp:127.0.0.1:x", None),
        ("", None),
    ],
)
def test_sockets_by_address(text: str, listener: FakeListener | None) -> None:
    bench = Bench()
    code = -1 if listener is None else 1
    assert bench.call("set_send_socket", text) == code
    assert bench.ctx.target.send_socket == listener
    before = bench.ctx.source
    assert bench.call("set_recv_socket", text) == code
    assert bench.ctx.source.listener == (listener or FakeListener())
    assert (bench.ctx.source.host, bench.ctx.source.port) == (before.host, before.port)


def test_sockets_by_name() -> None:
    bench = Bench()
    assert bench.call("is_socket_name", "tcp:127.0.0.1:5060") == 1
    assert bench.call("is_socket_name", "other") == -1
    assert bench.call("set_send_socket_name", "tcp:127.0.0.1:5060") == 1
    assert bench.ctx.target.send_socket == FakeListener("tcp")
    assert bench.call("set_send_socket_name", "other") == -1
    assert bench.call("set_recv_socket_name", "tcp:127.0.0.1:5060") == 1
    assert bench.ctx.source.listener == FakeListener("tcp")
    assert bench.call("set_recv_socket_name", "other") == -1


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("udp:1.2.3.4:5060", ("udp", "1.2.3.4", 5060)),
        ("1.2.3.4", ("udp", "1.2.3.4", 0)),
        ("tls:[fe80::1]", ("tls", "fe80::1", 0)),
        ("fe80::1", ("udp", "fe80::1", 0)),
        ("[fe80::1", None),
        ("[fe80::1]x", None),
        ("udp:", None),
        ("udp:1.2.3.4:70000", None),
    ],
)
def test_split_socket(text: str, parts: tuple[str, str, int] | None) -> None:
    assert split_socket(text) == parts


def test_set_source_address() -> None:
    bench = Bench()
    assert bench.call("set_source_address", "udp:10.0.0.9:5999") == 1
    assert (bench.ctx.source.host, bench.ctx.source.port) == ("10.0.0.9", 5999)
    assert bench.call("set_source_address", "10.0.0.8") == 1
    assert (bench.ctx.source.host, bench.ctx.source.port) == ("10.0.0.8", 5060)
    for wrong in ("", "udp:example.com:5060", "udp:1.2.3.4:x"):
        assert bench.call("set_source_address", wrong) == -1


def test_predicates() -> None:
    bench = Bench()
    assert bench.call("has_ruri_user") == 1
    assert bench.call("has_user_agent") == 1
    bench.ctx.target.uri = "sip:example.com"
    assert bench.call("has_ruri_user") == -1
    assert Bench(RESPONSE).call("has_ruri_user") == -1
    assert Bench(RESPONSE).call("has_user_agent") == -1
    assert Bench(INVITE.replace("phone/1.0", "")).call("has_user_agent") == -1


def test_is_faked_msg() -> None:
    assert Bench().call("is_faked_msg") == -1
    assert Bench(route=Route.EVENT).call("is_faked_msg") == 1
    real = Bench(route=Route.EVENT)
    real.ctx.source.received_at = 1.0
    assert real.call("is_faked_msg") == -1


def test_extra_flags() -> None:
    bench = Bench()
    for flag in (0, 63):
        assert bench.call("isxflagset", flag) == -1
        assert bench.call("setxflag", flag) == 1
        assert bench.call("isxflagset", flag) == 1
        assert bench.call("resetxflag", flag) == 1
        assert bench.call("isxflagset", flag) == -1
    for flag in (-1, 64):
        assert (
            bench.call("setxflag", flag)
            == bench.call("resetxflag", flag)
            == bench.call("isxflagset", flag)
            == -1
        )


def test_raw_data() -> None:
    bench = Bench()
    assert bench.call("send_data", "sip:10.0.0.1", "hello") == 1
    assert bench.call("sendx", "sip:10.0.0.1", "tcp:127.0.0.1:5060", "hello") == 1
    assert bench.call("send_data", "", "hello") == -1
    assert bench.call("send_data", "sip:10.0.0.1", "") == -1
    assert bench.call("sendx", "sip:10.0.0.1", "tcp:10.0.0.9", "hello") == -1
    assert bench.services.forwarded == ["sip:10.0.0.1 hello", "sip:10.0.0.1 hello tcp:127.0.0.1:5060"]


def test_files(tmp_path: Path) -> None:
    bench = Bench()
    path = tmp_path / "data"
    assert bench.call("file_read", str(path)) is None
    assert bench.call("file_write", str(path), "a\xff\n") == 1
    assert path.read_bytes() == b"a\xff\n"
    assert bench.call("file_read", str(path)) == "a\xff\n"
    assert bench.call("file_write", str(tmp_path / "none" / "data"), "x") == -1
    path.write_bytes(b"x" * (LARGEST_FILE + 1))
    assert bench.call("file_read", str(path)) is None


def test_a_full_pool_is_a_failure(tmp_path: Path) -> None:
    bench = Bench()
    assert settle(bench.corex.file_read(bench.ctx, "x"), lambda _: POOL_FULL) is None
    assert settle(bench.corex.file_write(bench.ctx, str(tmp_path / "x"), ""), lambda _: POOL_FULL) == -1


class Recorder(FakeServices):
    """Keeps the text that would be forwarded."""

    def forward_stateless(self, ctx: RouteContext, uri: str = "") -> bool:
        self.forwarded.append(uri + " " + ctx.edits.apply(ctx.message))
        return super().forward_stateless(ctx, uri)


@pytest.mark.parametrize(
    ("name", "arguments", "uri"),
    [
        ("forward_uac", (), ""),
        ("forward_uac_branch", (3,), ""),
        ("forward_uac_uri", ("sip:10.0.0.1",), "sip:10.0.0.1"),
        ("forward_uac_uri_branch", ("sip:10.0.0.1", 3), "sip:10.0.0.1"),
    ],
)
def test_forward_uac(name: str, arguments: tuple[Any, ...], uri: str) -> None:
    services = Recorder()
    text = INVITE.replace(
        "Max-Forwards", "v: SIP/2.0/UDP 9.9.9.9;branch=z9hG4bKtwo\r\nRecord-Route: <sip:x;lr>\r\nMax-Forwards"
    )
    ctx = context(text, services)
    ctx.edits.append_header(ctx.message, "New: 1\r\n")
    assert getattr(Corex(Corex.Settings(), services), name)(ctx, *arguments) == 1
    sent = services.forwarded[0]
    assert sent.startswith(f"{uri} INVITE sip:bob@example.com;transport=udp SIP/2.0\r\nMax-Forwards: 70\r\n")
    assert "New: 1\r\n" in sent
    assert "Via" not in sent
    assert "Record-Route" not in sent
    assert "Record-Route" in ctx.edits.apply(ctx.message)


def test_forward_uac_of_a_reply() -> None:
    assert Bench(RESPONSE).call("forward_uac") == -1


def xavp(ctx: RouteContext, name: str, **fields: str | int) -> None:
    record = XavpRecord()
    for field, value in fields.items():
        record.push(field, value)
    ctx.lists.xavps[name] = [record]


def test_via_parameters() -> None:
    bench = Bench(server_id=7, xavp_via_params="xvia")
    xavp(bench.ctx, "xvia", a=1, b="", c="x")
    assert bench.call("via_add_srvid", 1) == 1
    assert bench.call("via_add_xavp_params", 1) == 1
    assert via_parameters(bench.ctx) == ";srvid=7;a=1;b;c=x"
    assert bench.call("via_add_xavp_params", 0) == 1
    assert via_parameters(bench.ctx) == ";srvid=7"
    assert bench.call("via_add_srvid", 0) == 1
    assert via_parameters(bench.ctx) == ""
    bare = Bench()
    assert bare.call("via_add_srvid", 1) == bare.call("via_add_xavp_params", 1) == 1
    assert via_parameters(bare.ctx) == ""


def test_via_fields() -> None:
    bench = Bench(xavp_via_fields="mvia")
    assert bench.call("via_use_xavp_fields", 1) == 1
    assert via_sent_by(bench.ctx) == ""
    xavp(bench.ctx, "mvia", address="10.1.1.1", port="5090")
    bench.call("via_use_xavp_fields", 1)
    assert via_sent_by(bench.ctx) == "10.1.1.1:5090"
    bench.call("via_use_xavp_fields", 0)
    assert via_sent_by(bench.ctx) == ""


def test_via_of_replies() -> None:
    bench = Bench(xavp_via_reply_params="rvia")
    xavp(bench.ctx, "rvia", a="1")
    for _ in range(2):
        assert bench.call("via_reply_add_xavp_params", 1) == 1
    assert bench.ctx.request.top_via_text.endswith("branch=z9hG4bKone;rport;a=1")
