"""textops functions on headers. Removals and changes are pending edits."""

from collections.abc import Sequence

from luasip.kemi.context import RouteContext
from luasip.kemi.current import header_lines
from luasip.kemi.declare import Module, function
from luasip.kemi.header_edits import nth_header, remove_all
from luasip.modules.textops.matching import Region, matches, pattern, substitute_matches
from luasip.sip.message import HeaderLine


class Headers(Module):
    """Finding, removing and changing headers."""

    @function()
    def is_present_hf(self, ctx: RouteContext, hname: str) -> int:
        """Whether the message came with a header.

        Args:
            hname: its name; compact forms count.
        Returns: 1 when it did, -1 when not.
        """
        return 1 if header_lines(ctx.message, hname) else -1

    @function()
    def is_present_hf_re(self, ctx: RouteContext, ematch: str) -> int:
        """Whether the message came with a header whose name matches a pattern.

        Args:
            ematch: POSIX extended regular expression, case ignored.
        Returns: 1 when it did, -1 when not.
        """
        return 1 if _named(ctx, ematch) else -1

    @function()
    def remove_hf(self, ctx: RouteContext, hname: str) -> int:
        """Remove every header of a name.

        Args:
            hname: the name; compact forms count.
        Returns: 1, -1 when there is none.
        """
        return 1 if remove_all(ctx, hname) else -1

    @function()
    def remove_hf_re(self, ctx: RouteContext, ematch: str) -> int:
        """Remove every header whose name matches a pattern.

        Args:
            ematch: POSIX extended regular expression, case ignored.
        Returns: 1, -1 when there is none.
        """
        return _remove(ctx, _named(ctx, ematch))

    @function()
    def remove_hf_exp(self, ctx: RouteContext, ematch: str, eskip: str) -> int:
        """Remove every header whose name matches one pattern and not another.

        Args:
            ematch: POSIX extended regular expression of the names to remove, case ignored.
            eskip: that of the names to keep.
        Returns: 1, -1 when there is none or a pattern is malformed.
        """
        skip = pattern(eskip)
        if skip is None:
            return -1
        return _remove(ctx, [line for line in _named(ctx, ematch) if not skip.search(line.name)])

    @function()
    def remove_hf_idx(self, ctx: RouteContext, hname: str, idx: int) -> int:
        """Remove one header of a name.

        Args:
            hname: the name; compact forms count.
            idx: from 0 for the first, from -1 for the last.
        Returns: 1, -1 when there is no such header.
        """
        line = nth_header(ctx.message, hname, idx)
        return _remove(ctx, [] if line is None else [line])

    @function()
    def remove_hf_match(self, ctx: RouteContext, hname: str, op: str, expr: str) -> int:
        """Remove every header of a name whose value compares with a text.

        Args:
            hname: the name; compact forms count.
            op: eq equal, ne not equal, sw starts with, in contains, re matches the pattern.
            expr: the text, case mattering, or the pattern, case ignored.
        Returns: 1, -1 when there is none.
        """
        lines = [line for line in header_lines(ctx.message, hname) if _compares(line.value, op.lower(), expr)]
        return _remove(ctx, lines)

    @function()
    def search_hf(self, ctx: RouteContext, hname: str, sre: str, flags: str) -> int:
        """Search the values of headers for a pattern.

        Args:
            hname: the headers' name; compact forms count.
            sre: POSIX extended regular expression, case ignored.
            flags: which headers: f the first, l the last, a all (one match is enough).
        Returns: 1 when it matches, -1 when not.
        """
        return 1 if any(matches(line.value, sre) for line in _chosen(ctx, hname, flags)) else -1

    @function()
    def subst_hf(self, ctx: RouteContext, hname: str, subst: str, flags: str) -> int:
        """Carry out a sed-like expression on the values of headers.

        Args:
            hname: the headers' name; compact forms count.
            subst: /pattern/replacement/flags.
            flags: which headers: f the first, l the last, a all.
        Returns: 1 when something changed, -1 when not.
        """
        text = ctx.message.text
        codes = [
            substitute_matches(ctx, Region(line.value_start, text[line.value_start : line.value_end]), subst)
            for line in _chosen(ctx, hname, flags)
        ]
        return max(codes, default=-1)

    @function()
    def is_privacy(self, ctx: RouteContext, privacy: str) -> int:
        """Whether a Privacy header asks for a kind of privacy (RFC 3323).

        Args:
            privacy: header, session, user, none, critical, id or history.
        Returns: 1 when one does, -1 when none does.
        """
        for line in ctx.message.all("privacy"):
            kinds = [kind.strip().lower() for kind in line.value.replace(",", ";").split(";")]
            if privacy.strip().lower() in kinds and privacy.strip():
                return 1
        return -1


def _named(ctx: RouteContext, expression: str) -> list[HeaderLine]:
    compiled = pattern(expression)
    return [] if compiled is None else [line for line in ctx.message.headers if compiled.search(line.name)]


def _remove(ctx: RouteContext, lines: Sequence[HeaderLine]) -> int:
    for line in lines:
        ctx.edits.remove_header(line)
    return 1 if lines else -1


def _chosen(ctx: RouteContext, name: str, flags: str) -> list[HeaderLine]:
    lines = header_lines(ctx.message, name)
    which = flags[:1].lower()
    return lines[:1] if which == "f" else lines[-1:] if which == "l" else lines


def _compares(value: str, operation: str, text: str) -> bool:
    if operation == "eq":
        return value == text
    if operation == "ne":
        return value != text
    if operation == "sw":
        return value.startswith(text)
    if operation == "in":
        return text in value
    return operation == "re" and matches(value, text)
