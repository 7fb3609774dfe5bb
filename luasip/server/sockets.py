"""The server's own addresses: which listener sends to a destination, and which hosts and URIs are ours."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from luasip.errors import TransportError
from luasip.kemi.context import Listener as ListenerView
from luasip.server.traffic import Traffic
from luasip.sip.grammar import DIGIT, is_made_of, table
from luasip.transport.address import normal_literal
from luasip.transport.packet import Destination, ErrorCallback, Listener, Transport

DEFAULT_PORTS: Final = {"udp": 5060, "tcp": 5060, "tls": 5061, "sctp": 5060, "ws": 80, "wss": 443}

_PLAIN_TABLE: Final = table("abcdefghijklmnopqrstuvwxyz" + DIGIT + ".-_")
"""What is compared as it stands: IPv4 addresses and names in lower case (`_plain`)."""


class StreamConnections(Protocol):
    """What is asked of a stream transport beyond sending."""

    def add_alias(self, connection_id: int, port: int) -> bool:
        """Let an open connection serve its peer's address with another port too."""

    def on_closed(self, told: Callable[[int], None]) -> None:
        """Tell `told` the id of each connection that closes."""

    def close(self, connection_id: int) -> bool:
        """Close a connection; False when there is none with this id."""


class _Place:
    """A port of an address of ours."""

    __slots__ = ("port", "protocol")

    def __init__(self, port: int, protocol: str) -> None:
        self.port = port
        self.protocol = protocol


class Sockets:
    """All transports of one server, asked by protocol."""

    def __init__(
        self,
        transports: Mapping[str, Transport],
        aliases: Sequence[tuple[str, str, int]] = (),
        streams: Sequence[StreamConnections] = (),
    ) -> None:
        """`transports` by protocol; `aliases` are (protocol, host, port) that count as ours too, "" and 0 match any."""
        self.transports = dict(transports)
        self.traffic = Traffic()
        self._streams = streams
        self.use_aliases(aliases)
        self._own_checks: list[Callable[[str], bool]] = []
        self.listeners: list[Listener] = []
        self.refresh()

    def use_aliases(self, aliases: Sequence[tuple[str, str, int]]) -> None:
        """Count these as ours beside the listeners, and no others."""
        self._aliases = [(protocol, _plain(host), port) for protocol, host, port in aliases]

    def refresh(self) -> None:
        """Read the listeners again: after the transports were bound, ports chosen by the system are known."""
        seen: list[Listener] = []
        for transport in dict.fromkeys(self.transports.values()):
            seen.extend(transport.listeners)
        self.listeners = seen
        self._own: dict[str, list[_Place]] = {}
        """What each address of ours has, by its text."""
        for listener in seen:
            self._add_own(listener.host, listener.port, listener.protocol)
            if listener.advertised_host:
                port = listener.advertised_port or listener.port
                self._add_own(_plain(listener.advertised_host), port, listener.protocol)

    def _add_own(self, host: str, port: int, protocol: str) -> None:
        self._own.setdefault(host, []).append(_Place(port, protocol))

    def is_own(self, host: str, port: int = 0, protocol: str = "") -> bool:
        """Whether a host (name or address) is ours; port 0 and protocol "" match any."""
        if self._is_listened_on(host, port, protocol):  # spelt as we do, like nearly all of ours
            return True
        if not is_made_of(host, _PLAIN_TABLE):
            host = _plain(host)
            if self._is_listened_on(host, port, protocol):
                return True
        if self._aliases and any(
            alias == host and (not port or own_port in (0, port)) and (not protocol or own in ("", protocol))
            for own, alias, own_port in self._aliases
        ):
            return True
        return bool(self._own_checks) and any(check(host) for check in self._own_checks)

    def _is_listened_on(self, host: str, port: int, protocol: str) -> bool:
        places = self._own.get(host)
        if places is not None:
            for place in places:  # mostly one or two
                if (not port or port == place.port) and (not protocol or protocol == place.protocol):
                    return True
        return False

    def register_own(self, check: Callable[[str], bool]) -> None:
        """Count the hosts for which `check(host)` holds as ours, whatever the port and protocol."""
        self._own_checks.append(check)

    def choose(
        self, protocol: str, is_ipv6: bool, preferred: ListenerView | None, received: ListenerView
    ) -> Listener | None:
        """The listener to send from: the script's choice if it fits, else where the message came in, else the first.

        None when nothing listens with this protocol and address family.
        """
        first: Listener | None = None
        for listener in self.listeners:
            if listener.protocol != protocol or listener.is_ipv6 != is_ipv6:
                continue
            if preferred is not None and listener.text == preferred.text:
                return listener
            if first is None or listener.text == received.text:
                first = listener
        return first

    def add_alias(self, connection_id: int, port: int) -> bool:
        """Let an open connection serve its peer's address with another port too."""
        return any(stream.add_alias(connection_id, port) for stream in self._streams)

    def on_closed(self, told: Callable[[int], None]) -> None:
        """Tell `told` the id of each connection that closes, from any thread."""
        for stream in self._streams:
            stream.on_closed(told)

    def close_connection(self, connection_id: int) -> bool:
        """Close a connection; False when there is none with this id."""
        return any(stream.close(connection_id) for stream in self._streams)

    def send(self, text: str, destination: Destination, on_error: ErrorCallback | None = None) -> None:
        """Send wire text. A failure, also that no transport speaks the protocol, goes to `on_error`."""
        transport = self.transports.get(destination.protocol)
        if transport is None:
            if on_error is not None:
                on_error(TransportError(f"nothing listens on {destination.protocol}"))
            return
        self.traffic.sent(text)
        transport.send(text.encode("latin-1"), destination, on_error)


def _plain(host: str) -> str:
    """A host as it is compared: lower case, no brackets, an IPv6 address in its one spelling."""
    host = host.lower()
    if "[" in host or "]" in host:
        host = host.strip("[]")
    return normal_literal(host) or host if ":" in host else host
