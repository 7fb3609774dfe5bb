import json
import random
from collections.abc import Callable, Generator
from typing import Any

import pytest

from luasip.errors import MisuseError, SettingsError
from luasip.kemi.operation import TIMED_OUT, Event, Operation
from luasip.modules.luasip_jsonrpc import JsonRpc
from luasip.modules.luasip_jsonrpc.group import choose
from luasip.modules.luasip_jsonrpc.messages import Answer, read_answer, request
from luasip.modules.luasip_jsonrpc.settings import ServerAddress
from luasip.modules.netstring import NetstringReader, netstring
from tests.bench import FakeServices, context
from tests.stream_stub import StreamStub, StubConnection

ONE = "conn=one;addr=10.0.0.1;port=8080"
FIRST, SECOND, THIRD = ("10.0.0.1", 8080), ("10.0.0.2", 8080), ("10.0.0.3", 8080)
TWO = [ONE, "conn=one;addr=10.0.0.2;port=8080;priority=5"]


class Server:
    """A JSON-RPC server: what it was asked, and answers when it is told to."""

    def __init__(self) -> None:
        self.connections: list[StubConnection] = []
        self._readers: list[NetstringReader] = []
        self.answers: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda message: None
        self.asked: list[dict[str, Any]] = []

    def accept(self, connection: StubConnection) -> None:
        reader = NetstringReader(1 << 20)
        connection.on_data = lambda changed: self._read(changed, reader)
        self.connections.append(connection)

    def _read(self, connection: StubConnection, reader: NetstringReader) -> None:
        for frame in reader.feed(connection.take()):
            message = json.loads(frame)
            self.asked.append(message)
            answer = self.answers(message)
            if answer is not None:
                self.say({"jsonrpc": "2.0", "id": message.get("id"), **answer})

    def say(self, message: Any) -> None:
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.connections[-1].feed(netstring(data))


class Bench:
    """The module with servers in memory. `wait` carries out what a request waits for."""

    def __init__(self, servers: list[str], up: tuple[tuple[str, int], ...] = (), **settings: Any) -> None:
        self.services = FakeServices()
        self.streams = self.services.byte_streams = StreamStub()
        self.servers = {address: Server() for address in (FIRST, SECOND, THIRD)}
        for address in up or self.servers:
            self.streams.peers[address] = self.servers[address].accept
        self.module = JsonRpc(JsonRpc.Settings(server=servers, **settings), self.services)
        self.under_way: list[Waiting] = []
        self.module.start()
        self.streams.run()

    def begin(self, method: str = "m", params: Any = None, options: Any = None) -> "Waiting":
        waiting = Waiting(self, self.module.request(context(), "one", method, params, options))
        self.streams.run()
        self.under_way.append(waiting)
        return waiting

    def ask(self, method: str = "m", params: Any = None, options: Any = None) -> Any:
        return self.begin(method, params, options).result()

    def pass_time(self) -> list[float]:
        """Let the timers run that are set; how many seconds each was."""
        timers, self.services.timers = self.services.timers, {}
        for action in timers.values():
            action()
        self.streams.run()
        return [float(name.removeprefix("after ")) for name in timers]


class Waiting:
    """A request under way."""

    def __init__(self, bench: Bench, generator: Generator[Operation, Any, Any]) -> None:
        self._bench = bench
        self.generator = generator
        self.answer: Any = None
        self.ended = False
        self.operation: Event
        self._advance(None)

    def _advance(self, value: Any) -> None:
        try:
            operation = self.generator.send(value)
            assert isinstance(operation, Event)
            self.operation = operation
        except StopIteration as stop:
            self.answer, self.ended = stop.value, True

    def result(self) -> Any:
        """What the request gives when it waits no longer."""
        while not self.ended:
            self._advance(self._bench.services.granted.pop(self.operation.key, TIMED_OUT))
        return self.answer


@pytest.fixture(autouse=True)
def _same_chance() -> None:
    random.seed(1)


