"""Functions that have a transaction behave otherwise than the settings say."""

import dataclasses
from typing import Any

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Route, function
from luasip.modules.tm.parts import Parts


class BehaviourFunctions(Parts):
    """t_set_fr and its kin."""

    @function()
    def t_set_fr(self, ctx: RouteContext, fr_inv: int, fr: int) -> int:
        """Set the timeouts of this transaction, also of branches already out.

        Args:
            fr_inv: milliseconds for a final response after a provisional one, 0 leaves it.
            fr: milliseconds for any response, 0 leaves it.
        Returns: 1, or -1 for negative values.
        """
        if fr_inv < 0 or fr < 0:
            return -1
        change_timers(ctx, {"final_invite_response": fr_inv / 1000, "final_response": fr / 1000})
        if ctx.transaction is not None:
            self._services.transactions.set_timeouts(ctx.transaction, fr_inv / 1000, fr / 1000)
        return 1

    @function()
    def t_set_fr_inv(self, ctx: RouteContext, fr_inv: int) -> int:
        """Set the timeout after a provisional response for this transaction.

        Args:
            fr_inv: milliseconds, 0 leaves it.
        Returns: 1, or -1 for negative values.
        """
        return self.t_set_fr(ctx, fr_inv, 0)

    @function()
    def t_reset_fr(self, ctx: RouteContext) -> int:
        """Set fr_timer and fr_inv_timer of this transaction back to the settings.

        Returns: 1.
        """
        return self.t_set_fr(ctx, self.settings.fr_inv_timer, self.settings.fr_timer)

    @function()
    def t_set_retr(self, ctx: RouteContext, t1: int, t2: int) -> int:
        """Set the retransmission intervals of branches sent from now on.

        Args:
            t1: first interval in milliseconds, 0 leaves it.
            t2: longest interval in milliseconds, 0 leaves it.
        Returns: 1, or -1 for negative values.
        """
        if t1 < 0 or t2 < 0:
            return -1
        return change_timers(ctx, {"retransmit_1": t1 / 1000, "retransmit_2": t2 / 1000})

    @function()
    def t_reset_retr(self, ctx: RouteContext) -> int:
        """Set the retransmission intervals back to the settings.

        Returns: 1.
        """
        return self.t_set_retr(ctx, self.settings.retr_timer1, self.settings.retr_timer2)

    @function()
    def t_set_max_lifetime(self, ctx: RouteContext, t1: int, t2: int) -> int:
        """Set how long this transaction may live without a final response.

        Args:
            t1: milliseconds for an INVITE, 0 leaves it.
            t2: milliseconds for other requests, 0 leaves it.
        Returns: 1, or -1 for negative values.
        """
        if t1 < 0 or t2 < 0:
            return -1
        return change_timers(ctx, {"max_invite_lifetime": t1 / 1000, "max_non_invite_lifetime": t2 / 1000})

    @function()
    def t_reset_max_lifetime(self, ctx: RouteContext) -> int:
        """Set the lifetimes back to the settings.

        Returns: 1.
        """
        return self.t_set_max_lifetime(ctx, self.settings.max_inv_lifetime, self.settings.max_noninv_lifetime)

    @function()
    def t_set_auto_inv_100(self, ctx: RouteContext, state: int) -> int:
        """Whether a 100 is sent by itself when this INVITE is relayed.

        Args:
            state: 0 no, else yes.
        Returns: 1.
        """
        ctx.attributes["tm.auto_invite_100"] = bool(state)
        if ctx.transaction is not None:
            ctx.transaction.auto_invite_100 = bool(state)
        return 1

    @function()
    def t_set_disable_6xx(self, ctx: RouteContext, state: int) -> int:
        """Whether a 6xx is like any other failure and does not end the other branches.

        Args:
            state: 1 like any other failure, 0 as RFC 3261 has it.
        Returns: 1, or -1 when the transaction cannot be created.
        """
        transaction = self._own(ctx)
        if transaction is None:
            return -1
        self._services.transactions.disable_6xx(transaction, bool(state))
        return 1

    @function()
    def t_set_disable_failover(self, ctx: RouteContext, state: int) -> int:
        """Whether only the first address of a name is tried.

        Args:
            state: 1 only the first, 0 all.
        Returns: 1, or -1 when the transaction cannot be created.
        """
        transaction = self._own(ctx)
        if transaction is None:
            return -1
        transaction.failover = not state
        return 1

    @function()
    def t_set_disable_internal_reply(self, ctx: RouteContext, state: int) -> int:
        """Whether a failed t_relay leaves answering to the script (it then returns -4).

        Args:
            state: 1 yes, 0 no.
        Returns: 1, or -1 when the transaction cannot be created.
        """
        transaction = self._own(ctx)
        if transaction is None:
            return -1
        transaction.disable_internal_reply = bool(state)
        return 1

    @function()
    def t_set_no_e2e_cancel_reason(self, ctx: RouteContext, state: int) -> int:
        """Whether the Reason headers of the caller's CANCEL stay out of the CANCELs sent.

        Args:
            state: 1 they stay out, 0 they are carried.
        Returns: 1, or -1 when the transaction cannot be created.
        """
        transaction = self._own(ctx)
        if transaction is None:
            return -1
        transaction.carry_cancel_reason = not state
        return 1

    @function()
    def t_save_lumps(self, ctx: RouteContext) -> int:
        """Keep the header changes made since t_newtran for failure routes; they are kept anyway.

        Returns: 1, or -1 without a transaction.
        """
        return 1 if ctx.transaction is not None else -1

    @function(Route.EVENT)
    def t_use_uac_headers(self, ctx: RouteContext) -> int:
        """In the local-request event: let the header changes made there go out with the request.

        Returns: 1.
        """
        return 1


def change_timers(ctx: RouteContext, seconds: dict[str, float]) -> int:
    """Keep timers for this message's transaction: field of TransactionTimers → seconds, 0 leaves one."""
    changed: dict[str, Any] = {name: value for name, value in seconds.items() if value > 0}
    wanted: dict[str, float] = ctx.attributes.setdefault("tm.timers", {})
    wanted.update(changed)
    if ctx.transaction is not None:
        ctx.transaction.timers = dataclasses.replace(ctx.transaction.timers, **changed)
    return 1
