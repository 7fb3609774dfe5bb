import contextlib
import resource
import select
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from luasip.errors import TransportError
from luasip.sip.parser import Limits
from luasip.transport.address import parse_listener
from luasip.transport.connection import ConnectionLimits
from luasip.transport.packet import Destination, Listener, Packet
from luasip.transport.tcp import StreamSettings, StreamTransport
from tests.transport.wait import PATIENCE, Collected, closed_by_peer, message, read_exactly


class Bench:
    """A transport on a loopback port, and clients made of plain sockets; everything is closed at the end."""

    def __init__(self) -> None:
        self.got = Collected()
        self.closed = Collected()
        self.transports: list[StreamTransport] = []
        self.clients: list[socket.socket] = []

    def start(
        self,
        *texts: str,
        handle: Any = None,
        connections: int = 2048,
        messages: Limits | None = None,
        **limits: Any,
    ) -> StreamTransport:
        settings = StreamSettings(
            connections=connections, limits=ConnectionLimits(**limits), messages=messages or Limits()
        )
        listeners = [parse_listener(text) for text in texts or ("tcp:127.0.0.1:0",)]
        transport = StreamTransport(listeners, settings)
        transport.on_closed(self.closed)
        transport.start(handle or self.got)
        self.transports.append(transport)
        return transport

    def client(self, transport: StreamTransport, index: int = 0) -> socket.socket:
        listener = transport.listeners[index]
        client = socket.create_connection((listener.host, listener.port), PATIENCE)
        self.clients.append(client)
        return client

    def listening(self) -> socket.socket:
        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(PATIENCE)
        self.clients.append(server)
        return server

    def accepted(self, server: socket.socket) -> socket.socket:
        client, _ = server.accept()
        self.clients.append(client)
        return client

    def end(self) -> None:
        for client in self.clients:
            client.close()
        for transport in self.transports:
            assert transport.stop() == []


@pytest.fixture
def bench(_nothing_leaks: None) -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.end()


def to(listener: Listener, **fields: Any) -> Destination:
    return Destination("tcp", listener.host, listener.port, **fields)


def to_socket(server: socket.socket, **fields: Any) -> Destination:
    host, port = server.getsockname()[:2]
    return Destination("tcp", host, port, **fields)


def back(packet: Packet, **fields: Any) -> Destination:
    return Destination(
        "tcp", packet.source_host, packet.source_port, packet.listener, packet.connection_id, **fields
    )


@pytest.mark.parametrize("text", ["tcp:127.0.0.1:0", "tcp:[::1]:0"])
def test_a_request_there_and_its_response_back_on_one_connection(bench: Bench, text: str) -> None:
    answers = Collected()
    server, client = bench.start(text), bench.start(text, handle=answers)
    client.send(message(b"\x00\xff"), to(server.listeners[0]))
    packet = bench.got.wait_packets()[0]
    assert packet.data == message(b"\x00\xff")
    assert packet.listener == server.listeners[0]
    assert packet.source_host == server.listeners[0].host
    server.send(message(call_id="answer"), back(packet, may_connect=False))
    answer = answers.wait_packets()[0]
    assert answer.data == message(call_id="answer")
    assert answer.listener == client.listeners[0]
    assert server.stats()["connections_accepted"] == client.stats()["connections_opened"] == 1


SPLITS = [
    [message(b"abc", "1") + message(b"", "2") + message(b"x", "3")],
    [message(b"abc", "1")[:20], message(b"abc", "1")[20:] + message(b"", "2") + b"\r\n", message(b"x", "3")],
    [message(b"abc", "1")[:-1], b"c" + message(b"", "2")[:-1], b"\n\r\n\r\n" + message(b"x", "3")],
    [bytes([byte]) for byte in message(b"abc", "1") + message(b"", "2") + message(b"x", "3")],
]


@pytest.mark.parametrize("parts", SPLITS)
def test_split_and_coalesced_messages(bench: Bench, parts: list[bytes]) -> None:
    client = bench.client(bench.start())
    for part in parts:
        client.sendall(part)
    packets = bench.got.wait_packets(3)
    assert bench.got.data == [message(b"abc", "1"), message(b"", "2"), message(b"x", "3")]
    assert len({packet.connection_id for packet in packets}) == 1


def test_ping_pong(bench: Bench) -> None:
    client = bench.client(bench.start())
    client.sendall(b"\r\n\r\n")
    assert read_exactly(client, 2) == b"\r\n"
    client.sendall(message() + b"\r\n\r\n")
    assert read_exactly(client, 2) == b"\r\n"
    assert len(bench.got.wait()) == 1


