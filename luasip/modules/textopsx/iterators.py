"""textopsx iterators: walking over the headers, or over the lines of the body, and editing where one stands.

An iterator stands before the first item until it is moved. It walks over the message as received.
"""

from dataclasses import dataclass
from typing import Final

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, function, variable
from luasip.sip.message import HeaderLine

MOST_ITERATORS: Final = 4
"""Of each kind at one time, as in Kamailio."""

_HEADERS: Final = "textopsx.header_iterators"
_LINES: Final = "textopsx.line_iterators"


@dataclass(slots=True)
class HeaderIterator:
    """Header lines and the position among them, -1 at first."""

    lines: list[HeaderLine]
    position: int = -1

    @property
    def current(self) -> HeaderLine | None:
        """Where it stands, None before the first and behind the last."""
        return self.lines[self.position] if 0 <= self.position < len(self.lines) else None


@dataclass(slots=True)
class LineIterator:
    """The body line at `start`..`end` of the message text, line end included; nothing at first."""

    start: int
    end: int
    started: bool = False


class Iterators(Module):
    """Iterators by name."""

    @function()
    def hf_iterator_start(self, ctx: RouteContext, iname: str) -> int:
        """Start an iterator over the headers, or start it again.

        Args:
            iname: its name.
        Returns: 1, -1 when the name is empty or there are four already.
        """
        iterators = ctx.attributes.setdefault(_HEADERS, {})
        if not iname or (iname not in iterators and len(iterators) >= MOST_ITERATORS):
            return -1
        iterators[iname] = HeaderIterator(ctx.message.headers)
        return 1

    @function()
    def hf_iterator_end(self, ctx: RouteContext, iname: str) -> int:
        """End an iterator over the headers.

        Args:
            iname: its name.
        Returns: 1, -1 when there is none.
        """
        return 1 if ctx.attributes.get(_HEADERS, {}).pop(iname, None) is not None else -1

    @function()
    def hf_iterator_next(self, ctx: RouteContext, iname: str) -> int:
        """Move to the next header; at first to the first one.

        Args:
            iname: the iterator's name.
        Returns: 1, -1 when there is no further header or no such iterator.
        """
        return _move(ctx, iname, 1)

    @function()
    def hf_iterator_prev(self, ctx: RouteContext, iname: str) -> int:
        """Move to the header before.

        Args:
            iname: the iterator's name.
        Returns: 1, -1 when there is none before or no such iterator.
        """
        return _move(ctx, iname, -1)

    @function()
    def hf_iterator_hname(self, ctx: RouteContext, iname: str) -> PvValue:
        """The name of the header an iterator stands at.

        Args:
            iname: the iterator's name.
        Returns: the name as in the message, nil when it stands at none.
        """
        line = _header(ctx, iname)
        return None if line is None else line.name

    @function()
    def hf_iterator_hbody(self, ctx: RouteContext, iname: str) -> PvValue:
        """The value of the header an iterator stands at.

        Args:
            iname: the iterator's name.
        Returns: the value, nil when it stands at none.
        """
        line = _header(ctx, iname)
        return None if line is None else line.value

    @function()
    def hf_iterator_rm(self, ctx: RouteContext, iname: str) -> int:
        """Remove the header an iterator stands at.

        Args:
            iname: the iterator's name.
        Returns: 1, -1 when it stands at none.
        """
        line = _header(ctx, iname)
        if line is None:
            return -1
        ctx.edits.remove_header(line)
        return 1

    @function()
    def hf_iterator_append(self, ctx: RouteContext, iname: str, htext: str) -> int:
        """Add header lines behind the header an iterator stands at.

        Args:
            iname: the iterator's name.
            htext: the lines, each with its CRLF.
        Returns: 1, -1 when it stands at none or there is no text.
        """
        line = _header(ctx, iname)
        if line is None or not htext:
            return -1
        ctx.edits.insert_after(line, htext)
        return 1

    @function()
    def hf_iterator_insert(self, ctx: RouteContext, iname: str, htext: str) -> int:
        """Add header lines before the header an iterator stands at.

        Args:
            iname: the iterator's name.
            htext: the lines, each with its CRLF.
        Returns: 1, -1 when it stands at none or there is no text.
        """
        line = _header(ctx, iname)
        if line is None or not htext:
            return -1
        ctx.edits.insert_before(line, htext)
        return 1

    @function()
    def bl_iterator_start(self, ctx: RouteContext, iname: str) -> int:
        """Start an iterator over the lines of the body, or start it again.

        Args:
            iname: its name.
        Returns: 1, -1 when the name is empty, the body is, or there are four already.
        """
        iterators = ctx.attributes.setdefault(_LINES, {})
        if not iname or not ctx.message.body or (iname not in iterators and len(iterators) >= MOST_ITERATORS):
            return -1
        iterators[iname] = LineIterator(ctx.message.body_start, ctx.message.body_start)
        return 1

    @function()
    def bl_iterator_end(self, ctx: RouteContext, iname: str) -> int:
        """End an iterator over the lines of the body.

        Args:
            iname: its name.
        Returns: 1, -1 when there is none.
        """
        return 1 if ctx.attributes.get(_LINES, {}).pop(iname, None) is not None else -1

    @function()
    def bl_iterator_next(self, ctx: RouteContext, iname: str) -> int:
        """Move to the next line; at first to the first one.

        Args:
            iname: the iterator's name.
        Returns: 1, -1 when there is no further line or no such iterator.
        """
        iterator: LineIterator | None = ctx.attributes.get(_LINES, {}).get(iname)
        text = ctx.message.text
        if iterator is None:
            return -1
        iterator.started, iterator.start = True, iterator.end
        if iterator.start >= len(text):
            return -1
        end = text.find("\n", iterator.start)
        iterator.end = len(text) if end < 0 else end + 1
        return 1

    @function()
    def bl_iterator_value(self, ctx: RouteContext, iname: str) -> PvValue:
        """The line an iterator stands at.

        Args:
            iname: the iterator's name.
        Returns: the line with its line end, nil when it stands at none.
        """
        iterator = _line(ctx, iname)
        return None if iterator is None else ctx.message.text[iterator.start : iterator.end]

    @function()
    def bl_iterator_rm(self, ctx: RouteContext, iname: str) -> int:
        """Remove the line an iterator stands at.

        Args:
            iname: the iterator's name.
        Returns: 1, -1 when it stands at none.
        """
        iterator = _line(ctx, iname)
        if iterator is None:
            return -1
        ctx.edits.delete(iterator.start, iterator.end)
        return 1

    @function()
    def bl_iterator_append(self, ctx: RouteContext, iname: str, text: str) -> int:
        """Add text behind the line an iterator stands at.

        Args:
            iname: the iterator's name.
            text: the text, with its line ends.
        Returns: 1, -1 when it stands at none or there is no text.
        """
        iterator = _line(ctx, iname)
        if iterator is None or not text:
            return -1
        ctx.edits.insert(iterator.end, text)
        return 1

    @function()
    def bl_iterator_insert(self, ctx: RouteContext, iname: str, text: str) -> int:
        """Add text before the line an iterator stands at.

        Args:
            iname: the iterator's name.
            text: the text, with its line ends.
        Returns: 1, -1 when it stands at none or there is no text.
        """
        iterator = _line(ctx, iname)
        if iterator is None or not text:
            return -1
        ctx.edits.insert(iterator.start, text)
        return 1

    @variable("hfitname")
    def header_iterator_name(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$hfitname(name): name of the header the iterator stands at."""
        return self.hf_iterator_hname(ctx, inner)

    @variable("hfitbody")
    def header_iterator_body(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$hfitbody(name): value of the header the iterator stands at."""
        return self.hf_iterator_hbody(ctx, inner)

    @variable("blitval")
    def line_iterator_value(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$blitval(name): the body line the iterator stands at, with its line end."""
        return self.bl_iterator_value(ctx, inner)


def forget_iterators(ctx: RouteContext) -> None:
    """End all iterators: the message they walk over is no longer the context's."""
    ctx.attributes.pop(_HEADERS, None)
    ctx.attributes.pop(_LINES, None)


def _move(ctx: RouteContext, name: str, step: int) -> int:
    iterator: HeaderIterator | None = ctx.attributes.get(_HEADERS, {}).get(name)
    if iterator is None:
        return -1
    iterator.position = max(-1, min(len(iterator.lines), iterator.position + step))
    return 1 if iterator.current is not None else -1


def _header(ctx: RouteContext, name: str) -> HeaderLine | None:
    iterator: HeaderIterator | None = ctx.attributes.get(_HEADERS, {}).get(name)
    return None if iterator is None else iterator.current


def _line(ctx: RouteContext, name: str) -> LineIterator | None:
    iterator: LineIterator | None = ctx.attributes.get(_LINES, {}).get(name)
    return iterator if iterator is not None and iterator.started and iterator.start < iterator.end else None
