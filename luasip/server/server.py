"""A whole server: builds every part from the settings, starts the threads, stops them in order."""

import logging
import os
import secrets
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol, cast

from prometheus_client.registry import Collector

from luasip.control.service_manager import ServiceManager
from luasip.kemi.byte_streams import ByteStreams as StreamService
from luasip.kemi.context import RouteContext, Source
from luasip.kemi.declare import Module, Route
from luasip.kemi.pseudo_variables import PseudoVariables
from luasip.server import collector, pages, privileges
from luasip.server.control import Control
from luasip.server.core_commands import CoreCommands
from luasip.server.dns_commands import DnsCommands
from luasip.server.execution import Execution
from luasip.server.frames import LuaFrame
from luasip.server.health import Health
from luasip.server.listening import transports_of
from luasip.server.log_commands import LogCommands
from luasip.server.logs import Logging
from luasip.server.lua_workers import LuaWorkers
from luasip.server.made_up import made_up_request
from luasip.server.memory_commands import MemoryCommands
from luasip.server.metrics import ServerMetrics, make_registry
from luasip.server.next_hop import NextHops
from luasip.server.onsend import OnSend
from luasip.server.overload import Overload, OverloadLimits
from luasip.server.pool import ImmediatePool, Pool
from luasip.server.reloading import Reloading
from luasip.server.resolving import CachingResolver
from luasip.server.running_settings import RunningSettings
from luasip.server.script_commands import ScriptCommands
from luasip.server.scripts import Scripts, script_options
from luasip.server.section_effects import Parts, SectionEffects, udp_mtu
from luasip.server.services import Housekeeping, ServerServices
from luasip.server.settings import Settings
from luasip.server.signals import RELOAD, STOP, Signals
from luasip.server.sockets import Sockets
from luasip.server.source_rates import SourceRates
from luasip.server.stateless import Stateless
from luasip.server.statistics import Statistics
from luasip.server.timers import Clock, Timers
from luasip.server.transactions.access import TransactionAccess
from luasip.server.transactions.layer import TransactionLayer
from luasip.server.transactions.outcome import Outcome
from luasip.server.transactions.own_requests import OwnRequests
from luasip.server.transactions.relay import Relay
from luasip.server.transactions.suspension import Suspension
from luasip.server.wakeup import WakeUps
from luasip.server.watchdog import Watchdog
from luasip.server.worker import Worker
from luasip.sip.message import Request, Response
from luasip.storage import Databases
from luasip.transport import lasting_thread
from luasip.transport.byte_streams import ByteStreams
from luasip.transport.loopback import LoopbackTransport
from luasip.transport.packet import Transport
from luasip.transport.tcp import StreamTransport

log = logging.getLogger("luasip.server")

HOUSEKEEPING_CONNECTIONS = 2
"""Connections to a database beside those of the sql pool's threads."""

ENDLESS_CALLS = ("lua", "dns")
"""Pools of calls that know no time limit of their own: one that does not end gives its place to another thread."""

CUT_TOLD = 10
"""Requests, and routes, that are named when a stop cuts them."""

TURN = 0.0005
"""Seconds a thread keeps Python's global lock that others wait for. A receiver gives it up for each system call, and
with Python's 5 ms would wait as long whenever the timer thread has much to do."""


class StoppableStreams(StreamService, Protocol):
    """Byte streams whose owner is the server."""

    def stop(self) -> None:
        """Close them all."""


