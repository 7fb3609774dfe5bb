"""The transports a server listens with. Made here, bound by who asked for them."""

from collections.abc import Sequence
from typing import Any

from luasip.server.overload import gives_way
from luasip.server.settings import Settings
from luasip.transport.packet import Transport
from luasip.transport.tcp import StreamTransport
from luasip.transport.udp import UdpTransport


def transports_of(settings: Settings) -> dict[str, Transport]:
    """The transports that the listen settings ask for, by protocol."""
    listeners: Sequence[Any] = settings.server.listeners
    transports: dict[str, Transport] = {}
    udp = [listener for listener in listeners if listener.protocol == "udp"]
    streams = [listener for listener in listeners if listener.protocol == "tcp"]
    if udp:
        transports["udp"] = UdpTransport(udp, settings.server.udp_settings, gives_way)
    if streams:
        transports["tcp"] = StreamTransport(streams, settings.server.stream_settings)
    return transports
