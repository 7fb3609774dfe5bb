"""pv: further destinations of the request, their attributes, and branch flags."""

from typing import Final

from luasip.kemi.context import Branch, PvValue, RouteContext, Services
from luasip.kemi.declare import Module, variable, variable_setter
from luasip.kemi.flag_values import flag_bit, flags_value
from luasip.kemi.pseudo_variables import Index
from luasip.kemi.socket_text import find_listener
from luasip.kemi.static_branch import reset_static_branch, static_branch
from luasip.kemi.transformations.strings import to_integer

_Q_STEPS: Final = 1000
"""Kamailio writes q as thousandths."""


def contact_text(branch: Branch) -> str:
    """A branch as a Contact value."""
    return f"<{branch.uri}>" + ("" if branch.q is None else f";q={branch.q:g}")


class BranchVariables(Module):
    """$br $bR $branch(…) $sbranch(…) $bf."""

    services: Services

    @variable("br")
    def first_branch(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """URI of the first further destination. Assigning appends a destination."""
        return ctx.branches[0].uri if ctx.branches else None

    @variable_setter("br")
    def append_branch(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Append a destination; null and "" are refused."""
        if not value or not ctx.is_request:
            return False
        branch = Branch(str(value))
        branch.send_socket = ctx.target.send_socket
        ctx.branches.append(branch)
        return True

    @variable("bR")
    def all_branches(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """URIs of all further destinations, with their q, separated by ", "."""
        written = [branch.uri if branch.q is None else contact_text(branch) for branch in ctx.branches]
        return ", ".join(written) or None

    @variable("ds")
    def destination_set(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The whole target set as a Contact header line."""
        targets = [ctx.target, *ctx.branches] if ctx.target.uri else ctx.branches
        return "Contact: " + ", ".join(contact_text(branch) for branch in targets) if targets else None

    @variable("branch")
    def branch_part(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$(branch(uri)[i]): uri, dst_uri, path, q (thousandths), send_socket, flags, ruid, instance,
        location_ua of a further destination; $branch(count).
        """
        if inner == "count":
            return len(ctx.branches)
        branch = self._find(ctx, index)
        return None if branch is None else _part(branch, inner)

    @variable_setter("branch")
    def set_branch_part(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Set uri, dst_uri, path, q, send_socket or flags; a null uri drops the destination."""
        branch = self._find(ctx, index)
        if branch is None:
            return False
        if inner == "uri" and value in (None, ""):
            ctx.branches.remove(branch)
            return True
        return self._set_part(branch, inner, value)

    @variable("sbranch")
    def static_branch_part(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """The same parts of the destination prepared for pvx.sbranch_append and sbranch_set_ruri."""
        branch = static_branch(ctx)
        return _part(branch, inner) if branch.uri else None

    @variable_setter("sbranch")
    def set_static_branch_part(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Set one of them; a null uri empties all."""
        if inner == "uri" and value in (None, ""):
            reset_static_branch(ctx)
            return True
        return self._set_part(static_branch(ctx), inner, value)

    def _find(self, ctx: RouteContext, index: Index) -> Branch | None:
        position = index if isinstance(index, int) else 0
        return ctx.branches[position] if -len(ctx.branches) <= position < len(ctx.branches) else None

    def _set_part(self, branch: Branch, inner: str, value: PvValue) -> bool:
        text = "" if value is None else str(value)
        match inner:
            case "uri":
                branch.uri = text
            case "dst_uri":
                branch.destination_uri = text
            case "path":
                branch.path = text
            case "q" | "Q":
                return _set_q(branch, value)
            case "send_socket":
                branch.send_socket = find_listener(self.services.listeners, text) if text else None
                return not text or branch.send_socket is not None
            case "flags":
                flags = flags_value(value)
                branch.flags = branch.flags if flags is None else flags
                return flags is not None
            case _:
                return False
        return True

    @variable("bf")
    def branch_flags(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Branch flags of the first destination as an int. Writable."""
        return ctx.target.flags

    @variable("bF")
    def branch_flags_hexadecimal(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Branch flags of the first destination in eight hexadecimal digits. Writable."""
        return f"{ctx.target.flags:08x}"

    @variable_setter("bf", "bF")
    def set_branch_flags(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Set all branch flags; null clears them."""
        flags = flags_value(value)
        if flags is None:
            return False
        ctx.target.flags = flags
        return True

    @variable("Bf")
    def branch_flag(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """$Bf(number): one branch flag of the first destination, 1 or 0. Writable."""
        bit = flag_bit(inner)
        return (1 if ctx.target.flags & bit else 0) if bit else None

    @variable_setter("Bf")
    def set_branch_flag(self, ctx: RouteContext, inner: str, index: Index, value: PvValue) -> bool:
        """Set or clear one branch flag."""
        bit, number = flag_bit(inner), flags_value(value)
        if not bit or number is None:
            return False
        ctx.target.flags = ctx.target.flags | bit if number else ctx.target.flags & ~bit
        return True

    @variable("ruid")
    def location_id(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """Record id of the location the first destination was looked up from."""
        return ctx.target.ruid or None

    @variable("location_ua")
    def location_user_agent(self, ctx: RouteContext, inner: str, index: Index) -> PvValue:
        """User-Agent of the location the first destination was looked up from."""
        return ctx.target.location_user_agent or None


def _part(branch: Branch, inner: str) -> PvValue:
    match inner:
        case "uri":
            return branch.uri
        case "dst_uri":
            return branch.destination_uri or None
        case "path":
            return branch.path or None
        case "q" | "Q":
            return None if branch.q is None else round(branch.q * _Q_STEPS)
        case "send_socket":
            return None if branch.send_socket is None else branch.send_socket.text
        case "flags":
            return branch.flags
        case "ruid":
            return branch.ruid or None
        case "instance":
            return branch.instance or None
        case "location_ua":
            return branch.location_user_agent or None
    return None


def _set_q(branch: Branch, value: PvValue) -> bool:
    number = to_integer(value)
    if value is not None and (number is None or not 0 <= number <= _Q_STEPS):
        return False
    branch.q = None if number is None else number / _Q_STEPS
    return True
