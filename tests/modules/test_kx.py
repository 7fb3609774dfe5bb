"""kx: every getter."""

import pytest

from luasip.modules.kx import Kx
from tests.bench import INVITE, FakeListener, FakeServices, exported
from tests.kemi.variables_bench import VariablesBench
from tests.modules.test_pv import REPLY, RICH

POOR = "OPTIONS sip:h SIP/2.0\r\nFrom: ?\r\nTo: ?\r\nCSeq: ?\r\nContact: <\r\n\r\n"
REQUEST: dict[str, str | int | None] = {
    "get_ruri": "sip:bob@example.com;transport=udp",
    "get_ouri": "sip:bob@example.com;transport=udp",
    "get_nhuri": "sip:bob@example.com;transport=udp",
    "get_furi": "sip:alice@example.com",
    "get_turi": "sip:bob@example.com",
    "get_method": "INVITE",
    "get_callid": "call1@127.0.0.2",
    "get_status": -1,
    "gets_status": None,
    "get_msgtype": 1,
    "get_msgbuf": RICH,
    "get_msglen": len(RICH),
    "get_bodylen": 5,
    "get_timestamp": 1_700_000_000,
    "get_srcip": "127.0.0.2",
    "get_srcport": 5070,
    "get_srcuri": "sip:127.0.0.2:5070",
    "get_srcaddr_sock": "udp:127.0.0.2:5070",
    "get_proto": "udp",
    "get_protoid": 1,
    "get_conid": -1,
    "get_rcvip": "127.0.0.1",
    "get_rcvport": 5060,
    "get_rcvadvip": "127.0.0.1",
    "get_rcvadvport": 5060,
    "get_rcvaddr_sock": "udp:127.0.0.1:5060",
    "get_rcv_sock_name": None,
    "get_send_sock": None,
    "get_send_sock_name": None,
    "get_send_sock_port": 0,
    "get_duri": None,
    "gete_duri": "",
    "getw_duri": "<null>",
}
VARIANTS: dict[str, str] = {
    "ruser": "bob",
    "rhost": "example.com",
    "fuser": "alice",
    "fhost": "example.com",
    "tuser": "bob",
    "thost": "example.com",
    "cturi": "sip:alice@127.0.0.2:5070",
    "au": "alice",
    "ua": "phone/1.0",
    "body": "v=0\r\n",
}
DEFINED = {"get_def", "get_defn", "get_env", "get_envn", "ifdef", "ifndef"}


def kx(text: str = RICH, services: FakeServices | None = None) -> tuple[VariablesBench, Kx]:
    bench = VariablesBench(text, services)
    return bench, Kx(Kx.Settings(), bench.services, bench.pv)


@pytest.mark.parametrize(("name", "expected"), REQUEST.items())
def test_request(name: str, expected: str | int | None) -> None:
    bench, module = kx()
    assert exported(module)[name](bench.ctx) == expected


@pytest.mark.parametrize(("part", "expected"), VARIANTS.items())
def test_parts(part: str, expected: str) -> None:
    bench, module = kx()
    for prefix in ("get", "gete", "getw"):
        assert exported(module)[f"{prefix}_{part}"](bench.ctx) == expected


@pytest.mark.parametrize("part", [part for part in VARIANTS if part not in ("rhost",)])
def test_missing_parts(part: str) -> None:
    bench, module = kx(POOR)
    found = [exported(module)[f"{prefix}_{part}"](bench.ctx) for prefix in ("get", "gete", "getw")]
    assert found == [None, "", "<null>"]


def test_every_getter_is_tried() -> None:
    variants = {f"{prefix}_{part}" for part in VARIANTS for prefix in ("get", "gete", "getw")}
    assert set(exported(kx()[1])) == set(REQUEST) | variants | DEFINED


def test_reply() -> None:
    bench, module = kx(REPLY)
    expected = {
        "get_ruri": None,
        "get_ouri": None,
        "get_nhuri": None,
        "get_ruser": None,
        "get_rhost": None,
        "get_method": "INVITE",
        "get_status": 180,
        "gets_status": "180",
        "get_msgtype": 2,
        "get_bodylen": 0,
        "get_fuser": "alice",
        "get_au": None,
    }
    assert {name: exported(module)[name](bench.ctx) for name in expected} == expected


def test_nothing_raises_on_a_poor_message() -> None:
    bench, module = kx(POOR)
    for name, function in exported(module).items():
        if name not in DEFINED:
            function(bench.ctx)
    assert module.get_method(bench.ctx) == "OPTIONS"
    assert module.get_callid(bench.ctx) is None


def test_edits_of_the_destination_show() -> None:
    bench, module = kx()
    bench.set("$ru", "sip:x@y")
    bench.set("$du", "sip:next")
    bench.set("$fs", "tcp:127.0.0.1:5060")
    expected = {
        "get_ruri": "sip:x@y",
        "get_ruser": "x",
        "get_duri": "sip:next",
        "get_nhuri": "sip:next",
        "get_send_sock": "tcp:127.0.0.1:5060",
        "get_send_sock_port": 5060,
        "get_ouri": "sip:bob@example.com;transport=udp",
    }
    assert {name: exported(module)[name](bench.ctx) for name in expected} == expected


def test_advertised_and_stream() -> None:
    services = FakeServices(listeners=[FakeListener("ws", "::1", 80, "pub.org", 8080, True)])
    bench, module = kx(INVITE, services)
    bench.ctx.source.connection_id = 9
    assert module.get_rcvadvip(bench.ctx) == "pub.org"
    assert module.get_rcvadvport(bench.ctx) == 8080
    assert module.get_conid(bench.ctx) == 9
    assert module.get_protoid(bench.ctx) == 5


def test_defines_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUASIP_N", "12")
    monkeypatch.delenv("LUASIP_NOPE", raising=False)
    bench, module = kx(INVITE, FakeServices(defines={"N": "7", "T": "text"}))
    ctx = bench.ctx
    assert [module.get_def(ctx, name) for name in ("N", "T", "Z")] == ["7", "text", ""]
    assert [module.get_defn(ctx, name) for name in ("N", "T", "Z")] == [7, 0, 0]
    assert [module.ifdef(ctx, name) for name in ("N", "Z")] == [True, False]
    assert [module.ifndef(ctx, name) for name in ("N", "Z")] == [False, True]
    assert [module.get_env(ctx, name) for name in ("LUASIP_N", "LUASIP_NOPE", "a\0b")] == ["12", None, None]
    assert [module.get_envn(ctx, name) for name in ("LUASIP_N", "LUASIP_NOPE")] == [12, 0]
