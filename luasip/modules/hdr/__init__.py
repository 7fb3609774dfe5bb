"""hdr: reading headers, and pending insertions and removals of whole headers.

Edits do not show in later reads until the message leaves or its changes are applied.
"""

from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.current import header_lines
from luasip.kemi.declare import Module, function
from luasip.kemi.header_edits import append_after, insert_before, nth_header
from luasip.modules.hdr import removing


class Hdr(Module):
    """hdr: reading and editing headers."""

    name = "hdr"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self.settings = settings
        self.services = services

    @function()
    def append(self, ctx: RouteContext, txt: str) -> int:
        """Add header lines after the last header.

        Args:
            txt: the lines as they are, each with its CRLF.
        Returns: 1, -1 when there is no text.
        """
        if not txt:
            return -1
        ctx.edits.append_header(ctx.message, txt)
        return 1

    @function()
    def append_after(self, ctx: RouteContext, txt: str, hname: str) -> int:
        """Add header lines after the last header of a name, at the end when there is none.

        Args:
            txt: the lines as they are, each with its CRLF.
            hname: the header's name.
        Returns: 1, -1 when a parameter is empty.
        """
        if not txt or not hname:
            return -1
        append_after(ctx, txt, hname)
        return 1

    @function()
    def insert(self, ctx: RouteContext, txt: str) -> int:
        """Add header lines before the first header.

        Args:
            txt: the lines as they are, each with its CRLF.
        Returns: 1, -1 when there is no text.
        """
        if not txt:
            return -1
        ctx.edits.insert_header(ctx.message, txt)
        return 1

    @function()
    def insert_before(self, ctx: RouteContext, txt: str, hname: str) -> int:
        """Add header lines before the first header of a name, before all when there is none.

        Args:
            txt: the lines as they are, each with its CRLF.
            hname: the header's name.
        Returns: 1, -1 when a parameter is empty.
        """
        if not txt or not hname:
            return -1
        insert_before(ctx, txt, hname)
        return 1

    @function(body=removing.remove)
    def remove(self, ctx: RouteContext, hname: str) -> int:
        """Remove every header of a name, compact forms included.

        Args:
            hname: the exact name, in any case; no pattern.
        Returns: 1, also when there is none; -1 when the name is empty or over 124 characters.
        """
        return removing.remove(self, ctx, hname)

    @function()
    def rmappend(self, ctx: RouteContext, hrm: str, hadd: str) -> int:
        """Remove every header of a name and add lines after the last header.

        Args:
            hrm: the name of the headers to remove.
            hadd: the lines to add, each with its CRLF.
        Returns: 1, -1 when a parameter is empty or the name too long.
        """
        return self.append(ctx, hadd) if hadd and self.remove(ctx, hrm) > 0 else -1

    @function()
    def rminsert(self, ctx: RouteContext, hrm: str, hadd: str) -> int:
        """Remove every header of a name and add lines before the first header.

        Args:
            hrm: the name of the headers to remove.
            hadd: the lines to add, each with its CRLF.
        Returns: 1, -1 when a parameter is empty or the name too long.
        """
        return self.insert(ctx, hadd) if hadd and self.remove(ctx, hrm) > 0 else -1

    @function()
    def is_present(self, ctx: RouteContext, hname: str) -> int:
        """Whether the message came with a header of this name.

        Args:
            hname: the name; compact forms count.
        Returns: 1 when it did, -1 when not.
        """
        return 1 if header_lines(ctx.message, hname) else -1

    @function()
    def append_to_reply(self, ctx: RouteContext, txt: str) -> int:
        """Add header lines to every reply the server makes to this request.

        Args:
            txt: the lines, each with its CRLF.
        Returns: 1, -1 when there is no text.
        """
        if not txt:
            return -1
        ctx.reply_headers.append(txt)
        return 1

    @function()
    def get(self, ctx: RouteContext, hname: str) -> PvValue:
        """The value of the first header of a name.

        Args:
            hname: the header's name.
        Returns: the value without outer white space, nil when there is none.
        """
        return _value(ctx, hname, 0)

    @function()
    def gete(self, ctx: RouteContext, hname: str) -> PvValue:
        """The value of the first header of a name, or empty text.

        Args:
            hname: the header's name.
        Returns: the value, "" when there is none.
        """
        return _value(ctx, hname, 0) or ""

    @function()
    def getw(self, ctx: RouteContext, hname: str) -> PvValue:
        """The value of the first header of a name, or "<null>".

        Args:
            hname: the header's name.
        Returns: the value, "<null>" when there is none.
        """
        return _printed(_value(ctx, hname, 0))

    @function()
    def get_idx(self, ctx: RouteContext, hname: str, idx: int) -> PvValue:
        """The value of one header of a name.

        Args:
            hname: the header's name.
            idx: from 0 for the first, from -1 for the last.
        Returns: the value, nil when there is none.
        """
        return _value(ctx, hname, idx)

    @function()
    def gete_idx(self, ctx: RouteContext, hname: str, idx: int) -> PvValue:
        """The value of one header of a name, or empty text.

        Args:
            hname: the header's name.
            idx: from 0 for the first, from -1 for the last.
        Returns: the value, "" when there is none.
        """
        return _value(ctx, hname, idx) or ""

    @function()
    def getw_idx(self, ctx: RouteContext, hname: str, idx: int) -> PvValue:
        """The value of one header of a name, or "<null>".

        Args:
            hname: the header's name.
            idx: from 0 for the first, from -1 for the last.
        Returns: the value, "<null>" when there is none.
        """
        return _printed(_value(ctx, hname, idx))

    @function()
    def match_content(self, ctx: RouteContext, hname: str, op: str, mval: str, hidx: str) -> bool:
        """Compare header values with a text.

        Args:
            hname: the header's name.
            op: eq equal, ne not equal, sw starts with, in contains.
            mval: the text; case matters.
            hidx: which headers: f the first, l the last, a all must match, o one must match.
        Returns: true when they match; false when not, when there is no such header or a parameter is unknown.
        """
        values = [line.value for line in header_lines(ctx.message, hname)]
        chosen = {"f": values[:1], "l": values[-1:], "a": values, "o": values}.get(hidx[:1].lower())
        if not chosen:
            return False
        matches = [_matches(value, op.lower(), mval) for value in chosen]
        return any(matches) if hidx[:1].lower() == "o" else all(matches)


def _value(ctx: RouteContext, name: str, index: int) -> str | None:
    line = nth_header(ctx.message, name, index)
    return None if line is None else line.value


def _printed(value: str | None) -> str:
    return "<null>" if value is None else value


def _matches(value: str, operation: str, text: str) -> bool:
    if operation == "eq":
        return value == text
    if operation == "ne":
        return value != text
    if operation == "sw":
        return value.startswith(text)
    return operation == "in" and text in value
