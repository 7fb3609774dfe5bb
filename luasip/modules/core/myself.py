"""core predicates on addresses: whether an address is one of the server's own."""

from luasip.kemi.context import RouteContext, Services
from luasip.kemi.current import from_header, next_hop_uri, parsed_uri, to_header, uri_of
from luasip.kemi.declare import Module, function
from luasip.modules.core import marks
from luasip.sip.uri import Uri


class Myself(Module):
    """Listening and advertised addresses, aliases and local domains count as the server's own."""

    services: Services

    @function()
    def is_myself(self, ctx: RouteContext, uri: str) -> bool:
        """Whether a URI or a bare host is the server's.

        Args:
            uri: "sip:host[:port][;transport=x]", or a host; without port any listening port matches.
        Returns: true when it is.
        """
        if uri[:4].lower() == "sip:" or uri[:5].lower() == "sips:":
            return self._is_own(parsed_uri(uri))
        return bool(uri) and self.services.is_myself(uri)

    @function(body=marks.is_myself_ruri)
    def is_myself_ruri(self, ctx: RouteContext) -> bool:
        """Whether the current Request-URI is the server's.

        Returns: true when it is; false on replies.
        """
        return marks.is_myself_ruri(self, ctx)

    @function()
    def is_myself_furi(self, ctx: RouteContext) -> bool:
        """Whether the From URI is the server's.

        Returns: true when it is.
        """
        return self._is_own(uri_of(from_header(ctx.message)))

    @function()
    def is_myself_turi(self, ctx: RouteContext) -> bool:
        """Whether the To URI is the server's.

        Returns: true when it is.
        """
        return self._is_own(uri_of(to_header(ctx.message)))

    @function()
    def is_myself_duri(self, ctx: RouteContext) -> bool:
        """Whether the destination URI is the server's.

        Returns: true when one is set and is.
        """
        return self._is_own(parsed_uri(ctx.target.destination_uri) if ctx.target.destination_uri else None)

    @function()
    def is_myself_nhuri(self, ctx: RouteContext) -> bool:
        """Whether the next hop, the destination URI or else the Request-URI, is the server's.

        Returns: true when it is; false on replies.
        """
        return ctx.is_request and self._is_own(next_hop_uri(ctx))

    @function()
    def is_myself_srcip(self, ctx: RouteContext) -> bool:
        """Whether the message came from one of the server's IP addresses, whatever the port.

        Returns: true when it did.
        """
        return self.services.is_myself(ctx.source.host)

    @function()
    def is_myself_suri(self, ctx: RouteContext) -> bool:
        """Whether the message came from one of the server's sockets: address, port and transport.

        Returns: true when it did.
        """
        return self.services.is_myself(ctx.source.host, ctx.source.port, ctx.source.listener.protocol)

    def _is_own(self, uri: Uri | None) -> bool:
        if uri is None or not uri.host:
            return False
        return self.services.is_myself(uri.host, uri.port or 0, uri.transport)
