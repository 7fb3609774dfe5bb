"""tmx: more of tm: transactions by Call-ID, cancelling branches, where a callback runs, $T variables."""

import logging

from luasip.errors import SipError
from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, Route, function, variable
from luasip.kemi.failed_branch import chosen_branch, failure_status
from luasip.kemi.transactions import ClientBranchView, Relaying, Transaction
from luasip.modules.tmx import matching
from luasip.sip.message import Request, Response
from luasip.sip.status import reason_phrase

log = logging.getLogger("luasip.tmx")


class Tmx(Module):
    """tmx: transaction management extensions."""

    name = "tmx"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self._services = services

    # Where am I

    @function()
    def t_is_request_route(self, ctx: RouteContext) -> int:
        """Whether this is the request route.

        Returns: 1 or -1.
        """
        return 1 if ctx.route & Route.REQUEST else -1

    @function()
    def t_is_reply_route(self, ctx: RouteContext) -> int:
        """Whether this is a reply route, ksr_reply_route or one armed by t_on_reply.

        Returns: 1 or -1.
        """
        return 1 if ctx.route & (Route.REPLY | Route.ONREPLY) else -1

    @function()
    def t_is_branch_route(self, ctx: RouteContext) -> int:
        """Whether this is a branch route.

        Returns: 1 or -1.
        """
        return 1 if ctx.route & Route.BRANCH else -1

    @function()
    def t_is_failure_route(self, ctx: RouteContext) -> int:
        """Whether this is a failure route, or a continued request.

        Returns: 1 or -1.
        """
        return 1 if ctx.route & Route.FAILURE else -1

    @function(body=matching.t_precheck_trans)
    def t_precheck_trans(self, ctx: RouteContext) -> int:
        """Whether the same request is being handled by another thread right now.

        Returns: 1 yes, -1 no; for ACK and CANCEL always -1.
        """
        return matching.t_precheck_trans(self, ctx)

    # Other transactions

    @function()
    def t_reply_callid(self, ctx: RouteContext, callid_s: str, cseq_s: str, code: int, status_s: str) -> int:
        """Reply to the request that has this Call-ID and CSeq.

        Args:
            callid_s: Call-ID.
            cseq_s: CSeq number.
            code: status.
            status_s: reason phrase, "" for the standard one.
        Returns: 1, or -1 when there is no such transaction or it was answered.
        """
        transaction = self._services.transactions.by_call_id(callid_s, cseq_s) if cseq_s else None
        if transaction is None or not 100 <= code <= 699:
            return -1
        reason = status_s or reason_phrase(code)
        return 1 if self._services.transactions.reply(transaction, code, reason) else -1

    @function(suspends=True)
    def t_uac_ack_local(
        self, ctx: RouteContext, callid_s: str, cseq_s: str, hdrs: str, body: str
    ) -> Relaying:
        """Acknowledge the 2xx to an INVITE the server made itself, where t_set_no_auto_ack left that to the script.

        Args:
            callid_s: Call-ID of the INVITE.
            cseq_s: its CSeq number.
            hdrs: header lines to add, each ending in CRLF.
            body: the body, "" for none.
        Returns: 1, or -1 when there is no such INVITE with a 2xx.
        """
        transaction = self._services.transactions.by_call_id(callid_s, cseq_s) if cseq_s else None
        if transaction is None or transaction.method != "INVITE":
            return -1
        return (yield from self._services.transactions.acknowledge(transaction, hdrs, body))

    @function()
    def t_cancel_callid(self, ctx: RouteContext, callid_s: str, cseq_s: str, fl: int) -> int:
        """Cancel the INVITE that has this Call-ID and CSeq.

        Args:
            callid_s: Call-ID.
            cseq_s: CSeq number.
            fl: message flag to set in its transaction, for its failure route.
        Returns: 1, or -1 when there is no such INVITE.
        """
        return self.t_cancel_callid_reason(ctx, callid_s, cseq_s, fl, 0)

    @function()
    def t_cancel_callid_reason(
        self, ctx: RouteContext, callid_s: str, cseq_s: str, fl: int, rcode: int
    ) -> int:
        """Cancel the INVITE that has this Call-ID and CSeq, with a Reason.

        Args:
            callid_s: Call-ID.
            cseq_s: CSeq number.
            fl: message flag to set in its transaction, for its failure route.
            rcode: cause written into the Reason header, 0 for none.
        Returns: 1, or -1 when there is no such INVITE.
        """
        transaction = self._services.transactions.by_call_id(callid_s, cseq_s) if cseq_s else None
        if transaction is None or transaction.method != "INVITE":
            return -1
        if 0 < fl < 32:
            transaction.flags |= 1 << fl
        self._services.transactions.cancel(transaction, _reason(rcode))
        return 1

    @function()
    def t_cancel_branches(self, ctx: RouteContext, mode: str) -> int:
        """Cancel branches of this INVITE.

        Args:
            mode: "all", "others" than the one this reply came from, or "this" one.
        Returns: 1, or -1 without a transaction or for another mode.
        """
        modes = {"a": "all", "o": "others", "t": "this"}
        chosen = modes.get(mode[:1].lower())
        if ctx.transaction is None or chosen is None:
            return -1
        self._services.transactions.cancel_branches(ctx.transaction, chosen, ctx.branch_index)
        return 1

    @function(Route.FAILURE | Route.BRANCH_FAILURE)
    def t_reuse_branch(self, ctx: RouteContext) -> int:
        """Make the branch that failed the target again: its URI, next hop, flags, path and socket.

        Returns: 1, or -1 when there is no such branch.
        """
        branch = chosen_branch(ctx)
        if branch is None:
            return -1
        ctx.target = branch.target.copy()
        return 1

    @function()
    def t_flush_flags(self, ctx: RouteContext) -> int:
        """Copy the message flags to the transaction now.

        Returns: 1, or -1 without a transaction.
        """
        if ctx.transaction is None:
            return -1
        ctx.transaction.flags = ctx.flags
        return 1

    @function()
    def t_flush_xflags(self, ctx: RouteContext) -> int:
        """Copy the extra message flags (corex) to the transaction now.

        Returns: 1, or -1 without a transaction.
        """
        if ctx.transaction is None:
            return -1
        ctx.transaction.xflags = ctx.xflags
        return 1

    @function()
    def t_drop(self, ctx: RouteContext) -> int:
        """End the transaction without an answer.

        Returns: 1, or -1 without a transaction.
        """
        return self.t_drop_rcode(ctx, 500)

    @function()
    def t_drop_rcode(self, ctx: RouteContext, rcode: int) -> int:
        """End the transaction without an answer, as if this status had been sent.

        Args:
            rcode: the status to count it under.
        Returns: 1, or -1 without a transaction.
        """
        if ctx.transaction is None:
            return -1
        self._services.transactions.drop(ctx.transaction, rcode)
        return 1

    # Suspending

    @function()
    def t_suspend(self, ctx: RouteContext) -> int:
        """Hold the request, or in an onreply callback the reply, until t_continue; the script must then end.

        $T(id_index) and $T(id_label), read afterwards, name the transaction. When nobody continues within fr_timer
        the armed failure callback runs with 408.

        Returns: 1, or -1 when it cannot be held (a final reply was sent, a made-up request).
        """
        return self._services.transactions.suspend(ctx)

    @function()
    def t_continue(self, ctx: RouteContext, tindex: int, tlabel: int, cbname: str) -> int:
        """Continue a held transaction: a Lua function runs with its request (or the held reply).

        The function runs right after this route has ended or waits, as in a failure route; it may relay, answer
        or suspend again.

        Args:
            tindex: $T(id_index) of the transaction.
            tlabel: $T(id_label) of the transaction.
            cbname: name of a global Lua function; it is called with "tmx:continue".
        Returns: 1, or -1 when there is no such transaction or it is not held.
        """
        transaction = self._services.transactions.by_id(tindex, tlabel)
        if transaction is None:
            log.warning("t_continue: there is no transaction %d:%d", tindex, tlabel)
            return -1
        return self._services.transactions.resume(transaction, cbname, "tmx:continue")

    # Variables

    @variable("T")
    def transaction(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$T(name): of the transaction: id_index, id_label, reply_code, reply_reason, reply_type (1: made here),
        branch_index, flags (of the branch), uri, ruid."""
        if inner == "branch_index":
            return ctx.branch_index if ctx.branch_index >= 0 else None
        if inner == "reply_code":
            return self.reply_code(ctx, "", None)
        if inner == "reply_reason":
            return self.reply_reason(ctx, "", None)
        if inner == "reply_type":
            return self._reply_type(ctx)
        if inner in ("flags", "uri", "ruid"):
            return _of_branch(chosen_branch(ctx), inner)
        transaction = self._find(ctx)
        if transaction is None:
            return None
        if inner == "id_index":
            return transaction.id_index
        return transaction.id_label if inner == "id_label" else None

    @variable("T_branch_idx")
    def branch_idx(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$T_branch_idx: index of the branch in branch, onreply and failure routes."""
        return ctx.branch_index if ctx.branch_index >= 0 else None

    @variable("T_reply_code")
    def reply_code(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$T_reply_code: status of this reply, of the reply that won, or of the last one sent; 0 without any."""
        if isinstance(ctx.message, Response):
            return ctx.message.status
        if ctx.route & (Route.FAILURE | Route.BRANCH_FAILURE):
            return max(0, failure_status(ctx))
        transaction = self._find(ctx)
        return 0 if transaction is None else transaction.last_status

    @variable("T_reply_reason")
    def reply_reason(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$T_reply_reason: reason phrase that goes with $T_reply_code."""
        if isinstance(ctx.message, Response):
            return ctx.message.reason
        if ctx.winner is not None:
            return ctx.winner.reason
        code = self.reply_code(ctx, "", None)
        return reason_phrase(code) if isinstance(code, int) and code else None

    @variable("T_reply_last")
    def reply_last(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$T_reply_last: status of the last reply received on the branch."""
        branch = chosen_branch(ctx)
        return branch.status if branch is not None else None

    @variable("T_ruid")
    def branch_ruid(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$T_ruid: unique id of the contact the branch was sent to."""
        return _of_branch(chosen_branch(ctx), "ruid")

    @variable("T_reply_ruid")
    def reply_ruid(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$T_reply_ruid: the same, in a reply or failure route."""
        return _of_branch(chosen_branch(ctx), "ruid")

    @variable("T_req", raw_inner=True)
    def of_request(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$T_req(pv): a pseudo-variable of the transaction's request."""
        transaction = self._find(ctx)
        return None if transaction is None else self._of(ctx, transaction.request, inner)

    @variable("T_rpl", raw_inner=True)
    def of_reply(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$T_rpl(pv): a pseudo-variable of the reply that won, or of the branch's newest reply."""
        branch = chosen_branch(ctx)
        response = ctx.winner or (branch.response if branch is not None else None)
        return None if response is None else self._of(ctx, response, inner)

    @variable("T_inv", raw_inner=True)
    def of_invite(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$T_inv(pv): in a CANCEL, a pseudo-variable of the INVITE that is cancelled."""
        if not ctx.is_request or ctx.request.method != "CANCEL":
            return None
        invite = self._services.transactions.find_canceled(ctx.request)
        return None if invite is None else self._of(ctx, invite.request, inner)

    def _of(self, ctx: RouteContext, message: Request | Response, specification: str) -> PvValue:
        other = RouteContext(ctx.route, message, ctx.source, ctx.services, ctx.script_variables)
        other.lists = ctx.lists
        return self._services.variables.get(other, specification)

    def _reply_type(self, ctx: RouteContext) -> int:
        """1 when the reply was made here, 0 when a branch sent it."""
        if isinstance(ctx.message, Response) or ctx.winner is not None:
            return 0
        return 1

    def _find(self, ctx: RouteContext) -> Transaction | None:
        if ctx.transaction is not None:
            return ctx.transaction
        transactions = self._services.transactions
        try:
            if isinstance(ctx.message, Response):
                return transactions.find_reply(ctx.message)
            return transactions.find(ctx.message)
        except SipError:
            return None


def _of_branch(branch: ClientBranchView | None, name: str) -> PvValue:
    if branch is None:
        return None
    if name == "flags":
        return branch.flags
    return branch.request_uri if name == "uri" else branch.ruid or None


def _reason(cause: int) -> str:
    return f"Reason: SIP;cause={cause}\r\n" if cause else ""
