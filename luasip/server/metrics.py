"""What Prometheus is told: everything the server counts already, read when it is asked for.

Nothing is counted here. A family's name says its unit; what modules and scripts count has one family for all,
`luasip_statistic`.
"""

import math
import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from luasip import __version__
from luasip.kemi.operation import Call, Event, Operation, Parallel, Sleep
from luasip.server.collector import Pauses
from luasip.server.execution import Execution
from luasip.server.families import counter, gauge, histogram
from luasip.server.health import Health
from luasip.server.logs import Logging
from luasip.server.pool import Pool
from luasip.server.scripts import Scripts
from luasip.server.statistics import Statistics
from luasip.server.traffic import Traffic
from luasip.server.transactions.table import TransactionTable
from luasip.transaction.states import State
from luasip.transport.packet import Transport
from luasip.transport.tcp import StreamTransport

AGES: Final = (1, 10, 60, 600)
"""Seconds: how many routes have waited longer is told for each."""

DROPS: Final = {
    "malformed": "core:bad_msg_hdr",
    "stray_response": "core:drop_replies",
    "overload": "core:overload_dropped",
    "overload_refused": "core:overload_refused",
    "source_rate": "core:source_rate_dropped",
    "internal_error": "core:internal_errors",
}
"""Reasons for which messages are dropped, by the statistic that counts them."""

KINDS: Final = ("other", "invite")
"""Transactions, by whether their request is an INVITE."""

CONTACTS: Final = "-contacts"
USERS: Final = "-users"

Families = Iterator[Metric]


