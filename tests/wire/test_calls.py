"""Calls by sipp through the server: many at a time, over UDP, TCP and IPv6, and past everything that goes wrong."""

import signal
import socket
from pathlib import Path

import pytest

from tests.wire.peer import Peer
from tests.wire.process import Served, wait_for
from tests.wire.sipp import Calls, call, callee, end_calls, start_calls


def assert_all_went_well(calls: Calls, count: int) -> None:
    """Every call was set up and ended, and nothing had to be sent twice."""
    assert (calls.successful, calls.failed) == (count, 0), calls.errors


def test_a_hundred_calls_a_second(served: Served, tmp_path: Path) -> None:
    """Ten seconds of INVITE, 180, 200, ACK, BYE, 200 with Record-Route: no call fails."""
    with callee(served, tmp_path / "callee", "busy"):
        calls = call(served, tmp_path / "caller", "busy", 1000, 100)
    assert_all_went_well(calls, 1000)


@pytest.mark.parametrize(
    ("caller_protocol", "callee_protocol"), [("tcp", "tcp"), ("udp", "tcp"), ("tcp", "udp")]
)
def test_calls_between_transports(
    served: Served, tmp_path: Path, caller_protocol: str, callee_protocol: str
) -> None:
    """Both ends find back through the double Record-Route."""
    user = f"from-{caller_protocol}-to-{callee_protocol}"
    with callee(served, tmp_path / "callee", user, callee_protocol):
        calls = call(served, tmp_path / "caller", user, 50, 50, caller_protocol)
    assert_all_went_well(calls, 50)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_calls_over_ipv6(served: Served, tmp_path: Path, protocol: str) -> None:
    with callee(served, tmp_path / "callee", f"six-{protocol}", protocol, "::1"):
        calls = call(served, tmp_path / "caller", f"six-{protocol}", 20, 20, protocol, "::1")
    assert_all_went_well(calls, 20)


ERROR_ROUTE = """
function ksr_request_route()
    if KSR.kx.gete_fuser() == "faulty" then
        local nothing = nil
        KSR.info(nothing.field)
    end
    default_route()
end
"""


def test_trouble_costs_others_nothing(tmp_path: Path) -> None:
    """A script error, reloads with a syntax error, noise, a giant and a half message: calls go on."""
    default = (Path(__file__).parents[2] / "lua/default.lua").read_text("utf-8")
    script = default.replace("function ksr_request_route()", "function default_route()") + ERROR_ROUTE
    with Served(tmp_path / "server", script=script) as server:
        with callee(server, tmp_path / "callee", "calm"):
            caller = start_calls(server, tmp_path / "caller", "calm", 200, 50)
            with Peer(server.address) as peer, Peer(server.address, "tcp") as half:
                _send_noise(peer)
                half.send(half.request("OPTIONS", "")[:60])
                _script_error(server, peer)
                _broken_reload(server, peer)
            calls = end_calls(caller, tmp_path / "caller", 20)
        assert_all_went_well(calls, 200)
        with Peer(server.address) as peer:
            assert peer.ask(peer.request("OPTIONS", "")).status == 200
        assert not server.logged("Traceback (most recent call last)")


def _send_noise(peer: Peer) -> None:
    peer.send(bytes(range(256)))
    peer.send(b"\r\n\r\n")
    peer.send(b"INVITE")
    peer.send(b"\0" * 65000)
    # Larger than server.limits.message allows a message to be, as far as a datagram can hold it.
    peer.send(peer.request("OPTIONS", "").encode()[:-2] + b"X-Long: " + b"x" * 64000 + b"\r\n\r\n")
    assert peer.receive().is_request is False


def _script_error(server: Served, peer: Peer) -> None:
    request = peer.request("OPTIONS", "").replace("sip:peer@", "sip:faulty@")
    assert peer.ask(request).status == 500
    line = server.script.read_text("utf-8").splitlines().index("        KSR.info(nothing.field)") + 1
    wait_for(lambda: server.logged(f"default.lua:{line}: attempt to index a nil value"), "the script error")
    assert server.logged("in function 'ksr_request_route'") or server.logged("stack traceback")


def _broken_reload(server: Served, peer: Peer) -> None:
    """A script with a syntax error, found by the file watch and by SIGHUP, leaves the old one in place."""
    good = server.script.read_text("utf-8")
    for number in (1, 2):
        server.script.write_text(good + "\nfunction broken(\n", "utf-8")
        if number == 2:
            server.process.send_signal(signal.SIGHUP)
        wait_for(
            lambda number=number: sum("near <eof>" in line for line in server.log) >= number,  # type: ignore[misc]
            "the syntax error",
        )
        assert peer.ask(peer.request("OPTIONS", "")).status == 200
    server.script.write_text(good.replace("KSR.siputils.options_reply()", 'reply(299, "Reloaded")'), "utf-8")
    wait_for(lambda: peer.ask(peer.request("OPTIONS", "")).status == 299, "the new script")
    server.script.write_text(good, "utf-8")
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: peer.ask(peer.request("OPTIONS", "")).status == 200, "the old script")


def test_five_hundred_connections_need_no_threads(served: Served) -> None:
    with Peer(served.address, "tcp") as first:
        assert first.ask(first.request("OPTIONS", "")).status == 200
        threads, files = served.threads(), served.files()
        sockets = [socket.create_connection(served.address, 5) for _ in range(500)]
        try:
            with Peer(served.address, "tcp") as last:
                assert last.ask(last.request("OPTIONS", "")).status == 200
            wait_for(lambda: served.files() >= files + 500, "500 connections")
            assert served.threads() == threads
            assert first.ask(first.request("OPTIONS", "")).status == 200
        finally:
            for one in sockets:
                one.close()
        wait_for(lambda: served.files() <= files, "the connections to be gone")
