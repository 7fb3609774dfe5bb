"""Variables of dialogs: functions, and the pseudo-variables that begin with dlg."""

import logging
from typing import Final

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import function, variable, variable_setter
from luasip.modules.dialog.dialog import SEND_BYE, Dialog, Side, State
from luasip.modules.dialog.parts import Parts
from luasip.modules.dialog.pending import Pending
from luasip.modules.dialog.tracking import DIRECTION

log = logging.getLogger("luasip.dialog")

_CONTEXT: Final = frozenset(
    ("on", "set", "dir", "timeout", "timeout_bye", "timeout_route", "timeout_route_id", "flags")
)


class VariableFunctions(Parts):
    """$dlg_var, $dlg, $dlg_ctx, $DLG_… and var_*."""

    # $dlg_var

    @variable("dlg_var")
    def dialog_variable(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$dlg_var(name): a text kept with the dialog; before dlg_manage it waits for the dialog to begin."""
        return self._get(ctx, inner)

    @variable_setter("dlg_var")
    def set_dialog_variable(
        self, ctx: RouteContext, inner: str, index: int | str | None, value: PvValue
    ) -> bool:
        """$dlg_var(name) = value; $null removes it."""
        self._set(ctx, inner, value)
        return True

    @function()
    def var_get(self, ctx: RouteContext, name: str) -> PvValue:
        """Value of a variable of the current dialog, or of the one that dlg_manage will begin.

        Args:
            name: the variable's name.
        Returns: the text, nil when there is none.
        """
        return self._get(ctx, name)

    @function()
    def var_gete(self, ctx: RouteContext, name: str) -> PvValue:
        """As var_get, with "" for none.

        Args:
            name: the variable's name.
        Returns: the text, "" when there is none.
        """
        return self._get(ctx, name) or ""

    @function()
    def var_getw(self, ctx: RouteContext, name: str) -> PvValue:
        """As var_get, with "<null>" for none.

        Args:
            name: the variable's name.
        Returns: the text, "<null>" when there is none.
        """
        found = self._get(ctx, name)
        return "<null>" if found is None else found

    @function()
    def var_sets(self, ctx: RouteContext, name: str, val: str) -> int:
        """Set a variable of the current dialog, or of the one that dlg_manage will begin.

        Args:
            name: the variable's name.
            val: its value.
        Returns: 1.
        """
        self._set(ctx, name, val)
        return 1

    @function()
    def var_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove a variable.

        Args:
            name: the variable's name.
        Returns: 1.
        """
        self._set(ctx, name, None)
        return 1

    @function()
    def var_is_null(self, ctx: RouteContext, name: str) -> int:
        """Whether there is no such variable.

        Args:
            name: the variable's name.
        Returns: 1 when there is none, -1 when there is.
        """
        return 1 if self._get(ctx, name) is None else -1

    @function()
    def dlg_get_var(self, ctx: RouteContext, sc: str, sf: str, st: str, key: str) -> PvValue:
        """A variable of any dialog.

        Args:
            sc: the dialog's Call-ID.
            sf: the caller's tag.
            st: the callee's tag, "" while the call is being set up.
            key: the variable's name.
        Returns: the text, nil when there is no such dialog or variable.
        """
        found = self._table.find(sc, sf, st)
        return None if found is None else found[0].variables.get(key)

    @function()
    def dlg_set_var(self, ctx: RouteContext, sc: str, sf: str, st: str, key: str, val: str) -> int:
        """Set a variable of any dialog.

        Args:
            sc: the dialog's Call-ID.
            sf: the caller's tag.
            st: the callee's tag, "" while the call is being set up.
            key: the variable's name.
            val: its value.
        Returns: 1, -1 when there is no such dialog.
        """
        found = self._table.find(sc, sf, st)
        if found is None:
            return -1
        self._set_in(found[0], key, val)
        return 1

    def _get(self, ctx: RouteContext, name: str) -> str | None:
        dialog = self._dialog(ctx)
        held = Pending.read(ctx).variables if dialog is None else dialog.variables
        return held.get(name)

    def _set(self, ctx: RouteContext, name: str, value: PvValue) -> None:
        dialog = self._dialog(ctx)
        if dialog is not None:
            self._set_in(dialog, name, value)
        elif value is None:
            Pending.of(ctx).variables.pop(name, None)
        else:
            Pending.of(ctx).variables[name] = str(value)

    def _set_in(self, dialog: Dialog, name: str, value: PvValue) -> None:
        with self._table.lock:
            if value is None:
                dialog.variables.pop(name, None)
            else:
                dialog.variables[name] = str(value)
        self._life.changed(dialog)

    # $dlg_ctx

    @variable("dlg_ctx")
    def dialog_context(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$dlg_ctx(name): what is to hold for the dialog: timeout (seconds), timeout_bye (1: BYE to both sides when
        it times out), timeout_route (event_callback is called with it then); set (1 when there is a dialog), dir (1
        from the caller, 2 to the caller, 0 unknown), flags, on."""
        if inner not in _CONTEXT:
            log.error("$dlg_ctx has no %r", inner)
            return None
        dialog, pending = self._dialog(ctx), Pending.read(ctx)
        if inner == "set":
            return int(dialog is not None)
        if inner == "dir":
            return int(ctx.attributes.get(DIRECTION, 0))
        if inner == "timeout":
            return pending.timeout
        if inner == "timeout_bye":
            return int(pending.send_bye if dialog is None else bool(dialog.properties & SEND_BYE))
        if inner == "timeout_route":
            return (pending.timeout_route if dialog is None else dialog.timeout_route) or None
        if inner == "flags":
            return pending.script_flags if dialog is None else dialog.script_flags
        return pending.on if inner == "on" else 0

    @variable_setter("dlg_ctx")
    def set_dialog_context(
        self, ctx: RouteContext, inner: str, index: int | str | None, value: PvValue
    ) -> bool:
        """$dlg_ctx(name) = value, before dlg_manage or within the dialog."""
        pending, dialog = Pending.of(ctx), self._dialog(ctx)
        if inner == "timeout_route":
            pending.timeout_route = "" if value is None else str(value)
            if dialog is not None:
                dialog.timeout_route = pending.timeout_route
        else:
            text = "0" if value is None else str(value).strip()
            if inner not in ("timeout", "timeout_bye", "flags", "on") or not _is_number(text):
                log.error("$dlg_ctx(%s) cannot be %r", inner, value)
                return False
            self._set_number(pending, dialog, inner, int(text))
        if dialog is not None:
            self._life.changed(dialog)
        return True

    def _set_number(self, pending: Pending, dialog: Dialog | None, name: str, number: int) -> None:
        if name == "timeout":
            pending.timeout = max(0, number)
            if dialog is not None and number > 0:
                self._life.set_timeout(dialog, number)
        elif name == "timeout_bye":
            pending.send_bye = number != 0
            if dialog is not None:
                with self._table.lock:
                    dialog.properties = dialog.properties & ~SEND_BYE | (SEND_BYE if number else 0)
        elif name == "flags":
            holder = pending if dialog is None else dialog
            holder.script_flags = number & 0xFFFFFFFF
        else:
            pending.on = number

    # $dlg and $DLG_…

    @variable("dlg")
    def dialog_value(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$dlg(name): of the current dialog: h_id, h_entry, ref, state, callid, from_uri, from_tag, to_uri, to_tag,
        from_cseq, to_cseq, from_rs, to_rs (route sets), from_contact, to_contact, from_bindaddr, to_bindaddr
        (sockets), req_uri, lifetime, start_ts, sflags, dflags, toroute."""
        dialog = self._dialog(ctx)
        if dialog is None:
            return None
        simple: dict[str, PvValue] = {
            **{"h_id": dialog.number, "h_entry": dialog.entry, "ref": 1, "state": int(dialog.state)},
            **{"callid": dialog.call_id, "req_uri": dialog.request_uri, "lifetime": dialog.lifetime},
            **{"start_ts": int(dialog.started), "sflags": dialog.script_flags, "dflags": dialog.properties},
            "toroute": dialog.timeout_route or 0,
        }
        if inner in simple:
            return simple[inner]
        prefix, _, name = inner.partition("_")
        side = {"from": Side.CALLER, "to": Side.CALLEE}.get(prefix)
        return None if side is None else _of_leg(dialog, side, name)

    @variable("DLG_count")
    def count(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$DLG_count: how many dialogs are answered and have not ended."""
        return self._services.statistic("dialog:active_dialogs") or 0

    @variable("DLG_status")
    def status(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$DLG_status: state of the dialog: 3 waiting for ACK, 4 confirmed, 5 ended; null before its answer."""
        dialog = self._dialog(ctx)
        return None if dialog is None or dialog.state <= State.EARLY else int(dialog.state)

    @variable("DLG_lifetime")
    def age(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$DLG_lifetime: seconds since the dialog was answered; null before its answer."""
        dialog = self._dialog(ctx)
        if dialog is None or not dialog.started:
            return None
        return dialog.duration(self._services.now())


def _of_leg(dialog: Dialog, side: Side, name: str) -> PvValue:
    leg = dialog.leg(side)
    values: dict[str, PvValue] = {
        "uri": dialog.uri(side),
        "tag": leg.tag or None,
        "contact": leg.contact or None,
        "rs": leg.route_set or None,
        "bindaddr": leg.socket or None,
        "cseq": str(leg.cseq) if leg.tag else None,
    }
    if name not in values:
        log.error("$dlg has no %r", name)
    return values.get(name)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii()
