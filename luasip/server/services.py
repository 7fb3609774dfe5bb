"""What the server does for KEMI modules: luasip.kemi.context.Services, put together from the parts of this package."""

import logging
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from luasip.kemi.byte_streams import ByteStreams
from luasip.kemi.context import Commands, Databases, LuaWorkers, RouteContext, Script, Source, Variables
from luasip.kemi.context import Listener as SendSocket
from luasip.kemi.declare import Export, Module, Route
from luasip.kemi.operation import Call, Operation
from luasip.kemi.transactions import Transactions
from luasip.server.execution import Execution
from luasip.server.frames import LuaFrame
from luasip.server.sockets import Sockets
from luasip.server.stateless import Stateless
from luasip.server.statistics import Statistics
from luasip.server.timers import Timers
from luasip.server.tokens import Tokens
from luasip.server.transactions.layer import TransactionLayer
from luasip.server.transactions.transaction import Transaction
from luasip.server.wakeup import WakeUps
from luasip.sip.message import Request, Response
from luasip.transport.dns_records import Record, query
from luasip.transport.packet import Destination, Listener
from luasip.transport.resolver import addresses_of, name_of

log = logging.getLogger("luasip.services")

EventRunner = Callable[[str, str, Request | Response | None, dict[str, Any], Source | None], None]

Interval = float | Callable[[], float]
"""Seconds, or what says them each time."""


class _IsOwn(Protocol):
    def __call__(self, host: str, port: int = 0, protocol: str = "") -> bool: ...


@dataclass(frozen=True, slots=True)
class HttpCallback:
    """The Lua callback that HTTP requests on SIP connections go to, who admits them, and who is told of its end."""

    name: str
    event: str
    admit: Callable[[RouteContext], bool]
    ended: Callable[[RouteContext], None]