def test_five_hundred_connections_cost_no_thread(bench: Bench) -> None:
    before = threading.active_count()
    server = bench.start()
    clients = [bench.client(server) for _ in range(500)]
    for number, client in enumerate(clients):
        client.sendall(message(call_id=str(number)))
    packets = bench.got.wait_packets(500)
    assert threading.active_count() == before + 1
    for packet in packets:
        server.send(packet.data, back(packet))
    for number, client in enumerate(clients):
        expected = message(call_id=str(number))
        assert read_exactly(client, len(expected)) == expected
    assert server.stats()["connections"] == 500


def test_messages_for_one_new_peer_share_one_connection(bench: Bench) -> None:
    sender, server = bench.start(), bench.listening()
    threads = [
        threading.Thread(target=sender.send, args=(message(call_id=f"{number:03}"), to_socket(server)))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    client = bench.accepted(server)
    received = read_exactly(client, 20 * len(message(call_id="000")))
    for thread in threads:
        thread.join()
    assert sorted(received.split(b"OPTIONS")) == sorted(
        (b"".join(message(call_id=f"{number:03}") for number in range(20))).split(b"OPTIONS")
    )
    assert sender.stats()["connections"] == 1


def test_messages_of_one_thread_keep_their_order(bench: Bench) -> None:
    sender, server = bench.start(), bench.listening()
    for number in range(200):
        sender.send(message(b"b" * 500, f"{number:03}"), to_socket(server))
    expected = b"".join(message(b"b" * 500, f"{number:03}") for number in range(200))
    assert read_exactly(bench.accepted(server), len(expected)) == expected


def test_an_incoming_connection_is_used_for_its_source_address(bench: Bench) -> None:
    server = bench.start()
    client = bench.client(server)
    client.sendall(message())
    packet = bench.got.wait_packets()[0]
    assert server.find("tcp", "127.0.0.1", packet.source_port) == packet.connection_id
    server.send(message(call_id="req"), to_socket(client, may_connect=False))
    assert read_exactly(client, len(message(call_id="req"))) == message(call_id="req")


def test_an_alias_leads_to_the_connection(bench: Bench) -> None:
    server = bench.start()
    client = bench.client(server)
    client.sendall(message())
    packet = bench.got.wait_packets()[0]
    assert server.add_alias(packet.connection_id, 5999)
    server.send(message(call_id="req"), Destination("tcp", "127.0.0.1", 5999, may_connect=False))
    assert read_exactly(client, len(message(call_id="req"))) == message(call_id="req")
    client.close()
    assert bench.closed.wait() == [packet.connection_id]
    assert server.find("tcp", "127.0.0.1", 5999) == 0
    assert not server.add_alias(packet.connection_id, 5999)


def test_no_connection_and_none_allowed(bench: Bench) -> None:
    sender, server, told = bench.start(), bench.listening(), Collected()
    sender.send(message(), to_socket(server, may_connect=False), told)
    assert "none may be opened" in str(told.items[0])
    assert sender.stats()["connections"] == 0


def test_a_lost_connection_is_replaced_only_when_allowed(bench: Bench) -> None:
    server, told = bench.start(), Collected()
    client = bench.client(server)
    client.sendall(message())
    packet = bench.got.wait_packets()[0]
    client.close()
    bench.closed.wait()
    server.send(message(), back(packet, may_connect=False), told)
    assert len(told.items) == 1
    listening = bench.listening()
    server.send(message(call_id="again"), to_socket(listening, connection_id=packet.connection_id), told)
    assert read_exactly(bench.accepted(listening), len(message(call_id="again"))) == message(call_id="again")
    assert len(told.items) == 1


def test_a_refused_connection_tells_each_message_once(bench: Bench) -> None:
    sender, server, told = bench.start(), bench.listening(), Collected()
    destination = to_socket(server)
    server.close()
    for _ in range(3):
        sender.send(message(), destination, told)
    errors = told.wait(3)
    assert all(isinstance(error, TransportError) and "refused" in str(error) for error in errors)
    bench.end()
    assert len(told.items) == 3


@pytest.mark.parametrize(
    ("destination", "text"),
    [
        (Destination("tcp", "example.com", 5060), "is not an IP address"),
        (Destination("tcp", "::1", 5060), "no tcp listener to reach tcp:"),
        (Destination("tls", "127.0.0.1", 5060), "no tls listener"),
        (Destination("tcp", "255.255.255.255", 5060), "tcp:255.255.255.255:5060"),
        (Destination("tcp", "127.0.0.1", 5060, Listener("tcp", "192.0.2.77", 5060)), "tcp:127.0.0.1:5060"),
    ],
)
def test_an_impossible_destination_is_told(bench: Bench, destination: Destination, text: str) -> None:
    sender, told = bench.start(), Collected()
    sender.send(message(), destination, told)
    assert text in str(told.wait()[0])
    assert isinstance(told.items[0], TransportError)


def full_listener(bench: Bench) -> socket.socket:
    """A listener whose backlog is full, so that further connections hang."""
    server = socket.socket()
    bench.clients.append(server)
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    for _ in range(2):
        waiting = socket.socket()
        waiting.setblocking(False)
        waiting.connect_ex(server.getsockname())
        bench.clients.append(waiting)
    return server


def test_connect_timeout_fails_what_waits(bench: Bench) -> None:
    sender, told = bench.start(connect_timeout=0.1), Collected()
    server = full_listener(bench)
    sender.send(message(), to_socket(server), told)
    sender.send(message(), to_socket(server), told)
    assert ["connect timeout" in str(error) for error in told.wait(2)] == [True, True]
    assert sender.stats()["closed.connect_timeout"] == 1


def test_half_open_peers_are_closed(bench: Bench) -> None:
    server = bench.start(first_message_timeout=0.1, partial_message_timeout=0.1)
    silent, partial = bench.client(server), bench.client(server)
    partial.sendall(message() + message()[:20])
    assert closed_by_peer(silent)
    assert closed_by_peer(partial)
    assert server.stats()["closed.message_timeout"] == 2
    assert len(bench.got.items) == 1


def test_a_trickle_does_not_prolong_the_wait(bench: Bench) -> None:
    server = bench.start(first_message_timeout=0.2, idle_timeout=60.0)
    client = bench.client(server)
    begun = time.monotonic()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while time.monotonic() < begun + PATIENCE:
            client.sendall(b"O")
            select.select([client], [], [], 0.005)
    assert time.monotonic() < begun + PATIENCE
    assert server.stats()["closed.message_timeout"] == 1


def test_idle_timeout(bench: Bench) -> None:
    server = bench.start(idle_timeout=0.1)
    client = bench.client(server)
    client.sendall(message())
    assert closed_by_peer(client)
    assert server.stats()["closed.idle_timeout"] == 1


def test_a_slow_reader_hits_the_write_limit(bench: Bench) -> None:
    server, told = bench.start(write_buffer=100_000), Collected()
    client = bench.client(server)
    client.sendall(message())
    packet = bench.got.wait_packets()[0]
    body = b"x" * 50_000
    sent = 0
    while not told.items and sent < 2000:
        server.send(message(body), back(packet, may_connect=False), told)
        sent += 1
    bench.closed.wait()
    assert any("write buffer full" in str(error) for error in told.wait())
    assert server.stats()["closed.write_buffer"] == 1
    assert server.stats()["messages_sent"] + len(told.items) == sent
    assert closed_by_peer(client)


def test_a_reader_that_stops_is_closed(bench: Bench) -> None:
    server, told = bench.start(write_buffer=100_000_000, write_timeout=0.1), Collected()
    client = bench.client(server)
    client.sendall(message())
    packet = bench.got.wait_packets()[0]
    for _ in range(40):
        server.send(message(b"x" * 500_000), back(packet, may_connect=False), told)
    bench.closed.wait()
    assert server.stats()["closed.write_timeout"] == 1
    assert server.stats()["messages_sent"] + len(told.wait()) == 40


def test_a_slow_reader_that_reads_gets_everything_in_order(bench: Bench) -> None:
    server = bench.start(write_buffer=100_000_000)
    client = bench.client(server)
    client.sendall(message())
    packet = bench.got.wait_packets()[0]
    expected = b""
    for number in range(40):
        data = message(b"x" * 300_000, str(number))
        expected += data
        server.send(data, back(packet))
    assert read_exactly(client, len(expected)) == expected


def test_close_sends_what_is_queued_first(bench: Bench) -> None:
    server, told = bench.start(write_buffer=100_000_000), Collected()
    client = bench.client(server)
    client.sendall(message())
    packet = bench.got.wait_packets()[0]
    data = message(b"x" * 20_000_000)
    server.send(data, back(packet), told)
    assert server.close(packet.connection_id)
    assert not server.is_open(packet.connection_id)
    assert not server.close(packet.connection_id)
    server.send(message(), back(packet, may_connect=False), told)
    assert len(told.items) == 1
    assert read_exactly(client, len(data)) == data
    assert closed_by_peer(client)
    assert bench.closed.wait() == [packet.connection_id]


def test_close_after_the_message(bench: Bench) -> None:
    sender, server = bench.start(), bench.listening()
    sender.send(message(), to_socket(server, close_after=True))
    client = bench.accepted(server)
    assert read_exactly(client, len(message())) == message()
    assert closed_by_peer(client)


def test_what_follows_a_close_in_the_same_read_is_dropped(bench: Bench) -> None:
    def close(packet: Packet) -> None:
        server.close(packet.connection_id)

    got = Collected(close)
    server = bench.start(handle=got)
    client = bench.client(server)
    client.sendall(message(call_id="1") + message(call_id="2"))
    assert closed_by_peer(client)
    assert got.data == [message(call_id="1")]
    assert server.stats()["dropped.closed"] == 1


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01" * 30000])
def test_a_stream_that_cannot_be_cut_is_closed_and_the_others_live(bench: Bench, noise: bytes) -> None:
    server = bench.start()
    bad, good = bench.client(server), bench.client(server)
    bad.sendall(noise)
    assert closed_by_peer(bad)
    good.sendall(message())
    assert bench.got.wait_packets()[0].data == message()
    assert server.stats()["closed.framing"] == 1


def test_messages_before_the_fault_are_handled_and_can_be_answered(bench: Bench) -> None:
    server = bench.start(
        partial_message_timeout=0.1, handle=lambda packet: server.send(b"answer", back(packet))
    )
    client = bench.client(server)
    client.sendall(message() + b"noise\r\n\r\n")
    assert read_exactly(client, 6) == b"answer"
    assert closed_by_peer(client)


def test_a_message_above_the_limit_closes_the_connection(bench: Bench) -> None:
    client = bench.client(bench.start(messages=Limits(message=1000)))
    client.sendall(message(b"x" * 1000))
    assert closed_by_peer(client)
    assert bench.got.items == []


def test_connections_above_the_limit_are_closed(bench: Bench) -> None:
    server, told = bench.start(connections=2), Collected()
    first, second = bench.client(server), bench.client(server)
    first.sendall(message())
    second.sendall(message())
    bench.got.wait(2)
    assert closed_by_peer(bench.client(server))
    server.send(message(), to_socket(bench.listening()), told)
    assert "2 connections are open" in str(told.items[0])
    assert server.stats()["connections_refused"] == 2
    first.close()
    bench.closed.wait()
    bench.client(server).sendall(message())
    bench.got.wait(3)


def test_no_file_descriptors_left_does_not_spin(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    server = bench.start(idle_timeout=0.4)
    first = bench.client(server)
    first.sendall(message())
    bench.got.wait()
    waiting = [socket.socket() for _ in range(3)]
    bench.clients.extend(waiting)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(each.fileno() for each in waiting) + 1, hard))
    try:
        for client in waiting:
            client.connect((server.listeners[0].host, server.listeners[0].port))
        first.sendall(message())
        bench.got.wait(2)
        assert closed_by_peer(first)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    waiting[0].sendall(message(call_id="later"))
    assert bench.got.wait_packets(3)[-1].data == message(call_id="later")
    assert 0 < server.stats()["accept_errors.EMFILE"] < 5
    assert "accepting rests" in caplog.text


