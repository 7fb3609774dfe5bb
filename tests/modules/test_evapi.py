import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from luasip.errors import SettingsError
from luasip.kemi.context import RouteContext
from luasip.modules.evapi import Evapi
from tests.bench import FakeServices, context
from tests.stream_stub import StreamStub, StubConnection

ADDRESS = ("127.0.0.1", 8448)


@dataclass
class Workers:
    """A group of workers that runs nothing by itself: the test ends what was begun."""

    begun: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    endings: list[Callable[[], None]] = field(default_factory=list)
    refuses: bool = False

    def run(
        self, callback: str, argument: str, attributes: dict[str, Any], ended: Callable[[], None]
    ) -> bool:
        if self.refuses:
            return False
        self.begun.append((callback, argument, attributes))
        self.endings.append(ended)
        return True


@dataclass
class Transactions:
    """Counts who suspends."""

    code: int = 1
    suspended: int = 0
    taken_back: int = 0

    def suspend(self, ctx: RouteContext, at_most: float = 0.0) -> int:
        self.suspended += 1
        return self.code

    def take_back(self, ctx: RouteContext) -> None:
        self.taken_back += 1


class EvapiServices(FakeServices):
    def __init__(self) -> None:
        super().__init__()
        self.groups: dict[str, Workers] = {}
        self.byte_streams = StreamStub()
        self.transactions = Transactions()

    def lua_workers(self, name: str, threads: int) -> Any:
        assert threads == 1
        self.groups[name] = Workers()
        return self.groups[name]


