"""What happens to one packet: parse, match, route.

`handle` is called in the receiver threads and in tests; it never raises and never waits.
"""

import contextlib
import logging
import threading
from collections.abc import Sequence
from typing import Final

from luasip.errors import NotSip, ParseError, ScriptError, SipError
from luasip.kemi.context import RouteContext, Source
from luasip.kemi.declare import Route
from luasip.kemi.operation import RunRoute
from luasip.lock import new_lock
from luasip.script.steps import State
from luasip.server.execution import Execution
from luasip.server.frames import Flow, LuaFrame, RuntimeSlot
from luasip.server.overload import DROP, REFUSE, Overload
from luasip.server.services import ServerServices
from luasip.server.source_rates import SourceRates
from luasip.server.stateless import Stateless
from luasip.server.statistics import Statistics
from luasip.server.task import RouteOwner
from luasip.server.transactions.layer import TransactionLayer
from luasip.server.transactions.outcome import BranchAnswered, Outcome
from luasip.server.transactions.transaction import Transaction
from luasip.server.working import Work, work
from luasip.sip.message import Request, Response
from luasip.sip.parser import Limits, parse_http_request, parse_message
from luasip.sip.validation import check_headers
from luasip.sip.via import received_via
from luasip.transaction.key import cancel_key, client_key, server_key
from luasip.transport.packet import Packet

log = logging.getLogger("luasip.worker")

_REQUEST: Final = Route.REQUEST