@pytest.mark.parametrize("failure", [KeyError("script"), SystemExit(1)])
def test_a_failing_handle_does_not_end_the_thread(bench: Bench, failure: BaseException) -> None:
    def fail(packet: Packet) -> None:
        if b"Call-ID: bad" in packet.data:
            raise failure

    got = Collected(fail)
    server = bench.start(handle=got)
    bench.client(server).sendall(message(call_id="bad") + message(call_id="good"))
    got.wait(2)
    assert server.stats()["dropped.handle_failed"] == 1


def test_failing_listeners_and_callbacks_do_not_end_the_thread(bench: Bench) -> None:
    def fail(anything: Any) -> None:
        raise KeyError(anything)

    server = bench.start()
    server.on_closed(fail)
    refused = bench.listening()
    destination = to_socket(refused)
    refused.close()
    server.send(message(), destination, fail)
    bench.closed.wait()
    bench.client(server).sendall(message())
    bench.got.wait()


def test_port_in_use_names_the_listener(bench: Bench) -> None:
    first = bench.start()
    port = first.listeners[0].port
    second = StreamTransport([parse_listener("tcp:[::1]:0"), parse_listener(f"tcp:127.0.0.1:{port}")])
    with pytest.raises(TransportError, match=f"^tcp:127.0.0.1:{port}: address already in use$"):
        second.start(bench.got)
    assert second.stop() == []


