"""corex functions on where a request goes: further branches, and forwarding as if it began here."""

from typing import Final

from luasip.errors import HeaderError
from luasip.kemi.context import Branch, RouteContext, Services
from luasip.kemi.declare import Module, Route, function
from luasip.sip.message import Request
from luasip.sip.parser import parse_message
from luasip.sip.values import parse_qvalue

MOST_BRANCHES: Final = 11
"""Branches besides the Request-URI's, as Kamailio's max_branches of 12 allows."""


class Branches(Module):
    """Branches and stateless forwarding."""

    services: Services

    @function(Route.REQUEST | Route.FAILURE | Route.EVENT)
    def append_branch(self, ctx: RouteContext) -> int:
        """Add the current Request-URI, with its destination, flags, q, path and socket, as a further branch.

        Returns: 1, -1 when there are too many branches.
        """
        code = self.append_branch_uri_q(ctx, "", "")
        if code > 0:
            ctx.target = Branch(ctx.target.uri)
        return code

    @function(Route.REQUEST | Route.FAILURE | Route.EVENT)
    def append_branch_uri(self, ctx: RouteContext, uri: str) -> int:
        """Add a further branch; destination, flags, path and socket are those set for the Request-URI.

        Args:
            uri: its URI; "" for the current Request-URI.
        Returns: 1, -1 when there are too many branches.
        """
        return self.append_branch_uri_q(ctx, uri, "")

    @function(Route.REQUEST | Route.FAILURE | Route.EVENT)
    def append_branch_uri_q(self, ctx: RouteContext, uri: str, q: str) -> int:
        """Add a further branch with a q value.

        Args:
            uri: its URI; "" for the current Request-URI.
            q: 0 to 1; "" for none (that of the Request-URI when uri is "").
        Returns: 1, -1 when there are too many branches or q is no q value.
        """
        try:
            value = parse_qvalue(q) if q else None
        except HeaderError:
            return -1
        if len(ctx.branches) >= MOST_BRANCHES or not ctx.is_request:
            return -1
        source = ctx.target
        branch = Branch(uri or source.uri, source.destination_uri, value, source.flags)
        branch.path, branch.send_socket, branch.protocol = source.path, source.send_socket, source.protocol
        if not uri:
            branch.q = source.q if value is None else value
            branch.instance, branch.reg_id, branch.ruid = source.instance, source.reg_id, source.ruid
            branch.location_user_agent = source.location_user_agent
        ctx.branches.append(branch)
        return 1

    @function(Route.REQUEST | Route.EVENT)
    def forward_uac(self, ctx: RouteContext) -> int:
        """Forward the request without a transaction, without its Vias and Record-Routes, as if it began here.

        Returns: 1 when sent, -1 when not.
        """
        return self.forward_uac_uri(ctx, "")

    @function(Route.REQUEST | Route.EVENT)
    def forward_uac_branch(self, ctx: RouteContext, bindex: int) -> int:
        """Forward the request as forward_uac does.

        Args:
            bindex: branch number; branches are told apart by their random part here, so it is not needed.
        Returns: 1 when sent, -1 when not.
        """
        return self.forward_uac_uri(ctx, "")

    @function(Route.REQUEST | Route.EVENT)
    def forward_uac_uri(self, ctx: RouteContext, vuri: str) -> int:
        """Forward the request to a URI as forward_uac does.

        Args:
            vuri: where to send it; "" for its next hop.
        Returns: 1 when sent, -1 when not.
        """
        if not isinstance(ctx.message, Request):
            return -1
        request = parse_message(ctx.message.text)
        copy = RouteContext(ctx.route, request, ctx.source, ctx.services, ctx.script_variables)
        copy.target, copy.lists, copy.attributes = ctx.target, ctx.lists, ctx.attributes
        copy.advertised, copy.local_rport = ctx.advertised, ctx.local_rport
        copy.hops_counted = ctx.hops_counted
        copy.edits = ctx.edits.copy()
        for line in [*request.all("via"), *request.all("record-route")]:
            copy.edits.remove_header(line)
        return 1 if self.services.forward_stateless(copy, vuri) else -1

    @function(Route.REQUEST | Route.EVENT)
    def forward_uac_uri_branch(self, ctx: RouteContext, vuri: str, bindex: int) -> int:
        """Forward the request to a URI as forward_uac does.

        Args:
            vuri: where to send it; "" for its next hop.
            bindex: branch number; not needed, see forward_uac_branch.
        Returns: 1 when sent, -1 when not.
        """
        return self.forward_uac_uri(ctx, vuri)
