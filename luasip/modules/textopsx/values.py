"""textopsx functions on the values in headers and on their parameters. All changes are pending edits."""

from collections.abc import Callable
from typing import Final

from luasip.kemi.context import RouteContext
from luasip.kemi.current import header_lines
from luasip.kemi.declare import Module, function
from luasip.modules.textopsx.targets import (
    Expression,
    ParameterPlace,
    Value,
    comma_parameters_of,
    headers_of,
    parameters_of,
    parse_expression,
    pick,
    values_of,
)

_REMOVED: Final = "textopsx.removed"
Finder = Callable[[str, Value, str], list[ParameterPlace]]


class Values(Module):
    """Values and parameters of headers. An expression is NAME, NAME[n] or NAME[*], with .PARAMETER or without."""

    @function()
    def append_hf_value(self, ctx: RouteContext, hexp: str, val: str) -> int:
        """Add a value behind another one.

        Args:
            hexp: NAME: a new header at the end; NAME[n]: behind that value, else a new header.
            val: the value.
        Returns: 1, -1 when the expression is unusable or the value empty.
        """
        expression = parse_expression(ctx.message, hexp)
        if expression is None or expression.every or expression.parameter or not val:
            return -1
        value = None
        if expression.index is not None:
            value = pick(values_of(ctx.message, expression.name), expression.index)
        if value is None:
            return _new_header(ctx, expression.name, val)
        ctx.edits.insert(value.end, f", {val}")
        return 1

    @function()
    def insert_hf_value(self, ctx: RouteContext, hexp: str, val: str) -> int:
        """Add a value before another one.

        Args:
            hexp: NAME: a new header before the first of that name; NAME[n]: before that value. Where there
                is no such header, a new one at the end.
            val: the value.
        Returns: 1, -1 when the expression is unusable, the value empty or there is no n-th one.
        """
        expression = parse_expression(ctx.message, hexp)
        if expression is None or expression.every or expression.parameter or not val:
            return -1
        values = values_of(ctx.message, expression.name)
        value = pick(values, expression.index or 1)
        if value is None:
            return _new_header(ctx, expression.name, val) if (expression.index or 1) == 1 else -1
        if expression.index is None:
            ctx.edits.insert_before(value.line, f"{expression.name}: {val}\r\n")
        else:
            ctx.edits.insert(value.start, f"{val}, ")
        return 1

    @function()
    def remove_hf_value(self, ctx: RouteContext, hexp: str) -> int:
        """Remove a value, or a parameter of it.

        Args:
            hexp: NAME or NAME[n]: that value; NAME[*]: all; with .PARAMETER: that parameter of it, or of all.
        Returns: 1, -1 when there is none.
        """
        return self._remove(ctx, hexp, values_of, parameters_of)

    @function()
    def remove_hf_value2(self, ctx: RouteContext, hexp: str, val: str) -> int:
        """Remove a header, or a parameter of it, where commas separate parameters, as in Authorization.

        Args:
            hexp: NAME or NAME[n]: that header; NAME[*]: all; with .PARAMETER: that parameter of it, or of
                all.
            val: not used.
        Returns: 1, -1 when there is none.
        """
        return self._remove(ctx, hexp, headers_of, comma_parameters_of)

    @function()
    def assign_hf_value(self, ctx: RouteContext, hexp: str, val: str) -> int:
        """Replace a value, or set a parameter of it.

        Args:
            hexp: NAME or NAME[n]: that value; with .PARAMETER: that parameter of it, with [*] of all.
            val: the new value; a parameter set to "" becomes a flag.
        Returns: 1, -1 when there is no such value.
        """
        return self._assign(ctx, hexp, val, values_of, parameters_of, ";")

    @function()
    def assign_hf_value2(self, ctx: RouteContext, hexp: str, val: str) -> int:
        """Replace a header's value, or set a parameter of it, where commas separate parameters, as in Authorization.

        Args:
            hexp: NAME or NAME[n]: that header; with .PARAMETER: that parameter of it, with [*] of all.
            val: the new value, quotes included where it needs them.
        Returns: 1, -1 when there is no such header.
        """
        return self._assign(ctx, hexp, val, headers_of, comma_parameters_of, ", ")

    @function()
    def include_hf_value(self, ctx: RouteContext, hexp: str, val: str) -> int:
        """Add a value to a header that is a set, such as Supported, unless it is there.

        Args:
            hexp: the header's name.
            val: the value, compared without case.
        Returns: 1, also when it was there; -1 when the name is unusable or the value empty.
        """
        name = _plain_name(ctx, hexp)
        if not name or not val:
            return -1
        if _equal(ctx, name, val):
            return 1
        lines = header_lines(ctx.message, name)
        if not lines:
            return _new_header(ctx, name, val)
        ctx.edits.insert(lines[0].value_end, f", {val}" if lines[0].value else val)
        return 1

    @function()
    def exclude_hf_value(self, ctx: RouteContext, hexp: str, val: str) -> int:
        """Remove a value from a header that is a set, such as Supported.

        Args:
            hexp: the header's name.
            val: the value, compared without case.
        Returns: 1, also when it was not there; -1 when the name is unusable or the value empty.
        """
        name = _plain_name(ctx, hexp)
        if not name or not val:
            return -1
        for value in _equal(ctx, name, val):
            _remove_value(ctx, value)
        return 1

    @function()
    def hf_value_exists(self, ctx: RouteContext, hexp: str, val: str) -> int:
        """Whether a header that is a set, such as Supported, has a value.

        Args:
            hexp: the header's name.
            val: the value, compared without case.
        Returns: 1 when it has, -1 when not.
        """
        name = _plain_name(ctx, hexp)
        return 1 if name and val and _equal(ctx, name, val) else -1

    def _remove(self, ctx: RouteContext, hexp: str, find: Callable[..., list[Value]], places: Finder) -> int:
        expression = parse_expression(ctx.message, hexp)
        values = [] if expression is None else _chosen(expression, find(ctx.message, expression.name))
        if expression is None or not values:
            return -1
        if not expression.parameter:
            for value in values:
                if find is headers_of or expression.every:
                    ctx.edits.remove_header(value.line)
                else:
                    _remove_value(ctx, value)
            return 1
        code = -1
        for value in values:
            for place in places(ctx.message.text, value, expression.parameter):
                self._remove_parameter(ctx, value, place)
                code = 1
        return code

    def _remove_parameter(self, ctx: RouteContext, value: Value, place: ParameterPlace) -> None:
        """A first comma parameter takes the comma behind it along, any other one the delimiter before it."""
        text, end, start = ctx.message.text, place.end, place.start
        if text[start:end][:1] not in (";", ",", " ", "\t"):
            rest = text[end : value.end]
            end = value.end - len(rest.lstrip(", \t\r\n"))
        ctx.edits.delete(start, end)

    def _assign(
        self,
        ctx: RouteContext,
        hexp: str,
        val: str,
        find: Callable[..., list[Value]],
        places: Finder,
        delimiter: str,
    ) -> int:
        expression = parse_expression(ctx.message, hexp)
        if expression is None or (expression.every and not expression.parameter):
            return -1
        values = _chosen(expression, find(ctx.message, expression.name))
        for value in values:
            if not expression.parameter:
                ctx.edits.replace(value.start, value.end, val)
                continue
            written = f"={val}" if val else ""
            found = places(ctx.message.text, value, expression.parameter)
            if found:
                ctx.edits.replace(found[0].equals, found[0].end, written)
            else:
                ctx.edits.insert(value.end, f"{delimiter}{expression.parameter}{written}")
        return 1 if values else -1