def test_a_protocol_nobody_speaks() -> None:
    transport = StreamTransport([Listener("sctp", "127.0.0.1", 0)])
    with pytest.raises(TransportError, match=r"sctp:127\.0\.0\.1:0"):
        transport.bind()
    assert transport.stop() == []


def test_ipv6_only_leaves_the_ipv4_port_free(bench: Bench) -> None:
    six = bench.start("tcp:[::]:0")
    bench.start(f"tcp:0.0.0.0:{six.listeners[0].port}")


def test_the_asked_for_listener_is_the_source_address(bench: Bench) -> None:
    sender, server = bench.start("tcp:127.0.0.2:0", "tcp:127.0.0.3:0"), bench.listening()
    sender.send(message(), to_socket(server, listener=sender.listeners[1]))
    client = bench.accepted(server)
    assert client.getpeername()[0] == "127.0.0.3"
    client.sendall(message())
    assert bench.got.wait_packets()[0].listener == sender.listeners[1]


def test_stop_fails_what_is_queued_and_what_comes_after(bench: Bench) -> None:
    server, told = bench.start(write_buffer=100_000_000), Collected()
    client = bench.client(server)
    client.sendall(message())
    packet = bench.got.wait_packets()[0]
    server.send(message(b"x" * 20_000_000), back(packet), told)
    assert server.stop(timeout=0.2) == []
    assert "stopped" in str(told.items[0])
    server.send(message(), to(packet.listener), told)
    assert len(told.items) == 2
    assert bench.closed.items == [packet.connection_id]