class ServerMetrics(Collector):
    """The families of one server."""

    def __init__(
        self,
        statistics: Statistics,
        traffic: Traffic,
        table: TransactionTable,
        execution: Execution,
        pools: Mapping[str, Pool],
        scripts: Scripts,
        transports: Sequence[Transport],
        pauses: Pauses,
        health: Health,
        log: Logging | None,
    ) -> None:
        self._statistics = statistics
        self._traffic = traffic
        self._table = table
        self._execution = execution
        self._pools = pools
        self._scripts = scripts
        self._transports = transports
        self._pauses = pauses
        self._health = health
        self._log = log

    def collect(self) -> Families:
        """Every family, as it is now."""
        known = self._statistics.all()
        yield from self._server()
        yield from self._messages()
        yield from self._transactions()
        yield from self._suspended()
        yield from self._pool_families()
        yield from self._script(known)
        yield from self._contacts(known)
        yield from self._sockets(known)
        yield from self._process()
        yield _statistics(known)

    def _server(self) -> Families:
        info = {"version": __version__, "python": platform.python_version(), "lua": self._scripts.options.lua}
        yield gauge("luasip_build_info", "What runs; always 1.", {tuple(info.values()): 1}, tuple(info))
        ready = not self._health.hindrances()
        yield gauge("luasip_ready", "1 while the server takes calls.", {(): int(ready)})

    def _messages(self) -> Families:
        requests, responses = self._traffic.requests(), self._traffic.responses()
        yield counter(
            "luasip_requests",
            "SIP requests.",
            {(way, method): count for way, found in requests.items() for method, count in found.items()},
            ("direction", "method"),
        )
        yield counter(
            "luasip_responses",
            "SIP responses.",
            {(way, name): count for way, found in responses.items() for name, count in found.items()},
            ("direction", "class"),
        )
        yield counter(
            "luasip_retransmissions",
            "Messages that were received or sent once more.",
            self._traffic.repetitions(),
            ("direction", "kind"),
        )

    def _transactions(self) -> Families:
        # Plain lists: a busy server has tens of thousands of transactions, and calls wait meanwhile.
        server, client = ([[0] * len(State) for _ in KINDS] for _ in ("server", "client"))
        for transaction in self._table.all():
            kind = transaction.is_invite
            if transaction.machine is not None:
                server[kind][transaction.machine.state] += 1
            for branch in transaction.branches:
                machine = branch.machine
                if machine is not None:
                    client[kind][machine.state] += 1
        found = {
            (side, name, State(state).name.lower()): count
            for side, kinds in (("server", server), ("client", client))
            for name, counts in zip(KINDS, kinds, strict=True)
            for state, count in enumerate(counts)
            if count
        }
        labels = ("side", "kind", "state")
        yield gauge("luasip_transaction_machines", "State machines of live transactions.", found, labels)
        yield gauge("luasip_transactions", "Live transactions.", {(): len(self._table)})
        local = self._table.created_local
        created = {("received",): self._table.created - local, ("local",): local}
        yield counter("luasip_transactions_created", "Transactions, by origin.", created, ("origin",))

    def _suspended(self) -> Families:
        now = self._execution.timers.clock()
        waits: Counter[tuple[str, ...]] = Counter(
            {(name,): 0 for name in ("sleep", "event", "call", "routes")}
        )
        ages: list[float] = []
        for task in self._execution.suspended:
            waits[(_kind(task.waiting_for),)] += 1
            ages.append(now - task.started_at)
        yield gauge("luasip_suspended_routes", "Routes that wait, by what for.", waits, ("wait",))
        yield gauge(
            "luasip_suspended_routes_limit", "Routes that may wait.", {(): self._execution.max_suspended}
        )
        yield gauge(
            "luasip_suspended_oldest_seconds", "Age of the oldest wait.", {(): max(ages, default=0.0)}
        )
        older = {(str(limit),): sum(age > limit for age in ages) for limit in AGES}
        yield gauge("luasip_suspended_routes_older", "Waits older than so many seconds.", older, ("seconds",))
        outcomes = {(name,): count for name, count in self._execution.outcomes.items()}
        yield counter("luasip_suspension_failures", "Waits that went wrong.", outcomes, ("reason",))

    def _pool_families(self) -> Families:
        label = ("pool",)
        pools = self._pools
        loads = {name: pool.load for name, pool in pools.items()}

        def family(name: str, text: str, values: dict[str, int]) -> GaugeMetricFamily:
            return gauge(
                f"luasip_pool_{name}", text, {(pool,): value for pool, value in values.items()}, label
            )

        yield family(
            "threads", "Calls that may run.", {name: pool.settings.threads for name, pool in pools.items()}
        )
        yield family(
            "queue_limit", "Calls that may wait.", {name: pool.settings.queue for name, pool in pools.items()}
        )
        yield family("running", "Calls that run.", {name: load[0] for name, load in loads.items()})
        yield family(
            "waiting", "Calls that wait for a thread.", {name: load[1] for name, load in loads.items()}
        )
        yield family(
            "stuck", "Threads held by calls that do not end.", {n: pool.stuck for n, pool in pools.items()}
        )
        calls = {(name,): pool.calls for name, pool in pools.items()}
        yield counter("luasip_pool_calls", "Calls taken.", calls, label)
        refused = {(name,): pool.rejected for name, pool in pools.items()}
        yield counter("luasip_pool_rejected", "Calls refused because the pool was full.", refused, label)
        waits = {name: pool.waits for name, pool in pools.items()}
        yield histogram("luasip_pool_wait_seconds", "How long calls waited for a thread.", waits, "pool")

    def _script(self, known: Mapping[str, int]) -> Families:
        yield histogram(
            "luasip_callback_duration_seconds",
            "How long Lua ran at a time, from one wait to the next.",
            self._execution.callbacks.all(),
            "callback",
        )
        errors = {(): known.get("script:errors", 0)}
        yield counter("luasip_script_errors", "Callbacks that ended with an error.", errors)
        reloads = {("ok",): self._scripts.reloads, ("failed",): self._scripts.failed_reloads}
        yield counter("luasip_script_reloads", "Reloads of the script.", reloads, ("result",))

    def _contacts(self, known: Mapping[str, int]) -> Families:
        yield gauge("luasip_contacts", "Registered contacts.", _tables(known, CONTACTS), ("table",))
        yield gauge("luasip_registered_users", "Addresses with contacts.", _tables(known, USERS), ("table",))

    def _sockets(self, known: Mapping[str, int]) -> Families:
        stats = {_name(transport): _stats(transport) for transport in self._transports}
        for unit in ("messages", "bytes"):
            passed = {
                (name, way): values.get(f"{unit}_{way}", 0)
                for name, values in stats.items()
                for way in ("received", "sent")
            }
            labels = ("transport", "direction")
            yield counter(f"luasip_transport_{unit}", f"SIP {unit} on the sockets.", passed, labels)
        yield gauge("luasip_connections", "Open connections.", self._open(), ("transport", "direction"))
        yield gauge(
            "luasip_connections_limit", "Connections that may be open.", self._limits(), ("transport",)
        )
        events = _split(stats, "connections_", ("opened", "accepted", "closed", "refused"))
        yield counter(
            "luasip_connection_events", "What became of connections.", events, ("transport", "event")
        )
        errors = {key: count for prefix in _ERRORS for key, count in _split(stats, prefix).items()}
        yield counter("luasip_transport_errors", "Errors of the sockets.", errors, ("transport", "error"))
        drops = Counter({reason: known.get(name, 0) for reason, name in DROPS.items()})
        for (_, reason), count in _split(stats, "dropped.").items():
            drops[reason] += count
        by_reason = {(reason,): count for reason, count in drops.items()}
        yield counter("luasip_drops", "Messages that were dropped, by reason.", by_reason, ("reason",))

    def _open(self) -> dict[tuple[str, ...], int]:
        found: Counter[tuple[str, ...]] = Counter()
        for transport in self._streams():
            for listener in transport.listeners:
                found.update({(listener.protocol, "in"): 0, (listener.protocol, "out"): 0})
            for peer in transport.peers().values():
                found[peer.protocol, "in" if peer.inbound else "out"] += 1
        return dict(found)

    def _limits(self) -> dict[tuple[str, ...], int]:
        return {(_name(transport),): transport.settings.connections for transport in self._streams()}

    def _streams(self) -> list[StreamTransport]:
        return [transport for transport in self._transports if isinstance(transport, StreamTransport)]

    def _process(self) -> Families:
        pauses = self._pauses
        yield counter("luasip_gc_pauses", "Passes of the garbage collector.", {(): pauses.passes})
        yield counter("luasip_gc_pause_seconds", "Time they stopped the server.", {(): pauses.total})
        yield gauge("luasip_gc_longest_pause_seconds", "The longest of them.", {(): pauses.longest})
        log = self._log
        lost = {("dropped",): 0, ("suppressed",): 0}
        if log is not None:
            lost = {("dropped",): log.dropped, ("suppressed",): log.suppressed}
        yield counter("luasip_log_records_lost", "Log records that were not written.", lost, ("reason",))


