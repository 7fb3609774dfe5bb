"""Requests of our own within a dialog, to either end in the name of the other (RFC 3261 §12.2.1.1)."""

import logging
from functools import partial
from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import Services
from luasip.kemi.transactions import Completed, OwnRequest
from luasip.modules.dialog.dialog import Dialog, Side
from luasip.modules.dialog.legs import split_routes
from luasip.modules.dialog.life import Life
from luasip.modules.dialog.nat import without_alias
from luasip.modules.dialog.settings import DialogSettings
from luasip.sip.message import Response
from luasip.sip.uri import parse_uri

log = logging.getLogger("luasip.dialog")

_NOT_COUNTED: Final = frozenset(("OPTIONS",))
"""Keep-alives bear the newest CSeq number once more, as in Kamailio: the ends go on counting from their own."""


class InDialogRequests:
    """Sends them."""

    def __init__(self, settings: DialogSettings, services: Services, life: Life) -> None:
        self._settings = settings
        self._services = services
        self._life = life

    def bye(self, dialog: Dialog, sides: tuple[Side, ...], headers: str = "") -> bool:
        """End a dialog by BYE; once one is answered, or nobody answers, it is over. False when none can be sent.

        An end that was sent one is sent no second.
        """
        if not dialog.is_answered:
            return False
        with self._life.table.lock:
            left = [side for side in sides if side not in dialog.byes]
            dialog.byes.update(left)
        told = partial(self._ended, dialog)
        sent = [self.send(dialog, side, "BYE", headers, completed=told) for side in left]
        return any(sent)

    def bye_all(self, dialog: Dialog) -> bool:
        """BYE to both ends; the caller of this is told by False that it may forget the dialog."""
        return self.bye(dialog, (Side.CALLER, Side.CALLEE))

    def _ended(self, dialog: Dialog, status: int, response: Response | None) -> None:
        self._life.ended(dialog)

    def refer(self, dialog: Dialog, side: Side, target: str) -> bool:
        """Ask an end to call somebody else (RFC 3515)."""
        controller = self._settings.bridge_controller
        headers = f"Refer-To: <{target}>\r\nReferred-By: <{controller}>\r\nContact: <{self.contact}>\r\n"
        return self.send(dialog, side, "REFER", headers)

    @property
    def contact(self) -> str:
        """The URI our own calls and REFERs are answered to."""
        return self._settings.bridge_contact or f"sip:{self._services.listeners[0].sent_by}"

    def send(
        self,
        dialog: Dialog,
        side: Side,
        method: str,
        headers: str = "",
        body: str = "",
        completed: Completed | None = None,
    ) -> bool:
        """Send a request to one end. False when it cannot be built: the end's Contact is not known."""
        to = dialog.leg(side)
        if not to.contact or not dialog.leg(side.other).tag:
            return False
        request_uri, routes, next_hop = route(to.contact, to.route_set)
        request = OwnRequest(
            method=method,
            request_uri=request_uri,
            from_=_address(dialog, side.other),
            to=_address(dialog, side),
            call_id=dialog.call_id,
            cseq=self._next_cseq(dialog, side.other, method),
            headers=routes + self._headers(side) + headers,
            body=body,
            next_hop=next_hop,
            socket=to.socket,
        )
        sent = self._services.transactions.send_own(request, completed) > 0
        if not sent:
            log.warning("no %s to the %s of dialog %s can be made", method, side.value, dialog.call_id)
        return sent

    def _next_cseq(self, dialog: Dialog, sender: Side, method: str) -> int:
        leg = dialog.leg(sender)
        with self._life.table.lock:
            if method not in _NOT_COUNTED:
                leg.cseq += 1
            return max(leg.cseq, 1)

    def _headers(self, side: Side) -> str:
        lines = self._settings.dlg_extra_hdrs
        if side is Side.CALLEE:
            lines += self._settings.lreq_callee_headers
        agent = self._services.user_agent
        return lines + (f"User-Agent: {agent}\r\n" if agent else "")


def route(contact: str, route_set: str) -> tuple[str, str, str]:
    """Request-URI, Route header lines and next hop for a request to a Contact over a route set (§12.2.1.1).

    Before a strict router the Request-URI is the router and the Contact the last Route.
    """
    contact, direct = without_alias(contact)
    routes = split_routes(route_set)
    if not routes:
        return contact, "", direct
    first = _uri_of(routes[0])
    if not _is_loose(first):
        routes = [*routes[1:], f"<{contact}>"]
        return first, _lines(routes), first
    return contact, _lines(routes), first


def _address(dialog: Dialog, side: Side) -> str:
    tag = dialog.leg(side).tag
    return f"<{dialog.uri(side)}>" + (f";tag={tag}" if tag else "")


def _lines(routes: list[str]) -> str:
    return "".join([f"Route: {text}\r\n" for text in routes])


def _uri_of(text: str) -> str:
    _, bracket, rest = text.partition("<")
    return rest.partition(">")[0] if bracket else text


def _is_loose(text: str) -> bool:
    try:
        return parse_uri(text).is_loose_router
    except SipError:
        return True
