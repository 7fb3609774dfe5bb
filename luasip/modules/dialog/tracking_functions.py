"""Functions that track, find and change dialogs."""

from typing import Final

from luasip.kemi.context import RouteContext
from luasip.kemi.current import to_header
from luasip.kemi.declare import function
from luasip.modules.dialog.dialog import (
    KEEP_ALIVE_CALLEE,
    KEEP_ALIVE_CALLER,
    NO_TIMEOUT_RESET,
    Dialog,
    Direction,
    Side,
    State,
)
from luasip.modules.dialog.legs import contact_of
from luasip.modules.dialog.life import CURRENT
from luasip.modules.dialog.nat import reachable
from luasip.modules.dialog.parts import Parts
from luasip.modules.dialog.pending import Pending
from luasip.modules.dialog.tracking import DIRECTION
from luasip.sip.message import Request, Response

PROPERTIES: Final = {
    "ka-src": KEEP_ALIVE_CALLER,
    "ka-dst": KEEP_ALIVE_CALLEE,
    "timeout-noreset": NO_TIMEOUT_RESET,
}

_STATES: Final = {
    "u": State.UNCONFIRMED,
    "e": State.EARLY,
    "a": State.UNACKNOWLEDGED,
    "c": State.CONFIRMED,
    "d": State.DELETED,
    **{str(int(state)): state for state in State},
}


