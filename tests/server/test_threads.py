"""A whole server with its threads and sockets: nothing of it stays, waiting holds nobody up, stopping loses nothing."""

import gc
import os
import socket
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.operation import Call, Operation
from luasip.modules import MODULES
from luasip.server.server import Server
from luasip.server.settings import load_settings
from luasip.sip.message import Response
from luasip.sip.parser import parse_message

SCRIPT = """
function ksr_request_route()
  local user = KSR.pv.get("$rU")
  if user == "slow" then
    KSR.gate.enter()
    KSR.sl.send_reply(200, "Slow")
  elseif user == "lingering" then
    KSR.gate.enter()
    KSR.sl.send_reply(200, "Lingered")
    KSR.gate.linger()
  elseif user == "quick" then
    KSR.sl.send_reply(200, "Quick")
  end
end
"""


class Gate(Module):
    """gate: a call on a pool that lasts until the test opens the gate."""

    name = "gate"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self.entered, self.open = threading.Event(), threading.Event()
        self.lingers, self.let_go = threading.Event(), threading.Event()
        self.threads: list[str] = []
        self.fails = False

    def start(self) -> None:
        """Fail where the test wants it."""
        if self.fails:
            raise OSError("no such device")

    def _wait(self) -> bool:
        self.threads.append(threading.current_thread().name)
        self.entered.set()
        return self.open.wait(10)

    @function()
    def linger(self, ctx: RouteContext) -> None:
        """Hold the thread until the test lets it go."""
        self.lingers.set()
        self.let_go.wait(10)

    @function(suspends=True)
    def enter(self, ctx: RouteContext) -> Generator[Operation, Any, int]:
        """Wait for the gate.

        Returns: 1 when it was opened.
        """
        return 1 if (yield Call("sql", self._wait)) is True else -1


class Running:
    """A server on ports of the system's choice."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        (folder / "route.lua").write_text(SCRIPT)
        config = folder / "luasip.toml"
        config.write_text(
            '[server]\nlisten = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]\n'
            f'[script]\npath = "route.lua"\n{settings}\n[modules.gate]\n'
        )
        self.server = Server(load_settings(config, (*MODULES, Gate)))
        self.server.start()
        self.gate = next(module for module in self.server.modules if isinstance(module, Gate))
        self.ports = {listener.protocol: listener.port for listener in self.server.sockets.listeners}

    def connect(self, protocol: str = "udp") -> "Asker":
        return Asker(protocol, self.ports[protocol])


class Asker:
    """A plain socket that sends OPTIONS and waits for answers."""

    def __init__(self, protocol: str, port: int) -> None:
        self._socket = socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
        )
        self._socket.settimeout(5)
        self._socket.connect(("127.0.0.1", port))
        self._protocol = protocol
        self._number = 0

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def send(self, user: str) -> None:
        self._number += 1
        host, port = self._socket.getsockname()
        self._socket.sendall(
            f"OPTIONS sip:{user}@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/{self._protocol.upper()} {host}:{port};branch=z9hG4bK{port}-{self._number}\r\n"
            f"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: {port}-{self._number}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode()
        )

    def answer(self) -> str:
        """Reason of the next answer."""
        message = parse_message(self._socket.recv(65535).decode("latin-1"))
        assert isinstance(message, Response)
        assert message.status == 200
        return message.reason

    def ask(self, user: str) -> str:
        self.send(user)
        return self.answer()


def open_files() -> list[str]:
    """Descriptor → what it is, sorted; the one that lists them left out."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(f"{number} {os.readlink(f'/proc/self/fd/{number}')}")
        except OSError:  # the listing itself
            continue
    return sorted(found)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.gate.open.set()
    running.server.stop(0.0)
    join(pool_threads())


def pool_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("pool-")]


def join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(5)


def once(folder: Path) -> None:
    running = Running(folder)
    with running.connect("udp") as by_udp, running.connect("tcp") as by_tcp:
        assert [by_udp.ask("quick"), by_tcp.ask("quick")] == ["Quick"] * 2
    running.server.stop(1.0)


