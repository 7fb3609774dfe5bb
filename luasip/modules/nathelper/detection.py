"""nat_uac_test: the signs by which a message shows that its sender is behind NAT. It only reads."""

from collections.abc import Callable
from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import RouteContext
from luasip.kemi.current import contacts_of, next_hop_uri, request_uri, uri_of
from luasip.kemi.multipart import find_part
from luasip.modules.nathelper.addresses import is_private, same_host
from luasip.sip.message import Message, Request
from luasip.sip.sdp import Connection, parse_sdp
from luasip.sip.uri import Uri
from luasip.sip.values import Via

DEFAULT_PORT: Final = 5060
_WEBSOCKET: Final = ("ws", "wss")

Place = tuple[int, int]
"""Where something begins and ends in a message's text."""


def shows_nat(ctx: RouteContext, tests: int, reserved: bool) -> bool:
    """Whether one of the tests in the bit mask `tests` finds NAT; `reserved` is nat_addr_mode."""
    return any(test(ctx, reserved) for bit, test in _TESTS.items() if tests & bit)


def contact_uri(ctx: RouteContext) -> Uri | None:
    """URI of the first Contact, None when there is none or it is malformed."""
    contacts = contacts_of(ctx.message)
    return uri_of(contacts[0]) if contacts else None


def _private_contact(ctx: RouteContext, reserved: bool) -> bool:
    uri = contact_uri(ctx)
    return uri is not None and is_private(uri.host, reserved)


def _other_via_host(ctx: RouteContext, reserved: bool) -> bool:
    via = _via(ctx, 0)
    return via is not None and not same_host(via.host, ctx.source.host)


def _private_via(ctx: RouteContext, reserved: bool) -> bool:
    via = _via(ctx, 0)
    return via is not None and is_private(via.host, reserved)


def _private_sdp(ctx: RouteContext, reserved: bool) -> bool:
    return any(is_private(found.address, reserved) for found in _connections(ctx))


def _other_via_port(ctx: RouteContext, reserved: bool) -> bool:
    via = _via(ctx, 0)
    return via is not None and (via.port or DEFAULT_PORT) != ctx.source.port


def _private_source(ctx: RouteContext, reserved: bool) -> bool:
    return is_private(ctx.source.host, reserved)


def _websocket(ctx: RouteContext, reserved: bool) -> bool:
    return ctx.source.listener.protocol in _WEBSOCKET


def _other_contact_port(ctx: RouteContext, reserved: bool) -> bool:
    uri = contact_uri(ctx)
    return uri is not None and (uri.port or DEFAULT_PORT) != ctx.source.port


def _other_sdp_host(ctx: RouteContext, reserved: bool) -> bool:
    connections = _connections(ctx)
    return bool(connections) and not any(same_host(c.address, ctx.source.host) for c in connections)


def _other_destination(ctx: RouteContext, reserved: bool) -> bool:
    if not isinstance(ctx.message, Request):
        via = _via(ctx, 1)
        return via is not None and _is_behind_nat(via)
    target, hop = request_uri(ctx), next_hop_uri(ctx)
    if target is None or hop is None or not ctx.target.destination_uri:
        return False
    if hop.transport in _WEBSOCKET:
        return True
    return not same_host(target.host, hop.host) or (target.port or DEFAULT_PORT) != (hop.port or DEFAULT_PORT)


def _is_behind_nat(via: Via) -> bool:
    """Whether a Via sent by another element was found to come from elsewhere (RFC 3581)."""
    if via.transport.lower() in _WEBSOCKET:
        return True
    if via.received and not same_host(via.host, via.received):
        return True
    return bool(via.rport) and via.rport != str(via.port or DEFAULT_PORT)


def _via(ctx: RouteContext, index: int) -> Via | None:
    try:
        return ctx.message.top_via if index == 0 else ctx.message.vias[index]
    except (SipError, IndexError):
        return None


def session_place(message: Message) -> Place | None:
    """Where in the message's text its session description begins and ends; it may be a part of the body."""
    found = find_part(message.content_type, message.body, "application/sdp")
    return None if found is None else (message.body_start + found[0], message.body_start + found[1])


def _connections(ctx: RouteContext) -> list[Connection]:
    place = session_place(ctx.message)
    if place is None:
        return []
    try:
        return parse_sdp(ctx.message.text[place[0] : place[1]]).connections
    except SipError:
        return []


_TESTS: Final[dict[int, Callable[[RouteContext, bool], bool]]] = {
    1: _private_contact,
    2: _other_via_host,
    4: _private_via,
    8: _private_sdp,
    16: _other_via_port,
    32: _private_source,
    64: _websocket,
    128: _other_contact_port,
    256: _other_sdp_host,
    512: _other_destination,
}