def _chosen(expression: Expression, values: list[Value]) -> list[Value]:
    """All values for [*], else the one named (the first by default)."""
    if expression.every:
        return values
    value = pick(values, expression.index or 1)
    return [] if value is None else [value]


def _plain_name(ctx: RouteContext, text: str) -> str:
    """A name without index and parameter, "" when it is none."""
    expression = parse_expression(ctx.message, text)
    if expression is None or expression.every or expression.parameter or "[" in text:
        return ""
    return expression.name


def _equal(ctx: RouteContext, name: str, text: str) -> list[Value]:
    wanted, whole = text.lower(), ctx.message.text
    return [
        value for value in values_of(ctx.message, name) if whole[value.start : value.end].lower() == wanted
    ]


def _new_header(ctx: RouteContext, name: str, value: str) -> int:
    ctx.edits.append_header(ctx.message, f"{name}: {value}\r\n")
    return 1


def _remove_value(ctx: RouteContext, value: Value) -> None:
    """Remove one value and the comma it no longer needs, the last of a line with the whole line.

    Values removed earlier in the run are remembered, so that the commas come out right whatever the order.
    """
    removed: set[int] = ctx.attributes.setdefault(_REMOVED, set())
    removed.add(value.start)
    siblings = [
        other
        for other in values_of(ctx.message, value.line.name)
        if other.line is value.line and other.start not in removed
    ]
    following = next((other for other in siblings if other.start > value.start), None)
    before = [other for other in siblings if other.start < value.start]
    if following is not None:
        ctx.edits.delete(value.start, following.start)
    elif before:
        ctx.edits.delete(before[-1].end, value.end)
    else:
        ctx.edits.remove_header(value.line)
