"""core flags: of the message and its transaction, of a branch, and of the whole server (script flags)."""

import threading

from luasip.kemi.context import Branch, PvValue, RouteContext
from luasip.kemi.declare import Module, function, variable, variable_setter
from luasip.kemi.flag_values import FLAGS_MASK, GREATEST_FLAG, flag_bit, flags_value
from luasip.modules.core import marks


class Flags(Module):
    """Flags 0 to 31; every function answers false to a number outside."""

    script_flags: int
    script_flags_lock: threading.Lock

    @function(body=marks.setflag)
    def setflag(self, ctx: RouteContext, flag: int) -> bool:
        """Set a message flag.

        Args:
            flag: 0 to 31.
        Returns: true; false when the number is out of range.
        """
        return marks.setflag(self, ctx, flag)

    @function(body=marks.resetflag)
    def resetflag(self, ctx: RouteContext, flag: int) -> bool:
        """Clear a message flag.

        Args:
            flag: 0 to 31.
        Returns: true; false when the number is out of range.
        """
        return marks.resetflag(self, ctx, flag)

    @function(body=marks.isflagset)
    def isflagset(self, ctx: RouteContext, flag: int) -> bool:
        """Test a message flag.

        Args:
            flag: 0 to 31.
        Returns: true when it is set.
        """
        return marks.isflagset(self, ctx, flag)

    @function()
    def setbflag(self, ctx: RouteContext, flag: int) -> bool:
        """Set a flag of the first branch (the Request-URI's).

        Args:
            flag: 0 to 31.
        Returns: true; false when the number is out of range.
        """
        return self.setbiflag(ctx, flag, 0)

    @function()
    def resetbflag(self, ctx: RouteContext, flag: int) -> bool:
        """Clear a flag of the first branch.

        Args:
            flag: 0 to 31.
        Returns: true; false when the number is out of range.
        """
        return self.resetbiflag(ctx, flag, 0)

    @function()
    def isbflagset(self, ctx: RouteContext, flag: int) -> bool:
        """Test a flag of the first branch.

        Args:
            flag: 0 to 31.
        Returns: true when it is set.
        """
        return self.isbiflagset(ctx, flag, 0)

    @function()
    def setbiflag(self, ctx: RouteContext, flag: int, branch: int) -> bool:
        """Set a flag of one branch; a branch that does not exist is left alone.

        Args:
            flag: 0 to 31.
            branch: 0 for the Request-URI's, 1 and up for appended ones.
        Returns: true; false when the flag is out of range.
        """
        if not 0 <= flag <= GREATEST_FLAG:
            return False
        if (found := _branch(ctx, branch)) is not None:
            found.flags |= 1 << flag
        return True

    @function()
    def resetbiflag(self, ctx: RouteContext, flag: int, branch: int) -> bool:
        """Clear a flag of one branch; a branch that does not exist is left alone.

        Args:
            flag: 0 to 31.
            branch: 0 for the Request-URI's, 1 and up for appended ones.
        Returns: true; false when the flag is out of range.
        """
        if not 0 <= flag <= GREATEST_FLAG:
            return False
        if (found := _branch(ctx, branch)) is not None:
            found.flags &= ~(1 << flag)
        return True

    @function()
    def isbiflagset(self, ctx: RouteContext, flag: int, branch: int) -> bool:
        """Test a flag of one branch.

        Args:
            flag: 0 to 31.
            branch: 0 for the Request-URI's, 1 and up for appended ones.
        Returns: true when the branch exists and the flag is set.
        """
        found = _branch(ctx, branch)
        return 0 <= flag <= GREATEST_FLAG and found is not None and bool(found.flags >> flag & 1)

    @function()
    def setsflag(self, ctx: RouteContext, flag: int) -> bool:
        """Set a script flag, which all messages share.

        Args:
            flag: 0 to 31.
        Returns: true; false when the number is out of range.
        """
        if not 0 <= flag <= GREATEST_FLAG:
            return False
        with self.script_flags_lock:
            self.script_flags |= 1 << flag
        return True

    @function()
    def resetsflag(self, ctx: RouteContext, flag: int) -> bool:
        """Clear a script flag.

        Args:
            flag: 0 to 31.
        Returns: true; false when the number is out of range.
        """
        if not 0 <= flag <= GREATEST_FLAG:
            return False
        with self.script_flags_lock:
            self.script_flags &= ~(1 << flag)
        return True

    @function()
    def issflagset(self, ctx: RouteContext, flag: int) -> bool:
        """Test a script flag.

        Args:
            flag: 0 to 31.
        Returns: true when it is set.
        """
        return 0 <= flag <= GREATEST_FLAG and bool(self.script_flags >> flag & 1)

    @variable("sf")
    def sf(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """Script flags as an int. Writable."""
        return self.script_flags

    @variable("sF")
    def sf_hexadecimal(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """Script flags in eight hexadecimal digits. Writable."""
        return f"{self.script_flags & FLAGS_MASK:08x}"

    @variable_setter("sf", "sF")
    def set_sf(self, ctx: RouteContext, inner: str, index: int | str | None, value: PvValue) -> bool:
        """Set all script flags; null clears them."""
        flags = flags_value(value)
        if flags is None:
            return False
        with self.script_flags_lock:
            self.script_flags = flags
        return True

    @variable("Sf")
    def script_flag(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$Sf(number): one script flag, 1 or 0. Writable."""
        bit = flag_bit(inner)
        return (1 if self.script_flags & bit else 0) if bit else None

    @variable_setter("Sf")
    def set_script_flag(self, ctx: RouteContext, inner: str, index: int | str | None, value: PvValue) -> bool:
        """Set or clear one script flag."""
        bit, number = flag_bit(inner), flags_value(value)
        if not bit or number is None:
            return False
        with self.script_flags_lock:
            self.script_flags = self.script_flags | bit if number else self.script_flags & ~bit
        return True


def _branch(ctx: RouteContext, index: int) -> Branch | None:
    if index == 0:
        return ctx.target
    return ctx.branches[index - 1] if 0 < index <= len(ctx.branches) else None
