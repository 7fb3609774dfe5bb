"""Functions that answer in a transaction."""

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import function
from luasip.modules.tm.parts import Parts
from luasip.sip.message import Response
from luasip.sip.status import reason_phrase


class ReplyFunctions(Parts):
    """t_reply and its kin."""

    @function()
    def t_reply(self, ctx: RouteContext, code: int, reason: str) -> int:
        """Reply in the transaction; in a failure route this replaces the reply that won.

        Args:
            code: status, 100 to 699.
            reason: reason phrase; "" for the standard one.
        Returns: 1, or -1 without a transaction, for an ACK, or when a final reply was sent.
        """
        transaction = ctx.transaction or self._lookup(ctx)
        if transaction is None or not 100 <= code <= 699 or transaction.method == "ACK":
            return -1
        if isinstance(ctx.message, Response):
            headers = "".join(ctx.reply_headers)
            sent = self._services.transactions.reply(
                transaction, code, reason or reason_phrase(code), headers
            )
            return 1 if sent else -1
        ctx.transaction = transaction
        sent_code = self._services.reply(ctx, code, reason or reason_phrase(code))
        callback = self.settings.event_callback_lres_sent
        if sent_code > 0 and callback:
            self._services.run_event(callback, "tm:local-response", ctx.message)
        return sent_code

    @function()
    def t_send_reply(self, ctx: RouteContext, code: int, reason: str) -> int:
        """Reply in the transaction, which is created when there is none.

        Args:
            code: status, 100 to 699.
            reason: reason phrase; "" for the standard one.
        Returns: 1, or negative when no reply may be sent; 0 for a retransmission, which is answered already.
        """
        if ctx.transaction is None and ctx.is_request:
            created = self._services.transactions.create(ctx)
            if created <= 0:
                return created
        return self.t_reply(ctx, code, reason)

    @function()
    def t_reply_error(self, ctx: RouteContext) -> int:
        """Reply in the transaction with the status that fits the last internal error.

        Returns: 1, or -1 when no reply may be sent.
        """
        code, reason = ctx.last_error or (self.settings.default_code, self.settings.default_reason)
        return self.t_reply(ctx, code, reason)

    @function()
    def t_retransmit_reply(self, ctx: RouteContext) -> int:
        """Send the last reply of the transaction again.

        Returns: 1, or -1 when there was none.
        """
        transaction = ctx.transaction or self._lookup(ctx)
        if transaction is None:
            return -1
        return 1 if self._services.transactions.retransmit_reply(transaction) else -1

    @function()
    def t_drop_replies(self, ctx: RouteContext, mode: str) -> int:
        """Say which replies received so far no longer count in the final choice.

        Args:
            mode: "a" all, "l" those of the last leg, "n" none.
        Returns: 1, or -1 without a transaction.
        """
        if ctx.transaction is None:
            return -1
        self._services.transactions.drop_replies(ctx.transaction, mode[:1] or "a")
        return 1

    @function()
    def t_drop_replies_all(self, ctx: RouteContext) -> int:
        """Let no reply received so far count in the final choice.

        Returns: 1, or -1 without a transaction.
        """
        return self.t_drop_replies(ctx, "a")
