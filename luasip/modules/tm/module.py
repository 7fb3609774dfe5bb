"""The functions of tm. How transactions work is not known here: luasip.kemi.transactions is asked.

Longer than most files because Kamailio's tm exports 57 functions, each with its documentation.
"""

import dataclasses
from typing import Any

from luasip.errors import PatternError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, Route, function
from luasip.kemi.failed_branch import chosen_branch, failure_status
from luasip.kemi.posix_regex import compile_posix
from luasip.kemi.transactions import Relaying, Transaction
from luasip.modules.tm import arming, contacts, matching
from luasip.modules.tm.commands import TransactionCommands
from luasip.modules.tm.settings import CHANGEABLE, TmSettings, layer_settings
from luasip.sip.message import Response
from luasip.sip.status import reason_phrase

SCRIPT_ERROR = -10
"""What a second t_newtran returns in Kamailio."""


class Tm(TransactionCommands, Module):
    """tm: stateful processing."""

    name = "tm"
    Settings = TmSettings  # type: ignore[assignment]
    changeable = CHANGEABLE

    def __init__(self, settings: TmSettings, services: Services) -> None:
        self.settings = settings
        self._services = services
        services.transactions.settings = layer_settings(settings)

    def start(self) -> None:
        """Count responses from now on."""

    def settings_changed(self) -> None:
        """New transactions follow the settings as they are now."""
        self._services.transactions.settings = layer_settings(self.settings)

    # Forwarding

    @function(suspends=True, body=matching.t_relay)
    def t_relay(self, ctx: RouteContext) -> Relaying:
        """Forward the request statefully to the current Request-URI (or $du) and the appended branches.

        In a failure route it starts a further serial leg. Looking up a name suspends the route.

        Returns: 1 when it was forwarded (or was a retransmission), negative when not: sl_reply_error() then answers;
            0 in a route where it is not possible.
        """
        return (yield from self._relay(ctx))

    def _relay(self, ctx: RouteContext, flags: int = 0, next_hop: str = "") -> Relaying:
        relayed = self._services.transactions.relay(ctx, flags, next_hop)
        return relayed if isinstance(relayed, int) else (yield from relayed)

    @function(suspends=True)
    def t_relay_to_flags(self, ctx: RouteContext, rflags: int) -> Relaying:
        """Forward as t_relay does, with flags.

        Args:
            rflags: 1 no automatic 100, 2 no automatic negative reply, 4 no failover to further addresses; added up.
        Returns: as t_relay.
        """
        return (yield from self._relay(ctx, rflags))

    @function(suspends=True)
    def t_relay_to_proto(self, ctx: RouteContext, sproto: str) -> Relaying:
        """Forward as t_relay does, over a given transport.

        Args:
            sproto: "udp", "tcp", "tls", "ws", "wss" or "sctp".
        Returns: as t_relay.
        """
        ctx.target.protocol = sproto.lower()
        for branch in ctx.branches:
            branch.protocol = sproto.lower()
        return (yield from self._relay(ctx))

    @function(suspends=True)
    def t_relay_to_proto_addr(self, ctx: RouteContext, sproto: str, host: str, port: int) -> Relaying:
        """Forward the request to an address over a given transport.

        Args:
            sproto: "udp", "tcp", …
            host: name or address.
            port: 0 for the transport's own.
        Returns: as t_relay.
        """
        next_hop = f"sip:{host}" + (f":{port}" if port else "") + f";transport={sproto.lower()}"
        return (yield from self._relay(ctx, 0, next_hop))

    @function(suspends=True)
    def t_relay_to_proxy(self, ctx: RouteContext, sproxy: str) -> Relaying:
        """Forward the request to a proxy.

        Args:
            sproxy: "[protocol:]host[:port]".
        Returns: as t_relay, -1 for an unreadable proxy.
        """
        return (yield from self._to_proxy(ctx, sproxy, 0))

    @function(suspends=True)
    def t_relay_to_proxy_flags(self, ctx: RouteContext, sproxy: str, rflags: int) -> Relaying:
        """Forward the request to a proxy, with flags.

        Args:
            sproxy: "[protocol:]host[:port]".
            rflags: as in t_relay_to_flags.
        Returns: as t_relay, -1 for an unreadable proxy.
        """
        return (yield from self._to_proxy(ctx, sproxy, rflags))

    def _to_proxy(self, ctx: RouteContext, proxy: str, flags: int) -> Relaying:
        protocol, colon, address = proxy.partition(":")
        if not colon or protocol.lower() not in ("udp", "tcp", "tls", "sctp", "ws", "wss"):
            protocol, address = "", proxy
        if not address:
            return -1
        next_hop = f"sip:{address}" + (f";transport={protocol.lower()}" if protocol else "")
        return (yield from self._relay(ctx, flags, next_hop))

    @function(suspends=True)
    def t_replicate(self, ctx: RouteContext, suri: str) -> Relaying:
        """Send a copy of the request to another server; its replies are dropped.

        Args:
            suri: SIP URI of that server.
        Returns: 1, or -1 when it cannot be sent.
        """
        return (yield from self._services.transactions.replicate(ctx, suri))

    @function()
    def t_uac_send(
        self, ctx: RouteContext, method: str, ruri: str, nexthop: str, ssock: str, hdrs: str, body: str
    ) -> int:
        """Send a request of our own and forget its answer.

        Args:
            method: the method.
            ruri: Request-URI.
            nexthop: URI to send it to, "" for the Request-URI.
            ssock: socket to send from, "udp:address:port", "" for any.
            hdrs: header lines, each ending in CRLF; From and To are made from ruri when they are not among them.
            body: the body, "" for none.
        Returns: 1, or -1 when method or ruri is missing or unreadable.
        """
        if not method or not ruri:
            return -1
        return self._services.transactions.send_request(method, ruri, nexthop, hdrs, body, ssock)

    # Being stateful

    @function()
    def t_newtran(self, ctx: RouteContext) -> int:
        """Create the transaction of the request.

        Returns: 1 created; 0 it is a retransmission, already answered: stop; -10 there is one already; -1 not possible.
        """
        if ctx.transaction is not None:
            return SCRIPT_ERROR
        return self._services.transactions.create(ctx)

    @function()
    def t_release(self, ctx: RouteContext) -> int:
        """End the work on the transaction in this route; kept for Kamailio's sake, nothing has to be released.

        Returns: 1, or -1 without a transaction.
        """
        return 1 if ctx.transaction is not None else -1

    @function()
    def t_clean(self, ctx: RouteContext) -> int:
        """Remove finished transactions; kept for Kamailio's sake, they remove themselves.

        Returns: 1.
        """
        return 1

    @function()
    def t_exists(self, ctx: RouteContext) -> int:
        """Whether the message belongs to a transaction.

        Returns: 1 or -1.
        """
        return 1 if self._lookup(ctx) is not None else -1

    @function()
    def t_lookup_request(self, ctx: RouteContext) -> int:
        """Find the transaction of the request and make it the current one.

        Returns: 1 found, -1 not.
        """
        if not ctx.is_request:
            return -1
        ctx.transaction = ctx.transaction or self._services.transactions.find(ctx.request)
        return 1 if ctx.transaction is not None else -1

    @function()
    def t_lookup_cancel(self, ctx: RouteContext) -> int:
        """Whether there is an INVITE that this CANCEL is about.

        Returns: 1 or -1.
        """
        return self.t_lookup_cancel_flags(ctx, 0)

    @function()
    def t_lookup_cancel_flags(self, ctx: RouteContext, flags: int) -> int:
        """Whether there is an INVITE that this CANCEL is about, with flags.

        Args:
            flags: 1: take over the INVITE's message flags.
        Returns: 1 or -1.
        """
        if not ctx.is_request or ctx.request.method != "CANCEL":
            return -1
        invite = self._services.transactions.find_canceled(ctx.request)
        if invite is None:
            return -1
        if flags & 1:
            ctx.flags = invite.flags
        return 1

    @function(body=matching.t_check_trans)
    def t_check_trans(self, ctx: RouteContext) -> int:
        """Whether the message belongs to a transaction; retransmissions are answered from it.

        Returns: -1 no; 0 it does and is taken care of: stop; 1 an ACK for a 2xx, a CANCEL with its INVITE, a reply with
            its request; in branch, failure and onreply routes always 1.
        """
        return matching.t_check_trans(self, ctx)

    @function(body=arming.t_is_set)
    def t_is_set(self, ctx: RouteContext, target: str) -> int:
        """Whether a callback is armed.

        Args:
            target: "branch_route", "failure_route" or "onreply_route"; the first letter decides.
        Returns: 1 or -1.
        """
        return arming.t_is_set(self, ctx, target)

    # Callbacks

    @function(body=arming.t_on_branch)
    def t_on_branch(self, ctx: RouteContext, rname: str) -> int:
        """Name the Lua function that is called for every branch before it is sent.

        Args:
            rname: a global function, "" for none.
        Returns: 1.
        """
        return arming.t_on_branch(self, ctx, rname)

    @function(body=arming.t_on_reply)
    def t_on_reply(self, ctx: RouteContext, rname: str) -> int:
        """Name the Lua function that is called for every reply of the branches.

        Args:
            rname: a global function, "" for none.
        Returns: 1.
        """
        return arming.t_on_reply(self, ctx, rname)

    @function(body=arming.t_on_failure)
    def t_on_failure(self, ctx: RouteContext, rname: str) -> int:
        """Name the Lua function that is called when all branches have failed. It must be armed anew in that function.

        Args:
            rname: a global function, "" for none.
        Returns: 1.
        """
        return arming.t_on_failure(self, ctx, rname)

    @function()
    def t_on_branch_failure(self, ctx: RouteContext, rname: str) -> int:
        """Name the Lua function that is called for each branch that fails.

        Args:
            rname: a global function, "" for none.
        Returns: 1.
        """
        ctx.arming.on_branch_failure = rname
        return 1

    # Replies

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

    # What has happened

    @function()
    def t_check_status(self, ctx: RouteContext, sexp: str) -> int:
        """Match the status of the transaction: of this reply, of the reply that won, or of the last one sent.

        Args:
            sexp: POSIX extended regular expression, e.g. "486|408"; found anywhere in the three digits.
        Returns: 1 it matches, -1 not, or there is no status.
        """
        status = self.t_get_status_code(ctx)
        if status < 0:
            return -1
        try:
            pattern = compile_posix(sexp, "i")
        except PatternError:
            return -1
        return 1 if pattern.search(str(status)) else -1

    @function()
    def t_get_status_code(self, ctx: RouteContext) -> int:
        """The status that t_check_status looks at.

        Returns: the status, -1 when there is none.
        """
        if isinstance(ctx.message, Response):
            return ctx.message.status
        if ctx.route & (Route.FAILURE | Route.BRANCH_FAILURE):
            return failure_status(ctx)
        transaction = ctx.transaction or self._lookup(ctx)
        return transaction.last_status if transaction is not None and transaction.last_status else -1

    @function()
    def t_grep_status(self, ctx: RouteContext, code: int) -> int:
        """Whether any branch has this status.

        Args:
            code: a status.
        Returns: 1 or -1.
        """
        transaction = ctx.transaction
        if transaction is None:
            return -1
        return 1 if any(branch.status == code for branch in transaction.branches) else -1

    @function()
    def t_is_canceled(self, ctx: RouteContext) -> int:
        """Whether the caller has cancelled the INVITE.

        Returns: 1 or -1.
        """
        transaction = ctx.transaction or self._lookup(ctx)
        return 1 if transaction is not None and transaction.canceled else -1

    @function()
    def t_is_expired(self, ctx: RouteContext) -> int:
        """Whether the transaction has lived longer than it may.

        Returns: 1 or -1.
        """
        transaction = ctx.transaction or self._lookup(ctx)
        return 1 if transaction is not None and transaction.expired else -1

    @function()
    def t_is_retr_async_reply(self, ctx: RouteContext) -> int:
        """Whether the reply is a retransmission of one that is suspended; such replies wait and never get here.

        Returns: -1.
        """
        return -1

    @function()
    def t_any_timeout(self, ctx: RouteContext) -> int:
        """Whether any branch has timed out.

        Returns: 1 or -1.
        """
        transaction = ctx.transaction
        return 1 if transaction is not None and any(b.timed_out for b in transaction.branches) else -1

    @function()
    def t_any_replied(self, ctx: RouteContext) -> int:
        """Whether any branch has sent a reply.

        Returns: 1 or -1.
        """
        transaction = ctx.transaction
        return 1 if transaction is not None and any(b.replied for b in transaction.branches) else -1

    @function(Route.FAILURE | Route.BRANCH_FAILURE)
    def t_branch_timeout(self, ctx: RouteContext) -> int:
        """Whether the branch that won has timed out.

        Returns: 1 or -1.
        """
        branch = chosen_branch(ctx)
        return 1 if branch is not None and branch.timed_out else -1

    @function(Route.FAILURE | Route.BRANCH_FAILURE)
    def t_branch_replied(self, ctx: RouteContext) -> int:
        """Whether the branch that won has sent any reply.

        Returns: 1 or -1.
        """
        branch = chosen_branch(ctx)
        return 1 if branch is not None and branch.replied else -1

    @function()
    def t_get_branch_index(self, ctx: RouteContext) -> int:
        """Index of the branch the callback is about.

        Returns: the index from 0, -1 when it is about none.
        """
        return ctx.branch_index

    # Behaviour of this transaction

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

    # Serial forking by q

    @function()
    def t_load_contacts(self, ctx: RouteContext) -> int:
        """Put the targets found by lookup into groups of equal q, for t_next_contacts.

        Returns: 1, or -1 when contacts_avp is not set.
        """
        return self.ki_t_load_contacts_mode(ctx, 0)

    @function()
    def ki_t_load_contacts_mode(self, ctx: RouteContext, mode: int) -> int:
        """Put the targets found by lookup into groups, for t_next_contacts.

        Args:
            mode: 0 groups of equal q, 1 every target a group of its own.
        Returns: 1, or -1 when contacts_avp is not set.
        """
        name = self.settings.contacts_avp
        if not name:
            return -1
        contacts.load(ctx, name, self.settings.contact_flows_avp, each_alone=bool(mode & 1))
        return 1

    @function()
    def t_next_contacts(self, ctx: RouteContext) -> int:
        """Make the next group of contacts the targets.

        Returns: 1, -2 when no group is left, -1 when contacts_avp is not set.
        """
        name = self.settings.contacts_avp
        if not name:
            return -1
        return 1 if contacts.take_group(ctx, name) else -2

    @function()
    def t_next_contact_flow(self, ctx: RouteContext) -> int:
        """Make another flow of the failed branch's instance the target (RFC 5626).

        Returns: 1, -2 when there is none, -1 when contact_flows_avp is not set.
        """
        name = self.settings.contact_flows_avp
        if not name:
            return -1
        return 1 if contacts.take_flow(ctx, name) else -2

    @function()
    def t_set_no_auto_ack(self, ctx: RouteContext, state: int) -> int:
        """Whether a 2xx to a request made here is left without automatic ACK.

        Args:
            state: 1 left to the script, 0 automatic.
        Returns: 1, or -1 without a transaction.
        """
        if ctx.transaction is None:
            return -1
        ctx.transaction.auto_ack = not state
        return 1

    def _lookup(self, ctx: RouteContext) -> Transaction | None:
        found: Transaction | None = matching.transaction_of(self, ctx)
        return found

    def _own(self, ctx: RouteContext) -> Transaction | None:
        """The transaction, created when there is none yet."""
        if ctx.transaction is None and ctx.is_request:
            self._services.transactions.create(ctx)
        return ctx.transaction


def change_timers(ctx: RouteContext, seconds: dict[str, float]) -> int:
    """Keep timers for this message's transaction: field of TransactionTimers → seconds, 0 leaves one."""
    changed: dict[str, Any] = {name: value for name, value in seconds.items() if value > 0}
    wanted: dict[str, float] = ctx.attributes.setdefault("tm.timers", {})
    wanted.update(changed)
    if ctx.transaction is not None:
        ctx.transaction.timers = dataclasses.replace(ctx.transaction.timers, **changed)
    return 1