class TrackingFunctions(Parts):
    """dlg_manage, dlg_get and what changes a dialog."""

    @function()
    def dlg_manage(self, ctx: RouteContext) -> int:
        """Track the dialog that the INVITE begins; in a later request, find its dialog and let it have its effect.

        Returns: 1; -1 for a first request that is no INVITE, and for a reply.
        """
        return self._tracking.manage(ctx)

    @function()
    def is_known_dlg(self, ctx: RouteContext) -> int:
        """Whether the message belongs to a dialog that is tracked.

        Returns: 1 when it does, -1 when not.
        """
        return 1 if self._dialog(ctx) is not None else -1

    @function()
    def dlg_get(self, ctx: RouteContext, sc: str, sf: str, st: str) -> int:
        """Make another dialog the current one for this run of the callback.

        Args:
            sc: its Call-ID.
            sf: the caller's tag.
            st: the callee's tag, "" while the call is being set up.
        Returns: 1, -1 when there is none.
        """
        found = self._table.find(sc, sf, st)
        if found is None:
            return -1
        ctx.attributes[CURRENT], ctx.attributes[DIRECTION] = found
        return 1

    @function()
    def dlg_set_timeout(self, ctx: RouteContext, to: int) -> int:
        """Set how long the current dialog may last, from now on when it is answered.

        Args:
            to: seconds.
        Returns: 1, -1 when there is no dialog or the number is not above 0.
        """
        return self._set_timeout(self._dialog(ctx), to)

    @function()
    def dlg_set_timeout_id(self, ctx: RouteContext, to: int, he: int, hi: int) -> int:
        """Set how long a dialog may last.

        Args:
            to: seconds.
            he: the first part of its identity, $dlg(h_entry).
            hi: the second, $dlg(h_id).
        Returns: as dlg_set_timeout.
        """
        return self._set_timeout(self._table.by_identity(he, hi), to)

    def _set_timeout(self, dialog: Dialog | None, seconds: int) -> int:
        if dialog is None or seconds <= 0:
            return -1
        self._life.set_timeout(dialog, seconds)
        return 1

    @function()
    def dlg_set_property(self, ctx: RouteContext, pval: str) -> int:
        """Switch a behaviour of the current dialog on.

        Args:
            pval: "ka-src" or "ka-dst": keep-alives to the caller or the callee; "timeout-noreset": later requests do
                not begin its time anew.
        Returns: 1, -1 when there is no dialog or no such property.
        """
        return self._switch(ctx, pval, True)

    @function()
    def dlg_reset_property(self, ctx: RouteContext, pval: str) -> int:
        """Switch a behaviour of the current dialog off.

        Args:
            pval: as dlg_set_property.
        Returns: 1, -1 when there is no dialog or no such property.
        """
        return self._switch(ctx, pval, False)

    def _switch(self, ctx: RouteContext, name: str, on: bool) -> int:
        dialog, mask = self._dialog(ctx), PROPERTIES.get(name)
        if dialog is None or mask is None:
            return -1
        with self._table.lock:
            dialog.properties = dialog.properties | mask if on else dialog.properties & ~mask
        self._life.changed(dialog)
        return 1

    @function()
    def dlg_setflag(self, ctx: RouteContext, val: int) -> int:
        """Set a flag of the current dialog, or of the one that dlg_manage will begin.

        Args:
            val: 0 to 31.
        Returns: 1, -1 for another number.
        """
        return self._change_flags(ctx, val, True)

    @function()
    def dlg_resetflag(self, ctx: RouteContext, val: int) -> int:
        """Clear a flag of the current dialog, or of the one that dlg_manage will begin.

        Args:
            val: 0 to 31.
        Returns: 1, -1 for another number.
        """
        return self._change_flags(ctx, val, False)

    @function()
    def dlg_isflagset(self, ctx: RouteContext, val: int) -> int:
        """Whether a flag of the current dialog, or of the one that dlg_manage will begin, is set.

        Args:
            val: 0 to 31.
        Returns: 1 when it is, -1 when not.
        """
        dialog = self._dialog(ctx)
        flags = Pending.read(ctx).script_flags if dialog is None else dialog.script_flags
        return 1 if 0 <= val <= 31 and flags >> val & 1 else -1

    def _change_flags(self, ctx: RouteContext, number: int, on: bool) -> int:
        if not 0 <= number <= 31:
            return -1
        dialog = self._dialog(ctx)
        holder = Pending.of(ctx) if dialog is None else dialog
        with self._table.lock:
            bit = 1 << number
            holder.script_flags = holder.script_flags | bit if on else holder.script_flags & ~bit
        if dialog is not None:
            self._life.changed(dialog)
        return 1

    @function()
    def dlg_set_state(self, ctx: RouteContext, state: str) -> int:
        """Put the current dialog into a state by hand: nobody is told, no event callback runs, nothing is sent.

        Args:
            state: "u" unconfirmed, "e" early, "a" waiting for ACK, "c" confirmed, "d" ended, or 1 to 5.
        Returns: 1, -1 when there is no dialog or no such state.
        """
        dialog, wanted = self._dialog(ctx), _STATES.get(state.strip().lower()[:1])
        if dialog is None or wanted is None or not dialog.is_live:
            return -1
        self._life.force(dialog, wanted)
        return 1

    @function()
    def dlg_update_state(self, ctx: RouteContext) -> int:
        """Let the message at hand have its effect on the state of its dialog, where dlg_manage and loose_route do not.

        Returns: 1, -1 when there is no dialog.
        """
        dialog = self._dialog(ctx)
        if dialog is None:
            return -1
        message = ctx.message
        if isinstance(message, Request):
            self._tracking.within(ctx, by_tags=True)
        elif isinstance(message, Response) and message.cseq.method == "INVITE":
            self._tracking.apply_response(dialog, message)
        return 1

    @function()
    def dlg_update_contact(self, ctx: RouteContext) -> int:
        """Take the sender's Contact from the message at hand. A 2xx to INVITE and UPDATE does that by itself.

        Returns: 1, -1 when there is no dialog or no Contact.
        """
        dialog, contact = self._dialog(ctx), contact_of(ctx.message)
        if dialog is None or not contact:
            return -1
        with self._table.lock:
            leg = dialog.leg(self._sender(ctx, dialog))
            leg.contact = contact if leg.route_set else reachable(contact, ctx.source)
        self._life.changed(dialog)
        return 1

    @function()
    def dlg_update_socket(self, ctx: RouteContext) -> int:
        """Take the socket the message at hand came in by for later requests to its sender.

        Returns: 1, -1 when there is no dialog.
        """
        dialog = self._dialog(ctx)
        if dialog is None:
            return -1
        with self._table.lock:
            dialog.leg(self._sender(ctx, dialog)).socket = ctx.source.listener.text
        self._life.changed(dialog)
        return 1

    def _sender(self, ctx: RouteContext, dialog: Dialog) -> Side:
        """Who sent the message at hand: From in a request, To in a reply."""
        if isinstance(ctx.message, Request):
            down = ctx.attributes.get(DIRECTION, Direction.DOWNSTREAM) is Direction.DOWNSTREAM
            found = self._tracking.of_message(ctx.message)
            if found is not None:
                down = found[1] is Direction.DOWNSTREAM
            return Side.CALLER if down else Side.CALLEE
        receiver = to_header(ctx.message)
        caller = receiver is not None and receiver.tag == dialog.caller.tag
        return Side.CALLER if caller else Side.CALLEE

    @function()
    def dlg_remove_dialogs_from_node(self, ctx: RouteContext, node_uri: str) -> int:
        """Dialogs are not shared with other servers (DMQ), so there are none of another node's.

        Args:
            node_uri: ignored.
        Returns: -1.
        """
        return -1
