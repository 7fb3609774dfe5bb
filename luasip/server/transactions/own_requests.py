"""Requests the server makes itself: sending them in a transaction without a server side, and the ACK for their 2xx.

The answers go to nobody; a 2xx to an INVITE is acknowledged (RFC 3261 §13.2.2.4) unless the script does that.
"""

from collections.abc import Callable, Generator
from typing import Any

from luasip.errors import SipError
from luasip.kemi.context import RouteContext, Source
from luasip.kemi.declare import Route
from luasip.kemi.operation import Operation, RunRoute
from luasip.kemi.transactions import Completed, Relayed, Relaying
from luasip.server.frames import Flow, RuntimeSlot
from luasip.server.next_hop import Unreachable
from luasip.server.transactions.relay import Relay, prepared
from luasip.server.transactions.transaction import Transaction
from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message

PLACEHOLDER_VIA = "Via: SIP/2.0/UDP local.invalid;branch=z9hG4bKlocal\r\n"


class OwnRequests:
    """Sends requests of our own."""

    def __init__(self, relay: Relay, forward_stateless: Callable[[RouteContext, str], Relayed]) -> None:
        self._relay = relay
        self._layer = relay.layer
        self._forward_stateless = forward_stateless
        self._layer.succeeded = self.succeeded

    def send(
        self, context: RouteContext, slot: RuntimeSlot, announced: bool, completed: Completed | None = None
    ) -> Relaying:
        """Send context.request. announced: the script hears of it first (tm's event_callback) and may drop it.

        Returns 1, or -1 when there is nowhere to send it or it was dropped; `completed` is told of that too.
        """
        transaction = self._layer.create_local(context, slot)
        transaction.completed = completed
        try:
            callback = self._layer.settings.local_request_callback
            if announced and callback:
                yield from self._announce(context, callback)
                if context.dropped:
                    context.last_error = (477, "Dropped by the script")
                    return -1
            preparing = self._relay.prepare(context, transaction, [context.target])
            branches = yield from prepared(preparing, next(preparing))
            if isinstance(branches, Unreachable):
                context.last_error = (branches.status, branches.reason)
                return -1
            return self._relay.send(context, transaction, branches)
        except SipError as error:
            context.last_error = (error.status, error.reason)
            return -1
        finally:
            transaction.script_running = False
            if not transaction.forwarded:
                status, _ = context.last_error or (self._layer.settings.default_code, "")
                transaction.complete(status, None)
            self._layer.settle(transaction)

    def _announce(self, context: RouteContext, callback: str) -> Generator[Operation, Any, None]:
        context.route = Route.EVENT
        context.event = "tm:local-request"
        yield RunRoute(callback, context, (context.event,))
        context.route = Route.REQUEST

    def succeeded(self, transaction: Transaction, response: Response) -> Flow:
        """A 2xx to an INVITE of ours came, or came again."""
        if transaction.auto_ack:
            yield from self.acknowledge(transaction, response, "", "")

    def acknowledge(self, transaction: Transaction, response: Response, headers: str, body: str) -> Relaying:
        """Send the ACK for a 2xx along the dialog's route. 1, or -1 when it leads nowhere."""
        try:
            context = self._ack_context(transaction, response, headers, body)
        except (SipError, IndexError):
            return -1
        routes = context.request.routes
        forwarded = self._forward_stateless(context, routes[0].uri_text if routes else "")
        return forwarded if isinstance(forwarded, int) else (yield from forwarded)

    def _ack_context(
        self, transaction: Transaction, response: Response, headers: str, body: str
    ) -> RouteContext:
        routes = "".join([f"Route: {route.text}\r\n" for route in reversed(response.record_routes)])
        message = parse_message(
            f"ACK {response.contacts[0].uri_text} SIP/2.0\r\n{PLACEHOLDER_VIA}{routes}"
            f"From: {response.required('from').value}\r\nTo: {response.required('to').value}\r\n"
            f"Call-ID: {response.call_id}\r\nCSeq: {response.cseq.number} ACK\r\nMax-Forwards: 70\r\n"
            f"{headers}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        source: Source = transaction.source
        context = RouteContext(Route.REQUEST, message, source, self._relay.services)
        context.hops_counted = True
        remove_vias(context)
        return context


def remove_vias(context: RouteContext) -> None:
    """The request begins here: whatever Via it has is a placeholder."""
    request = context.message
    assert isinstance(request, Request)
    for line in request.all("via"):
        context.edits.remove_header(line)
