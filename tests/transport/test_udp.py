import errno
import logging
import socket
import threading
import time
from typing import Any

import pytest

from luasip.errors import TransportError
from luasip.transport import udp
from luasip.transport.address import parse_listener
from luasip.transport.datagram_socket import Received
from luasip.transport.packet import Destination, Listener, Packet
from luasip.transport.udp import UdpReceiver, UdpSettings, UdpTransport
from tests.transport.wait import PATIENCE, Collected, message


def started(handle: Any, *texts: str, receivers: int = 1) -> UdpTransport:
    listeners = [parse_listener(text) for text in texts or ("udp:127.0.0.1:0",)]
    transport = UdpTransport(listeners, UdpSettings(receivers=receivers))
    transport.start(handle)
    return transport


def to(listener: Listener) -> Destination:
    return Destination("udp", listener.host, listener.port)


@pytest.mark.parametrize("text", ["udp:127.0.0.1:0", "udp:[::1]:0"])
@pytest.mark.parametrize("receivers", [1, 3])
def test_a_datagram_there_and_back(text: str, receivers: int) -> None:
    got, answers = Collected(), Collected()
    server, client = started(got, text, receivers=receivers), started(answers, text)
    client.send(message(b"\x00\xff"), to(server.listeners[0]))
    packet = got.wait_packets()[0]
    assert (packet.data, packet.connection_id) == (message(b"\x00\xff"), 0)
    assert packet.listener == server.listeners[0]
    assert (packet.source_host, packet.source_port) == (client.listeners[0].host, client.listeners[0].port)
    assert abs(packet.received_at - time.monotonic()) < PATIENCE
    server.send(b"SIP/2.0 200 OK\r\n\r\n", Destination("udp", packet.source_host, packet.source_port))
    assert answers.wait_packets()[0].data == b"SIP/2.0 200 OK\r\n\r\n"
    assert server.stats()["messages_received"] == server.stats()["messages_sent"] == 1
    assert server.stop() == client.stop() == []


def test_receivers_are_threads_and_share_one_port() -> None:
    before = threading.active_count()
    transport = started(Collected(), "udp:127.0.0.1:0", "udp:[::1]:0", receivers=3)
    assert threading.active_count() == before + 6
    assert len(transport.listeners) == 2
    assert transport.stop() == []
    assert threading.active_count() == before


@pytest.mark.parametrize("receivers", [1, 2])
def test_port_in_use_names_the_listener(receivers: int) -> None:
    first = started(Collected(), receivers=receivers)
    port = first.listeners[0].port
    second = UdpTransport(
        [parse_listener("udp:[::1]:0"), parse_listener(f"udp:127.0.0.1:{port}")],
        UdpSettings(receivers=receivers),
    )
    with pytest.raises(TransportError, match=f"^udp:127.0.0.1:{port}: address already in use$"):
        second.bind()
    assert first.stop() == second.stop() == []


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(TransportError, match=r"^udp:192.0.2.1:0: cannot assign"):
        UdpTransport([parse_listener("udp:192.0.2.1:0")]).bind()


def test_ipv6_only_leaves_the_ipv4_port_free() -> None:
    six = started(Collected(), "udp:[::]:0")
    four = started(Collected(), f"udp:0.0.0.0:{six.listeners[0].port}")
    assert six.stop() == four.stop() == []


@pytest.mark.parametrize("noise", [b"", b"\r\n\r\n", b"\x00" * 4, b"\r\n" * 40, b"x"])
def test_keep_alives_are_counted_not_handled(noise: bytes) -> None:
    got = Collected()
    transport = started(got)
    transport.send(noise, to(transport.listeners[0]))
    transport.send(message(), to(transport.listeners[0]))
    assert got.wait_packets()[0].data == message()
    assert transport.stop() == []
    assert transport.stats()["dropped.keep_alive"] == 1


