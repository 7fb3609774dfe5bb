"""dlg_bridge: call somebody, ask him by REFER to call somebody else, hang up. No dialog of the table is concerned."""

from dataclasses import replace
from functools import partial
from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import Services
from luasip.kemi.transactions import OwnRequest
from luasip.modules.dialog.legs import contact_of
from luasip.modules.dialog.requests import InDialogRequests, route
from luasip.modules.dialog.settings import DialogSettings
from luasip.sip.message import Response

_FIRST_CSEQ: Final = 10

ON_HOLD: Final = (
    "v=0\r\no=luasip-bridge 0 0 IN IP4 0.0.0.0\r\ns=luasip\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
)
"""A description of a call on hold (RFC 3264 §8.4, the old way): who is called hears nothing until the REFER."""


class Bridge:
    """Makes such calls."""

    def __init__(self, settings: DialogSettings, services: Services, requests: InDialogRequests) -> None:
        self._settings = settings
        self._services = services
        self._requests = requests

    def connect(self, first: str, second: str, next_hop: str, body: str = ON_HOLD) -> bool:
        """Call `first` over `next_hop` ("" for its own way) and refer it to `second`. False for what is no URI."""
        token = self._services.random_token
        contact = f"Contact: <{self._requests.contact}>\r\n"
        agent = f"User-Agent: {self._services.user_agent}\r\n" if self._services.user_agent else ""
        invite = OwnRequest(
            method="INVITE",
            request_uri=first,
            from_=f"<{self._settings.bridge_controller}>;tag={token(12)}",
            to=f"<{first}>",
            call_id=token(20),
            cseq=_FIRST_CSEQ,
            headers=contact + agent + ("Content-Type: application/sdp\r\n" if body else ""),
            body=body,
            next_hop=next_hop,
        )
        answered = partial(self._answered, invite, contact + agent, second)
        return self._services.transactions.send_own(invite, answered) > 0

    def _answered(
        self, invite: OwnRequest, headers: str, second: str, status: int, response: Response | None
    ) -> None:
        """The first one has answered; the ACK is sent by the transaction layer."""
        if response is None or not 200 <= status < 300:
            return
        try:
            tag = response.to.tag
            recorded = ",".join([address.text for address in reversed(response.record_routes)])
        except SipError:
            return
        uri, routes, next_hop = route(contact_of(response) or invite.request_uri, recorded)
        refer = replace(
            invite,
            method="REFER",
            request_uri=uri,
            to=invite.to + (f";tag={tag}" if tag else ""),
            cseq=invite.cseq + 1,
            headers=routes
            + headers
            + f"Referred-By: <{self._settings.bridge_controller}>\r\nRefer-To: <{second}>\r\n",
            body="",
            next_hop=next_hop or invite.next_hop,
        )
        bye = replace(refer, method="BYE", cseq=refer.cseq + 1, headers=routes + headers)
        self._services.transactions.send_own(refer, partial(self._referred, bye))

    def _referred(self, bye: OwnRequest, status: int, response: Response | None) -> None:
        self._services.transactions.send_own(bye)
