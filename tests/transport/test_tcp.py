import socket
import threading

import pytest

from luasip.errors import TransportError
from luasip.transport.address import parse_listener
from luasip.transport.packet import Destination, Listener, Packet
from luasip.transport.tcp import StreamTransport
from tests.transport.stream_bench import Bench, back, to, to_socket
from tests.transport.wait import PATIENCE, Collected, message, read_exactly


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


def test_what_the_messages_of_one_read_lead_to_leaves_in_order(bench: Bench) -> None:
    """On the connection they came by, and on one that the last of them has nothing for."""

    def answer(packet: Packet) -> None:
        bench.got(packet)
        if packet.data == message(call_id="other"):
            server.send(packet.data, back(packet))
        elif len(bench.got.items) > 1:
            server.send(packet.data, back(bench.got.items[0]))
            server.send(packet.data, back(packet))

    server = bench.start(handle=answer)
    other, client = bench.client(server), bench.client(server)
    other.sendall(message(call_id="other"))
    assert read_exactly(other, len(message(call_id="other"))) == message(call_id="other")
    read = [message(call_id=str(number)) for number in range(20)]
    client.sendall(b"".join(read) + message(call_id="other"))
    answers = b"".join(read)
    assert read_exactly(client, len(answers)) == answers
    assert read_exactly(client, len(message(call_id="other"))) == message(call_id="other")
    assert read_exactly(other, len(answers)) == answers
    assert server.stats()["messages_sent"] == 42


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
    assert server.stats().get("messages_sent", 0) + len(told.items) == 4 * sent
    assert server.stats()["connections"] == 0


def test_a_loop_that_stands_still_is_named() -> None:
    go_on = threading.Event()
    got = Collected(lambda _: go_on.wait(PATIENCE))
    server = StreamTransport([parse_listener("tcp:127.0.0.1:0")])
    assert server.stalled(0.0) == []
    server.start(got)
    try:
        with socket.create_connection(("127.0.0.1", server.listeners[0].port)) as client:
            client.sendall(message())
            got.wait()
            assert server.stalled(0.0) == ["streams"]
            assert server.stalled(60.0) == []
            go_on.set()
    finally:
        go_on.set()
        assert server.stop() == []
    assert server.stalled(60.0) == ["streams"]
