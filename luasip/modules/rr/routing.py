"""Following a request's Route headers: what loose_route does (RFC 3261 §16.4, §16.6 step 6, §16.12).

As Kamailio it removes the one Route that is ours, or the two of a double Record-Route, and no further own
ones: a request that is to pass this server again does. It changes Request-URI and destination of the context and adds
the removals to its edits; which addresses are ours and which sockets there are come as arguments.
"""

from collections.abc import Callable, Sequence
from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import Listener, RouteContext, Services
from luasip.kemi.current import parsed_uri, request_uri, uri_of
from luasip.proxy.route import append_route, remove_routes
from luasip.sip.uri import Uri, hosts_equal
from luasip.sip.values import NameAddr


class OwnUris:
    """Tells the server's URIs from others."""

    __slots__ = ("_is_myself",)

    def __init__(self, is_myself: Callable[[str, int], bool]) -> None:
        """`is_myself` is that of luasip.kemi.context.Services."""
        self._is_myself = is_myself

    def hold(self, uri: Uri) -> bool:
        """Whether a Route is the server's; without a port it is the one of its scheme or transport."""
        if not uri.host:
            return False
        port = uri.port
        if not port:
            port = 5061 if uri.scheme == "sips" or uri.transport == "tls" else 5060
        return self._is_myself(uri.host, port)


class Rules:
    """How to follow routes. Not to be changed.

    `own` tells our URIs, `services` which sockets there are, `pairs` whether two Routes with r2=on count as one,
    `pin_single` whether a single Route of ours chooses the sending socket too.
    """

    __slots__ = ("own", "pairs", "pin_single", "services")

    def __init__(self, own: OwnUris, services: Services, pairs: bool, pin_single: bool) -> None:
        self.own = own
        self.services = services
        self.pairs = pairs
        self.pin_single = pin_single


class Routed:
    """What came out. Not to be changed.

    Attributes:
        routed: there was somewhere to go: a next Route, or the end of the route set of a dialog.
        parameters: those of our own URI, None when there was none.
        next_route: a Route is left.
        unknown_socket: URI of a second Record-Route of ours that names no socket we have.
    """

    __slots__ = ("next_route", "parameters", "routed", "unknown_socket")

    def __init__(
        self, routed: bool, parameters: str | None = None, next_route: bool = False, unknown_socket: str = ""
    ) -> None:
        self.routed = routed
        self.parameters = parameters
        self.next_route = next_route
        self.unknown_socket = unknown_socket


NOT_ROUTED: Final = Routed(False)


def follow_routes(ctx: RouteContext, rules: Rules, initial: bool, strict: bool) -> Routed:
    """Follow the Routes of the request. Nothing is changed when a URI that is needed cannot be read.

    `strict`: a strict router may be before us.
    """
    try:
        routes = ctx.request.routes
    except SipError:
        return NOT_ROUTED
    uri = request_uri(ctx)
    if not routes or uri is None:
        return NOT_ROUTED
    if strict and not initial and "gr" not in uri.params and rules.own.hold(uri):
        return _after_strict_router(ctx, rules, routes, uri)
    return _after_loose_router(ctx, rules, routes, initial)


def _after_loose_router(ctx: RouteContext, rules: Rules, routes: list[NameAddr], initial: bool) -> Routed:
    first = uri_of(routes[0])
    if first is None:
        return NOT_ROUTED
    parameters, socket, unknown, own = None, None, "", 0
    if rules.own.hold(first):
        parameters, own = parameters_text(first), 1
        if rules.pin_single:
            socket = find_listener(rules.services.listeners, first)
        if rules.pairs and "r2" in first.params and len(routes) > 1:
            second = uri_of(routes[1])
            if second is None:
                return NOT_ROUTED
            if rules.own.hold(second):
                own = 2
                socket = find_listener(rules.services.listeners, second)
                unknown = "" if socket else second.text
    if own == len(routes):
        _finish(ctx, routes, socket)
        return Routed(not initial, parameters, False, unknown)
    following = uri_of(routes[own])
    if following is None:
        return NOT_ROUTED
    if "lr" in following.params:
        ctx.target.destination_uri = following.text
        _finish(ctx, routes[:own], socket)
    else:
        append_route(ctx.request, ctx.edits, f"<{ctx.target.uri}>")
        ctx.target.uri, ctx.target.destination_uri = following.text, ""
        _finish(ctx, routes[: own + 1], socket)
    return Routed(True, parameters, True, unknown)


def _after_strict_router(ctx: RouteContext, rules: Rules, routes: list[NameAddr], own_uri: Uri) -> Routed:
    """The hop before us put our URI into the Request-URI; the way goes on with the first Route."""
    parameters, socket, unknown, own = parameters_text(own_uri), None, "", 0
    following = uri_of(routes[0])
    if following is not None and rules.pairs and "r2" in own_uri.params and rules.own.hold(following):
        own = 1
        socket = find_listener(rules.services.listeners, following)
        unknown = "" if socket else following.text
        if len(routes) == 1:
            _finish(ctx, routes, socket)
            return Routed(False, parameters, False, unknown)
        following = uri_of(routes[1])
    target = uri_of(routes[-1])
    if following is None or target is None:
        return NOT_ROUTED
    if "lr" in following.params:
        # The route set's end, put last by the strict router, is the Request-URI again (RFC 3261 §16.4).
        ctx.target.uri, ctx.target.destination_uri = target.text, following.text
        _finish(ctx, [*routes[:own], routes[-1]], socket)
    else:
        ctx.target.uri, ctx.target.destination_uri = following.text, ""
        _finish(ctx, routes[: own + 1], socket)
    return Routed(True, parameters, True, unknown)


def _finish(ctx: RouteContext, consumed: Sequence[NameAddr], socket: Listener | None) -> None:
    remove_routes(ctx.request, ctx.edits, consumed)
    if socket is not None:
        ctx.target.send_socket = socket


def parameters_text(uri: Uri) -> str:
    """The parameters of a URI as written, each with its ";"."""
    text = uri.text
    start = text.find("@") + 1
    end = text.find("?", start)
    if end < 0:
        end = len(text)
    semicolon = text.find(";", start, end)
    return "" if semicolon < 0 else text[semicolon:end]


def find_listener(listeners: Sequence[Listener], uri: Uri) -> Listener | None:
    """The socket a URI of ours names by host, port and transport, its advertised address counting too."""
    protocol = "tls" if uri.scheme == "sips" else uri.transport or "udp"
    port = uri.port or (5061 if protocol == "tls" else 5060)
    for listener in listeners:
        if listener.protocol != protocol:
            continue
        if listener.port == port and hosts_equal(listener.host, uri.host):
            return listener
        advertised = listener.advertised_host or listener.host
        if (listener.advertised_port or listener.port) == port and hosts_equal(advertised, uri.host):
            return listener
    return None


def top_route_parameters(ctx: RouteContext, is_own: Callable[[Uri], bool]) -> str:
    """Parameters of the topmost Route when it is ours, "" otherwise."""
    try:
        routes = ctx.request.routes
    except (SipError, TypeError):
        return ""
    first = parsed_uri(routes[0].uri_text) if routes else None
    return parameters_text(first) if first is not None and is_own(first) else ""
