"""The functions of nathelper about session descriptions and addresses."""

from luasip.errors import SipError
from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, function, variable
from luasip.kemi.pseudo_variables import Index
from luasip.modules.nathelper.addresses import is_private, parse_address
from luasip.modules.nathelper.detection import Place, session_place, shows_nat
from luasip.modules.nathelper.settings import NathelperSettings
from luasip.sip.sdp import Connection, SessionDescription, parse_sdp

_DIRECTION = 1
_CONNECTION = 2
_NO_RTP_PROXY = 4
_ORIGIN = 8


class SdpFunctions(Module):
    """nat_uac_test, is_rfc1918, fix_nated_sdp and the Record-Route counts."""

    settings: NathelperSettings

    @function()
    def nat_uac_test(self, ctx: RouteContext, tests: int) -> int:
        """Tell whether the sender of the message is behind NAT.

        Args:
            tests: sum of 1 private Contact, 2 Via host is not the source, 4 private Via, 8 private address in SDP,
                16 Via port is not the source's, 32 private source, 64 it came by WebSocket, 128 Contact port is not the
                source's, 256 no address in SDP is the source, 512 $du differs from $ru (in a reply: the second Via from
                its received and rport) or leads to a WebSocket.
        Returns: 1 when one of the tests says so, else -1.
        """
        return 1 if shows_nat(ctx, tests, self._reserved) else -1

    @function()
    def is_rfc1918(self, ctx: RouteContext, address: str) -> int:
        """Tell whether an IP address is private (RFC 1918, RFC 6598, RFC 7335).

        Args:
            address: IPv4 address.
        Returns: 1 it is, -1 it is not or is no IPv4 address.
        """
        return 1 if is_private(address, self._reserved) else -1

    @function()
    def fix_nated_sdp(self, ctx: RouteContext, level: int) -> int:
        """Put the source address into the session description.

        Args:
            level: sum of 1 add a=direction:active to each medium, 2 in c= lines, 4 add nortpproxy_str, 8 in o=.
        Returns: 1 addresses were exchanged, 2 none had to be, -1 without session description, without a line to change
            in it, or with an address of the other IP version in such a line.
        """
        return self._fix_sdp(ctx, level, ctx.source.host)

    @function()
    def fix_nated_sdp_ip(self, ctx: RouteContext, level: int, ip: str) -> int:
        """Put an address into the session description.

        Args:
            level: as for fix_nated_sdp.
            ip: the address, "" for the source's.
        Returns: 1 addresses were exchanged, 2 none had to be, -1 without session description, without a line to change
            in it, or with an address of the other IP version in such a line.
        """
        return self._fix_sdp(ctx, level, ip or ctx.source.host)

    @variable("rr_count")
    def record_route_count(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """How many Record-Routes the message has."""
        try:
            return len(ctx.message.record_routes)
        except SipError:
            return None

    @variable("rr_top_count")
    def top_record_route_count(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """2 when the topmost Record-Route is one of two by the same server (r2), 1 for a single one, else 0."""
        try:
            routes = ctx.message.record_routes
            return 0 if not routes else 2 if "r2" in routes[0].uri.params else 1
        except SipError:
            return None

    @property
    def _reserved(self) -> bool:
        return self.settings.nat_addr_mode != 0

    def _fix_sdp(self, ctx: RouteContext, level: int, address: str) -> int:
        place = session_place(ctx.message)
        if place is None or parse_address(address) is None:
            return -1
        family = "IP6" if ":" in address else "IP4"
        try:
            session = parse_sdp(ctx.message.text[place[0] : place[1]])
        except SipError:
            return -1
        origin = [session.origin] if session.origin is not None else []
        wanted = [(_CONNECTION, session.connections), (_ORIGIN, origin)]
        parts = [part for bit, part in wanted if level & bit]
        if any(not part or any(c.address_type != family for c in part) for part in parts):
            return -1
        self._add_lines(ctx, session, level, place)
        changed = sum(self._exchange(ctx, connection, address, place) for part in parts for connection in part)
        return 1 if changed else 2

    def _exchange(self, ctx: RouteContext, connection: Connection, address: str, place: Place) -> bool:
        """Exchange one address; the null address of a medium on hold stays."""
        if connection.address in ("0.0.0.0", "::", address):
            return False
        start, end = place[0] + connection.start, place[0] + connection.end
        if ctx.edits.revised(ctx.message, start, end) != connection.address:
            return False
        ctx.edits.replace(start, end, address)
        if self.settings.append_sdp_oldmediaip:
            name = "oldmediaip6" if connection.address_type == "IP6" else "oldmediaip"
            _append(ctx, place[1], f"a={name}:{connection.address}")
        return True

    def _add_lines(self, ctx: RouteContext, session: SessionDescription, level: int, place: Place) -> None:
        if level & _DIRECTION:
            for medium in session.media:
                _append(ctx, place[0] + medium.lines[-1].end, "a=direction:active")
        line = self.settings.nortpproxy_str.rstrip("\r\n")
        if level & _NO_RTP_PROXY and line:
            _append(ctx, place[1], line)


def _append(ctx: RouteContext, offset: int, line: str) -> None:
    """Put a line behind the one that ends at `offset` of the message, whether or not that has a line end."""
    ended = ctx.message.text[:offset].endswith("\n")
    ctx.edits.insert(offset, f"{line}\r\n" if ended else f"\r\n{line}")
