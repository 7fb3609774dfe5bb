"""What other settings of a section mean for the parts of a running server: each is given its values again.

Assigning what has not changed does no harm, but for what forgets by it; that is told only when it has changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from luasip.server.execution import Execution
from luasip.server.logs import Logging
from luasip.server.next_hop import NextHops
from luasip.server.overload import Overload, OverloadLimits
from luasip.server.pool import Pool
from luasip.server.resolving import CachingResolver
from luasip.server.scripts import Scripts, script_options
from luasip.server.services import ServerServices
from luasip.server.settings import Settings
from luasip.server.source_rates import SourceRates
from luasip.server.stateless import Stateless
from luasip.server.transactions.layer import TransactionLayer
from luasip.server.worker import Worker
from luasip.transport.tcp import StreamTransport


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a server that hold settings."""

    services: ServerServices
    execution: Execution
    layer: TransactionLayer
    stateless: Stateless
    worker: Worker
    overload: Overload
    source_rates: SourceRates
    next_hops: NextHops
    resolver: CachingResolver
    pools: Mapping[str, Pool]
    streams: Sequence[StreamTransport]
    scripts: Scripts
    log: Logging | None


def udp_mtu(settings: Settings) -> int:
    """Bytes above which a request leaves over TCP; 0: never."""
    return settings.server.udp_mtu if settings.server.udp_mtu_try_proto == "tcp" else 0


class SectionEffects:
    """Gives the parts of a server what the changeable settings of the sections say."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        """`settings` are those the parts have now."""
        self._settings = settings
        self._parts = parts

    def apply(self, settings: Settings) -> None:
        """Have these settings hold."""
        before, self._settings = self._settings, settings
        self._identity(settings)
        self._limits(settings)
        self._memories(before, settings)
        for name, pool in self._parts.pools.items():
            if settings.pools[name] != before.pools[name]:
                pool.use(settings.pools[name])
        if settings.script != before.script:
            self._parts.scripts.use(script_options(settings))
        if self._parts.log is not None and settings.log != before.log:
            self._parts.log.use(settings.log)

    def _identity(self, settings: Settings) -> None:
        parts, server = self._parts, settings.server
        parts.services.sockets.use_aliases(server.parsed_aliases)
        parts.services.defines = settings.define
        parts.services.server_header = server.server_header
        parts.layer.server_header = server.server_header
        parts.stateless.server_header = server.server_header
        parts.next_hops.udp_mtu = udp_mtu(settings)

    def _limits(self, settings: Settings) -> None:
        parts, server = self._parts, settings.server
        parts.worker.limits = server.message_limits
        parts.worker.reply_on_script_error = server.reply_on_script_error
        parts.execution.max_suspended = server.workers.max_suspended
        for stream in parts.streams:
            stream.use(server.stream_settings)

    def _memories(self, before: Settings, settings: Settings) -> None:
        """What begins anew with other limits."""
        parts, server = self._parts, settings.server
        if (server.overload, server.workers) != (before.server.overload, before.server.workers):
            parts.overload.use(OverloadLimits(**server.overload.model_dump()), server.workers.max_suspended)
        if server.sources != before.server.sources:
            parts.source_rates.use(server.source_limits)
        if server.dns != before.server.dns:
            dns = server.dns
            parts.resolver.use(dns.cache_size, dns.cache_time, dns.failure_cache_time)