class ServerServices:
    """Handed to every module; every method may be called from any thread."""

    variables: Variables
    databases: Databases
    transactions: Transactions
    script: Script
    commands: Commands
    byte_streams: ByteStreams
    stateless: Stateless
    layer: TransactionLayer
    is_myself: _IsOwn
    """Whether a host is one of ours. Asked several times for a message, so it is the sockets' own method."""

    def __init__(
        self,
        sockets: Sockets,
        execution: Execution,
        wakeups: WakeUps,
        statistics: Statistics,
        housekeeping: "Housekeeping",
        defines: dict[str, str],
        server_header: str,
        user_agent: str,
    ) -> None:
        self.sockets = sockets
        self.is_myself = sockets.is_own
        self.tokens = Tokens()
        self.execution = execution
        self.wakeups = wakeups
        self.statistics = statistics
        self.housekeeping = housekeeping
        self.defines = defines
        self.server_header = server_header
        self.user_agent = user_agent
        self.modules: Sequence[Module] = ()
        self.http_callback: HttpCallback | None = None
        self._filtered_ack_told: list[Callable[[Request], None]] = []
        self.event_runner: EventRunner
        self.worker_starter: Callable[[str, int], LuaWorkers]

    @property
    def listeners(self) -> Sequence[Listener]:
        """The sockets listened on, in the order of the settings."""
        return self.sockets.listeners

    def now(self) -> float:
        """Monotonic seconds."""
        return self.execution.timers.clock()

    def wall_clock(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def random_token(self, length: int = 16) -> str:
        """Unguessable text of `length` characters from [0-9a-z]."""
        return self.tokens.take(length)

    def register_own(self, check: Callable[[str], bool]) -> None:
        """Count the hosts for which `check(host)` holds as ours."""
        self.sockets.register_own(check)

    def reply(
        self, ctx: RouteContext, status: int, reason: str, *, stateless: bool = False, to_tag: str = ""
    ) -> int:
        """Answer ctx.request, stateful when it has a transaction. 1, or -1 when no answer may be sent."""
        if not ctx.is_request:
            return -1
        transaction = ctx.transaction
        if isinstance(transaction, Transaction) and transaction.implicit:
            stateless = (
                False  # the script knows of no transaction, but the caller has its 100 and waits for more
            )
        if stateless or transaction is None:
            code = self.stateless.reply(ctx, status, reason, to_tag)
        else:
            assert isinstance(transaction, Transaction)
            code = self._reply_stateful(ctx, transaction, status, reason, to_tag)
        if code > 0 and status >= 200:
            ctx.attributes["core.replied"] = status
        return code

    def _reply_stateful(
        self, ctx: RouteContext, transaction: Transaction, status: int, reason: str, to_tag: str
    ) -> int:
        body, content_type = ctx.reply_body or ("", "")
        headers = "".join(ctx.reply_headers)
        if content_type:
            headers += f"Content-Type: {content_type}\r\n"
        if to_tag:
            transaction.to_tag = to_tag
        transaction.flags, transaction.xflags = ctx.flags, ctx.xflags
        return 1 if self.layer.reply(transaction, status, reason, headers, body) else -1

    def forward_stateless(self, ctx: RouteContext, uri: str = "") -> bool:
        """Forward the message without a transaction; looking a name up does not hold the caller."""
        if not ctx.is_request:
            return self.stateless.forward_response(ctx)
        flow = self.stateless.forward_request(ctx, uri)
        if isinstance(flow, int):
            return flow > 0
        try:
            operation = next(flow)
        except StopIteration as stop:
            return bool(stop.value > 0)
        runtime = self.execution.runtime
        rest = _continue(flow, operation)
        # Not from here: this may be a call out of Lua, and the flow may call Lua (ksr_onsend_route).
        self.execution.timers.soon(lambda: self.execution.start(runtime, rest))
        return True

    def send_raw(
        self, protocol: str, host: str, port: int, data: str, send_socket: SendSocket | None = None
    ) -> bool:
        """Send wire text to an IP address as it is, from `send_socket` or the first socket that fits."""
        if protocol not in self.sockets.transports:
            return False
        wanted = "" if send_socket is None else send_socket.text
        fitting = [s for s in self.listeners if s.protocol == protocol and s.is_ipv6 == (":" in host)]
        listener = next((s for s in fitting if s.text == wanted), fitting[0] if fitting else None)
        self._send_data(data, Destination(protocol, host, port, listener))
        return True

    def _send_data(self, data: str, destination: Destination) -> None:
        def failed(error: Exception) -> None:
            log.info("data to %s:%d not sent: %s", destination.host, destination.port, error)

        self.execution.send(lambda: self.sockets.send(data, destination, failed))

    def send_to_uri(
        self, ctx: RouteContext, uri: str, data: str, send_socket: SendSocket | None = None
    ) -> Generator[Operation, Any, int]:
        """Send wire text as it is to where a URI leads, looking its host up."""
        return self.stateless.send_to_uri(ctx, uri, data, send_socket)

    def take_http(
        self,
        callback: str,
        event: str,
        admit: Callable[[RouteContext], bool],
        ended: Callable[[RouteContext], None],
    ) -> None:
        """Run a Lua event callback for every HTTP request on a SIP stream connection."""
        self.http_callback = HttpCallback(callback, event, admit, ended)

    def send_back(self, source: Source, data: str, *, close: bool = False) -> bool:
        """Send wire text over the connection something came by, and close it after that. False for a datagram."""
        listener = source.listener
        if not source.connection_id or not isinstance(listener, Listener):
            return False
        destination = Destination(
            listener.protocol, source.host, source.port, listener, source.connection_id, False, close
        )
        self._send_data(data, destination)
        return True

    def add_connection_alias(self, connection_id: int, port: int) -> bool:
        """Use an open connection for its peer's address with `port` too."""
        return self.sockets.add_alias(connection_id, port)

    def find_function(self, name: str) -> tuple[Export, Callable[..., Any]] | None:
        """The exported function of a loaded module by its name alone, or by "module.name"."""
        wanted, dot, function = name.partition(".")
        for module in self.modules:
            for export in type(module).exports():
                if export.name == (function if dot else wanted) and (not dot or export.module == wanted):
                    return export, getattr(module, export.attribute)
        return None

    def has_callback(self, name: str) -> bool:
        """Whether the script has a global function `name`."""
        runtime = self.execution.runtime
        return runtime is not None and name in runtime.functions

    def run_in_pool(
        self,
        pool: str,
        function: Callable[[], Any],
        done: Callable[[Any], None],
        deadline: float | None = None,
    ) -> bool:
        """Run `function` on a pool without waiting for it; False when the pool is full."""
        return self.execution.run_in_pool(Call(pool, function, deadline), done)

    def pool_threads(self, pool: str) -> int:
        """How many threads a pool has."""
        return self.execution.pools[pool].settings.threads

    def pool_deadline(self, pool: str) -> float:
        """Seconds a call on a pool may take when it names no deadline."""
        return self.execution.pools[pool].settings.deadline

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Run a short `action` once on the timer thread."""
        self.execution.timers.after(seconds, action)

    def lua_workers(self, name: str, threads: int) -> LuaWorkers:
        """A group of Lua threads, running until the server stops."""
        return self.worker_starter(name, threads)

    def grant(self, key: str, value: Any) -> None:
        """Wake the one waiter of a key, now or as soon as it waits."""
        self.wakeups.grant(key, value)

    def every(self, seconds: float | Callable[[], float], action: Callable[[], None], name: str) -> None:
        """Run `action` again and again on the housekeeping thread."""
        self.housekeeping.add(seconds, action, name)

    def on_connection_closed(self, action: Callable[[int], None]) -> None:
        """Tell `action` the id of every stream connection that closes."""
        self.sockets.on_closed(action)

    def on_filtered_ack(self, action: Callable[[Request], None]) -> None:
        """Tell `action` every ACK for a stateless reply, which ends here."""
        self._filtered_ack_told.append(action)

    def tell_filtered_ack(self, request: Request) -> None:
        """An ACK for a stateless reply came."""
        for action in self._filtered_ack_told:
            action(request)

    def close_connection(self, connection_id: int) -> bool:
        """Close a stream connection. False when there is none with this id."""
        return self.sockets.close_connection(connection_id)

    def run_event(
        self,
        callback: str,
        event: str,
        message: Request | Response | None = None,
        attributes: dict[str, Any] | None = None,
        source: Source | None = None,
    ) -> None:
        """Run a Lua event callback soon."""
        self.event_runner(callback, event, message, attributes or {}, source)

    def spawn(self, ctx: RouteContext, name: str) -> None:
        """Run a Lua function soon, beside this route, over the same message and without its transaction."""
        runtime = self.execution.runtime
        beside = RouteContext(Route.EVENT, ctx.message, ctx.source, self, ctx.script_variables)
        beside.edits = ctx.edits.copy()
        beside.target.uri = ctx.target.uri
        beside.flags, beside.xflags = ctx.flags, ctx.xflags
        self.execution.timers.soon(lambda: self.execution.start(runtime, LuaFrame(name, beside)))

    def notify(self, key: str, value: Any) -> int:
        """Wake everything that waits for Event(key)."""
        return self.wakeups.notify(key, value)

    def count(self, name: str, amount: int = 1) -> None:
        """Add to the statistic `group:name`."""
        self.statistics.add(name, amount)

    def statistic(self, name: str) -> int | None:
        """Value of a statistic; None when unknown."""
        return self.statistics.get(name)

    def all_statistics(self) -> dict[str, int]:
        """Every statistic by its full name."""
        return self.statistics.all()

    def addresses_of(self, host: str) -> list[str]:
        """IP literals of a host name. Blocks; raises TransportError."""
        return addresses_of(host)

    def name_of(self, address: str) -> str:
        """Host name of an IP literal. Blocks; raises TransportError."""
        return name_of(address)

    def dns_records(self, name: str, kind: str) -> list[Record]:
        """The "SRV" or "NAPTR" records of a name. Blocks; raises TransportError."""
        return query(name, kind)


def _continue(flow: Generator[Operation, Any, Any], operation: Operation) -> Generator[Operation, Any, Any]:
    """The rest of a flow that was begun elsewhere."""
    answer = yield operation
    while True:
        try:
            operation = flow.send(answer)
        except StopIteration as stop:
            return stop.value
        answer = yield operation


class Housekeeping:
    """Periodic work of modules, on a thread of its own so that a slow database does not delay SIP timers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._timers = Timers(clock)
        self._jobs: list[tuple[Interval, Callable[[], None], str]] = []
        self._lock = threading.Lock()
        self._running = False

    def add(self, seconds: Interval, action: Callable[[], None], name: str) -> None:
        """Run `action` every `seconds` from start() to stop(); a function is asked before each run."""
        with self._lock:
            self._jobs.append((seconds, action, name))
            running = self._running
        if running:
            self._schedule(seconds, action)

    def start(self, thread: bool = True) -> None:
        """Begin; without a thread the owner of the clock calls run_due()."""
        with self._lock:
            self._running = True
            jobs = list(self._jobs)
        for seconds, action, _ in jobs:
            self._schedule(seconds, action)
        if thread:
            self._timers.start("housekeeping")

    def run_due(self) -> None:
        """Run what is due (without a thread)."""
        self._timers.run_due()

    def next_at(self) -> float | None:
        """When something is due next, None when nothing ever is."""
        return self._timers.next_at()

    def stop(self) -> None:
        """End the thread."""
        self._timers.stop()

    def _schedule(self, seconds: Interval, action: Callable[[], None]) -> None:
        def wait() -> None:
            self._timers.after(seconds() if callable(seconds) else seconds, run)

        def run() -> None:
            try:
                action()
            finally:
                wait()

        wait()
