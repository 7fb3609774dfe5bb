"""The interfaces of luasip/control over real sockets, with commands that do little: limits, slow clients, files."""

import contextlib
import gc
import json
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from luasip.control import interfaces
from luasip.control.client.connection import HttpEndpoint, StreamEndpoint, Unreachable, call, call_all
from luasip.control.gate import Gate
from luasip.control.http import HttpServer, TimedProtocol
from luasip.control.interfaces import ControlInterfaces
from luasip.control.settings import ControlSettings
from luasip.errors import CommandError, TransportError
from luasip.transport.lasting_thread import LastingThread
from tests.control.example import Example, registry
from tests.wire.process import wait_for

TOKEN = "0123456789abcdef"
ADD = b'{"jsonrpc":"2.0","method":"example.add","params":[1,2],"id":1}'
SUM = {"jsonrpc": "2.0", "result": 3, "id": 1}


class Control:
    """Interfaces in a folder of their own; `settings` are those of ControlSettings."""

    def __init__(self, folder: Path, deadline: float = 5.0, busy: bool = False, **settings: Any) -> None:
        self.folder = folder
        self.example = Example()
        self.settings = ControlSettings(**settings)

        def submit(function: Any, done: Any) -> bool:
            threading.Thread(target=lambda: done(function()), daemon=True).start()
            return not busy

        async def page(request: Any) -> PlainTextResponse:
            return PlainTextResponse("page")

        routes = [Route("/page", page), Route("/open", page)]
        gate = Gate(registry(self.example), submit, lambda: deadline)
        self.interfaces = ControlInterfaces(self.settings, gate, LastingThread, routes, {"/open"})

    def __enter__(self) -> "Control":
        self.open()
        self.interfaces.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.example.held.set()
        self.interfaces.stop()
        assert not any(thread.name == "control" for thread in threading.enumerate())

    def open(self) -> None:
        self.interfaces.open_ports()
        self.interfaces.open_files()

    @property
    def url(self) -> str:
        host, port = self.interfaces.http_address
        return f"http://{host}:{port}/RPC"

    def http(self, head: str, body: bytes = b"") -> tuple[str, bytes]:
        """(head, body) of the answer to a request written by hand."""
        with socket.create_connection(self.interfaces.http_address, 5) as opened:
            opened.sendall(head.replace("\n", "\r\n").encode("latin-1") + body)
            answer = b""
            while part := opened.recv(65536):
                answer += part
        answered, _, rest = answer.partition(b"\r\n\r\n")
        return answered.decode(), rest


HTTP = ("127.0.0.1", 0)
HEAD = "POST /RPC HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n"


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[Control]:
    with Control(tmp_path, stream=str(tmp_path / "s")) as control:
        yield control


def test_http(tmp_path: Path) -> None:
    with Control(tmp_path, http=HTTP) as control:
        endpoint = HttpEndpoint(control.url)
        assert call(endpoint, "example.add", [1]) == 11
        good, bad = call_all(endpoint, [("example.add", [1]), ("none", [])])
        assert (good, bad.code) == (11, -32601)
        with pytest.raises(CommandError, match="No such thing ü"):
            call(endpoint, "example.refuse", [404])
        head, body = control.http(f"{HEAD}Content-Length: {len(ADD)}\n\n", ADD)
        assert head.startswith("HTTP/1.1 200 OK\r\n")
        assert json.loads(body) == SUM
        assert "server:" not in head.lower()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"{HEAD}Content-Length: 0\n\n", 400),
        (f"{HEAD}Content-Length: 2000\n\n", 413),
        ("GET /RPC HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n", 405),
        ("GET /nowhere HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n", 404),
        ("GET /page HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n", 200),
        ("GET /page HTTP/1.1\nHost: evil.example\nConnection: close\n\n", 403),
        (f"{HEAD}Origin: http://evil.example\nContent-Length: 0\n\n", 403),
        ("nonsense\n\n", 400),
        (f"{HEAD}X: {'y' * 100_000}\n\n", 400),
    ],
)
def test_http_requests_that_are_not_calls(tmp_path: Path, head: str, status: int) -> None:
    with Control(tmp_path, http=HTTP, largest=1024) as control:
        body = b"x" * 2000 if "2000" in head else b""
        assert control.http(head, body)[0].startswith(f"HTTP/1.1 {status} ")