_ERRORS: Final = ("send_errors.", "receive_errors.", "accept_errors.", "closed.")
"""What names of a transport's counts begin with that are errors; "closed." are connections closed for a reason."""


def make_registry(metrics: ServerMetrics, own: Sequence[Collector] = ()) -> CollectorRegistry:
    """What /metrics shows: the server, `own` metrics of modules, and the process."""
    registry = CollectorRegistry()
    for collector in (metrics, *own):
        registry.register(collector)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _statistics(known: Mapping[str, int]) -> GaugeMetricFamily:
    """Kamailio's statistics and those of scripts; some count, some do not, so they are gauges."""
    values: dict[tuple[str, ...], float] = {}
    for full, value in sorted(known.items()):
        group, _, name = full.partition(":")
        values[group, name] = value if math.isfinite(value) else 0
    return gauge("luasip_statistic", "A statistic, as stats.fetch shows it.", values, ("group", "name"))


def _tables(known: Mapping[str, int], ending: str) -> dict[tuple[str, ...], int]:
    """Location table → value of its statistic with this ending."""
    prefix = "usrloc:"
    return {
        (name.removeprefix(prefix).removesuffix(ending),): value
        for name, value in known.items()
        if name.startswith(prefix) and name.endswith(ending)
    }


def _split(
    stats: Mapping[str, Mapping[str, int]], prefix: str, names: Sequence[str] = ()
) -> dict[tuple[str, ...], int]:
    """(transport, rest of the name) → count, for the counts whose names begin with `prefix`; of `names` also zeros."""
    return {
        (transport, name.removeprefix(prefix)): count
        for transport, values in stats.items()
        for name, count in {**{f"{prefix}{one}": 0 for one in names}, **values}.items()
        if name.startswith(prefix) and (not names or name.removeprefix(prefix) in names)
    }


def _name(transport: Transport) -> str:
    """The protocols of a transport: "udp", "tcp", "tcp+tls"."""
    return "+".join(dict.fromkeys(listener.protocol for listener in transport.listeners))


def _stats(transport: Transport) -> dict[str, int]:
    read = getattr(transport, "stats", None)
    return {} if read is None else dict(read())


def _kind(operation: Operation | None) -> str:
    if isinstance(operation, Sleep):
        return "sleep"
    if isinstance(operation, Event):
        return "event"
    return "call" if isinstance(operation, Call) else "routes" if isinstance(operation, Parallel) else "other"