class Worker(RouteOwner):
    """Takes packets and starts routes. One object serves all receiver threads, each with a Lua runtime of its own."""

    def __init__(
        self,
        services: ServerServices,
        execution: Execution,
        layer: TransactionLayer,
        outcome: Outcome,
        stateless: Stateless,
        statistics: Statistics,
        limits: Limits,
        request_route: str,
        reply_on_script_error: int,
        overload: Overload,
        source_rates: SourceRates,
    ) -> None:
        self._services = services
        self._sockets = services.sockets
        self._traffic = services.sockets.traffic
        self._execution = execution
        self._layer = layer
        self._outcome = outcome
        self._stateless = stateless
        self._statistics = statistics
        self.limits = limits
        self._request_route = request_route
        self.reply_on_script_error = reply_on_script_error
        self._overload = overload
        self._source_rates = source_rates
        self._clock = execution.timers.clock
        self.draining = False
        """The server is about to stop: what begins something new is answered 503."""
        self._slots: Sequence[RuntimeSlot] = ()
        self._free: list[RuntimeSlot] = []
        self._lock = new_lock()
        self._last_number = 0
        self._local = threading.local()
        execution.before_suspension = self._before_suspension
        execution.on_failure = self._script_failed

    # Runtimes

    def use(self, slots: Sequence[RuntimeSlot]) -> None:
        """The runtimes' slots; each receiver thread takes one when its first packet comes."""
        with self._lock:
            self._slots = list(slots)
            self._free = list(slots)

    def slot(self) -> RuntimeSlot:
        """The slot of this receiver thread; other threads and receivers beyond the number of slots share the first."""
        thread = work()
        if thread.slot_of is self:
            given: RuntimeSlot = thread.slot
            return given
        slot: RuntimeSlot | None = getattr(self._local, "slot", None)
        return self._slots[0] if slot is None else slot

    def _receive_with_slot(self, thread: Work) -> None:
        """Give this receiver thread a runtime of its own; the same again if another worker has used it meanwhile."""
        slot: RuntimeSlot | None = getattr(self._local, "slot", None)
        if slot is None:
            with self._lock:
                slot = self._local.slot = self._free.pop(0) if self._free else self._slots[0]
        thread.slot, thread.slot_of = slot, self

    # Packets

    def handle(self, packet: Packet) -> None:
        """Take one packet. Never raises: a fault of ours is logged and costs this message only."""
        thread: Work | None = None
        try:
            verdict = self._first_look(packet)
            if verdict == DROP:
                return
            thread = work()
            if thread.slot_of is not self:
                self._receive_with_slot(thread)
            self._handle(packet, thread, verdict)
        except Exception:  # the worker loop: a fault of ours costs this message, not the thread
            self._statistics.add("core:internal_errors")
            log.exception("message from %s:%d dropped", packet.source_host, packet.source_port)
        finally:
            if thread is not None:
                thread.bind(None, "", None)

    def _first_look(self, packet: Packet) -> int:
        """PASS, REFUSE or DROP, before anything is read. With too much to do most packets get no further."""
        data = packet.data
        if len(data) <= 4 and not data.strip(b"\r\n\0"):
            return DROP  # a keep-alive, RFC 5626 §3.5.1 and the four NULs of NAT pingers
        now, host = self._clock(), packet.source_host
        if self._source_rates.exceeds(host, now):
            if packet.connection_id:  # what is dropped there never comes again
                self._services.close_connection(packet.connection_id)
            return DROP
        return self._overload.judge(data, now - packet.received_at, now, host, packet.gave_way)

    def _handle(self, packet: Packet, thread: Work, verdict: int) -> None:
        data = packet.data
        with self._lock:
            number = self._last_number = self._last_number + 1
        source = Source(
            packet.source_host,
            packet.source_port,
            packet.listener,
            packet.connection_id,
            packet.received_at,
            number,
        )
        try:
            message = parse_message(data.decode("latin-1"), self.limits)
        except NotSip as error:
            if source.connection_id and data.partition(b"\r\n")[0].endswith((b" HTTP/1.1", b" HTTP/1.0")):
                self._http(data, source)
                return
            self._statistics.add("core:bad_msg_hdr")
            log.debug("not SIP from %s:%d: %s", source.host, source.port, error.reason)
            return
        except ParseError as error:
            self._refuse(error.salvaged, error, source)
            return
        thread.bind(message, "", None)
        if isinstance(message, Request):
            self._request(message, source, thread.slot, verdict == REFUSE)
        else:
            self._response(message, source)

    def _http(self, data: bytes, source: Source) -> None:
        """Give a request of HTTP to the script; where none wants it the connection ends."""
        callback = self._services.http_callback
        if callback is None:
            self._statistics.add("core:bad_msg_hdr")
            self._services.close_connection(source.connection_id)
            return
        shown = f"[{source.host}]" if ":" in source.host else source.host
        via = f"SIP/2.0/{source.listener.protocol.upper()} {shown}:{source.port}"
        try:
            request = parse_http_request(data.decode("latin-1"), via, self.limits)
        except ParseError as error:
            self._statistics.add("core:bad_msg_hdr")
            log.debug("neither SIP nor HTTP from %s:%d: %s", source.host, source.port, error.reason)
            self._services.close_connection(source.connection_id)
            return
        request.top_via_text = via
        runtime = self.slot().runtime
        context = RouteContext(Route.EVENT, request, source, self._services, runtime.script_variables)
        context.event = callback.event
        if callback.admit(context):
            frame = LuaFrame(callback.name, context, (callback.event,))
            self._execution.start(runtime, frame, lambda _: callback.ended(context))

    def _refuse(self, message: object, error: SipError, source: Source) -> None:
        """Answer what cannot be routed, when enough of it can be read."""
        self._statistics.add("core:bad_msg_hdr")
        if isinstance(message, Request):
            work().bind(message, "", None)
        log.info("bad message from %s:%d: %s", source.host, source.port, error)
        if not isinstance(message, Request) or message.method == "ACK":
            return
        with contextlib.suppress(SipError):  # an unreadable Via: answered where the request came from
            message.top_via_text = received_via(message.top_via, source.host, source.port)
        context = RouteContext(_REQUEST, message, source, self._services)
        self._stateless.reply(context, error.status, error.reason)

    # Requests

    def _request(self, request: Request, source: Source, slot: RuntimeSlot, refuse: bool) -> None:
        self._traffic.received_request(request.method)
        try:
            check_headers(request)
            request.top_via_text = received_via(request.top_via, source.host, source.port)
            key = server_key(request)
        except SipError as error:
            self._refuse(request, error, source)
            return
        transaction = self._layer.table.find(key)
        if transaction is None:
            if self._layer.answered.absorb(request, key) or self._comes_too_late(request, source):
                return
        elif self._layer.absorb(transaction, request):
            return
        if request.method == "ACK" and self._is_absorbed(request, source):
            return
        state: State = slot.runtime
        context = RouteContext(_REQUEST, request, source, self._services, state.script_variables)
        if refuse or (self.draining and not request.to.tag and request.method not in ("ACK", "CANCEL")):
            context.reply_headers.append("Retry-After: 5\r\n")
            self._stateless.reply(context, 503, "Service Unavailable")
            return
        self._execution.run(slot.runtime, self._request_route, context, self)

    def _comes_too_late(self, request: Request, source: Source) -> bool:
        """A CANCEL for an INVITE answered a while ago has no effect: it is told so here (RFC 3261 §9.2)."""
        if request.method != "CANCEL" or cancel_key(request) not in self._layer.answered:
            return False
        self._stateless.reply(RouteContext(_REQUEST, request, source, self._services), 200, "canceling")
        return True

    def _is_absorbed(self, request: Request, source: Source) -> bool:
        """An ACK for a stateless answer ends here; one for our own 2xx stops its repetition and goes to the script."""
        if self._stateless.is_own_ack(request):
            self._services.tell_filtered_ack(request)
            return True
        transaction = self._layer.acknowledged(request)
        if transaction is not None:
            self._layer.on_ack_2xx(transaction)
            for observer in self._layer.observers:
                observer.acknowledged(transaction, request, source)
        return False

    def ended(self, context: RouteContext, ended_well: bool) -> None:
        """The request route is over: answer 500 when it failed without an answer, and look after the transaction."""
        if context.noted("tm.retransmission"):
            return
        status = self.reply_on_script_error
        if (
            not ended_well
            and status
            and context.noted("core.replied") is None
            and not self._is_cared_for(context)
        ):
            context.reply_headers, context.reply_body = [], None
            self._services.reply(context, status, "Server Internal Error")
        transaction = context.transaction
        if isinstance(transaction, Transaction) and context.made_transaction:
            if not transaction.forwarded:
                transaction.flags, transaction.xflags = context.flags, context.xflags
            self._layer.script_ended(transaction)

    def _is_cared_for(self, context: RouteContext) -> bool:
        transaction = context.transaction
        return isinstance(transaction, Transaction) and (transaction.forwarded or transaction.final_sent)

    def _before_suspension(self, context: RouteContext, lasts: bool) -> None:
        """A route is about to wait: from here on a retransmission must not start it again."""
        if context.route is _REQUEST:
            self._make_stateful(context)
        transaction = context.transaction
        if lasts and isinstance(transaction, Transaction):
            with transaction.lock:
                transaction.put_away_for(context)

    def _make_stateful(self, context: RouteContext) -> None:
        message = context.message
        if not isinstance(message, Request):
            return
        if context.transaction is None and message.method not in ("ACK",):
            transaction, is_new = self._layer.create(context, self.slot())
            if not is_new:  # another thread has it; this route goes on to no effect
                context.transaction = transaction
                context.attributes["tm.retransmission"] = True
            else:
                transaction.implicit = True
        if isinstance(context.transaction, Transaction):
            self._layer.trying(context.transaction)

    def _script_failed(self, frame: LuaFrame, error: ScriptError) -> None:
        self._statistics.add("script:errors")
        text = f"{frame.name}: {error.message}"
        if error.traceback:
            text += "\n" + error.traceback
        logging.getLogger("luasip.script").error("%s", text)

    # Responses

    def _response(self, response: Response, source: Source) -> None:
        self._traffic.received_response(response.status)
        try:
            via = response.top_via
            if not self._sockets.is_own(via.host, via.port or 0):
                log.info("response %d dropped: its top Via %s is not ours", response.status, via.sent_by)
                self._statistics.add("core:drop_replies")
                return
            branch_id, method = client_key(response)
            if not response.is_usual:
                response.required("from")
                response.required("to")
                response.required("call-id")
        except SipError as error:
            self._statistics.add("core:bad_msg_hdr")
            log.info("bad response from %s:%d: %s", source.host, source.port, error)
            return
        found = self._layer.table.by_branch(branch_id, method)
        if found is None:
            if not self._layer.answered.absorb_response(branch_id, method):
                self._execution.start(self.slot().runtime, self._stray_response(response, source))
        elif method == "CANCEL":
            transaction, branch = found
            self._layer.events.enqueue(
                transaction, self._outcome.cancel_response(transaction, branch, response, source)
            )
        else:
            transaction, branch = found
            self._layer.events.enqueue(
                transaction, BranchAnswered(self._outcome, transaction, branch, response, source)
            )

    def _stray_response(self, response: Response, source: Source) -> Flow:
        """A response without transaction: the reply route, then on by its second Via (RFC 3261 §16.7)."""
        runtime = self.slot().runtime
        context = RouteContext(Route.REPLY, response, source, self._services, runtime.script_variables)
        name = self._outcome.reply_route
        if name and name in runtime.functions:
            yield RunRoute(name, context)
        if not context.dropped and not self._stateless.forward_response(context):
            self._statistics.add("core:drop_replies")
