"""pv: the message as a whole: start line, size, body, flags, Vias."""

from typing import Final

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.current import method_of
from luasip.kemi.declare import Module, variable, variable_setter
from luasip.kemi.flag_values import FLAGS_MASK, flag_bit, flags_value
from luasip.kemi.pseudo_variables import Index
from luasip.kemi.socket_text import protocol_number
from luasip.modules.pv.request_uri import reply_destination
from luasip.sip.message import Message, Response
from luasip.sip.values import Via

METHOD_NUMBERS: Final = {
    "INVITE": 1,
    "CANCEL": 2,
    "ACK": 4,
    "BYE": 8,
    "INFO": 1 << 4,
    "REGISTER": 1 << 5,
    "SUBSCRIBE": 1 << 6,
    "NOTIFY": 1 << 7,
    "MESSAGE": 1 << 8,
    "OPTIONS": 1 << 9,
    "PRACK": 1 << 10,
    "UPDATE": 1 << 11,
    "REFER": 1 << 12,
    "PUBLISH": 1 << 13,
    "KDMQ": 1 << 14,
    "GET": 1 << 15,
    "POST": 1 << 16,
    "PUT": 1 << 17,
    "DELETE": 1 << 18,
}
"""Kamailio's numbers of methods."""
OTHER_METHOD: Final = 1 << 19


class MessageVariables(Module):
    """$rm $rs $rb $mb $mf and the like."""

    @variable("rm")
    def method(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Method; of a reply the one in its CSeq."""
        return method_of(ctx.message) or None

    @variable("rmid")
    def method_number(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Kamailio's number of the method, an int."""
        method = method_of(ctx.message)
        return METHOD_NUMBERS.get(method, OTHER_METHOD) if method else None

    @variable("rs")
    def status(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Status of a reply, an int."""
        return ctx.message.status if isinstance(ctx.message, Response) else None

    @variable("rr")
    def reason(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Reason phrase of a reply."""
        return ctx.message.reason if isinstance(ctx.message, Response) else None

    @variable("rv")
    def protocol_version(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Protocol version of the start line."""
        return ctx.message.version

    @variable("rb")
    def body(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The body, "" when there is none."""
        return ctx.message.body

    @variable("bs")
    def body_size(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Size of the body in bytes, an int."""
        return len(ctx.message.text) - ctx.message.body_start

    @variable("mb")
    def buffer(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The whole message as received."""
        return ctx.message.text

    @variable("mbu")
    def updated_buffer(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The whole message with the pending edits applied."""
        return ctx.edits.apply(ctx.message)

    @variable("ml")
    def length(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Size of the message in bytes, an int."""
        return len(ctx.message.text)

    @variable("mt")
    def message_type(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """1 for a request, 2 for a reply."""
        return 1 if ctx.is_request else 2

    @variable("mts")
    def message_type_name(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """rq for a request, rp for a reply."""
        return "rq" if ctx.is_request else "rp"

    @variable("msg")
    def message_part(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$msg(len|buf|body|body_len|hdrs|hdrs_len|hdrc|fline|fpart): parts of the message, their sizes."""
        message = ctx.message
        match inner:
            case "len":
                return len(message.text)
            case "buf":
                return message.text
            case "body":
                return message.body
            case "body_len":
                return len(message.text) - message.body_start
            case "hdrs":
                return _head(message, message.headers_start)
            case "hdrs_len":
                return len(_head(message, message.headers_start))
            case "hdrc":
                return len(message.headers)
            case "fline":
                return message.text[: message.headers_start].strip()
            case "fpart":
                return _head(message, 0)
        return None

    @variable("mf")
    def flags(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Message flags as an int. Writable."""
        return ctx.flags

    @variable_setter("mf", "mF")
    def set_flags(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Set all flags; null clears them."""
        flags = flags_value(value)
        if flags is None:
            return False
        ctx.flags = flags
        return True

    @variable("mF")
    def flags_hexadecimal(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Message flags in eight hexadecimal digits. Writable."""
        return f"{ctx.flags & FLAGS_MASK:08x}"

    @variable("Mf")
    def flag(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$Mf(number): one message flag, 1 or 0. Writable."""
        bit = flag_bit(inner)
        return (1 if ctx.flags & bit else 0) if bit else None

    @variable_setter("Mf")
    def set_flag(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Set or clear one flag."""
        bit, number = flag_bit(inner), flags_value(value)
        if not bit or number is None:
            return False
        ctx.flags = ctx.flags | bit if number else ctx.flags & ~bit
        return True

    @variable("via0")
    def top_via(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$via0(host|port|proto|protoid|branch|rport|received|i): of the topmost Via."""
        return _via_part(ctx.message.vias[:1], inner)

    @variable("via1")
    def second_via(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The same of the second Via."""
        return _via_part(ctx.message.vias[1:2], inner)

    @variable("viaZ")
    def last_via(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The same of the last Via."""
        return _via_part(ctx.message.vias[-1:], inner)

    @variable("rpl")
    def reply_part(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$rpl(duri|dhost|dport|dproto|dprotoid|cntvia|cntrr): where a reply goes, its Vias and
        Record-Routes.
        """
        message = ctx.message
        if not isinstance(message, Response):
            return None
        if inner == "cntvia":
            return len(message.vias)
        if inner == "cntrr":
            return len(message.record_routes)
        if len(message.vias) < 2:
            return None
        host, port = reply_destination(message.vias[1])
        protocol = message.vias[1].transport.lower()
        values: dict[str, PvValue] = {
            "duri": f"sip:{host}:{port};transport={protocol}",
            "dhost": host,
            "dport": port,
            "dproto": protocol,
            "dprotoid": protocol_number(protocol),
        }
        return values.get(inner)


def _head(message: Message, start: int) -> str:
    return message.text[start : message.body_start].strip()


def _via_part(vias: list[Via], inner: str) -> PvValue:
    if not vias:
        return None
    via = vias[0]
    values: dict[str, PvValue] = {
        "host": via.host,
        "port": via.port or 5060,
        "proto": via.transport,
        "protoid": protocol_number(via.transport),
        "branch": via.branch or None,
        "rport": via.rport or None,
        "received": via.received or None,
        "i": via.params.get("i") or None,
    }
    return values.get(inner)