# Settings


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (ONE, ServerAddress("one", "10.0.0.1", 8080, 0, 1)),
        (
            "conn=a; addr=rpc.example.com; port=1; priority=2; weight=3;",
            ServerAddress("a", "rpc.example.com", 1, 2, 3),
        ),
        ("conn=a;addr=[::1];port=65535", ServerAddress("a", "::1", 65535, 0, 1)),
    ],
)
def test_servers(text: str, address: ServerAddress) -> None:
    assert JsonRpc.Settings(server=[text]).addresses() == [address]


@pytest.mark.parametrize(
    "text",
    [
        "conn=a;addr=b",
        "conn=a;port=1",
        "addr=b;port=1",
        "conn=a;addr=b;port=0",
        "conn=a;addr=b;port=65536",
        "conn=a;addr=b;port=1;weight=-1",
        "conn=a;addr=b;port=1;colour=red",
        "nonsense",
    ],
)
def test_wrong_servers(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        JsonRpc.Settings(server=[ONE, text])
    [problem] = raised.value.problems
    assert problem.startswith(f"modules.luasip_jsonrpc.server: {text!r}: ")


def test_every_wrong_setting_is_told() -> None:
    with pytest.raises(SettingsError) as raised:
        JsonRpc.Settings(server=["x"], timeout=0, retry=-1, max_pending=0)
    assert len(raised.value.problems) == 4


# Messages


def test_a_request() -> None:
    assert json.loads(request("find", {"user": "J\xc3\xbcrgen"}, 7)) == {
        "jsonrpc": "2.0",
        "method": "find",
        "params": {"user": "Jürgen"},
        "id": 7,
    }
    assert json.loads(request("tell", [1, "x", None], None)) == {
        "jsonrpc": "2.0",
        "method": "tell",
        "params": [1, "x", None],
    }
    assert json.loads(request("m", None, 1)) == {"jsonrpc": "2.0", "method": "m", "id": 1}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"jsonrpc":"2.0","id":1,"result":{"a":["ü"]}}', Answer(1, {"a": ["\xc3\xbc"]})),
        ('{"id":1,"result":null}', Answer(1, None)),
        ('{"id":1,"result":1,"error":null}', Answer(1, 1)),
        (
            '{"id":1,"error":{"code":-32601,"message":"no","data":{"x":1}}}',
            Answer(1, None, {"code": -32601, "message": "no", "data": {"x": 1}}),
        ),
        (
            '{"id":null,"error":{"code":1,"message":"parse"}}',
            Answer(None, None, {"code": 1, "message": "parse"}),
        ),
    ],
)
def test_answers(text: str, answer: Answer) -> None:
    assert read_answer(text.encode()) == answer


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"[]",
        b"1",
        b'{"id":1}',
        b'{"id":"1","result":1}',
        b'{"id":true,"result":1}',
        b'{"id":1.0,"result":1}',
        b'{"id":1,"error":"text"}',
        b'{"id":1,"error":{"code":"x","message":"m"}}',
        b'{"id":1,"error":{"code":1}}',
        b'{"id":1,"method":"m"}',
        b'{"id":1,"result":NaN}',
        b'{"id":1,"result":' + b"9" * 10_000 + b"}",
        b'{"id":1,"result":' + b"[" * 101 + b"]" * 101 + b"}",
        b'{"id":1,"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_answer(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any text)
        read_answer(data)


# Choosing


def address(priority: int, weight: int) -> ServerAddress:
    return ServerAddress("one", "h", 1, priority, weight)


@pytest.mark.parametrize(
    ("servers", "fraction", "index"),
    [
        ([(0, 1)], 0.99, 0),
        ([(5, 1), (1, 1), (9, 1)], 0.5, 1),
        ([(0, 1), (0, 3)], 0.24, 0),
        ([(0, 1), (0, 3)], 0.26, 1),
        ([(0, 1), (5, 1000), (0, 3)], 0.999, 2),
        ([(0, 0), (0, 1)], 0.0, 1),
        ([(0, 0), (0, 0)], 0.4, 0),
        ([(0, 0), (0, 0)], 0.6, 1),
        ([(1, 0), (0, 0)], 0.6, 1),
        ([(0, 1), (0, 0)], 1.0, 0),
    ],
)
def test_choice(servers: list[tuple[int, int]], fraction: float, index: int) -> None:
    assert choose([address(*server) for server in servers], fraction) == index


