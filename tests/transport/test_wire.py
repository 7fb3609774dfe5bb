import socket

import pytest

from luasip.errors import FramingError
from luasip.sip.parser import Limits
from luasip.transport.packet import Destination, Listener
from luasip.transport.tcp import StreamTransport
from luasip.transport.wire import TCP, FramedWire, StreamKind, Wire, open_tcp_socket
from tests.transport.wait import Collected, message


def test_messages_are_cut_and_pings_answered_once_a_read() -> None:
    wire = FramedWire(Limits())
    assert wire.received(b"\r\n\r\n\r\n\r\n" + message(b"1") + message(b"2")[:-1]) == [message(b"1")]
    assert wire.mid_message
    assert wire.take_output() == b"\r\n"
    assert wire.take_output() == b""
    assert wire.received(b"2") == [message(b"2")]
    assert not wire.mid_message


def test_plain_tcp_is_ready_at_once_and_adds_nothing() -> None:
    wire = TCP.make_wire(True, "127.0.0.1", Limits())
    assert wire.ready
    assert wire.opening() == b""
    assert wire.encode(message()) == message()


def test_a_lost_stream_stays_mid_message_so_that_it_times_out() -> None:
    wire = FramedWire(Limits())
    assert wire.received(message() + b"no length\r\n\r\n") == [message()]
    assert wire.mid_message
    with pytest.raises(FramingError):
        wire.received(b"x")


def test_open_tcp_socket() -> None:
    with open_tcp_socket(socket.AF_INET6) as opened:
        assert (opened.family, opened.type) == (socket.AF_INET6, socket.SOCK_STREAM)


class GreetingWire:
    """A wire with a handshake, as TLS has one: the opener sends HELLO, the other side answers WELCOME."""

    def __init__(self, inbound: bool, host: str, limits: Limits) -> None:
        self._framed = FramedWire(limits)
        self._awaited = b"HELLO" if inbound else b"WELCOME"
        self._greeting = b"" if inbound else b"HELLO"
        self._reply = b"WELCOME" if inbound else b""
        self._greeted = False
        self._output_of_greeting = b""

    @property
    def ready(self) -> bool:
        return self._greeted

    @property
    def mid_message(self) -> bool:
        return self._framed.mid_message

    def opening(self) -> bytes:
        return self._greeting

    def received(self, data: bytes) -> list[bytes]:
        if not self._greeted:
            if data[: len(self._awaited)] != self._awaited:
                raise FramingError("no greeting")
            self._greeted, data = True, data[len(self._awaited) :]
            self._output_of_greeting = self._reply
        return self._framed.received(data)

    def take_output(self) -> bytes:
        output, self._output_of_greeting = self._output_of_greeting, b""
        return output + self._framed.take_output()

    def encode(self, message: bytes) -> bytes:
        assert self._greeted
        return message


def make_greeting_wire(inbound: bool, host: str, limits: Limits) -> Wire:
    return GreetingWire(inbound, host, limits)


GREETING = {"tcp": StreamKind(open_tcp_socket, make_greeting_wire)}


def test_messages_wait_for_a_handshake_and_keep_their_order() -> None:
    got = Collected()
    server = StreamTransport([Listener("tcp", "127.0.0.1", 0)], kinds=GREETING)
    client = StreamTransport([Listener("tcp", "127.0.0.1", 0)], kinds=GREETING)
    server.start(got)
    client.start(got)
    for number in range(5):
        destination = Destination("tcp", "127.0.0.1", server.listeners[0].port)
        client.send(message(call_id=str(number)), destination)
    assert [packet.data for packet in got.wait_packets(5)] == [message(call_id=str(n)) for n in range(5)]
    assert client.stop() == server.stop() == []


def test_a_failed_handshake_fails_what_waits() -> None:
    told = Collected()
    server = StreamTransport([Listener("tcp", "127.0.0.1", 0)])
    client = StreamTransport([Listener("tcp", "127.0.0.1", 0)], kinds=GREETING)
    server.start(lambda packet: None)
    client.start(lambda packet: None)
    client.send(message(), Destination("tcp", "127.0.0.1", server.listeners[0].port), told)
    assert server.stop() == []
    told.wait(1)
    assert client.stop() == []
    assert len(told.items) == 1
