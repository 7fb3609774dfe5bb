"""kx: getters of the message as a whole: start line, URIs, sizes, time."""

from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.current import from_header, method_of, to_header
from luasip.kemi.declare import Module, function
from luasip.modules.kx import reading
from luasip.modules.pv import Pv
from luasip.sip.message import Request, Response


class Whole(Module):
    """Start line, URIs, sizes."""

    pv: Pv
    services: Services

    @function(body=reading.get_ruri)
    def get_ruri(self, ctx: RouteContext) -> PvValue:
        """The current Request-URI, edits included.

        Returns: text, nil on replies.
        """
        return reading.get_ruri(self, ctx)

    @function()
    def get_ouri(self, ctx: RouteContext) -> PvValue:
        """The Request-URI as received.

        Returns: text, nil on replies.
        """
        return ctx.message.request_uri if isinstance(ctx.message, Request) else None

    @function()
    def get_nhuri(self, ctx: RouteContext) -> PvValue:
        """URI of the next hop: the destination URI, else the Request-URI.

        Returns: text, nil on replies.
        """
        return ctx.target.destination_uri or ctx.target.uri or None

    @function()
    def get_furi(self, ctx: RouteContext) -> PvValue:
        """URI of From.

        Returns: text, nil when it cannot be read.
        """
        address = from_header(ctx.message)
        return None if address is None else address.uri_text

    @function()
    def get_turi(self, ctx: RouteContext) -> PvValue:
        """URI of To.

        Returns: text, nil when it cannot be read.
        """
        address = to_header(ctx.message)
        return None if address is None else address.uri_text

    @function()
    def get_method(self, ctx: RouteContext) -> PvValue:
        """Method; of a reply the one in its CSeq.

        Returns: text, nil when it cannot be read.
        """
        return method_of(ctx.message) or None

    @function()
    def get_callid(self, ctx: RouteContext) -> PvValue:
        """Call-ID.

        Returns: text, nil when there is none.
        """
        line = ctx.message.first("call-id")
        return None if line is None else line.value

    @function(body=reading.get_status)
    def get_status(self, ctx: RouteContext) -> int:
        """Status of a reply.

        Returns: the status, -1 on requests.
        """
        return reading.get_status(self, ctx)

    @function()
    def gets_status(self, ctx: RouteContext) -> PvValue:
        """Status of a reply as text.

        Returns: "200" and the like, nil on requests.
        """
        return str(ctx.message.status) if isinstance(ctx.message, Response) else None

    @function()
    def get_msgtype(self, ctx: RouteContext) -> int:
        """Kind of the message.

        Returns: 1 for a request, 2 for a reply.
        """
        return 1 if ctx.is_request else 2

    @function()
    def get_msgbuf(self, ctx: RouteContext) -> PvValue:
        """The whole message as received.

        Returns: text.
        """
        return ctx.message.text

    @function()
    def get_msglen(self, ctx: RouteContext) -> int:
        """Size of the message.

        Returns: bytes.
        """
        return len(ctx.message.text)

    @function()
    def get_bodylen(self, ctx: RouteContext) -> int:
        """Size of the body.

        Returns: bytes.
        """
        return len(ctx.message.text) - ctx.message.body_start

    @function()
    def get_timestamp(self, ctx: RouteContext) -> int:
        """When the message came.

        Returns: seconds since the epoch.
        """
        return int(self.pv.arrived(ctx))
