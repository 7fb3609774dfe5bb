"""core functions on where a request goes: its Request-URI, its destination URI, and stateless forwarding."""

from luasip.errors import UriError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.current import request_uri
from luasip.kemi.declare import Module, Route, function


class Destination(Module):
    """Rewriting and forwarding. Request-URI edits show at once."""

    services: Services

    @function()
    def seturi(self, ctx: RouteContext, uri: str) -> bool:
        """Replace the Request-URI.

        Args:
            uri: the new one.
        Returns: true; false when it is empty or the message is a reply.
        """
        if not uri or not ctx.is_request:
            return False
        ctx.target.uri = uri
        return True

    @function()
    def setuser(self, ctx: RouteContext, user: str) -> bool:
        """Replace the user part of the Request-URI.

        Args:
            user: the new one, escaped where it must be; "" removes user and password.
        Returns: true; false when the Request-URI cannot be read or the result is no URI.
        """
        uri = request_uri(ctx)
        if uri is None:
            return False
        try:
            ctx.target.uri = uri.replace(user=user, password=uri.password if user else "").text
        except UriError:
            return False
        return True

    @function()
    def sethost(self, ctx: RouteContext, host: str) -> bool:
        """Replace the host of the Request-URI; its port stays.

        Args:
            host: the new one, IPv6 in brackets.
        Returns: true; false when it is no host or the Request-URI cannot be read.
        """
        uri = request_uri(ctx)
        if uri is None or not host:
            return False
        try:
            ctx.target.uri = uri.replace(host=host).text
        except UriError:
            return False
        return True

    @function()
    def setdsturi(self, ctx: RouteContext, uri: str) -> bool:
        """Set the destination URI ($du), which wins over the Request-URI as next hop.

        Args:
            uri: the next hop.
        Returns: true; false when it is empty.
        """
        if not uri:
            return False
        ctx.target.destination_uri = uri
        return True

    @function()
    def resetdsturi(self, ctx: RouteContext) -> bool:
        """Forget the destination URI.

        Returns: true.
        """
        ctx.target.destination_uri = ""
        return True

    @function()
    def isdsturiset(self, ctx: RouteContext) -> bool:
        """Whether there is a destination URI.

        Returns: true when there is.
        """
        return bool(ctx.target.destination_uri)

    @function(Route.REQUEST | Route.FAILURE | Route.EVENT)
    def forward(self, ctx: RouteContext) -> int:
        """Forward the request without a transaction to its next hop.

        Returns: 1 when sent, -1 when not.
        """
        return 1 if self.services.forward_stateless(ctx) else -1

    @function(Route.REQUEST | Route.FAILURE | Route.EVENT)
    def forward_uri(self, ctx: RouteContext, vuri: str) -> int:
        """Forward the request without a transaction to a URI; the Request-URI stays as it is.

        Args:
            vuri: where to send it.
        Returns: 1 when sent, -1 when not.
        """
        return 1 if vuri and self.services.forward_stateless(ctx, vuri) else -1

    @function()
    def route(self, ctx: RouteContext, route: str) -> int:
        """Run a native routing block by name. There are none: all routing is Lua.

        Args:
            route: the name.
        Returns: -1.
        """
        return -1

    @function()
    def set_drop(self, ctx: RouteContext) -> None:
        """Mark the message as dropped and go on; KSR.x.drop() also ends the route."""
        ctx.dropped = True