def test_weights_are_kept_to() -> None:
    bench = Bench(
        [f"{ONE};weight=3", "conn=one;addr=10.0.0.2;port=8080;weight=1", f"{TWO[1]};weight=99"],
        max_pending=9999,
    )
    for _ in range(400):
        bench.begin()
    assert len(bench.servers[FIRST].asked) == pytest.approx(300, abs=40)
    assert len(bench.servers[FIRST].asked) + len(bench.servers[SECOND].asked) == 400


# Requests


def test_a_result() -> None:
    bench = Bench([ONE])
    bench.servers[FIRST].answers = lambda message: {"result": message["params"]}
    assert bench.ask("echo", {"user": "J\xc3\xbcrgen", "n": [1, 2.5, True]}) == {
        "user": "J\xc3\xbcrgen",
        "n": [1, 2.5, True],
    }
    assert bench.ask("echo", [None]) == [None]
    assert bench.services.counters == {"jsonrpc:requests": 2}


def test_a_result_of_null() -> None:
    bench = Bench([ONE])
    bench.servers[FIRST].answers = lambda message: {"result": None}
    assert bench.ask() is None


def test_an_error() -> None:
    bench = Bench([ONE])
    error = {"code": -32601, "message": "no such method", "data": {"tried": 1}}
    bench.servers[FIRST].answers = lambda message: {"error": error}
    assert bench.ask() == (None, "error -32601: no such method", error)
    assert bench.services.counters["jsonrpc:failures"] == 1


def test_no_answer() -> None:
    bench = Bench([ONE], timeout=2.5)
    waiting = bench.begin()
    assert waiting.operation.timeout == 2.5
    assert waiting.result() == (None, "timeout")
    assert bench.begin(options={"timeout": 0.5}).operation.timeout == 0.5
    assert bench.services.counters["jsonrpc:timeouts"] == 1


def test_an_answer_that_comes_too_late_is_dropped_and_counted() -> None:
    bench = Bench([ONE])
    assert bench.ask() == (None, "timeout")
    bench.servers[FIRST].say({"id": 1, "result": 1})
    bench.servers[FIRST].say({"id": 77, "result": 1})
    bench.servers[FIRST].say({"id": None, "error": {"code": -32700, "message": "parse error"}})
    assert bench.services.counters["jsonrpc:unknown_ids"] == 3
    assert bench.services.granted == {}


def test_an_answer_in_the_moment_the_wait_ends() -> None:
    bench = Bench([ONE])
    waiting = bench.begin()
    bench.servers[FIRST].say({"id": 1, "result": "just so"})
    waiting._advance(TIMED_OUT)
    assert waiting.result() == "just so"
    assert bench.services.granted == {}


def test_answers_in_another_order() -> None:
    bench = Bench([ONE])
    first, second = bench.begin(), bench.begin()
    for identity in (2, 1):
        bench.servers[FIRST].say({"id": identity, "result": identity})
    assert (first.result(), second.result()) == (1, 2)


def test_a_route_that_ends_forgets_its_request() -> None:
    bench = Bench([ONE])
    waiting = bench.begin()
    waiting.generator.close()
    bench.servers[FIRST].say({"id": 1, "result": 1})
    assert bench.services.counters["jsonrpc:unknown_ids"] == 1
    assert bench.module.list_servers()[0]["waiting"] == 0


def test_too_many_requests_wait() -> None:
    bench = Bench([ONE], max_pending=2)
    waiting = bench.begin()
    bench.begin()
    assert bench.ask() == (None, "2 requests wait already")
    bench.servers[FIRST].say({"id": 1, "result": 1})
    assert waiting.result() == 1
    assert not bench.begin().ended


