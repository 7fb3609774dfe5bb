"""Forwarding and answering without a transaction (RFC 3261 §16.11, §8.2.7)."""

import logging
from collections.abc import Generator
from typing import Any, Final

from luasip.errors import SipError
from luasip.kemi.context import Branch, Listener, RouteContext
from luasip.kemi.operation import Operation
from luasip.kemi.transactions import Relayed, Relaying
from luasip.proxy.forward import forward_response
from luasip.proxy.loop import make_branch
from luasip.server.execution import Execution
from luasip.server.next_hop import NextHops, Unreachable
from luasip.server.onsend import OnSend
from luasip.server.sending import WatchedSending
from luasip.server.sockets import DEFAULT_PORTS, Sockets
from luasip.server.transactions.destination import response_destination
from luasip.server.transactions.relay import request_text
from luasip.sip.message import Request, Response
from luasip.sip.response import build_response
from luasip.transport.packet import Destination
from luasip.transport.resolver import is_literal

log = logging.getLogger("luasip.stateless")

_TAG_START: Final = "sl-"
"""What a To tag given here begins with: ACKs with another tag need not be looked at."""


class Stateless:
    """What the server does without remembering it."""

    def __init__(
        self,
        execution: Execution,
        sockets: Sockets,
        next_hops: NextHops,
        secret: bytes,
        server_header: str,
        on_send: OnSend,
    ) -> None:
        self._execution = execution
        self._sockets = sockets
        self.next_hops = next_hops
        self._secret = secret.hex()
        self.server_header = server_header
        self._on_send = on_send

    def tag(self, request: Request) -> str:
        """The To tag of stateless answers: the same for a repeated request and for the ACK that follows (§8.2.7).

        Header fields that cannot be read count as written: their sender gets an answer too. The 64 bits are those of
        Python's own hash under a key of the process; a tag needs 32 (§19.3).
        """
        try:
            dialog = f"{request.call_id}\n{request.from_.tag}\n{request.cseq.number}"
            seed = f"{self._secret}\n{request.top_via.branch}\n{dialog}"
        except SipError:
            lines = [request.first(key) for key in ("via", "call-id", "from", "cseq")]
            seed = "\n".join([self._secret, *["" if line is None else line.value for line in lines]])
        return f"{_TAG_START}{hash(seed)}"

    def is_own_ack(self, request: Request) -> bool:
        """Whether an ACK acknowledges a stateless answer of ours, and is to be absorbed."""
        if request.method != "ACK":
            return False
        tag = request.to.tag
        return tag.startswith(_TAG_START) and tag == self.tag(request)

    def reply(self, context: RouteContext, status: int, reason: str, to_tag: str = "") -> int:
        """Answer context.request; returns 1, or -1 for an ACK or a request too broken to answer."""
        request = context.request
        if request.method == "ACK":
            return -1
        body, content_type = context.reply_body or ("", "")
        headers = "".join(context.reply_headers)
        if content_type:
            headers += f"Content-Type: {content_type}\r\n"
        try:
            tag = to_tag or (self.tag(request) if status > 100 else "")
            text = build_response(
                request, status, reason, to_tag=tag, headers=headers, body=body, server=self.server_header
            )
        except SipError as error:
            log.info("no answer possible: %s", error)
            return -1
        destination = response_destination(request, context.source, context.reply_send_flags)
        self._execution.send(_Sending(self._sockets, text, destination, f"{status} response"))
        return 1

    def forward_request(self, context: RouteContext, next_hop: str = "") -> Relayed:
        """Forward without a transaction; 1, or -1 when there is nowhere to go (context.last_error says why)."""
        request = context.request
        try:
            if request.max_forwards == 0:
                context.last_error = (483, "Too Many Hops")
                return -1
        except SipError as error:
            context.last_error = (error.status, error.reason)
            return -1
        if next_hop:
            context.target.destination_uri = next_hop
        # A stateless proxy does not fork (§16.11): the first target only.
        hops = self.next_hops.find_now(context, context.target)
        return self._look_up(context) if hops is None else self._forward_to(context, hops)

    def _look_up(self, context: RouteContext) -> Relaying:
        """Forward when the name of the next hop has been looked up."""
        hops = yield from self.next_hops.find(context, context.target)
        forwarded = self._forward_to(context, hops)
        return forwarded if isinstance(forwarded, int) else (yield from forwarded)

    def _forward_to(self, context: RouteContext, hops: list[Destination] | Unreachable) -> Relayed:
        """Forward to the first of these."""
        if isinstance(hops, Unreachable):
            context.last_error = (hops.status, hops.reason)
            return -1
        try:
            text = self._text(context, hops[0])
        except SipError as error:
            context.last_error = (error.status, error.reason)
            return -1
        if self._on_send.is_there:
            return self._send_if_allowed(context, hops[0], text)
        return self._send(context, hops[0], text)

    def _send_if_allowed(self, context: RouteContext, destination: Destination, text: str) -> Relaying:
        """Forward unless the script has it dropped."""
        if not (yield from self._on_send.allows(context, destination, text)):
            context.last_error = (477, "Dropped by the script")
            return -1
        return self._send(context, destination, text)

    def _send(self, context: RouteContext, destination: Destination, text: str) -> int:
        self._execution.send(_Sending(self._sockets, text, destination, context.request.method))
        return 1

    def _text(self, context: RouteContext, destination: Destination) -> str:
        """The branch is the same whenever the same request comes again (§16.11).

        Python's own hash is 64 bits under a key of the process, which is all it takes; its sign is a token's character.
        """
        request = context.request
        seed = f"{request.top_via.branch}\n{request.to.tag}\n{request.from_.tag}\n{request.call_id}"
        return request_text(context, destination, make_branch(str(hash(seed))))

    def send_to_uri(
        self, context: RouteContext, uri: str, data: str, send_socket: Listener | None
    ) -> Generator[Operation, Any, int]:
        """Send wire text as it is to where a URI leads; 1, or -1 when it leads nowhere."""
        branch = Branch(uri)
        branch.send_socket = send_socket
        hops = yield from self.next_hops.find(context, branch)
        if isinstance(hops, Unreachable):
            return -1
        self._execution.send(_Sending(self._sockets, data, hops[0], "raw data"))
        return 1

    def forward_response(self, context: RouteContext) -> bool:
        """Send a response without transaction on to where its second Via says; False when there is none."""
        response = context.message
        if not isinstance(response, Response):
            return False
        try:
            vias = response.vias
            if len(vias) < 2:
                return False
            text = forward_response(response, context.edits_if_any)
            via = vias[1]
        except SipError as error:
            log.info("response dropped: %s", error)
            return False
        protocol = via.transport.lower()
        host = via.received or via.host.strip("[]")
        rport = via.rport or ""
        port = int(rport) if rport.isdecimal() and via.received else via.port
        if not is_literal(host) or protocol not in self._sockets.transports:
            log.info("response dropped: no way to %s/%s", protocol, host)
            return False
        port = port or DEFAULT_PORTS[protocol]
        listener = self._sockets.choose(protocol, ":" in host, None, context.source.listener)
        destination = Destination(protocol, host, port, listener)
        self._execution.send(_Sending(self._sockets, text, destination, "response"))
        return True


class _Sending(WatchedSending):
    """Logs that it could not be sent; nobody waits for it."""

    __slots__ = ("_what",)

    def __init__(self, sockets: Sockets, text: str, destination: Destination, what: str) -> None:
        super().__init__(sockets, text, destination)
        self._what = what

    def failed(self, error: Exception) -> None:
        log.info("%s not sent: %s", self._what, error)