def test_a_token(tmp_path: Path) -> None:
    with Control(tmp_path, http=HTTP, token=TOKEN) as control:
        assert call(HttpEndpoint(control.url, TOKEN), "example.add", [1]) == 11
        for token in ("", TOKEN + "x"):
            with pytest.raises(Unreachable, match="401 a token is needed"):
                call(HttpEndpoint(control.url, token), "example.add", [1])
        get = "GET {} HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n"
        assert "WWW-Authenticate: Bearer".lower() in control.http(get.format("/page"))[0].lower()
        assert control.http(get.format("/open"))[1] == b"page"


def test_a_slow_http_client_holds_nothing(tmp_path: Path) -> None:
    with Control(tmp_path, http=HTTP, timeout=0.2) as control:
        head, _ = control.http(f"{HEAD}Content-Length: 5\n\n", b"x")
        assert head.startswith("HTTP/1.1 408 ")
        for begun in ("", "POST /RPC HT"):
            assert control.http(begun) == ("", b"")


def test_a_closed_connection_is_freed_at_once(tmp_path: Path) -> None:
    """Without the collector, which looks at what is old once a minute at most."""

    def connections() -> int:
        return sum(isinstance(each, TimedProtocol) for each in gc.get_objects())

    gc.collect()
    before = connections()
    with Control(tmp_path, http=HTTP) as control:
        gc.disable()
        try:
            for _ in range(5):
                assert call(HttpEndpoint(control.url), "example.add", [1]) == 11
            wait_for(lambda: connections() == before, "the connections to be gone")
        finally:
            gc.enable()


def test_connections_beyond_the_limit(tmp_path: Path) -> None:
    with Control(tmp_path, http=HTTP, connections=2) as control, contextlib.ExitStack() as opened:
        for _ in range(3):
            opened.enter_context(socket.create_connection(control.interfaces.http_address))
        time.sleep(0.1)
        extra = opened.enter_context(socket.create_connection(control.interfaces.http_address, 2))
        with contextlib.suppress(ConnectionError):
            extra.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert extra.recv(1) == b""


def test_a_long_command_holds_nobody_else(tmp_path: Path) -> None:
    with Control(tmp_path, http=HTTP, stream=str(tmp_path / "s"), deadline=0.5) as control:
        results: list[Any] = []
        holding = threading.Thread(
            target=lambda: results.extend(
                call_all(StreamEndpoint(str(tmp_path / "s")), [("example.hold", [])])
            )
        )
        holding.start()
        began = time.monotonic()
        assert call(HttpEndpoint(control.url), "example.add", [1]) == 11
        assert time.monotonic() - began < 0.4
        holding.join(5)
        assert results[0].code == 504
        assert "takes longer than 0.5 s and goes on" in results[0].message


def test_a_busy_server(tmp_path: Path) -> None:
    with (
        Control(tmp_path, stream=str(tmp_path / "s"), busy=True),
        pytest.raises(CommandError, match="too many"),
    ):
        call(StreamEndpoint(str(tmp_path / "s")), "example.add", [1])


def test_a_stream_of_documents(stream: Control) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.connect(stream.settings.stream)
        opened.settimeout(5)
        pretty = json.dumps(json.loads(ADD), indent=2).encode()
        opened.sendall(ADD + b"\n" + pretty + b'{"jsonrpc":"2.0","method":"example.nothing"}[5]')
        lines = opened.makefile("rb")
        assert [json.loads(lines.readline()) for _ in range(2)] == [SUM, SUM]
        assert json.loads(lines.readline())[0]["error"]["code"] == -32600
        assert stream.example.calls == ["nothing"]


def test_large_answers_and_many_of_them(stream: Control) -> None:
    results = call_all(StreamEndpoint(stream.settings.stream), [("example.fill", [100_000])] * 20)
    assert [len(result) for result in results] == [100_000] * 20


@pytest.mark.parametrize(("sent", "answered"), [(b"{" * 2000, b""), (b'{"half": ', b""), (b"", b"")])
def test_a_client_that_sends_no_document(tmp_path: Path, sent: bytes, answered: bytes) -> None:
    path = str(tmp_path / "s")
    with Control(tmp_path, stream=path, largest=1024, timeout=0.2), socket.socket(socket.AF_UNIX) as opened:
        opened.connect(path)
        opened.settimeout(3)
        opened.sendall(sent)
        if not sent:
            opened.shutdown(socket.SHUT_WR)
        assert opened.recv(100) == answered


