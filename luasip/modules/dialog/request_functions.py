"""Functions that send requests of our own within dialogs, and those that read dialogs from the database."""

from typing import Final

from luasip.kemi.context import RouteContext, Suspending
from luasip.kemi.declare import function
from luasip.kemi.operation import POOL_FULL, TIMED_OUT, Call
from luasip.modules.dialog.dialog import Dialog, Side
from luasip.modules.dialog.keeping import Keeping
from luasip.modules.dialog.parts import Parts

SIDES: Final = {
    "caller": (Side.CALLER,),
    "callee": (Side.CALLEE,),
    "all": (Side.CALLER, Side.CALLEE),
}


class RequestFunctions(Parts):
    """dlg_bye, dlg_refer_*, dlg_req_within4, dlg_bridge, dlg_db_load_*."""

    _keeping: Keeping | None

    @function()
    def dlg_bye(self, ctx: RouteContext, side: str) -> int:
        """End the current dialog by BYE. It is over, and "dialog:end" told, when the first BYE is answered.

        Args:
            side: who is sent one: "caller", "callee" or "all".
        Returns: 1, -1 when there is no answered dialog, no such side, or it was sent one before.
        """
        dialog, sides = self._dialog(ctx), SIDES.get(side.lower())
        return 1 if dialog is not None and sides and self._requests.bye(dialog, sides) else -1

    @function()
    def dlg_refer_cid(self, ctx: RouteContext, callid: str, side: str, to: str) -> int:
        """Ask an end of a dialog to call somebody else (REFER); the dialog stays until an end hangs up.

        Args:
            callid: the dialog's Call-ID.
            side: "caller" or "callee".
            to: the URI it is to call.
        Returns: 1, -1 when there is no answered dialog, no such side or no URI.
        """
        found = [dialog for dialog in self._table.by_call_id(callid) if dialog.is_answered]
        return self._refer(found[0] if found else None, side, to)

    @function()
    def dlg_refer_did(self, ctx: RouteContext, h_entry: int, h_id: int, side: str, to: str) -> int:
        """As dlg_refer_cid, for a dialog by its identity.

        Args:
            h_entry: the first part of its identity.
            h_id: the second.
            side: "caller" or "callee".
            to: the URI it is to call.
        Returns: as dlg_refer_cid.
        """
        return self._refer(self._table.by_identity(h_entry, h_id), side, to)

    def _refer(self, dialog: Dialog | None, side: str, to: str) -> int:
        sides = SIDES.get(side.lower(), ())
        if dialog is None or not dialog.is_answered or len(sides) != 1 or not to:
            return -1
        return 1 if self._requests.refer(dialog, sides[0], to) else -1

    @function()
    def dlg_req_within4(
        self, ctx: RouteContext, side: str, method: str, content_type: str, content: str
    ) -> int:
        """Send a request within the current dialog.

        Args:
            side: who gets it: "caller" or "callee".
            method: such as "INFO".
            content_type: of the body, "" for none.
            content: the body.
        Returns: 1, -1 when there is no answered dialog, no such side or no method.
        """
        dialog, sides = self._dialog(ctx), SIDES.get(side.lower(), ())
        if dialog is None or not dialog.is_answered or len(sides) != 1 or not method:
            return -1
        headers = f"Content-Type: {content_type}\r\n" if content_type else ""
        if "\r" in content_type or "\n" in content_type:
            return -1
        return 1 if self._requests.send(dialog, sides[0], method.upper(), headers, content) else -1

    @function()
    def dlg_bridge(self, ctx: RouteContext, sfrom: str, sto: str, soproxy: str) -> int:
        """Call somebody, ask him by REFER to call somebody else, and hang up.

        Args:
            sfrom: the URI that is called.
            sto: the URI he is asked to call.
            soproxy: URI of the next hop, "" for none.
        Returns: 1, -1 when a URI is missing or cannot be used.
        """
        return 1 if sfrom and sto and self._bridge.connect(sfrom, sto, soproxy) else -1

    @function(suspends=True)
    def dlg_db_load_callid(self, ctx: RouteContext, callid: str) -> Suspending:
        """Track the dialogs with a Call-ID that the database holds and this server does not know.

        Args:
            callid: the Call-ID.
        Returns: 1 when one was loaded, -1 when not.
        """
        return (yield from self._load(callid)) if callid else -1

    @function(suspends=True)
    def dlg_db_load_extra(self, ctx: RouteContext) -> Suspending:
        """Track every dialog that the database holds and this server does not know.

        Returns: 1, -1 without database.
        """
        return (yield from self._load(""))

    def _load(self, call_id: str) -> Suspending:
        keeping = self._keeping
        if keeping is None:
            return -1
        result = yield Call("sql", lambda: keeping.load(call_id))
        if isinstance(result, BaseException) or result in (TIMED_OUT, POOL_FULL):
            return -1
        return 1 if result or not call_id else -1
