"""Functions that forward a request, or send one of our own."""

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import function
from luasip.kemi.transactions import Relaying
from luasip.modules.tm import matching
from luasip.modules.tm.parts import Parts


class RelayFunctions(Parts):
    """t_relay and its kin."""

    @function(suspends=True, body=matching.t_relay)
    def t_relay(self, ctx: RouteContext) -> Relaying:
        """Forward the request statefully to the current Request-URI (or $du) and the appended branches.

        In a failure route it starts a further serial leg. Looking up a name suspends the route.

        Returns: 1 when it was forwarded (or was a retransmission), negative when not: sl_reply_error() then answers;
            0 in a route where it is not possible.
        """
        return (yield from self._relay(ctx))

    def _relay(self, ctx: RouteContext, flags: int = 0, next_hop: str = "") -> Relaying:
        relayed = self._services.transactions.relay(ctx, flags, next_hop)
        return relayed if isinstance(relayed, int) else (yield from relayed)

    @function(suspends=True)
    def t_relay_to_flags(self, ctx: RouteContext, rflags: int) -> Relaying:
        """Forward as t_relay does, with flags.

        Args:
            rflags: 1 no automatic 100, 2 no automatic negative reply, 4 no failover to further addresses; added up.
        Returns: as t_relay.
        """
        return (yield from self._relay(ctx, rflags))

    @function(suspends=True)
    def t_relay_to_proto(self, ctx: RouteContext, sproto: str) -> Relaying:
        """Forward as t_relay does, over a given transport.

        Args:
            sproto: "udp", "tcp", "tls", "ws", "wss" or "sctp".
        Returns: as t_relay.
        """
        ctx.target.protocol = sproto.lower()
        for branch in ctx.branches:
            branch.protocol = sproto.lower()
        return (yield from self._relay(ctx))

    @function(suspends=True)
    def t_relay_to_proto_addr(self, ctx: RouteContext, sproto: str, host: str, port: int) -> Relaying:
        """Forward the request to an address over a given transport.

        Args:
            sproto: "udp", "tcp", …
            host: name or address.
            port: 0 for the transport's own.
        Returns: as t_relay.
        """
        next_hop = f"sip:{host}" + (f":{port}" if port else "") + f";transport={sproto.lower()}"
        return (yield from self._relay(ctx, 0, next_hop))

    @function(suspends=True)
    def t_relay_to_proxy(self, ctx: RouteContext, sproxy: str) -> Relaying:
        """Forward the request to a proxy.

        Args:
            sproxy: "[protocol:]host[:port]".
        Returns: as t_relay, -1 for an unreadable proxy.
        """
        return (yield from self._to_proxy(ctx, sproxy, 0))

    @function(suspends=True)
    def t_relay_to_proxy_flags(self, ctx: RouteContext, sproxy: str, rflags: int) -> Relaying:
        """Forward the request to a proxy, with flags.

        Args:
            sproxy: "[protocol:]host[:port]".
            rflags: as in t_relay_to_flags.
        Returns: as t_relay, -1 for an unreadable proxy.
        """
        return (yield from self._to_proxy(ctx, sproxy, rflags))

    def _to_proxy(self, ctx: RouteContext, proxy: str, flags: int) -> Relaying:
        protocol, colon, address = proxy.partition(":")
        if not colon or protocol.lower() not in ("udp", "tcp", "tls", "sctp", "ws", "wss"):
            protocol, address = "", proxy
        if not address:
            return -1
        next_hop = f"sip:{address}" + (f";transport={protocol.lower()}" if protocol else "")
        return (yield from self._relay(ctx, flags, next_hop))

    @function(suspends=True)
    def t_replicate(self, ctx: RouteContext, suri: str) -> Relaying:
        """Send a copy of the request to another server; its replies are dropped.

        Args:
            suri: SIP URI of that server.
        Returns: 1, or -1 when it cannot be sent.
        """
        return (yield from self._services.transactions.replicate(ctx, suri))

    @function()
    def t_uac_send(
        self, ctx: RouteContext, method: str, ruri: str, nexthop: str, ssock: str, hdrs: str, body: str
    ) -> int:
        """Send a request of our own and forget its answer.

        Args:
            method: the method.
            ruri: Request-URI.
            nexthop: URI to send it to, "" for the Request-URI.
            ssock: socket to send from, "udp:address:port", "" for any.
            hdrs: header lines, each ending in CRLF; From and To are made from ruri when they are not among them.
            body: the body, "" for none.
        Returns: 1, or -1 when method or ruri is missing or unreadable.
        """
        if not method or not ruri:
            return -1
        return self._services.transactions.send_request(method, ruri, nexthop, hdrs, body, ssock)
