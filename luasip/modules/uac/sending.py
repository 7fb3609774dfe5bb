"""uac_req_send: requests that a script describes by $uac_req(…), with credentials and a callback for replies."""

import logging
from dataclasses import replace
from typing import Final

from luasip.kemi.context import PvValue, RouteContext, Services
from luasip.kemi.declare import Module, function, variable, variable_setter
from luasip.kemi.socket_text import find_listener
from luasip.kemi.transactions import OwnRequest
from luasip.modules.uac.challenges import answer
from luasip.modules.uac.own_request import RequestValues
from luasip.modules.uac.settings import Credential, UacSettings
from luasip.sip.message import Response

_log = logging.getLogger("luasip.uac")

EVENT: Final = "uac:reply"
_VALUES: Final = "uac.request"

_ALWAYS: Final = 1
_ON_FAILURE: Final = 2
_HA1: Final = 1
_REPLIED: Final = 1
_MADE_HERE: Final = 2


class SendFunctions(Module):
    """$uac_req(…) and uac_req_send."""

    settings: UacSettings
    _services: Services

    @variable("uac_req")
    def request_value(self, ctx: RouteContext, inner: str, index: int | str | None) -> PvValue:
        """$uac_req(name): the request uac_req_send sends, for this run of the callback: method, ruri; furi, turi
        (ruri without), ftag, ttag, callid, cseqno, hdrs (lines with CRLF), body; ouri (next hop), sock;
        auser and apasswd for a challenge, flags (1: apasswd is H(A1)); evroute (1: event_callback is called for every
        final reply, 2: for failures), evparam (for it). Of the callback: evcode (status), evtype (1 a reply, 2 none
        came). Set all to $null to begin anew."""
        try:
            return _values(ctx).get(inner.strip())
        except KeyError:
            _log.error("$uac_req has no %r", inner)
            return None

    @variable_setter("uac_req")
    def set_request_value(
        self, ctx: RouteContext, inner: str, index: int | str | None, value: PvValue
    ) -> bool:
        """$uac_req(name) = value."""
        if _values(ctx).set(inner.strip(), value):
            return True
        _log.error("$uac_req(%s) cannot be %r", inner, "***" if inner.strip() == "apasswd" else value)
        return False

    @function()
    def uac_req_send(self, ctx: RouteContext) -> int:
        """Begin to send the request that $uac_req(…) describes; the route does not wait for its replies.

        Returns: 1, -1 when method or ruri is missing or the request cannot be built.
        """
        values = _values(ctx).copy()
        if not values.text("method") or not values.text("ruri"):
            return -1
        token = self._services.random_token
        request = values.request(token(20), token(12), self._services.user_agent, self._socket(values))
        return self._send(_Sending(values, request))

    def _socket(self, values: RequestValues) -> str:
        text = values.text("sock") or self.settings.default_socket
        if not text:
            return ""
        listener = find_listener(self._services.listeners, text)
        if listener is None:
            _log.warning("uac_req_send: %r is no socket of this server; any is used", text)
        return "" if listener is None else listener.text

    def _send(self, sending: "_Sending") -> int:
        def completed(status: int, response: Response | None) -> None:
            self._completed(sending, status, response)

        return self._services.transactions.send_own(sending.request, completed)

    def _completed(self, sending: "_Sending", status: int, response: Response | None) -> None:
        again = self._answered(sending, response) if response is not None else None
        mode = sending.values.number("evroute")
        if mode == _ALWAYS or (mode >= _ON_FAILURE and status >= 300 and again is None):
            self._tell(sending.values, status, response)
        if again is not None and self._send(again) < 0:
            _log.error("%s with credentials cannot be sent", again.request.method)

    def _tell(self, values: RequestValues, status: int, response: Response | None) -> None:
        """Call the script back; the reply, if one came, is its message."""
        if not self.settings.event_callback:
            return
        told = values.copy()
        told.values["evcode"] = status
        told.values["evtype"] = _MADE_HERE if response is None else _REPLIED
        self._services.run_event(self.settings.event_callback, EVENT, response, {_VALUES: told})

    def _answered(self, sending: "_Sending", response: Response) -> "_Sending | None":
        """The request with credentials for the challenge it got; None when there is none to be answered."""
        values, request = sending.values, sending.request
        username, password = values.text("auser"), values.text("apasswd")
        if sending.has_credentials or not username or not password:
            return None
        header = answer(
            response,
            lambda realm: Credential(username, realm, password),
            method=request.method,
            uri=request.request_uri,
            cnonce=self._services.random_token(16),
            body=request.body,
            is_ha1=bool(values.number("flags") & _HA1),
        )
        if not header:
            return None
        headers = request.headers.rstrip("\r\n") + ("\r\n" if request.headers else "") + header
        again = replace(request, cseq=request.cseq + 1, headers=headers)
        return _Sending(values, again, has_credentials=True)


class _Sending:
    """One request on its way."""

    def __init__(self, values: RequestValues, request: OwnRequest, has_credentials: bool = False) -> None:
        self.values = values
        self.request = request
        self.has_credentials = has_credentials


def _values(ctx: RouteContext) -> RequestValues:
    found: RequestValues = ctx.attributes.setdefault(_VALUES, RequestValues())
    return found