def test_a_client_that_does_not_read_is_cut_off(tmp_path: Path) -> None:
    with (
        Control(tmp_path, stream=str(tmp_path / "s"), timeout=0.2) as control,
        socket.socket(socket.AF_UNIX) as opened,
    ):
        opened.connect(control.settings.stream)
        opened.settimeout(3)
        fill = b'{"jsonrpc":"2.0","method":"example.fill","params":[1000000],"id":1}'
        with contextlib.suppress(OSError):  # the server may close while this still sends
            opened.sendall(fill * 20)
        time.sleep(1)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while part := opened.recv(1 << 20):
                received += len(part)
        assert received < 19_000_000


def test_datagrams(tmp_path: Path) -> None:
    path = str(tmp_path / "d")
    with Control(tmp_path, datagram=path, udp=("127.0.0.1", 0), largest=1024) as control:
        port = int(control.interfaces.listening[0].rpartition(":")[2])
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local,
            socket.socket(type=socket.SOCK_DGRAM) as udp,
        ):
            local.bind(str(tmp_path / "client"))
            for opened, server in ((local, path), (udp, ("127.0.0.1", port))):
                opened.settimeout(3)
                opened.sendto(b"x" * 2000, server)
                opened.sendto(b'{"jsonrpc":"2.0","method":"example.nothing"}', server)
                opened.sendto(ADD, server)
                assert json.loads(opened.recv(65536)) == SUM
                opened.sendto(b"nonsense", server)
                assert json.loads(opened.recv(65536))["error"]["code"] == -32700
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
            nameless.sendto(ADD, path)


class Fifo:
    """A client of a FIFO."""

    def __init__(self, control: Control, name: str = "reply") -> None:
        self.control = control
        self.name = name
        self.path = control.folder / name
        os.mkfifo(self.path)

    def send(self, **call: Any) -> None:
        document = {"jsonrpc": "2.0", "id": 1, "reply_name": self.name} | call
        Path(self.control.settings.fifo).write_bytes(json.dumps(document, indent=1).encode())

    def ask(self, **call: Any) -> Any:
        self.send(**call)
        return json.loads(self.path.read_bytes())


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Control]:
    with Control(tmp_path, fifo=str(tmp_path / "f"), fifo_reply_dir=str(tmp_path), timeout=0.5) as control:
        yield control


def test_a_fifo(fifo: Control) -> None:
    client = Fifo(fifo)
    for _ in range(3):
        assert client.ask(method="example.add", params=[1, 2]) == SUM
    assert len(client.ask(method="example.fill", params=[500_000])["result"]) == 500_000
    assert client.ask(method="none")["error"]["code"] == -32601


def test_a_fifo_client_that_does_not_read(fifo: Control) -> None:
    deaf, client = Fifo(fifo, "deaf"), Fifo(fifo)
    deaf.send(method="example.add", params=[1])
    assert client.ask(method="example.add", params=[1, 2]) == SUM


@pytest.mark.parametrize("name", ["../reply", "file", "link", "missing", "", "twice", "a/b"])
def test_reply_names_that_are_not_written_to(fifo: Control, name: str) -> None:
    client = Fifo(fifo)
    (fifo.folder / "file").write_text("mine")
    (fifo.folder / "link").symlink_to(fifo.folder / "reply")
    os.mkfifo(fifo.folder / "twice")
    os.link(fifo.folder / "twice", fifo.folder / "other")
    client.send(method="example.add", params=[9], reply_name=name)
    assert client.ask(method="example.add", params=[1, 2]) == SUM
    assert (fifo.folder / "file").read_text() == "mine"


def test_half_a_call_in_a_fifo_spoils_only_itself(fifo: Control) -> None:
    Path(fifo.settings.fifo).write_bytes(b'{"half": ')
    time.sleep(0.7)
    assert Fifo(fifo).ask(method="example.add", params=[1, 2]) == SUM


def test_files_are_the_servers_alone_and_go_with_it(tmp_path: Path) -> None:
    paths = {name: str(tmp_path / name) for name in ("stream", "datagram", "fifo")}
    with Control(tmp_path, **paths):
        assert [stat.S_IMODE(os.stat(path).st_mode) for path in paths.values()] == [0o600] * 3
    assert os.listdir(tmp_path) == []
    with Control(tmp_path, mode=0o660, **paths):
        assert {stat.S_IMODE(os.stat(path).st_mode) for path in paths.values()} == {0o660}