def test_five_servers_one_after_the_other_leave_no_thread_and_no_file(tmp_path: Path) -> None:
    once(tmp_path)  # what Python and the libraries keep from their first use on does not count
    gc.collect()  # nor what other tests have left in cycles
    threads, files = threading.active_count(), open_files()
    for _ in range(5):
        once(tmp_path)
    left = [thread.name for thread in threading.enumerate()]
    assert threading.active_count() == threads, left
    assert open_files() == files


def test_a_route_that_waits_in_a_pool_holds_nobody_up(running: Running) -> None:
    with running.connect() as slow, running.connect() as quick, running.connect("tcp") as by_tcp:
        slow.send("slow")
        assert running.gate.entered.wait(5)
        assert len(running.server.execution.suspended) == 1
        assert [quick.ask("quick") for _ in range(5)] == ["Quick"] * 5
        assert by_tcp.ask("quick") == "Quick"
        running.gate.open.set()
        assert slow.answer() == "Slow"
    assert running.gate.threads[0].startswith("pool-sql-")


def test_pool_threads_end_with_the_server(tmp_path: Path) -> None:
    threads = threading.active_count()
    running = Running(tmp_path)
    running.gate.open.set()
    with running.connect() as phone:
        assert phone.ask("slow") == "Slow"
    workers = pool_threads()
    assert workers
    running.server.stop(1.0)
    join(workers)
    assert threading.active_count() == threads


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_stop_waits_for_a_route_that_waits(running: Running, protocol: str) -> None:
    with running.connect(protocol) as phone:
        phone.send("slow")
        assert running.gate.entered.wait(5)
        stopping = threading.Thread(target=running.server.stop, args=(10.0,))
        stopping.start()
        stopping.join(0.15)
        assert stopping.is_alive()
        running.gate.open.set()
        assert phone.answer() == "Slow"
        stopping.join(5)
        assert not stopping.is_alive()
    assert len(running.server.execution.suspended) == 0


def test_stop_waits_for_what_a_route_has_answered_but_not_sent_yet(running: Running) -> None:
    """Answers leave when the route ends or waits again."""
    gate = running.gate
    with running.connect() as phone:
        phone.send("lingering")
        assert gate.entered.wait(5)
        gate.open.set()
        assert gate.lingers.wait(5)
        stopping = threading.Thread(target=running.server.stop, args=(10.0,))
        stopping.start()
        stopping.join(0.2)
        gate.let_go.set()
        assert phone.answer() == "Lingered"
        stopping.join(5)
        assert not stopping.is_alive()


def test_stop_says_what_it_could_not_wait_for(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    with running.connect() as phone:
        phone.send("slow")
        assert running.gate.entered.wait(5)
        running.server.stop(0.0)
    assert "stopping with 1 unanswered requests and 1 suspended routes" in caplog.messages


def test_a_module_that_cannot_start_leaves_nothing(tmp_path: Path) -> None:
    once(tmp_path)
    threads, files = threading.active_count(), open_files()
    server = Server(load_settings(tmp_path / "luasip.toml", (*MODULES, Gate)))
    next(module for module in server.modules if isinstance(module, Gate)).fails = True
    with pytest.raises(OSError, match="no such device"):
        server.start()
    assert (threading.active_count(), open_files()) == (threads, files)


def test_a_port_that_is_taken_leaves_nothing(tmp_path: Path) -> None:
    first = Running(tmp_path)
    threads, files = threading.active_count(), open_files()
    config = tmp_path / "luasip.toml"
    config.write_text(config.read_text().replace("tcp:127.0.0.1:0", f"tcp:127.0.0.1:{first.ports['tcp']}"))
    server = Server(load_settings(config, (*MODULES, Gate)))
    with pytest.raises(Exception, match=str(first.ports["tcp"])):
        server.start()
    assert (threading.active_count(), open_files()) == (threads, files)
    first.server.stop(0.0)
