"""Asking for a Record-Route and following Routes: the bodies of rr's functions, for mypyc to compile.

`module` is the Rr. Which headers are taken away, and where the request goes then, says `routing`.
"""

import logging
from typing import Any, Final

from luasip.kemi.current import from_header, parsed_uri, to_header
from luasip.kemi.route_context import RecordRoute, RouteContext
from luasip.modules.rr.routing import Routed, Rules, follow_routes
from luasip.sip.message import Request

_logger = logging.getLogger("luasip.rr")

PARAMETERS: Final = "rr.parameters"
PENDING: Final = "rr.pending"
NEXT_ROUTE: Final = "rr.next_route"
LOOSE_ONLY: Final = 1


def record_route(module: Any, ctx: RouteContext) -> int:
    """Ask for a Record-Route with the server's own address: 1, or -1 when there is one or this is no request."""
    return record(module, ctx)


def record(
    module: Any,
    ctx: RouteContext,
    parameters: str = "",
    presets: tuple[str, ...] = (),
    advertised: str = "",
) -> int:
    """Ask for a Record-Route, see RecordRoute: 1, or -1 when there is one or this is no request."""
    message = ctx.message
    if ctx.record_route is not None or not isinstance(message, Request):
        return -1
    settings = module.settings
    sender = from_header(message)
    tag = sender.tag if sender is not None and settings.append_fromtag else ""
    text = f";ftag={tag}" if tag else ""
    asked = RecordRoute(text + ctx.attributes.pop(PENDING, "") + parameters, presets, advertised)
    asked.double = settings.enable_double_rr
    asked.full_lr = settings.enable_full_lr > 0
    if settings.add_username:
        asked.user = _user(module, ctx, message)
    ctx.record_route = asked
    return 1


def _user(module: Any, ctx: RouteContext, request: Request) -> str:
    """User part for the Record-Route; it is told apart from our Routes without one by nothing else."""
    if module.settings.custom_user_avp:
        value = module.services.variables.get(ctx, module.settings.custom_user_avp)
        if value:
            return str(value)
    uri = parsed_uri(request.request_uri)
    return "" if uri is None else uri.user


def loose_route(module: Any, ctx: RouteContext) -> int:
    """Follow the Route headers: 1 done, -1 nothing to follow, -3 an initial request brought its own route set."""
    return loose_route_mode(module, ctx, 0)


def loose_route_mode(module: Any, ctx: RouteContext, vmode: int) -> int:
    """As loose_route, in a certain way."""
    initial = is_initial(ctx)
    if initial is None:
        return -1
    routed = follow(module, ctx, initial, not vmode & LOOSE_ONLY)
    if not routed.routed:
        return -1
    return -3 if initial else 1


def is_initial(ctx: RouteContext) -> bool | None:
    """Whether the request is outside a dialog; None when it is no request or its To cannot be read."""
    receiver = to_header(ctx.message)
    if receiver is None or not isinstance(ctx.message, Request):
        return None
    return not receiver.tag


def follow(module: Any, ctx: RouteContext, initial: bool, strict: bool) -> Routed:
    """Follow the Route headers and keep what other functions ask for later."""
    rules: Rules = module.rules
    routed = follow_routes(ctx, rules, initial, strict)
    if routed.parameters is not None:
        ctx.attributes[PARAMETERS] = routed.parameters
    if routed.next_route:
        ctx.attributes[NEXT_ROUTE] = True
    if routed.unknown_socket and module.settings.enable_socket_mismatch_warning:
        _logger.warning("no socket for the second own Route %s", routed.unknown_socket)
    if routed.parameters is not None:
        for action in module.told_followed:
            action(ctx)
    return routed