@pytest.mark.parametrize("failure", [KeyError("script"), SystemExit(1), MemoryError()])
def test_a_failing_handle_does_not_end_the_thread(
    failure: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(packet: Packet) -> None:
        if b"Call-ID: bad" in packet.data:
            raise failure

    got = Collected(fail)
    transport = started(got)
    with caplog.at_level(logging.ERROR):
        transport.send(message(call_id="bad"), to(transport.listeners[0]))
        transport.send(message(call_id="good"), to(transport.listeners[0]))
        got.wait(2)
    assert transport.stats()["dropped.handle_failed"] == 1
    assert "handling a datagram from 127.0.0.1" in caplog.text
    assert transport.stop() == []


def test_a_datagram_too_long_is_told() -> None:
    transport, told = started(Collected()), Collected()
    transport.send(b"x" * 70000, to(transport.listeners[0]), told)
    assert "Message too long" in str(told.items[0])
    assert transport.stats()["send_errors.EMSGSIZE"] == 1
    assert transport.stop() == []


@pytest.mark.parametrize(
    ("destination", "text"),
    [
        (Destination("udp", "example.com", 5060), "example.com"),
        (Destination("udp", "::1", 5060), "no udp listener"),
        (Destination("udp", "127.0.0.1", 70000), "70000"),
        (Destination("udp", "127.0.0.1", 0), "Invalid argument"),
        (Destination("udp", "::1", 5060, Listener("udp", "127.0.0.1", 1)), "no udp listener"),
    ],
)
def test_an_impossible_destination_is_told_once(destination: Destination, text: str) -> None:
    transport, told = started(Collected()), Collected()
    transport.send(message(), destination, told)
    assert len(told.items) == 1
    assert isinstance(told.items[0], TransportError)
    assert text in str(told.items[0])
    assert transport.stop() == []


def test_what_a_receiver_sends_leaves_in_order_from_the_right_socket_and_failures_are_told() -> None:
    """Also what goes out by turns from two sockets, and what fails between two that do not."""
    answers, told = Collected(), Collected()
    client = started(answers)

    def answer(packet: Packet) -> None:
        number = packet.data.rsplit(b"\n", 1)[1]
        sender = server.listeners[int(number) % 2]
        target = Destination("udp", packet.source_host, packet.source_port, sender)
        server.send(b"%b first" % number, target, told)
        server.send(b"x" * 70_000, target, told)
        server.send(b"%b second" % number, target, told)

    server = started(answer, "udp:127.0.0.1:0", "udp:127.0.0.1:0")
    numbers = range(20)
    for number in numbers:
        client.send(message(b"\n%d" % number), to(server.listeners[0]))
    packets = answers.wait_packets(2 * len(numbers))
    assert server.stop() == client.stop() == []
    # Two sockets' datagrams are received in order, as they left one after the other.
    assert [packet.data for packet in packets] == [
        b"%d %b" % (number, which) for number in numbers for which in (b"first", b"second")
    ]
    ports = [listener.port for listener in server.listeners]
    assert [packet.source_port for packet in packets] == [ports[number % 2] for number in numbers for _ in "12"]
    assert len(told.wait(len(numbers))) == len(numbers)
    assert server.stats()["messages_sent"] == 2 * len(numbers)
    assert server.stats()["bytes_sent"] == sum(len(packet.data) for packet in packets)
    assert server.stats()["send_errors.EMSGSIZE"] == len(numbers)


def test_what_is_sent_because_something_else_could_not_be_leaves_at_once_from_the_right_socket() -> None:
    """Neither with the next datagram that comes nor through the socket that sends next."""
    answers = Collected()
    client = started(answers)

    def answer(packet: Packet) -> None:
        first, second = (
            Destination("udp", packet.source_host, packet.source_port, listener) for listener in server.listeners
        )
        server.send(b"x" * 70_000, first, lambda _: server.send(b"in place of it", first))
        server.send(b"x" * 70_000, second, lambda _: server.send(b"in place of this", second))

    server = started(answer, "udp:127.0.0.1:0", "udp:127.0.0.1:0")
    began = time.monotonic()
    client.send(message(), to(server.listeners[0]))
    packets = answers.wait_packets(2)
    assert time.monotonic() - began < udp.STOP_CHECK_AFTER / 2
    assert server.stop() == client.stop() == []
    assert [(packet.data, packet.source_port) for packet in packets] == [
        (b"in place of it", server.listeners[0].port),
        (b"in place of this", server.listeners[1].port),
    ]


def test_what_is_to_be_sent_waits_for_others_a_short_time_only() -> None:
    """It left before the second of three taken together is handled, as the first took long."""
    sent: list[str] = []

    def handle(packet: Packet) -> None:
        sent.append(f"handled {packet.source_port}")
        if packet.source_port == 1:
            ends_at = time.monotonic() + 0.02
            while time.monotonic() < ends_at:
                pass

    def receive(flags: int) -> list[Received]:
        return [(b"12345", "192.0.2.1", port, 0.0) for port in (1, 2, 3)]

    receiver = UdpReceiver(
        receive, Listener("udp", "127.0.0.1", 1), handle, send_kept=lambda: sent.append("sent")
    )
    receiver._take(0, None)
    assert sent == ["handled 1", "sent", "handled 2", "handled 3", "sent"]


def test_the_preferred_listener_sends() -> None:
    got = Collected()
    transport = started(got, "udp:127.0.0.1:0", "udp:127.0.0.1:0")
    first, second = transport.listeners
    transport.send(message(), Destination("udp", first.host, first.port, second))
    assert got.wait_packets()[0].source_port == second.port
    assert transport.stop() == []


def test_sending_to_a_closed_port_does_not_stop_receiving() -> None:
    got = Collected()
    transport = started(got)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    transport.send(message(), Destination("udp", "127.0.0.1", port))
    transport.send(message(), to(transport.listeners[0]))
    got.wait()
    assert transport.stop() == []


def test_stop_while_busy_names_the_thread() -> None:
    go_on = threading.Event()
    got = Collected(lambda packet: go_on.wait(PATIENCE) and None)
    transport = started(got)
    transport.send(message(), to(transport.listeners[0]))
    got.wait()
    assert transport.stop(timeout=0.05) == [f"{transport.listeners[0].text}#1"]
    go_on.set()
    assert transport.stop() == []


def test_stop_before_start_and_twice() -> None:
    transport = UdpTransport([parse_listener("udp:127.0.0.1:0")])
    assert transport.stop() == []
    transport = UdpTransport([parse_listener("udp:127.0.0.1:0")])
    transport.bind()
    transport.bind()
    assert transport.stop() == transport.stop() == []


def test_sending_after_stop_is_told() -> None:
    transport, told = started(Collected()), Collected()
    listener = transport.listeners[0]
    transport.stop()
    transport.send(message(), to(listener), told)
    assert len(told.items) == 1


def test_a_broken_socket_pauses_the_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def broken(flags: int) -> list[Received]:
        calls.append(flags)
        if len(calls) == 3:
            receiver.stop()
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(udp, "PAUSE_AFTER_ERROR", 0.001)
    receiver = UdpReceiver(broken, Listener("udp", "127.0.0.1", 1), Collected())
    receiver.run()
    assert receiver.counters.values() == {"receive_errors.EBADF": 2}


def test_icmp_errors_are_counted() -> None:
    errors = [errno.ECONNREFUSED, errno.EAGAIN, errno.EHOSTUNREACH]

    def refused(flags: int) -> list[Received]:
        if not errors:
            receiver.stop()
            return [(b"", "", 0, 0.0)]
        raise OSError(errors.pop(), "")

    receiver = UdpReceiver(refused, Listener("udp", "127.0.0.1", 1), Collected())
    receiver.run()
    assert receiver.counters.values() == {"receive_errors.ECONNREFUSED": 1, "receive_errors.EHOSTUNREACH": 1}


def test_a_packet_knows_when_its_datagram_came() -> None:
    """Also what waited in the system's buffer while another was dealt with."""
    ages: list[float] = []
    begun = threading.Event()

    def slow(packet: Packet) -> None:
        ages.append(time.monotonic() - packet.received_at)
        begun.set()
        time.sleep(0.1)

    server = started(slow)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(18):
            sender.sendto(message(b"x"), (server.listeners[0].host, server.listeners[0].port))
        assert begun.wait(PATIENCE)
        ends_at = time.monotonic() + PATIENCE
        while len(ages) < 18 and time.monotonic() < ends_at:
            time.sleep(0.01)
    assert server.stop() == []
    assert ages[0] < 0.1
    assert ages[-1] > 1.0


class Waiting:
    """A socket with datagrams that have waited in its buffer for a second; more come while they are handled."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = list(contents)

    def receive(self, flags: int) -> list[Received]:
        if not self.contents:
            raise OSError(errno.EAGAIN, "")
        return [(self.contents.pop(0), "192.0.2.1", 5060, 1.0)]


def turns(waiting: Waiting, most_waiting: int = 100_000) -> tuple[UdpReceiver, list[bytes]]:
    """A receiver after its turns, with what it passed on; what begins with "new" gives way."""
    passed: list[bytes] = []

    def handle(packet: Packet) -> None:
        assert 0.9 <= time.monotonic() - packet.received_at < PATIENCE
        passed.append(packet.data)
        if packet.data == b"again":
            waiting.contents.append(b"later")

    receiver = UdpReceiver(
        waiting.receive,
        Listener("udp", "127.0.0.1", 1),
        handle,
        lambda data: data.startswith(b"new"),
        most_waiting,
    )
    receiver.take_turns()
    return receiver, passed


def test_with_too_much_to_do_some_give_way() -> None:
    receiver, passed = turns(Waiting(b"new 1", b"answer", b"\r\n\r\n", b"new 2", b"within", b"again"))
    for _ in range(20):
        receiver.take_turns()
    assert passed == [b"answer", b"within", b"again", b"later", b"new 1", b"new 2"]
    assert receiver.counters.values() == {
        "messages_received": 7,
        "bytes_received": 36,
        "dropped.keep_alive": 1,
    }


def test_what_gives_way_is_bounded() -> None:
    receiver, passed = turns(Waiting(*(b"new %d" % number for number in range(10))), 3 * 520)
    for _ in range(20):
        receiver.take_turns()
    assert passed == [b"new 7", b"new 8", b"new 9"]
    assert receiver.counters.values()["dropped.backlog"] == 7


def test_those_that_give_way_have_a_turn_whatever_comes() -> None:
    class Endless(Waiting):
        def receive(self, flags: int) -> list[Received]:
            self.contents.append(b"answer")
            return super().receive(flags)

    passed = turns(Endless(b"new 1"))[1]
    assert (passed[0], passed[-1]) == (b"answer", b"new 1")


def test_a_receiver_takes_turns_while_datagrams_are_late() -> None:
    """The first is late, and handled as it came; those behind it are told apart."""
    waiting = Waiting(b"new 1", b"new 2", b"answer")
    passed: list[bytes] = []

    def handle(packet: Packet) -> None:
        passed.append(packet.data)
        if len(passed) == 3:
            receiver.stop()

    is_new = lambda data: data.startswith(b"new")  # noqa: E731
    receiver = UdpReceiver(waiting.receive, Listener("udp", "127.0.0.1", 1), handle, is_new)
    receiver.run()
    assert passed == [b"new 1", b"answer", b"new 2"]


def test_a_receiver_that_stands_still_is_named() -> None:
    go_on = threading.Event()
    got = Collected(lambda _: go_on.wait(PATIENCE))
    server, client = started(got), started(Collected())
    name = f"{server.listeners[0].text}#1"
    assert server.stalled(0.0) == []
    client.send(message(), to(server.listeners[0]))
    got.wait()
    assert server.stalled(0.0) == [name]
    assert server.stalled(60.0) == []
    go_on.set()
    client.send(message(call_id="2"), to(server.listeners[0]))
    got.wait(2)
    assert server.stop() == client.stop() == []
    assert server.stalled(60.0) == [name]


def test_nothing_stands_still_before_the_start() -> None:
    transport = UdpTransport([parse_listener("udp:127.0.0.1:0")])
    assert transport.stalled(0.0) == []
