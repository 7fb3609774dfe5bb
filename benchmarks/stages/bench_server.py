"""A whole server on a network in memory: Lua and the way into it, a request answered, a request relayed."""

import itertools
import logging
from collections.abc import Iterator

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.contestants import ROUTE
from benchmarks.probe import answer
from luasip.kemi.context import RouteContext, Source
from luasip.kemi.declare import Route
from luasip.script.runtime import DONE
from luasip.sip.message import Request
from luasip.sip.parser import parse_message
from luasip.transport.loopback import LoopbackPeer
from luasip.transport.packet import Listener
from tests.scenarios.scene import SERVER, Scene

CALLS = 100
"""Calls of one KSR function in a callback, so that starting the callback hardly counts."""
CROSSINGS = {
    "flag": "KSR.isflagset(3)",
    "method": "KSR.is_INVITE()",
    "no_argument": "KSR.siputils.has_totag()",
    "text_result": "KSR.kx.gete_ua()",
    "text_argument": 'KSR.hdr.is_present("X-None")',
    "variable": 'KSR.pv.get("$ci")',
}
SCRIPT = ROUTE.read_text("ascii") + "function nothing() end\n"
SCRIPT += "".join(
    f"function crossing_{name}() for _ = 1, {CALLS} do {call} end end\n" for name, call in CROSSINGS.items()
)
SOURCE = Source("10.0.0.2", 5060, Listener("udp", SERVER, 5060), 0, 0.0, 1)
NUMBERS = itertools.count(1)


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene(SCRIPT)
    logger = logging.getLogger("luasip")
    logger.removeHandler(scene.log)
    logger.setLevel(logging.WARNING)
    yield scene
    scene.close(check=False)


def request_text(method: str, target: str, port: int) -> str:
    """A request from 10.0.0.2."""
    number = next(NUMBERS)
    return (
        f"{method} sip:{target} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 10.0.0.2:{port};branch=z9hG4bK-{number}\r\nMax-Forwards: 70\r\n"
        f"From: <sip:caller@{SERVER}>;tag={number}\r\nTo: <sip:{target}>\r\nCall-ID: {number}@10.0.0.2\r\n"
        f"CSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )


def run(scene: Scene, benchmark: BenchmarkFixture, callback: str) -> None:
    """Run a callback over and over."""
    message = parse_message(request_text("INVITE", f"callee@{SERVER}", 5060))
    assert isinstance(message, Request)
    runtime, services = scene.server.worker.slot().runtime, scene.server.services
    step = benchmark(lambda: runtime.start(callback, RouteContext(Route.REQUEST, message, SOURCE, services)))
    assert step.state == DONE, step.error


def test_lua_callback(scene: Scene, benchmark: BenchmarkFixture) -> None:
    run(scene, benchmark, "nothing")


@pytest.mark.parametrize("name", CROSSINGS)
def test_lua_100_calls(scene: Scene, benchmark: BenchmarkFixture, name: str) -> None:
    run(scene, benchmark, f"crossing_{name}")


def test_options_answered(scene: Scene, benchmark: BenchmarkFixture) -> None:
    alice = LoopbackPeer(scene.network, "udp:10.0.0.2:5060")

    def ask() -> None:
        alice.send(request_text("OPTIONS", SERVER, 5060), f"udp:{SERVER}:5060")
        scene.network.deliver()

    benchmark(ask)
    assert alice.texts[-1].startswith("SIP/2.0 200 Keepalive")


def test_message_relayed(scene: Scene, benchmark: BenchmarkFixture) -> None:
    alice = LoopbackPeer(scene.network, "udp:10.0.0.2:5060")
    bob = LoopbackPeer(scene.network, "udp:10.0.0.3:5060")

    def ask() -> None:
        alice.send(request_text("MESSAGE", "bob@10.0.0.3", 5060), f"udp:{SERVER}:5060")
        scene.network.deliver()
        bob.send(answer(bob.received[-1].text), f"udp:{SERVER}:5060")
        scene.network.deliver()

    benchmark.pedantic(ask, rounds=1000, warmup_rounds=100)  # type: ignore[no-untyped-call]
    assert alice.texts[-1].startswith("SIP/2.0 200 OK")