def test_a_request_too_large() -> None:
    bench = Bench([ONE], max_output=100)
    assert bench.ask("m", ["x" * 200])[1].endswith("bytes, 100 are allowed")
    assert bench.module.notify(context(), "one", "m", ["x" * 200])[1].endswith("bytes, 100 are allowed")
    assert bench.servers[FIRST].asked == []


@pytest.mark.parametrize("data", [b"nonsense", b'{"id":1}'])
def test_a_message_that_is_no_response(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench([ONE])
    waiting = bench.begin()
    bench.servers[FIRST].say(data)
    assert bench.services.counters["jsonrpc:malformed"] == 1
    assert "one: a message that is no response" in caplog.text
    bench.servers[FIRST].say({"id": 1, "result": "still here"})
    assert waiting.result() == "still here"


# Servers


def test_the_lowest_priority_that_is_connected() -> None:
    bench = Bench(TWO)
    bench.begin()
    bench.servers[FIRST].connections[0].hang_up()
    bench.begin()
    assert [len(bench.servers[each].asked) for each in (FIRST, SECOND)] == [1, 2]
    bench.pass_time()
    bench.begin()
    assert [len(bench.servers[each].asked) for each in (FIRST, SECOND)] == [2, 2]


def test_no_server() -> None:
    bench = Bench(TWO, up=(THIRD,))
    assert bench.ask() == (None, "no server")
    assert bench.module.notify(context(), "one", "m") == (None, "no server")
    assert bench.services.counters["jsonrpc:failures"] == 2


def test_a_lost_request_is_sent_to_another_server() -> None:
    bench = Bench(TWO)
    waiting = bench.begin("find", {"user": "bob"})
    bench.servers[SECOND].answers = lambda message: {"result": message["params"]}
    bench.servers[FIRST].connections[0].hang_up()
    assert waiting.result() == {"user": "bob"}
    assert bench.services.counters["jsonrpc:retries"] == 1


@pytest.mark.parametrize(("settings", "options"), [({"retry": 0}, None), ({}, {"retry": 0})])
def test_a_request_that_must_not_be_sent_twice(settings: dict[str, Any], options: Any) -> None:
    bench = Bench(TWO, **settings)
    waiting = bench.begin(options=options)
    bench.servers[FIRST].connections[0].hang_up()
    assert waiting.result() == (None, "connection lost")
    assert bench.servers[SECOND].asked == []


def test_all_servers_are_lost() -> None:
    bench = Bench(TWO)
    waiting = bench.begin(options={"retry": 5})
    for each in (FIRST, SECOND):
        bench.servers[each].connections[0].hang_up()
    assert waiting.result() == (None, "connection lost")
    assert bench.module.list_servers()[0]["waiting"] == 0


def test_a_server_whose_connection_has_just_closed_is_passed_over() -> None:
    bench = Bench(TWO)
    bench.servers[FIRST].connections[0].is_open = False  # nobody has been told yet
    bench.servers[SECOND].answers = lambda message: {"result": 2}
    assert bench.ask() == 2
    assert "jsonrpc:retries" not in bench.services.counters


def test_an_answer_on_another_connection_does_not_count() -> None:
    bench = Bench(TWO)
    waiting = bench.begin()
    bench.servers[SECOND].say({"id": 1, "result": "forged"})
    bench.servers[FIRST].say({"id": 1, "result": "true"})
    assert waiting.result() == "true"
    assert bench.services.counters["jsonrpc:unknown_ids"] == 1


def test_a_server_that_does_not_read_is_disconnected() -> None:
    bench = Bench(TWO, max_output=300)
    bench.servers[FIRST].connections[0].reads = False
    bench.servers[FIRST].connections[0].on_data = lambda connection: None
    for _ in range(4):
        bench.begin("m", ["x" * 50])
    assert not bench.servers[FIRST].connections[0].is_open
    assert len(bench.servers[SECOND].asked) == 4


@pytest.mark.parametrize("data", [b"hello", b"101:"])
def test_a_server_that_speaks_something_else_is_disconnected(data: bytes) -> None:
    bench = Bench([ONE], max_message=100)
    bench.servers[FIRST].connections[0].feed(data)
    assert not bench.servers[FIRST].connections[0].is_open
    assert bench.services.counters["jsonrpc:malformed"] == 1
    bench.pass_time()
    assert len(bench.servers[FIRST].connections) == 2
    assert not bench.begin().ended


def test_the_pause_before_the_next_try_grows(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench([ONE], up=(THIRD,), reconnect_after=1, reconnect_limit=10)
    pauses = [bench.pass_time()[0] for _ in range(7)]
    for pause, expected in zip(pauses, (1, 2, 4, 8, 10, 10, 10), strict=True):
        assert pause == pytest.approx(expected, rel=0.2)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["one 10.0.0.1:8080: connection refused"]
    bench.streams.peers[FIRST] = bench.servers[FIRST].accept
    bench.pass_time()
    bench.servers[FIRST].connections[0].hang_up()
    assert bench.pass_time()[0] == pytest.approx(1, rel=0.2)
    assert len(bench.servers[FIRST].connections) == 2


def test_names_are_looked_up() -> None:
    bench = Bench(["conn=one;addr=rpc.example.com;port=8080"])
    assert bench.streams.dialed == []
    bench.services.hosts["rpc.example.com"] = ["10.0.0.9", "10.0.0.1"]
    bench.pass_time()
    assert bench.streams.dialed == [("10.0.0.1", 8080)]  # the second, as there was a failure before
    bench.services.pool_is_full = True
    bench.servers[FIRST].connections[-1].hang_up()
    bench.pass_time()
    assert bench.services.timers != {}


def test_stopping() -> None:
    bench = Bench(TWO)
    waiting = bench.begin(options={"retry": 0})
    bench.module.stop()
    bench.streams.run()
    assert waiting.result() == (None, "connection lost")
    assert not any(
        server.connections[0].is_open for server in map(bench.servers.get, (FIRST, SECOND)) if server
    )
    bench.pass_time()
    assert len(bench.streams.dialed) == 2


def test_the_list_of_servers() -> None:
    bench = Bench(TWO, up=(SECOND,))
    bench.begin()
    shown = [(each["addr"], each["connected"], each["waiting"]) for each in bench.module.list_servers()]
    assert shown == [("10.0.0.1", False, 1), ("10.0.0.2", True, 1)]


# Notifications


def test_a_notification() -> None:
    bench = Bench([ONE])
    assert bench.module.notify(context(), "one", "tell", {"x": 1}) is True
    bench.streams.run()
    assert bench.servers[FIRST].asked == [{"jsonrpc": "2.0", "method": "tell", "params": {"x": 1}}]


# Misuse


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("other", "m"), "there is no connection 'other' (defined: one)"),
        (("one", ""), "there is no method"),
        (("one", "m", "text"), "params must be a table, not 'text'"),
        (("one", "m", [float("nan")]), "params: "),
        (("one", "m", None, "x"), "options must be a table"),
        (("one", "m", None, {"time": 1}), "unknown option 'time' (allowed: retry, timeout)"),
        (("one", "m", None, {"timeout": 0}), "timeout must be seconds above 0, not 0"),
        (("one", "m", None, {"timeout": "1"}), "timeout must be seconds"),
        (("one", "m", None, {"timeout": float("inf")}), "timeout must be seconds"),
        (("one", "m", None, {"retry": -1}), "retry must be a number from 0, not -1"),
        (("one", "m", None, {"retry": 1.5}), "retry must be a number"),
    ],
)
def test_mistakes_in_a_call(arguments: tuple[Any, ...], message: str) -> None:
    bench = Bench([ONE])
    with pytest.raises(MisuseError) as raised:
        next(bench.module.request(context(), *arguments))
    assert str(raised.value).startswith("luasip.jsonrpc.request: ")
    assert message in str(raised.value)
    if len(arguments) < 4:
        with pytest.raises(MisuseError) as raised:
            bench.module.notify(context(), *arguments)
        assert message in str(raised.value)