def test_what_an_ended_server_left_is_replaced(tmp_path: Path) -> None:
    for name, kind in (("stream", socket.SOCK_STREAM), ("datagram", socket.SOCK_DGRAM)):
        with socket.socket(socket.AF_UNIX, kind) as left:
            left.bind(str(tmp_path / name))
    os.mkfifo(tmp_path / "fifo")
    with Control(tmp_path, **{name: str(tmp_path / name) for name in ("stream", "datagram", "fifo")}):
        assert call(StreamEndpoint(str(tmp_path / "stream")), "example.add", [1]) == 11


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"stream": "file"}, "a file that is no socket"),
        ({"fifo": "file"}, "a file that is no FIFO"),
        ({"stream": "file/s"}, "its folder cannot be made: File exists"),
        ({"stream": "file/deeper/s"}, "its folder cannot be made: Not a directory"),
        ({"stream": "x" * 200}, "107 bytes"),
        ({"fifo": "file/f"}, "its folder cannot be made: File exists"),
        ({"stream": "s", "group": "nobody-has-this-group"}, "there is no group"),
        ({"http": ("192.0.2.1", 80)}, "192.0.2.1:80"),
    ],
)
def test_what_cannot_be_opened_is_told_and_nothing_stays(
    tmp_path: Path, settings: dict[str, Any], why: str
) -> None:
    (tmp_path / "file").write_text("mine")
    paths = {
        name: str(tmp_path / value) if name in ("stream", "fifo") else value
        for name, value in settings.items()
    }
    control = Control(tmp_path, datagram=str(tmp_path / "d"), **paths)
    with pytest.raises(TransportError, match=why):
        control.open()
    assert set(os.listdir(tmp_path)) <= {"file", "s"}


def test_two_servers_do_not_share_a_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with Control(tmp_path, stream=path):
        with pytest.raises(TransportError, match="another server uses it"):
            Control(tmp_path, stream=path).open()
        assert call(StreamEndpoint(path), "example.add", [1]) == 11


def test_a_loop_that_fails_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """SystemExit from within, as from a library that gives up: the same addresses serve again, and nothing leaks."""
    monkeypatch.setattr(interfaces, "BEGIN_AFTER", 0.05)
    names = {name: str(tmp_path / name) for name in ("stream", "ctl", "datagram", "fifo")}
    with Control(tmp_path, http=HTTP, udp=HTTP, **names) as control:
        running = control.interfaces
        stream, http = StreamEndpoint(names["stream"]), HttpEndpoint(control.url)
        files: list[int] = []
        for restarts in range(1, 11):
            assert call(stream, "example.add", [1]) == call(http, "example.add", [1]) == 11
            assert running._loop is not None
            running._loop.call_soon_threadsafe(_exit)
            wait_until(lambda n=restarts: running._thread.restarts == n)
            # That it serves again shows in the next answer only, and the connections of the answers close later.
            assert call(stream, "example.add", [1]) == call(http, "example.add", [1]) == 11
            gc.collect()
            files.append(len(os.listdir("/proc/self/fd")))
        assert running.stalled(60.0) == []
    assert caplog.text.count("thread control has died and is started again") == 10
    assert max(files[-3:]) < files[0] + 5, files
    assert not any((tmp_path / name).exists() for name in names)


def _exit() -> None:
    raise SystemExit


def test_http_that_ends_by_itself_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[HttpServer] = []

    def make(*arguments: Any) -> HttpServer:
        made.append(HttpServer(*arguments))
        return made[-1]

    monkeypatch.setattr(interfaces, "BEGIN_AFTER", 0.05)
    monkeypatch.setattr(interfaces, "HttpServer", make)
    with Control(tmp_path, http=HTTP) as control:
        made[0].should_exit = True
        wait_until(lambda: control.interfaces._thread.restarts == 1)
        wait_until(lambda: _answers(control.url))


def _answers(url: str) -> bool:
    with contextlib.suppress(Unreachable):
        return call(HttpEndpoint(url), "example.add", [1]) == 11
    return False


def wait_until(condition: Callable[[], object]) -> None:
    ends_at = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_a_loop_that_stands_still_is_named(tmp_path: Path) -> None:
    with Control(tmp_path, http=HTTP) as control:
        running = control.interfaces
        assert running.stalled(5.0) == []
        wait_until(lambda: running._loop is not None)
        held = threading.Event()
        running._loop.call_soon_threadsafe(held.wait, 5.0)
        wait_until(lambda: running.stalled(0.1))
        assert running.stalled(0.1) == ["control"]
        held.set()
        wait_until(lambda: not running.stalled(2.0))


def test_stop_while_the_loop_waits_to_begin_again(tmp_path: Path) -> None:
    with Control(tmp_path, http=HTTP) as control:
        running = control.interfaces
        running._loop.call_soon_threadsafe(_exit)
        wait_until(running._loop.is_closed)
