"""rr: Record-Route for the requests of a dialog, and following the Routes that come back.

A Record-Route is only asked for here; it is written when the request leaves, when its sockets are known.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from luasip.errors import PatternError, SipError
from luasip.kemi.context import PvValue, RecordRoute, RouteContext, Services
from luasip.kemi.current import from_header
from luasip.kemi.declare import Module, Route, function, variable
from luasip.kemi.posix_regex import compile_posix
from luasip.modules.rr import in_dialog
from luasip.modules.rr.routing import OwnUris, Rules, top_route_parameters
from luasip.sip.message import Request
from luasip.sip.uri import Uri

_logger = logging.getLogger("luasip.rr")

_ROUTES = Route.REQUEST | Route.FAILURE | Route.BRANCH | Route.BRANCH_FAILURE | Route.EVENT


class Rr(Module):
    """rr: Record-Route and Route."""

    name = "rr"
    changeable = (
        *("enable_full_lr", "append_fromtag", "enable_double_rr", "add_username"),
        *("enable_socket_mismatch_warning", "custom_user_avp", "force_send_socket"),
    )

    @dataclass
    class Settings:
        """How Record-Route is written and Route is read."""

        enable_full_lr: int = 0
        """1: write ";lr=on" for peers that lose a ";lr" without value."""

        append_fromtag: int = 1
        """1: add the From tag as ";ftag", which is_direction needs."""

        enable_double_rr: int = 1
        """Two Record-Routes: 0 never, 1 when it leaves by another socket than it came by, 2 always."""

        add_username: int = 0
        """1: write the Request-URI's user into the Record-Route."""

        enable_socket_mismatch_warning: int = 1
        """1: log a warning when the second of two own Routes names no socket of this server."""

        custom_user_avp: str = ""
        """AVP, such as "$avp(rr_user)", whose value add_username writes instead."""

        force_send_socket: int = 0
        """1: a single own Route chooses the sending socket too, not only the second of two."""

    settings: Settings

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services
        self.told_followed: list[Callable[[RouteContext], None]] = []
        self._own_uris = OwnUris(services.is_myself)
        self.is_own: Callable[[Uri], bool] = self._own_uris.hold
        self.settings_changed()

    def settings_changed(self) -> None:
        """Say anew how Routes are followed."""
        settings = self.settings
        pairs, pin_single = settings.enable_double_rr > 0, settings.force_send_socket > 0
        self.rules = Rules(self._own_uris, self.services, pairs, pin_single)

    def on_followed(self, action: Callable[[RouteContext], None]) -> None:
        """Tell `action` of every request whose own Route was followed; call it before messages come."""
        self.told_followed.append(action)

    @function(_ROUTES, body=in_dialog.record_route)
    def record_route(self, ctx: RouteContext) -> int:
        """Ask for a Record-Route with the server's own address.

        Returns: 1, -1 when the message has one already or is no request.
        """
        return in_dialog.record_route(self, ctx)

    @function(_ROUTES)
    def record_route_params(self, ctx: RouteContext, sparams: str) -> int:
        """Ask for a Record-Route with further parameters.

        Args:
            sparams: ";name=value", any number of them.
        Returns: 1, -1 when the message has one already or is no request.
        """
        return in_dialog.record(self, ctx, sparams)

    @function(_ROUTES)
    def record_route_preset(self, ctx: RouteContext, addr1: str, addr2: str) -> int:
        """Ask for Record-Routes with given addresses, taken as they are.

        Args:
            addr1: host[:port][;parameters] of the side the request leaves by.
            addr2: the same of the side it came in by; "" for none.
        Returns: 1, -1 when an address is missing, a second is not allowed or the message has a Record-Route.
        """
        if not addr1 or (addr2 and not self.settings.enable_double_rr):
            return -1
        return in_dialog.record(self, ctx, presets=(addr1, addr2) if addr2 else (addr1,))

    @function(_ROUTES)
    def record_route_preset_one(self, ctx: RouteContext, addr1: str) -> int:
        """Ask for a Record-Route with a given address, taken as it is.

        Args:
            addr1: host[:port][;parameters].
        Returns: 1, -1 when it is empty or the message has a Record-Route.
        """
        return self.record_route_preset(ctx, addr1, "")

    @function(_ROUTES)
    def record_route_advertised_address(self, ctx: RouteContext, addr: str) -> int:
        """Ask for a Record-Route that shows another address than the server's own.

        Args:
            addr: host[:port].
        Returns: 1, -1 when it is empty or the message has a Record-Route.
        """
        return in_dialog.record(self, ctx, advertised=addr) if addr else -1

    @function(_ROUTES)
    def add_rr_param(self, ctx: RouteContext, sparam: str) -> int:
        """Add parameters to the Record-Route, whether asked for already or later in this run.

        Args:
            sparam: ";name=value".
        Returns: 1, -1 when it is empty or the message is a reply.
        """
        if not sparam or not isinstance(ctx.message, Request):
            return -1
        self._set_parameters(ctx, self._parameters(ctx) + sparam)
        return 1

    def put_parameter(self, ctx: RouteContext, name: str, value: str) -> None:
        """As add_rr_param, in the place of parameters of this name that were added before."""
        kept = [p for p in self._parameters(ctx).split(";")[1:] if p.partition("=")[0].strip() != name]
        self._set_parameters(ctx, "".join([f";{parameter}" for parameter in (*kept, f"{name}={value}")]))

    def _parameters(self, ctx: RouteContext) -> str:
        pending: str = ctx.attributes.get(in_dialog.PENDING, "")
        return pending if ctx.record_route is None else ctx.record_route.parameters

    def _set_parameters(self, ctx: RouteContext, parameters: str) -> None:
        record = ctx.record_route
        if record is None:
            ctx.attributes[in_dialog.PENDING] = parameters
            return
        # A branch may share the request's Record-Route: what it adds must stay its own.
        other = RecordRoute(parameters, record.presets, record.advertised)
        other.user, other.double, other.full_lr = record.user, record.double, record.full_lr
        ctx.record_route = other

    @function(_ROUTES)
    def remove_record_route(self, ctx: RouteContext) -> int:
        """Take the Record-Route asked for back; those of other servers stay.

        Returns: 1.
        """
        ctx.record_route = None
        ctx.attributes.pop(in_dialog.PENDING, None)
        return 1

    @function(_ROUTES, body=in_dialog.loose_route)
    def loose_route(self, ctx: RouteContext) -> int:
        """Follow the Route headers: remove our own, and send the request to the next, or to its Request-URI.

        Returns: 1 done; -1 nothing to follow, also for an initial request with only our own Route (which is
        removed); -3 an initial request brought its own route set, which is followed.
        """
        return in_dialog.loose_route(self, ctx)

    @function(_ROUTES, body=in_dialog.loose_route_mode)
    def loose_route_mode(self, ctx: RouteContext, vmode: int) -> int:
        """Follow the Route headers in a certain way.

        Args:
            vmode: sum of 1 no strict router is expected before us, 2 flow tokens are ignored (they always
                are).
        Returns: as loose_route.
        """
        return in_dialog.loose_route_mode(self, ctx, vmode)

    @function(_ROUTES)
    def loose_route_preloaded(self, ctx: RouteContext) -> int:
        """Follow the Route headers of an initial request only.

        Returns: 1 when it brought a route set, which is followed; -1 when not, or in a dialog.
        """
        if not in_dialog.is_initial(ctx):
            return -1
        return 1 if in_dialog.follow(self, ctx, True, False).routed else -1

    @function(_ROUTES)
    def next_hop_route(self, ctx: RouteContext) -> int:
        """Whether loose_route found a further Route behind our own.

        Returns: 1 when it did, -1 when not.
        """
        return 1 if ctx.attributes.get(in_dialog.NEXT_ROUTE) else -1

    @function(_ROUTES)
    def check_route_param(self, ctx: RouteContext, sre: str) -> int:
        """Search the parameters of our own Route.

        Args:
            sre: POSIX extended regular expression, case ignored; the text searched starts with ";".
        Returns: 1 when it matches; -1 when not, or the topmost Route was not ours.
        """
        parameters = self.own_parameters(ctx)
        if not sre or not parameters:
            return -1
        try:
            return 1 if compile_posix(sre, "i").search(parameters) else -1
        except PatternError as error:
            _logger.error("check_route_param: %s", error)
            return -1

    @function(_ROUTES)
    def is_direction(self, ctx: RouteContext, dir: str) -> int:
        """Compare the direction of a request in a dialog, by the From tag kept in our own Route.

        Args:
            dir: "downstream" as the first request of the dialog, "upstream" against it.
        Returns: 1 when it is that direction, -1 when not.
        """
        upstream = self.is_upstream(ctx)
        return 1 if dir.lower() == ("upstream" if upstream else "downstream") else -1

    @variable("route_uri")
    def route_uri(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$route_uri: URI of the topmost Route header."""
        try:
            routes = ctx.message.routes
        except SipError:
            return None
        return routes[0].uri_text if routes else None

    @variable("rdir")
    def route_direction(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$rdir(name): "downstream" or "upstream", as is_direction; $rdir(id): 1 or 2."""
        upstream = self.is_upstream(ctx)
        if inner == "name":
            return "upstream" if upstream else "downstream"
        return 2 if upstream else 1

    def own_parameters(self, ctx: RouteContext) -> str:
        """Parameters of our own Route that was followed or is topmost, each with its ";"; "" without one."""
        found: str | None = ctx.attributes.get(in_dialog.PARAMETERS)
        return top_route_parameters(ctx, self.is_own) if found is None else found

    def own_parameter(self, ctx: RouteContext, wanted: str) -> str:
        """One of own_parameters, "" when it is not there."""
        for parameter in self.own_parameters(ctx).split(";"):
            name, _, value = parameter.partition("=")
            if name.strip() == wanted:
                return value
        return ""

    def is_upstream(self, ctx: RouteContext) -> bool:
        """Whether a request goes against the direction of the first one of its dialog."""
        tag = self.own_parameter(ctx, "ftag")
        sender = from_header(ctx.message)
        return bool(tag and sender is not None and sender.tag and sender.tag != tag)