class Server:
    """One server. `start`, `stop` and `reload` may be called from any thread, `run` from the main one.

    `clock`, `transports` (by protocol) and `byte_streams` replace the real ones in tests, together with
    `threads=False`: then nothing runs by itself and the test calls `timers.run_due()`. `log_in_use` is
    asked what it lost.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = time.monotonic,
        transports: Mapping[str, Transport] | None = None,
        byte_streams: StoppableStreams | None = None,
        threads: bool = True,
        log_in_use: Logging | None = None,
    ) -> None:
        self.running = RunningSettings(settings)
        self._log_in_use = log_in_use
        self._threads = threads
        own = transports_of(settings) if transports is None else transports
        streams = [
            t for t in dict.fromkeys(own.values()) if isinstance(t, StreamTransport | LoopbackTransport)
        ]
        self.transports: list[Transport] = list(dict.fromkeys(own.values()))
        self.sockets = Sockets(own, settings.server.parsed_aliases, streams)
        self.timers = Timers(clock)
        self.health = Health(self.timers, self.transports)
        self._pauses = collector.Pauses()
        pool_type = Pool if threads else ImmediatePool
        self.pools = {
            name: pool_type(name, pool, name in ENDLESS_CALLS) for name, pool in settings.pools.items()
        }
        self.wakeups = WakeUps()
        self.execution = Execution(
            self.timers, self.pools, self.wakeups, settings.server.workers.max_suspended
        )
        self.statistics = Statistics()
        self.housekeeping = Housekeeping(clock)
        self.services = ServerServices(
            self.sockets,
            self.execution,
            self.wakeups,
            self.statistics,
            self.housekeeping,
            settings.define,
            settings.server.server_header,
            settings.server.user_agent,
        )
        self.scripts = self.services.script = Scripts(
            script_options(settings),
            lambda: self.modules,
            self.execution,
            lambda: [settings.kemi.request_route_callback],
        )
        self.byte_streams = byte_streams or ByteStreams()
        self.services.byte_streams = self.byte_streams
        self._build_routing()
        self._build_modules()
        self.running.belong_to(self.modules, SectionEffects(settings, self._parts()).apply)
        self.reloading = Reloading(self.running, self.scripts, _check)
        self._build_control()
        self._build_pages()
        self._started: list[Module] = []
        self._lua_workers: list[LuaWorkers] = []
        self._stopping = threading.Event()
        self._signals = Signals()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.running.now

    def _build_routing(self) -> None:
        settings = self.settings
        services = self.services
        self._resolver = CachingResolver(
            settings.server.dns.cache_size,
            settings.server.dns.cache_time,
            settings.server.dns.failure_cache_time,
            self.timers.clock,
        )
        next_hops = self._next_hops = NextHops(self.sockets, self._resolver.resolve, udp_mtu(settings))
        server_header = settings.server.server_header
        self.layer = TransactionLayer(
            self.execution, self.timers, self.sockets, services.tokens.take, server_header
        )
        on_send = OnSend(self.execution, settings.kemi.onsend_route_callback)
        self.stateless = Stateless(
            self.execution, self.sockets, next_hops, secrets.token_bytes(32), server_header, on_send
        )
        relay = Relay(
            self.layer, next_hops, services.tokens.take, self.stateless.forward_request, services, on_send
        )
        self.outcome = Outcome(self.layer, services, settings.kemi.reply_route_callback)
        services.layer = self.layer
        services.stateless = self.stateless
        self.worker = Worker(
            services,
            self.execution,
            self.layer,
            self.outcome,
            self.stateless,
            self.statistics,
            settings.server.message_limits,
            settings.kemi.request_route_callback,
            settings.server.reply_on_script_error,
            self._make_overload(),
            self._make_source_rates(),
        )
        suspension = self._suspension = Suspension(self.layer, self.outcome, self.wakeups, self.worker.slot)
        own_requests = OwnRequests(relay, self.stateless.forward_request)
        services.transactions = TransactionAccess(
            self.layer,
            relay,
            self.outcome,
            suspension,
            own_requests,
            self.execution,
            self.worker.slot,
            services.tokens.take,
        )
        services.event_runner = self._run_event
        services.worker_starter = self._start_workers
        table = self.layer.table
        self.statistics.counted_elsewhere(self.sockets.traffic.statistics)
        self.statistics.counted_elsewhere(self.layer.sent_responses.statistics)
        answered = self.layer.answered
        self.statistics.gauge("tm:current", lambda: len(table))
        self.statistics.gauge("tm:answered", lambda: len(answered))
        self.statistics.gauge("tmx:UAS_transactions", lambda: table.created - table.created_local)
        self.statistics.gauge("tmx:UAC_transactions", lambda: table.created_local)
        self.statistics.gauge("core:threads_restarted", lasting_thread.restarts)
        self.statistics.gauge("script:suspended", lambda: len(self.execution.suspended))
        for outcome in self.execution.outcomes:
            self.statistics.gauge(f"script:{outcome}", partial(self.execution.outcomes.__getitem__, outcome))

    def _make_overload(self) -> Overload:
        table, execution, server = self.layer.table, self.execution, self.settings.server
        overload = self._overload = Overload(
            OverloadLimits(**server.overload.model_dump()),
            table.__len__,
            execution.suspended_count,
            server.workers.max_suspended,
            log.warning,
        )
        self.statistics.gauge("core:overload_refused", lambda: overload.refused)
        self.statistics.gauge("core:overload_dropped", lambda: overload.dropped)
        return overload

    def _make_source_rates(self) -> SourceRates:
        rates = self._source_rates = SourceRates(self.settings.server.source_limits, log.warning)
        self.statistics.gauge("core:source_rate_dropped", lambda: rates.dropped)
        return rates

    def _start_workers(self, name: str, threads: int) -> LuaWorkers:
        workers = LuaWorkers(name, self.services, self.execution, self._suspension)
        self._lua_workers.append(workers)
        if self._threads:
            workers.start([self.scripts.new_slot() for _ in range(threads)])
        else:
            workers.start_without_threads(self.worker.slot)
        return workers

    def _build_modules(self) -> None:
        services = self.services
        pool = self.settings.pools["sql"]
        self._databases = Databases(pool.threads + HOUSEKEEPING_CONNECTIONS, pool.deadline)
        services.databases = self._databases
        variables = PseudoVariables(services)
        services.variables = variables
        built: dict[str, Module] = {}
        for loaded in self.settings.modules:
            used = {name: built[name] for name in loaded.type.uses}
            module: Module = loaded.type(loaded.settings, services, **used)  # type: ignore[call-arg]
            built[loaded.key] = module
            variables.add(module)
        self.modules = list(built.values())
        services.modules = self.modules

    @property
    def _streams(self) -> list[StreamTransport]:
        return [transport for transport in self.transports if isinstance(transport, StreamTransport)]

    def _parts(self) -> Parts:
        return Parts(
            self.services,
            self.execution,
            self.layer,
            self.stateless,
            self.worker,
            self._overload,
            self._source_rates,
            self._next_hops,
            self._resolver,
            self.pools,
            self._streams,
            self.scripts,
            self._log_in_use,
        )

    def _build_control(self) -> None:
        self.control = Control(
            self.running,
            self.modules,
            CoreCommands(self.running, self.sockets, self._streams, lambda: self._signals.ask(STOP)),
            (
                ScriptCommands(self.scripts, self.reloading, self.execution, self.pools),
                LogCommands(self._log_in_use),
                MemoryCommands(self.scripts),
                DnsCommands(self._resolver),
            ),
            self.pools["control"],
        )
        self.services.commands = self.control.calls
        self.health.beside.append(self.control.stalled)

    def _build_pages(self) -> None:
        metrics = ServerMetrics(
            self.statistics,
            self.sockets.traffic,
            self.layer.table,
            self.execution,
            self.pools,
            self.scripts,
            self.transports,
            self._pauses,
            self.health,
            self._log_in_use,
        )
        own = [cast(Collector, module) for module in self.modules if hasattr(module, "collect")]
        self.metrics = make_registry(metrics, own)
        self.control.routes += pages.Pages(self.metrics, self.health, self.control.run).routes()
        self.control.open_paths |= {pages.HEALTH, pages.READY}

    # Running

    def start(self) -> None:
        """Start everything. Raises LuaSIPError, having stopped what was started, when something cannot be."""
        try:
            for transport in self.transports:
                bind = getattr(transport, "bind", None)
                if bind is not None:
                    bind()
            self.sockets.refresh()
            if self._threads:
                self.control.open_ports()
                server = self.settings.server
                privileges.give_up(privileges.account_of(server.user, server.group))
                self.control.open_files()
            self.scripts.start(self._receiver_count())
            self.reloading.note()
            self.worker.use(self.scripts.slots)
            for module in self.modules:
                module.start()
                self._started.append(module)
            if self._threads:
                self.timers.start()
            self.housekeeping.start(self._threads)
            for transport in self.transports:
                transport.start(self.worker.handle)
            self.control.start()
            if self._threads:
                self.health.begin()
        except BaseException:  # whatever it was: no thread and no socket stays
            self.stop(0.0)
            raise

    def run(self) -> int:
        """Start, serve until SIGTERM or SIGINT, stop gracefully. SIGHUP reloads. Returns the exit code."""
        self._signals.listen()
        self.start()
        sys.setswitchinterval(TURN)
        self.housekeeping.add(collector.TIDIED_EVERY, collector.settle().tidy, "collector")
        pauses = self._pauses
        pauses.watch()
        self.statistics.gauge("gc:passes", lambda: pauses.passes)
        self.statistics.gauge("gc:longest_pause_us", lambda: round(pauses.longest * 1_000_000))
        self._tell_what_runs()
        manager = ServiceManager()
        watchdog = Watchdog(manager, self.health)
        manager.tell("READY=1", f"STATUS=serving on {' '.join(one.text for one in self.sockets.listeners)}")
        watched = (self._stopping, lambda: self._signals.ask(RELOAD))
        lasting_thread.LastingThread(self.reloading.watch, "file-watch", watched).start()
        while STOP not in (asked := self._signals.wait(collector.LOOKED_EVERY)):
            if RELOAD in asked:
                manager.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
                self.reload()
                manager.tell("READY=1")
            watchdog.look()
            collector.look_at_what_is_new()
        manager.tell("STOPPING=1", "STATUS=waiting for calls to be answered")
        self.stop(self.settings.server.stop_timeout)
        log.info("stopped")
        return 0

    def reload(self) -> str:
        """Read the settings and load the script again. Returns "" or the error, with which all stays as it was."""
        return self.reloading.reload().error

    def stop(self, grace: float | None = None) -> None:
        """Stop: wait up to `grace` seconds for routes and transactions to end, then end the threads."""
        self._stopping.set()
        self.worker.draining = True
        self.health.end()
        for stream in self._streams:
            stream.stop_accepting()
        limit = self.settings.server.stop_timeout if grace is None else grace
        ends_at = time.monotonic() + limit
        while time.monotonic() < ends_at and self._is_busy():
            time.sleep(0.05)
        self._tell_what_is_cut()
        # Before the transports: a route that has just ended sends its answers from these threads.
        for workers in self._lua_workers:
            workers.stop()
        self.timers.stop()
        for transport in self.transports:
            for name in transport.stop():
                log.error("thread %s did not end", name)
        self.control.stop()
        self.housekeeping.stop()
        for module in reversed(self._started):
            module.stop()
        self._started = []
        self.byte_streams.stop()
        for pool in self.pools.values():
            pool.stop()
        self._databases.close()

    def _tell_what_is_cut(self) -> None:
        unanswered = [transaction for transaction in self.layer.table.all() if not transaction.final_sent]
        suspended = self.execution.suspended
        if not unanswered and not suspended:
            return
        log.warning(
            "stopping with %d unanswered requests and %d suspended routes", len(unanswered), len(suspended)
        )
        now = self.timers.clock()
        for transaction in unanswered[:CUT_TOLD]:
            request, age = transaction.request, now - transaction.source.received_at
            log.warning("cut: %s %s, %.1f s old", request.method, request.call_id, age)
        for task in suspended[:CUT_TOLD]:
            name = "a flow" if task.innermost is None else task.innermost.name
            log.warning("cut: %s has waited for %.1f s", name, now - task.started_at)

    def _is_busy(self) -> bool:
        return bool(self.execution.suspended) or any(
            not transaction.final_sent for transaction in self.layer.table.all()
        )

    def _receiver_count(self) -> int:
        if not self._threads:
            return 1
        receivers = self.settings.server.receivers
        udp = sum(receivers for listener in self.sockets.listeners if listener.protocol == "udp")
        return udp + (1 if any(listener.protocol != "udp" for listener in self.sockets.listeners) else 0)

    def _tell_what_runs(self) -> None:
        for listener in self.sockets.listeners:
            shown = f" advertised as {listener.sent_by}" if listener.advertised_host else ""
            log.info("listening on %s%s", listener.text, shown)
        for interface in self.control.listening:
            log.info("control on %s", interface)
        log.info("modules: %s", " ".join(loaded.key for loaded in self.settings.modules))
        log.info("script: %s", self.settings.script.path)
        log.info("ready, pid %d", os.getpid())

    def _run_event(
        self,
        callback: str,
        event: str,
        message: Request | Response | None,
        attributes: dict[str, Any],
        source: Source | None,
    ) -> None:
        self.timers.soon(lambda: self._start_event(callback, event, message, attributes, source))

    def _start_event(
        self,
        callback: str,
        event: str,
        message: Request | Response | None,
        attributes: dict[str, Any],
        source: Source | None,
    ) -> None:
        listener = self.sockets.listeners[0]
        runtime = self.worker.slot().runtime
        context = RouteContext(
            Route.EVENT,
            message or made_up_request(listener, self.services.random_token(20)),
            source or Source(listener.host, listener.port, listener),
            self.services,
            runtime.script_variables,
        )
        context.event = event
        context.attributes.update(attributes)
        self.execution.start(runtime, LuaFrame(callback, context, (event,)))


def _check(settings: Settings) -> None:
    """Raises SettingsError for settings a server cannot be built with. What is built here opens nothing."""
    Server(settings, transports={}, threads=False)