def test_stop_lets_queued_bytes_leave(bench: Bench) -> None:
    server, told = bench.start(write_buffer=100_000_000), Collected()
    client = bench.client(server)
    client.sendall(message())
    packet = bench.got.wait_packets()[0]
    data = message(b"x" * 20_000_000)
    server.send(data, back(packet), told)
    stopped = Collected()
    stopper = threading.Thread(target=lambda: stopped(server.stop()))
    stopper.start()
    assert read_exactly(client, len(data)) == data
    stopper.join()
    assert stopped.items == [[]]
    assert told.items == []


def test_stop_while_busy_names_the_thread(bench: Bench) -> None:
    go_on = threading.Event()
    got = Collected(lambda packet: go_on.wait(PATIENCE) and None)
    server = bench.start(handle=got)
    bench.client(server).sendall(message())
    got.wait()
    assert server.stop(timeout=0.05) == ["streams"]
    go_on.set()
    assert server.stop() == []


def test_stop_accepting_keeps_connections(bench: Bench) -> None:
    server = bench.start()
    client = bench.client(server)
    client.sendall(message())
    bench.got.wait()
    server.stop_accepting()
    client.sendall(b"\r\n\r\n")
    read_exactly(client, 2)
    listener = server.listeners[0]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((listener.host, listener.port), PATIENCE)
    client.sendall(message())
    bench.got.wait(2)


def test_stop_from_its_own_thread_does_not_wait_for_itself(bench: Bench) -> None:
    alive = Collected()
    server = bench.start(handle=lambda packet: alive(server.stop()))
    bench.client(server).sendall(message())
    assert alive.wait() == [["streams"]]


def test_peers(bench: Bench) -> None:
    server = bench.start()
    client = bench.client(server)
    client.sendall(message())
    packet = bench.got.wait_packets()[0]
    peer = server.peers()[packet.connection_id]
    assert str(peer) == f"tcp:127.0.0.1:{client.getsockname()[1]}"
    assert peer.inbound


def test_sending_and_closing_from_many_threads(bench: Bench) -> None:
    """Every message is either handed to the system or told, once, whatever the peers do."""
    server, told = bench.start(write_buffer=50_000), Collected()
    sinks = [bench.listening() for _ in range(4)]
    sent = 200

    def send() -> None:
        for number in range(sent):
            server.send(message(b"x" * 2000), to_socket(sinks[number % 4]), told)

    def accept_and_close(sink: socket.socket) -> None:
        for _ in range(10):
            try:
                client, _ = sink.accept()
            except OSError:
                return
            client.recv(5000)
            client.close()

    closers = [threading.Thread(target=accept_and_close, args=(sink,)) for sink in sinks]
    senders = [threading.Thread(target=send) for _ in range(4)]
    for thread in closers + senders:
        thread.start()
    for thread in senders:
        thread.join()
    for sink in sinks:
        sink.shutdown(socket.SHUT_RDWR)
    for thread in closers:
        thread.join()
    assert server.stop() == []
    assert server.stats()["messages_sent"] + len(told.items) == 4 * sent
    assert server.stats()["connections"] == 0
