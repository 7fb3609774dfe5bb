"""Where a request goes next: the URI that decides, its addresses, and the text of what we add on the way.

RFC 3261 §16.6 steps 4 to 9 and RFC 3263, as far as they are not in luasip.proxy.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

from luasip.errors import LuaSIPError, UriError
from luasip.kemi.context import SEND_CLOSE, SEND_NO_CONNECT, Branch, RecordRoute, RouteContext
from luasip.kemi.context import Listener as ListenerView
from luasip.kemi.operation import Call, Operation
from luasip.kemi.own_via import via_parameters, via_sent_by
from luasip.server.sockets import DEFAULT_PORTS, Sockets
from luasip.sip.uri import Uri, parse_uri
from luasip.transport.packet import Destination, Listener, bracketed
from luasip.transport.resolver import NextHop, is_literal, protocol_for

Resolve = Callable[[str, int, str], list[NextHop]]
"""(host, port or 0, protocol) → addresses, best first; blocks; raises LuaSIPError when there is none."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why there is no next hop, as the status to answer."""

    status: int
    reason: str


_NO_SOCKET: Final = Unreachable(478, "Unresolvable destination (no socket of that kind)")


class NextHops:
    """Finds destinations for requests."""

    def __init__(self, sockets: Sockets, resolve: Resolve, udp_mtu: int = 0) -> None:
        self.sockets = sockets
        self.resolve = resolve
        self.udp_mtu = udp_mtu

    def find_now(self, context: RouteContext, branch: Branch) -> list[Destination] | Unreachable | None:
        """Destinations of one branch, best first; None when a name must be looked up first (`find`)."""
        wanted = self._wanted(branch)
        if isinstance(wanted, Unreachable):
            return wanted
        protocol, host, port = wanted
        if not is_literal(host):
            return None
        found = self._destination(
            context, branch, protocol, host.strip("[]"), port or DEFAULT_PORTS[protocol]
        )
        return _NO_SOCKET if found is None else [found]

    def find(
        self, context: RouteContext, branch: Branch
    ) -> Generator[Operation, Any, list[Destination] | Unreachable]:
        """Destinations of one branch, best first. Suspends when a name must be looked up."""
        found = self.find_now(context, branch)
        if found is not None:
            return found
        protocol, host, port = cast(tuple[str, str, int], self._wanted(branch))
        answer = yield Call("dns", partial(self.resolve, host, port, protocol))
        if not isinstance(answer, list) or not answer:
            return Unreachable(478, "Unresolvable destination")
        hops: list[NextHop] = answer
        destinations: list[Destination] = []
        for hop in hops:
            destination = self._destination(context, branch, hop.protocol, hop.host, hop.port)
            if destination is not None:
                destinations.append(destination)
        return destinations or _NO_SOCKET

    def _wanted(self, branch: Branch) -> tuple[str, str, int] | Unreachable:
        """(protocol, host, port or 0) a branch is to be sent to."""
        try:
            uri = parse_uri(branch.destination_uri or branch.uri)
        except UriError:
            return Unreachable(400, "Bad URI")
        if uri.scheme not in ("sip", "sips") or not uri.host:
            return Unreachable(416, "Unsupported URI Scheme")
        protocol = branch.protocol or protocol_for(uri.transport, uri.scheme == "sips")
        if protocol not in self.sockets.transports:
            return Unreachable(478, f"Unresolvable destination (no {protocol} socket)")
        return protocol, uri.params.get("maddr") or uri.host, uri.port or 0

    def _destination(
        self, context: RouteContext, branch: Branch, protocol: str, host: str, port: int
    ) -> Destination | None:
        """An address as a destination, None when there is no socket to send from."""
        listener = self.sockets.choose(protocol, ":" in host, branch.send_socket, context.source.listener)
        if listener is None:
            return None
        destination = Destination(protocol, host, port, listener)
        flags = context.forward_send_flags
        if flags:
            destination.may_connect = not flags & SEND_NO_CONNECT
            destination.close_after = bool(flags & SEND_CLOSE)
        return destination

    def larger_transport(self, branch: Branch, destination: Destination, size: int) -> Destination | None:
        """The TCP twin of a UDP destination for a request too large for a datagram (RFC 3261 §18.1.1), or None.

        Only where the sender is free to choose: no transport was asked for.
        """
        if not self.udp_mtu or size <= self.udp_mtu or destination.protocol != "udp" or branch.protocol:
            return None
        uri = parse_uri(branch.destination_uri or branch.uri)
        if uri.transport:
            return None
        is_ipv6 = ":" in destination.host
        listener = next(
            (s for s in self.sockets.listeners if s.protocol == "tcp" and s.is_ipv6 == is_ipv6), None
        )
        if listener is None:
            return None
        return Destination("tcp", destination.host, destination.port, listener)


def via_value(context: RouteContext, destination: Destination, branch_id: str) -> str:
    """The Via value we add: transport, our address as seen from outside, branch, rport when asked for."""
    listener = destination.listener
    assert listener is not None
    shown = listener.sent_by if context.advertised is None else _shown(context, listener)
    sent_by = via_sent_by(context) or shown
    parameters = (";rport" if context.local_rport else "") + via_parameters(context)
    return f"SIP/2.0/{destination.protocol.upper()} {sent_by};branch={branch_id}{parameters}"


def record_route_values(context: RouteContext, record_route: RecordRoute, outbound: Listener) -> list[str]:
    """Record-Route values, topmost first: ours for the side the request leaves by, then, where the sockets
    differ, ours for the side it came in by (both with r2=on), so that each neighbour finds an address it can reach."""
    parameters = (";lr=on" if record_route.full_lr else ";lr") + record_route.parameters
    user = f"{record_route.user}@" if record_route.user else ""
    if record_route.presets:
        return [f"<sip:{user}{preset}{parameters}>" for preset in record_route.presets]
    inbound = context.source.listener
    address = record_route.advertised
    differs = inbound.protocol != outbound.protocol if address else inbound.text != outbound.text
    if record_route.double < 1 or (record_route.double == 1 and not differs):
        return [
            f"<sip:{user}{address or _shown(context, outbound)}{_transport(outbound.protocol)}{parameters}>"
        ]
    return [
        f"<sip:{user}{address or _shown(context, side)}{_transport(side.protocol)};r2=on{parameters}>"
        for side in (outbound, inbound)
    ]


def _transport(protocol: str) -> str:
    return "" if protocol == "udp" else f";transport={protocol}"


def _shown(context: RouteContext, listener: ListenerView) -> str:
    """host:port of a listener for others to read; set_advertised_address goes first."""
    if context.advertised is None:
        return listener.sent_by
    host, port = context.advertised
    shown = host or listener.advertised_host or listener.host
    return f"{bracketed(shown)}:{port or listener.advertised_port or listener.port}"


def uri_of(listener: Listener) -> Uri:
    """A listener as a SIP URI."""
    return parse_uri(f"sip:{listener.sent_by}{_transport(listener.protocol)}")


__all__ = ["LuaSIPError", "NextHops", "Unreachable", "record_route_values", "uri_of", "via_value"]
