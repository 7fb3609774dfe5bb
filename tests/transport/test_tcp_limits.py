"""tcp.py under pressure: timeouts, full buffers, faults, the end."""

import contextlib
import resource
import select
import socket
import threading
import time
from typing import Any

import pytest

from luasip.sip.parser import Limits
from luasip.transport.packet import Packet
from tests.transport.stream_bench import Bench, back, to, to_socket
from tests.transport.wait import PATIENCE, Collected, closed_by_peer, message, read_exactly


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


@pytest.mark.parametrize("noise", [b"EHLO example.com\r\n\r\n", b"\x16\x03\x01" * 30000])
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


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:  # closed before it was accepted
        pass
    return True


def test_stop_accepting_keeps_connections(bench: Bench) -> None:
    server = bench.start()
    client = bench.client(server)
    client.sendall(message())
    bench.got.wait()
    server.stop_accepting()
    listener = server.listeners[0]
    gives_up_at = time.monotonic() + PATIENCE
    while _accepts(listener.host, listener.port):  # until the loop has come to it
        assert time.monotonic() < gives_up_at
    client.sendall(message())
    bench.got.wait(2)


def test_stop_from_its_own_thread_does_not_wait_for_itself(bench: Bench) -> None:
    alive = Collected()
    server = bench.start(handle=lambda packet: alive(server.stop()))
    bench.client(server).sendall(message())
    assert alive.wait() == [["streams"]]
