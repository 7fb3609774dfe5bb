"""pv: constants, the server process and its settings, and a few odd ones."""

import os
from typing import Final

import luasip
from luasip.errors import SipError
from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, variable
from luasip.kemi.pseudo_variables import Index
from luasip.kemi.socket_text import INET, INET6, PROTOCOLS
from luasip.kemi.transformations.strings import to_integer
from luasip.kemi.wire_text import to_wire
from luasip.modules.pv.selects import select

_COLORS: Final = {"s": "0", "r": "1", "g": "2", "y": "3", "b": "4", "p": "5", "c": "6", "w": "7", "x": "9"}
_ESCAPE: Final = "\x1b["
_CONSTANTS: Final[dict[str, int]] = {
    "IPv4": INET,
    "INET": INET,
    "IPv6": INET6,
    "INET6": INET6,
    **{name.upper(): number for name, number in PROTOCOLS.items()},
}


class ProcessVariables(Module):
    """$true $env(…) $def(…) $version(…) and the like."""

    services: Services
    host_name: str

    @variable("true")
    def true(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The int 1."""
        return 1

    @variable("false")
    def false(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The int 0."""
        return 0

    @variable("null")
    def null(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Null."""
        return None

    @variable("_s")
    def text(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$_s(text): the text with its pseudo-variables replaced, e.g. to transform it."""
        return inner

    @variable("rc", "retcode")
    def return_code(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Return code of the last route block of Kamailio's own language; there is none, so 0."""
        return 0

    @variable("mi")
    def message_id(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$mi: number of the message, counted since the server was started; 0 for messages made here."""
        return ctx.source.number

    @variable("pp", "pid")
    def process_id(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Process id, an int."""
        return os.getpid()

    @variable("sid")
    def server_id(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Server id, an int: always 0."""
        return 0

    @variable("env")
    def environment(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$env(NAME): a variable of the process environment."""
        value = os.environ.get(inner) if inner and "\0" not in inner else None
        return None if value is None else to_wire(value)

    @variable("def")
    def define(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$def(NAME): a value of [define]."""
        return self.services.defines.get(inner)

    @variable("defn")
    def define_number(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$defn(NAME): a value of [define] as an int, null when it is no number."""
        return to_integer(self.services.defines.get(inner))

    @variable("version")
    def version(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$version(num) the version, $version(full) with the server's name."""
        return {"num": luasip.__version__, "full": f"LuaSIP {luasip.__version__}"}.get(inner)

    @variable("ksr")
    def server_version(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$ksr(ver): the version; $ksr(verval): it as one number, two digits a part."""
        if inner != "verval":
            return luasip.__version__ if inner == "ver" else None
        number = 0
        for part in luasip.__version__.split(".")[:3]:
            number = number * 1000 + (to_integer(part) or 0)
        return number

    @variable("HN")
    def host_names(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$HN(n|f|d|i): host name, with its domain, the domain, address of the first listening socket."""
        match inner:
            case "n":
                return self.host_name.partition(".")[0] or None
            case "f":
                return self.host_name or None
            case "d":
                return self.host_name.partition(".")[2] or None
            case "i":
                return self.services.listeners[0].host if self.services.listeners else None
        return None

    @variable("K")
    def constant(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$K(IPv4|IPv6|UDP|TCP|TLS|SCTP|WS|WSS): Kamailio's number of it, an int."""
        return _CONSTANTS.get(inner)

    @variable("C")
    def color(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$C(xy): escape codes for terminals, foreground x on background y of r g y b p c w s x; upper case
        is bold.
        """
        if len(inner) != 2 or inner[0].lower() not in _COLORS or inner[1].lower() not in _COLORS:
            return None
        foreground, background = inner[0], inner[1]
        codes = ["1" if foreground.isupper() else "0"]
        if foreground.lower() != "x":
            codes.append("3" + _COLORS[foreground.lower()])
        if background.lower() != "x":
            codes.append("4" + _COLORS[background.lower()])
        return f"{_ESCAPE}{';'.join(codes)}m"

    @variable("stat")
    def statistic(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$stat(name) or $stat(group:name): value of a statistic, an int."""
        return self.services.statistic(inner) if inner else None

    @variable("sel")
    def selected(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$sel(from.uri.user) and the like: the common selects (ruri, dst_uri, from, to, contact, via[i],
        cseq …).
        """
        try:
            return select(ctx, inner)
        except SipError:
            return None

    @variable("err.class", "err.level", "err.info", "err.rcode", "err.rreason")
    def parse_error(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Kept for old scripts: always null."""
        return None
