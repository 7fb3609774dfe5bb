"""evapi over real sockets: another program decides about calls; slow and dead ones hold nobody up."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from luasip.modules.netstring import NetstringReader, netstring
from luasip.sip.message import Request, Response
from tests.docs_blocks import blocks
from tests.wire.load import ask
from tests.wire.peer import Peer
from tests.wire.process import Served, free_port, wait_for

SCRIPT = """
function ksr_request_route()
  local user = KSR.kx.get_ruser()
  if user == "quick" then return KSR.sl.sl_send_reply(200, "quick") end
  if user == "flood" then return KSR.sl.sl_send_reply(200, KSR.evapi.relay(string.rep("x", 50000))) end
  if KSR.is_ACK() or KSR.is_CANCEL() then return KSR.tm.t_relay() end
  KSR.tm.t_newtran()
  local id = KSR.pv.get("$T(id_index)") .. ":" .. KSR.pv.get("$T(id_label)")
  local code = KSR.evapi.async_unicast(id .. ":" .. user, "router")
  if code < 0 then KSR.tm.t_reply(503, "code " .. code) end
end
function ksr_evapi(event)
  if event == "evapi:connection-closed" then
    return KSR.info("gone " .. KSR.pv.get("$evapi(srcport)") .. "\\n")
  elseif event == "evapi:connection-new" then
    return
  end
  local index, label, target = string.match(KSR.pv.get("$evapi(msg)"), "^(%d+):(%d+):(.*)$")
  if not index then
    KSR.evapi.set_tag(KSR.pv.get("$evapi(msg)"))
    return KSR.evapi.relay_unicast("tagged", KSR.pv.get("$evapi(msg)"))
  end
  KSR.htable.sht_sets("targets", index .. ":" .. label, target)
  KSR.tmx.t_continue(index, label, "go_on")
end
function go_on()
  local target = KSR.htable.sht_get("targets", KSR.pv.get("$T(id_index)") .. ":" .. KSR.pv.get("$T(id_label)"))
  if target == "" then return KSR.tm.t_reply(404, "Not Found") end
  KSR.pv.sets("$ru", target)
  KSR.tm.t_relay()
end
"""


class Program:
    """A client of evapi."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.port: int = self.socket.getsockname()[1]
        self._reader = NetstringReader(1 << 20)
        self._frames: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, text: str) -> None:
        self.socket.sendall(netstring(text.encode()))

    def receive(self) -> str:
        while not self._frames:
            data = self.socket.recv(65536)
            assert data, "the server closed the connection"
            self._frames += self._reader.feed(data)
        return self._frames.pop(0).decode()

    def become(self, tag: str) -> None:
        """Get a tag."""
        self.send(tag)
        assert self.receive() == "tagged"


def served(folder: Path, port: int, settings: str = "") -> Served:
    text = f"""
[modules.evapi]
bind_addr = "127.0.0.1:{port}"
event_callback = "ksr_evapi"
{settings}
[modules.htable]
htable = ["targets=>size=8;autoexpire=60;"]
"""
    return Served(folder, text, SCRIPT)


def response_to(request: Request, status: int) -> str:
    lines = [f"SIP/2.0 {status} X", *(f"Via: {via.text}" for via in request.vias)]
    lines += [
        f"{line.name}: {line.value}" for key in ("from", "call-id", "cseq") for line in request.all(key)
    ]
    lines += [f"To: {request.to.text};tag=callee", "Content-Length: 0"]
    return "\r\n".join(lines) + "\r\n\r\n"


def test_a_program_decides_where_a_call_goes(tmp_path: Path) -> None:
    port = free_port()
    with (
        served(tmp_path, port) as server,
        Program(port) as program,
        Peer(server.address) as alice,
        Peer(server.address) as bob,
    ):
        program.become("router")
        trying = alice.ask(alice.request("INVITE", "bob", f"Contact: <sip:alice@{alice.address}>"))
        assert trying.status == 100
        index, label, user = program.receive().split(":")
        assert user == "bob"
        time.sleep(0.2)
        program.send(f"{index}:{label}:sip:bob@{bob.address}")
        invite = bob.receive()
        assert isinstance(invite, Request)
        assert (invite.method, invite.request_uri) == ("INVITE", f"sip:bob@{bob.address}")
        bob.send(response_to(invite, 200))
        answer = alice.receive()
        assert isinstance(answer, Response)
        assert answer.status == 200
        assert ask(server.address, "quick") == "quick"


