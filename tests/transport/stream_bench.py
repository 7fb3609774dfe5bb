"""A stream transport to test and plain sockets to test it with."""

import socket
from typing import Any

from luasip.sip.parser import Limits
from luasip.transport.address import parse_listener
from luasip.transport.connection import ConnectionLimits
from luasip.transport.packet import Destination, Listener, Packet
from luasip.transport.tcp import StreamSettings, StreamTransport
from tests.transport.wait import PATIENCE, Collected


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


def to(listener: Listener, **fields: Any) -> Destination:
    return Destination("tcp", listener.host, listener.port, **fields)


def to_socket(server: socket.socket, **fields: Any) -> Destination:
    host, port = server.getsockname()[:2]
    return Destination("tcp", host, port, **fields)


def back(packet: Packet, **fields: Any) -> Destination:
    return Destination(
        "tcp", packet.source_host, packet.source_port, packet.listener, packet.connection_id, **fields
    )