class Bench:
    """The module with one or more workers."""

    def __init__(self, **settings: Any) -> None:
        self.services = EvapiServices()
        self.streams: StreamStub = self.services.byte_streams
        self.module = Evapi(Evapi.Settings(**settings), self.services)
        self.module.start()

    def client(self, tag: str = "") -> StubConnection:
        client = self.streams.client(*ADDRESS)
        self.end_all()
        if tag:
            event = next(e for e in reversed(self.begun) if e[1] == "evapi:connection-new")
            assert self.module.set_tag(self.inside(event), tag) == 1
        return client

    @property
    def begun(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [event for group in self.services.groups.values() for event in group.begun]

    def inside(self, event: tuple[str, str, dict[str, Any]]) -> RouteContext:
        """The context of an event's callback."""
        ctx = context(services=self.services)
        ctx.attributes.update(event[2])
        return ctx

    def end_all(self) -> None:
        """Let every callback end that has begun."""
        for group in self.services.groups.values():
            endings, group.endings = group.endings, []
            for ended in endings:
                ended()
        self.streams.run()

    @property
    def messages(self) -> list[Any]:
        """$evapi(msg) of every message."""
        return [self.part(event, "msg") for event in self.begun if event[1] == "evapi:message-received"]

    def part(self, event: tuple[str, str, dict[str, Any]], name: str) -> Any:
        return self.module.event_part(self.inside(event), name, None)


CALLBACK = {"event_callback": "ksr_evapi"}


# Settings


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8448", ("127.0.0.1", 8448)),
        ("127.0.0.1", ("127.0.0.1", 8448)),
        ("[::1]:9000", ("::1", 9000)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert Evapi.Settings(bind_addr=text).address() == address


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("bind_addr", "nowhere", "'nowhere' not understood; allowed: \"ADDRESS:PORT\""),
        ("bind_addr", "127.0.0.1:99999", "not understood"),
        ("bind_addr", "::1", "not understood"),
        ("netstring_format", 2, "2; allowed: 0, 1"),
        ("max_clients", 0, "0 is too small; allowed: from 1"),
        ("workers", -1, "-1 is too small; allowed: from 0"),
    ],
)
def test_wrong_settings(name: str, value: Any, message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Evapi.Settings(**{name: value})
    assert raised.value.problems[0].startswith(f"modules.evapi.{name}: ")
    assert message in raised.value.problems[0]


def test_an_address_that_is_taken() -> None:
    bench = Bench()
    with pytest.raises(
        SettingsError, match=r"modules\.evapi\.bind_addr: 127\.0\.0\.1:8448: address already in use"
    ):
        Evapi(Evapi.Settings(), bench.services).start()


def test_stopping() -> None:
    bench = Bench(**CALLBACK)
    client = bench.client()
    begun = len(bench.begun)
    bench.module.stop()
    assert bench.streams.listeners == {}
    client.feed(b"1:x,")
    client.hang_up()
    assert len(bench.begun) == begun


# Sending


def test_relay_reaches_everybody() -> None:
    bench = Bench()
    assert bench.module.relay(context(), "nobody hears") == 1
    clients = [bench.client(), bench.client()]
    assert bench.module.relay(context(), 'hello, "w\xf6rld"') == 1
    assert [client.take() for client in clients] == [b'14:hello, "w\xf6rld",'] * 2
    assert bench.services.counters["evapi:sent"] == 2


def test_bare_bytes() -> None:
    bench = Bench(netstring_format=0, **CALLBACK)
    client = bench.client()
    assert bench.module.relay(context(), "line\n") == 1
    assert client.take() == b"line\n"
    assert bench.module.relay(context(), "") == -1
    client.feed(b"5:any,\r\n")
    client.feed(b"more")
    assert bench.messages == ["5:any,\r\n", "more"]


@pytest.mark.parametrize(
    ("send", "reached"),
    [
        (lambda module, ctx: module.relay(ctx, "m"), [0, 1, 2, 3]),
        (lambda module, ctx: module.relay_multicast(ctx, "m", "b"), [1, 3]),
        (lambda module, ctx: module.relay_multicast(ctx, "m", "other"), []),
        (lambda module, ctx: module.relay_multicast(ctx, "m", ""), [0, 1, 2, 3]),
        (lambda module, ctx: module.relay_unicast(ctx, "m", "b"), [1]),
        (lambda module, ctx: module.relay_unicast(ctx, "m", "other"), []),
        (lambda module, ctx: module.relay_unicast(ctx, "m", ""), [0]),
        (lambda module, ctx: module.async_relay(ctx, "m"), [0, 1, 2, 3]),
        (lambda module, ctx: module.async_multicast(ctx, "m", "b"), [1, 3]),
        (lambda module, ctx: module.async_unicast(ctx, "m", "b"), [1]),
    ],
)
def test_who_is_reached(send: Callable[[Evapi, RouteContext], int], reached: list[int]) -> None:
    bench = Bench(**CALLBACK)
    clients = [bench.client(tag) for tag in ("a", "b", "", "b")]
    assert send(bench.module, context(services=bench.services)) == 1
    assert [index for index, client in enumerate(clients) if client.take() == b"1:m,"] == reached


@pytest.mark.parametrize(
    ("send", "code", "suspended"),
    [
        (lambda module, ctx: module.async_relay(ctx, "m"), 1, 1),
        (lambda module, ctx: module.async_relay(ctx, ""), -1, 0),
        (lambda module, ctx: module.async_relay(ctx, "x" * 1000), -2, 0),
        (lambda module, ctx: module.async_unicast(ctx, "m", "a"), 1, 1),
        (lambda module, ctx: module.async_unicast(ctx, "m", ""), -1, 0),
        (lambda module, ctx: module.async_unicast(ctx, "m", "nobody"), -2, 0),
        (lambda module, ctx: module.async_multicast(ctx, "m", "a"), 1, 1),
        (lambda module, ctx: module.async_multicast(ctx, "m", ""), -1, 0),
        (lambda module, ctx: module.async_multicast(ctx, "m", "nobody"), -2, 0),
    ],
)
def test_codes_of_suspending(send: Callable[[Evapi, RouteContext], int], code: int, suspended: int) -> None:
    bench = Bench(max_output=500, **CALLBACK)
    bench.client("a")
    assert send(bench.module, context(services=bench.services)) == code
    assert bench.services.transactions == Transactions(suspended=suspended)


def test_a_request_nobody_can_answer_is_not_suspended() -> None:
    bench = Bench()
    assert bench.module.async_relay(context(services=bench.services), "m") == -2
    assert bench.services.transactions.suspended == 0


def test_a_request_that_cannot_be_suspended_is_not_sent() -> None:
    bench = Bench()
    client = bench.client()
    bench.services.transactions.code = -1
    assert bench.module.async_relay(context(services=bench.services), "m") == -1
    assert client.take() == b""


def test_a_request_whose_only_client_has_just_gone_is_not_held() -> None:
    bench = Bench()
    client = bench.client()
    client.is_open = False  # the module has not heard of it yet
    assert bench.module.async_relay(context(services=bench.services), "m") == -2
    assert bench.services.transactions == Transactions(suspended=1, taken_back=1)


def test_a_message_too_large_for_any_client(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(max_output=100)
    client = bench.client()
    assert bench.module.relay(context(), "x" * 97) == -1
    assert "a message of 101 bytes is not sent, max_output is 100" in caplog.text
    assert bench.module.relay(context(), "x" * 96) == 1
    assert client.is_open


def test_a_client_that_does_not_read_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(max_output=100)
    slow, quick = bench.client(), bench.client()
    slow.reads = False
    for _ in range(4):
        assert bench.module.relay(context(), "x" * 30) == 1
    bench.streams.run()
    assert (slow.is_open, quick.is_open) == (False, True)
    assert bench.services.counters["evapi:overflowed"] == 1
    assert f"client 0 (10.0.0.9:{slow.port}) is closed: more than 100 bytes wait" in caplog.text
    assert len(quick.take()) == 4 * 34


# Events


def test_events_of_a_client() -> None:
    bench = Bench(**CALLBACK)
    client = bench.client()
    client.feed(b"5:hello,")
    client.hang_up()
    assert [event[:2] for event in bench.begun] == [
        ("ksr_evapi", "evapi:connection-new"),
        ("ksr_evapi", "evapi:message-received"),
        ("ksr_evapi", "evapi:connection-closed"),
    ]
    for event, message in zip(bench.begun, (None, "hello", None), strict=True):
        names = ("srcaddr", "srcport", "conidx", "msg", "other")
        assert [bench.part(event, name) for name in names] == ["10.0.0.9", client.port, 0, message, None]


def test_variables_outside_an_event() -> None:
    assert Bench().module.event_part(context(), "msg", None) is None


def test_a_message_in_pieces_and_several_in_one() -> None:
    bench = Bench(**CALLBACK)
    client = bench.client()
    for piece in (b"1", b"1:hel", b"lo\xffworld", b",2:", b"ab,\r\n0:,3:abc,1:"):
        client.feed(piece)
    assert bench.messages == ["hello\xffworld", "ab", "abc"]


def test_without_a_callback_messages_are_ignored() -> None:
    bench = Bench()
    client = bench.client()
    client.feed(b"whatever")
    assert bench.services.groups == {}
    assert client.is_open
    client.hang_up()
    assert bench.module.relay(context(), "x") == 1


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"3:abcd", b"101:", b"99999999999999999999999"])
def test_a_client_that_sends_no_netstring_is_closed(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(max_message=100, **CALLBACK)
    client = bench.client()
    client.feed(b"2:ok," + data)
    assert not client.is_open
    assert bench.messages == ["ok"]
    assert bench.services.counters["evapi:malformed"] == 1
    assert "client 0 (10.0.0.9:" in caplog.text
    assert bench.begun[-1][1] == "evapi:connection-closed"


def test_too_many_clients(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(max_clients=2, **CALLBACK)
    first, second, third = bench.client(), bench.client(), bench.client()
    assert [c.is_open for c in (first, second, third)] == [True, True, False]
    assert len(bench.begun) == 2
    assert f"10.0.0.9:{third.port} refused: 2 clients are connected" in caplog.text
    assert bench.services.counters["evapi:refused"] == 1
    first.hang_up()
    fourth = bench.client()
    assert fourth.is_open


def test_a_number_is_used_again_when_the_last_callback_has_ended() -> None:
    bench = Bench(**CALLBACK)
    first = bench.client()
    bench.client()
    first.hang_up()
    bench.streams.client(*ADDRESS)
    assert bench.part(bench.begun[-1], "conidx") == 2
    bench.end_all()
    bench.streams.client(*ADDRESS)
    assert bench.part(bench.begun[-1], "conidx") == 0


def test_a_client_is_read_when_its_first_callback_has_ended() -> None:
    bench = Bench(**CALLBACK)
    client = bench.streams.client(*ADDRESS)
    client.feed(b"1:a,")
    assert bench.messages == []
    bench.end_all()
    assert bench.messages == ["a"]


def test_close_in_the_first_callback() -> None:
    bench = Bench(**CALLBACK)
    client = bench.streams.client(*ADDRESS)
    client.feed(b"1:a,")
    ctx = bench.inside(bench.begun[0])
    assert bench.module.close(ctx) == 0
    assert bench.module.close(ctx) == -2
    assert bench.module.set_tag(ctx, "late") == -1
    bench.end_all()
    assert not client.is_open
    assert [event[1] for event in bench.begun] == ["evapi:connection-new", "evapi:connection-closed"]


def test_close_and_tags_need_an_event() -> None:
    bench = Bench()
    assert bench.module.close(context()) == -1
    assert bench.module.set_tag(context(), "a") == -1


@pytest.mark.parametrize(("length", "code"), [(0, 1), (63, 1), (64, -1)])
def test_lengths_of_tags(length: int, code: int) -> None:
    bench = Bench(**CALLBACK)
    bench.client("before")
    assert bench.module.set_tag(bench.inside(bench.begun[0]), "t" * length) == code


def test_messages_wait_with_a_client_whose_callbacks_are_slow() -> None:
    bench = Bench(max_backlog=3, **CALLBACK)
    client = bench.client()
    client.feed(b"".join(b"1:%d," % number for number in range(5)))
    assert bench.messages == ["0", "1", "2"]
    assert client.is_paused
    client.feed(b"1:5,")
    bench.end_all()
    assert bench.messages == [str(number) for number in range(6)]
    assert not client.is_paused


def test_the_end_comes_after_messages_that_wait() -> None:
    bench = Bench(max_backlog=1, **CALLBACK)
    client = bench.client()
    client.feed(b"1:a,1:b,")
    client.hang_up()
    for _ in range(3):
        bench.end_all()
    assert [event[1].partition(":")[2] for event in bench.begun] == [
        "connection-new",
        "message-received",
        "message-received",
        "connection-closed",
    ]


def test_a_client_stays_with_its_worker() -> None:
    bench = Bench(workers=2, **CALLBACK)
    clients = [bench.client() for _ in range(3)]
    for number, client in enumerate(clients):
        client.feed(b"1:%d,1:%d," % (number, number))
    first, second = bench.services.groups.values()
    messages = [
        [bench.part(event, "msg") for event in group.begun if event[1] == "evapi:message-received"]
        for group in (first, second)
    ]
    assert messages == [["0", "0", "2", "2"], ["1", "1"]]


def test_a_worker_that_takes_no_more(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(**CALLBACK)
    client = bench.client()
    bench.services.groups["evapi-0"].refuses = True
    client.feed(b"1:a,")
    assert bench.services.counters["evapi:dropped"] == 1
    assert "evapi:message-received dropped: the worker takes no more" in caplog.text
    unseen = bench.streams.client(*ADDRESS)
    assert not unseen.is_open  # its first callback might have refused it


def test_order_among_threads() -> None:
    """A worker that ends callbacks on a thread of its own while the streams' thread brings more."""
    jobs: queue.Queue[tuple[dict[str, Any], Callable[[], None]] | None] = queue.Queue()
    seen: list[Any] = []

    class Threaded(Workers):
        def run(
            self, callback: str, argument: str, attributes: dict[str, Any], ended: Callable[[], None]
        ) -> bool:
            jobs.put((attributes, ended))
            return True

    bench = Bench(max_backlog=3, **CALLBACK)
    bench.module._clients.workers = [Threaded()]

    def work() -> None:
        while (job := jobs.get()) is not None:
            attributes, ended = job
            seen.append(attributes["evapi.event"][1])
            ended()

    thread = threading.Thread(target=work)
    thread.start()
    client = bench.streams.client(*ADDRESS)
    frames = [b"%d:%d," % (len(str(number)), number) for number in range(2000)]
    for start in range(0, len(frames), 7):
        bench.module._clients.received(client, b"".join(frames[start : start + 7]))
    bench.module._clients.closed(client, "")
    while len(seen) < 2002:
        thread.join(0.001)
    jobs.put(None)
    thread.join()
    assert seen == [None, *map(str, range(2000)), None]