def test_the_program_and_the_script_of_the_documentation(tmp_path: Path) -> None:
    port = free_port()
    [program] = [block.text for block in blocks("python") if block.file.name == "evapi.md"]
    [script] = [b.text for b in blocks("lua route") if b.file.name == "evapi.md" and "async_relay" in b.text]
    settings = f"""
[modules.evapi]
bind_addr = "127.0.0.1:{port}"
event_callback = "ksr_evapi_event"
[modules.htable]
htable = ["parked=>size=8;"]
"""
    with (
        Served(tmp_path, settings, script) as server,
        Peer(server.address) as alice,
        Peer(server.address) as bob,
    ):
        text = program.replace("8448", str(port)).replace("5070", str(bob.port))
        started = subprocess.Popen([sys.executable, "-c", text])
        try:
            wait_for(lambda: server.logged("client 0 (127.0.0.1:"), "the program to connect")
            alice.send(alice.request("INVITE", "bob", f"Contact: <sip:alice@{alice.address}>"))
            invite = bob.receive()
            assert isinstance(invite, Request)
            assert invite.request_uri == f"sip:bob@127.0.0.1:{bob.port}"
            bob.send(response_to(invite, 200))
            statuses = [alice.receive(), alice.receive()]
            assert [answer.status for answer in statuses if isinstance(answer, Response)] == [100, 200]
        finally:
            started.kill()
            started.wait()


def test_a_program_that_dies_and_comes_back(tmp_path: Path) -> None:
    port = free_port()
    with served(tmp_path, port) as server, Peer(server.address) as alice:
        assert alice.ask(alice.request("MESSAGE", "bob")).reason == "code -2"
        for _ in range(3):
            with Program(port) as program:
                program.become("router")
                alice.send(alice.request("MESSAGE", "bob"))
                index, label, _ = program.receive().split(":")
                program.send(f"{index}:{label}:")
                answer = alice.receive()
                assert isinstance(answer, Response)
                assert answer.status == 404
            wait_for(lambda port=program.port: server.logged(f"gone {port}"), "the end to be told")
            assert alice.ask(alice.request("MESSAGE", "bob")).reason == "code -2"


def test_a_program_that_does_not_read_is_closed_and_holds_nobody_up(tmp_path: Path) -> None:
    port = free_port()
    with (
        served(tmp_path, port, "max_output = 1000000") as server,
        Program(port) as deaf,
        Program(port) as program,
    ):
        program.become("router")
        # Small, so that the test need not send much until the kernels take no more.
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slowest = 0.0
        for _ in range(400):
            began = time.monotonic()
            assert ask(server.address, "flood") == "1"
            slowest = max(slowest, time.monotonic() - began)
            assert program.receive() == "x" * 50000
            if server.logged("more than 1000000 bytes wait for the peer"):
                break
        assert server.logged(f"client 0 (127.0.0.1:{deaf.port}) is closed: more than 1000000 bytes wait")
        assert slowest < 0.5
        program.send("router")
        assert program.receive() == "tagged"


def test_limits(tmp_path: Path) -> None:
    port = free_port()
    with served(tmp_path, port, "max_clients = 2\nmax_message = 100") as server, Program(port) as first:
        first.become("router")
        with Program(port) as second:
            second.become("other")
            with Program(port) as third:
                assert third.socket.recv(1) == b""
            wait_for(lambda: server.logged("refused: 2 clients are connected"), "the log line")
            second.socket.sendall(b"101:")
            assert second.socket.recv(1) == b""
        wait_for(lambda: server.logged("frame of 101 bytes, 100 are allowed"), "the log line")
        wait_for(lambda: server.logged(f"gone {second.port}"), "the end to be told")
        with Program(port) as fourth:
            fourth.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert fourth.socket.recv(1) == b""
        first.become("still here")


def test_an_address_that_is_taken_ends_the_start(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        server = served(tmp_path, port)
        with pytest.raises(
            AssertionError, match=f"modules.evapi.bind_addr: 127.0.0.1:{port}: address already in use"
        ):
            server.start()


def test_stopping_closes_the_clients(tmp_path: Path) -> None:
    port = free_port()
    with served(tmp_path, port) as server, Program(port) as program:
        program.become("router")
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5
        assert program.socket.recv(1) == b""
        assert not server.logged(" ERROR ")
