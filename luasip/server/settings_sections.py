"""The sections of the settings file, as models that check and hold them.

A field's docstring is its documentation: the reference page is made from it. Nothing here reads files or
knows the KEMI modules.
"""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from luasip.server.pool import PoolSettings
from luasip.server.settings_base import Section
from luasip.server.settings_control import ControlSection
from luasip.server.settings_values import (
    Alias,
    Defines,
    HeaderText,
    HostPort,
    Listen,
    LogLevel,
    LuaName,
    Network,
    RequestLuaName,
    Size,
    Status,
    alias_of,
    check_listen_list,
    listener_of,
    networks_of,
)
from luasip.server.source_rates import SourceLimits
from luasip.sip.parser import Limits
from luasip.transport.connection import ConnectionLimits
from luasip.transport.packet import Listener
from luasip.transport.tcp import StreamSettings
from luasip.transport.udp import UdpSettings

Threads = Annotated[int, Field(ge=1, le=1000)]
Queue = Annotated[int, Field(ge=0)]
Deadline = Annotated[float, Field(gt=0)]


class LogSettings(Section):
    """[server.log]: where log records go and what they look like."""

    changeable = ("format", "level", "levels", "size", "backups", "repeat_limit", "repeat_interval")

    format: Literal["text", "json"] = "text"
    """How a record looks: "text", a line for people, or "json", one JSON object a line."""
    level: LogLevel = "info"
    """Least severe level logged: Kamailio's names (dbg, info, notice, warn, err, crit, alert) or Python's."""
    levels: dict[str, LogLevel] = {}  # noqa: RUF012 - the model copies it
    """Other levels for single loggers, e.g. { "luasip.transport" = "dbg" }."""
    stderr: bool = True
    """Write to standard error."""
    file: str = ""
    """Also append to this file, relative to the folder of the settings file; "" for none."""
    size: Annotated[Size, Field(ge=0)] = 10 * 1024 * 1024
    """Bytes ("10M") after which the file is put aside and a new one begun; 0: never."""
    backups: Annotated[int, Field(ge=0, le=1000)] = 5
    """Files put aside that are kept."""
    queue: Annotated[int, Field(ge=16, le=1_000_000)] = 10_000
    """Records that may wait to be written. More are dropped and counted; the server never waits."""
    repeat_limit: Annotated[int, Field(ge=0)] = 100
    """Records of one logger, level and wording in repeat_interval; the rest is only counted. 0: no limit."""
    repeat_interval: Annotated[float, Field(gt=0)] = 1.0
    """Seconds; see repeat_limit."""


class TcpSettings(Section):
    """[server.tcp]: limits for stream connections. Times are seconds."""

    changeable = (
        *("connections", "connect_timeout", "first_message_timeout", "partial_message_timeout"),
        *("write_timeout", "idle_timeout", "write_buffer"),
    )

    connections: Annotated[int, Field(ge=1, le=1_000_000)] = 2048
    """Connections open at one time; more are closed as they come."""
    backlog: Annotated[int, Field(ge=1, le=65535)] = 1024
    """Connections the kernel keeps until they are accepted."""
    connect_timeout: Annotated[float, Field(gt=0)] = 5.0
    """Until an outgoing connection is open."""
    first_message_timeout: Annotated[float, Field(gt=0)] = 32.0
    """Until an incoming connection has brought its first whole message or keep-alive."""
    partial_message_timeout: Annotated[float, Field(gt=0)] = 16.0
    """From the first byte of a message to its last."""
    write_timeout: Annotated[float, Field(gt=0)] = 10.0
    """Without the peer taking any waiting byte."""
    idle_timeout: Annotated[float, Field(gt=0)] = 3605.0
    """Without a byte in either direction."""
    write_buffer: Annotated[Size, Field(ge=4096)] = 262_144
    """Bytes ("256K") that may wait on one connection before it is closed."""


class UdpSection(Section):
    """[server.udp]: UDP sockets."""

    receive_buffer: Annotated[Size, Field(ge=4096)] = 4 * 1024 * 1024
    """Bytes ("4M") asked of the kernel for what arrives on each socket; it may grant less."""
    send_buffer: Annotated[Size, Field(ge=4096)] = 1024 * 1024
    """Bytes ("1M") asked of the kernel for what leaves each socket."""


class MessageLimits(Section):
    """[server.limits]: what a peer may send; larger is malformed."""

    changeable = ("message", "headers", "line", "uri")

    message: Annotated[Size, Field(ge=1024, le=64 * 1024 * 1024)] = 65535
    """Bytes of a whole message."""
    headers: Annotated[int, Field(ge=16, le=100_000)] = 256
    """Header fields in a message."""
    line: Annotated[Size, Field(ge=256)] = 8192
    """Bytes of one header field with its folded lines."""
    uri: Annotated[Size, Field(ge=64)] = 2048
    """Bytes of the Request-URI."""


class OverloadSettings(Section):
    """[server.overload]: when new requests are refused with 503. Responses and what belongs to a dialog always pass."""

    changeable = ("late", "patience", "transactions", "refusals", "probes")

    late: Annotated[float, Field(ge=0)] = 0.25
    """Seconds a message may wait for its turn; 0: for ever. After half a second phones send it again."""
    patience: Annotated[float, Field(ge=0)] = 0.5
    """Seconds messages may be late before it is an overload; a script that is loaded takes less."""
    transactions: Annotated[int, Field(ge=0)] = 50_000
    """Transactions held at one time, INVITEs answered less than a second ago included; 0: no limit."""
    refusals: Annotated[int, Field(ge=0)] = 100
    """Refusals sent a second; what is beyond them is dropped unread."""
    probes: Annotated[int, Field(ge=0)] = 10
    """OPTIONS for the server itself, as from monitors, that pass each second in spite of all."""


class SourceSettings(Section):
    """[server.sources]: messages one address may send. An IPv6 address counts as its /64 network."""

    changeable = ("rate", "burst", "exempt")

    rate: Annotated[int, Field(ge=0, le=1_000_000)] = 1000
    """Messages a second; 0: any number. Datagrams beyond are dropped unread, connections that bring more are closed."""
    burst: Annotated[int, Field(ge=1, le=10_000_000)] = 3000
    """Messages at once from an address that was silent, as when a network comes back and its phones with it."""
    exempt: tuple[Network, ...] = ("private",)
    """Addresses and networks that may send any number, such as trunks; "private" stands for all private ones."""


class DnsSettings(Section):
    """[server.dns]: names of next hops. How long one look-up may take is `pools.dns.deadline`."""

    changeable = ("cache_size", "cache_time", "failure_cache_time")

    cache_size: Annotated[int, Field(ge=0)] = 4096
    """Names kept; 0: none."""
    cache_time: Annotated[float, Field(ge=0)] = 60.0
    """Seconds an answer is used again."""
    failure_cache_time: Annotated[float, Field(ge=0)] = 5.0
    """Seconds a name that could not be found is not asked for again."""


class WorkerSettings(Section):
    """[server.workers]: limits on work in progress."""

    changeable = ("max_suspended",)

    max_suspended: Annotated[int, Field(ge=1)] = 10_000
    """Routes that may wait at one time; one more suspending call returns its failure value at once."""


class ServerSettings(Section):
    """[server]: sockets, identity, limits, stopping."""

    changeable = (
        *(
            "aliases",
            "server_header",
            "udp_mtu",
            "udp_mtu_try_proto",
            "reply_on_script_error",
            "stop_timeout",
        ),
    )

    listen: Annotated[tuple[Listen, ...], AfterValidator(check_listen_list)] = (
        "udp:127.0.0.1:5060",
        "tcp:127.0.0.1:5060",
    )
    """Sockets as "PROTOCOL:ADDRESS:PORT", IPv6 as "udp:[::1]:5060"; port 0 lets the system choose. With
    " advertise HOST:PORT" behind it, that is what Via and Record-Route show."""
    advertise: HostPort = ""
    """HOST or HOST:PORT shown in place of listen addresses without an advertise of their own; "" for none."""
    aliases: tuple[Alias, ...] = ()
    """Domains and addresses that count as this server: "[PROTOCOL:]HOST[:PORT]"."""
    receivers: Annotated[int, Field(ge=1, le=64)] = 1
    """Receiver threads for each UDP socket. More than one helps only on a Python without a global lock."""
    directory: str = ""
    """Working directory, relative to the folder of the settings file; relative file names in [modules] start
    here. "" keeps the one the server was started in."""
    user: str = ""
    """User to become once the sockets are bound, for a server started as root; "" stays who it is."""
    group: str = ""
    """Group to become with it; "" for the user's own."""
    user_agent: HeaderText = "LuaSIP"
    """User-Agent of requests the server makes itself; "" sends none."""
    server_header: HeaderText = "LuaSIP"
    """Server header of replies the server makes itself; "" sends none."""
    udp_mtu: Annotated[int, Field(ge=0, le=65535)] = 0
    """Requests of more bytes than this leave over udp_mtu_try_proto instead of UDP where the peer offers it
    (RFC 3261 §18.1.1 means 1300); 0: never."""
    udp_mtu_try_proto: Literal["tcp", "udp"] = "tcp"
    """What large requests are sent over; "udp" changes nothing."""
    reply_on_script_error: Status = 500
    """Status sent when the route script fails and the request has no final reply; 0 sends none."""
    stop_timeout: Annotated[float, Field(ge=0, le=3600)] = 5.0
    """Seconds a stop waits for running transactions and routes to end."""
    workers: WorkerSettings = WorkerSettings()
    tcp: TcpSettings = TcpSettings()
    udp: UdpSection = UdpSection()
    limits: MessageLimits = MessageLimits()
    overload: OverloadSettings = OverloadSettings()
    sources: SourceSettings = SourceSettings()
    dns: DnsSettings = DnsSettings()
    log: LogSettings = LogSettings()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """`listen` as values of the transport package, `advertise` applied."""
        return tuple(listener_of(text, self.advertise) for text in self.listen)

    @property
    def parsed_aliases(self) -> tuple[tuple[str, str, int], ...]:
        """`aliases` as (protocol, host, port); "" and 0 match any."""
        return tuple(alias_of(text) for text in self.aliases)

    @property
    def message_limits(self) -> Limits:
        """`limits` as the parser takes them."""
        return Limits(**self.limits.model_dump())

    @property
    def source_limits(self) -> SourceLimits:
        """`sources` as what counts messages takes them."""
        exempt = [network for text in self.sources.exempt for network in networks_of(text)]
        return SourceLimits(self.sources.rate, self.sources.burst, exempt)

    @property
    def stream_settings(self) -> StreamSettings:
        """`tcp` and `limits` as the stream transport takes them."""
        values: dict[str, Any] = self.tcp.model_dump(exclude={"connections", "backlog"})
        return StreamSettings(
            self.tcp.connections, self.tcp.backlog, ConnectionLimits(**values), self.message_limits
        )

    @property
    def udp_settings(self) -> UdpSettings:
        """`udp` and `receivers` as the UDP transport takes them."""
        return UdpSettings(self.receivers, self.udp.receive_buffer, self.udp.send_buffer)


class ScriptSettings(Section):
    """[script]: the Lua route script."""

    changeable = ("path", "time_limit", "memory_limit", "suspend", "reload")

    path: Path
    """The script, relative to the folder of the settings file."""
    lua: Literal["lua51", "lua52", "lua53", "lua54", "lua55", "luajit20", "luajit21"] = "lua54"
    """Lua version."""
    time_limit: Annotated[float, Field(ge=0)] = 1.0
    """Seconds of CPU time (not of waiting) after which a callback's route ends with an error. 0: no limit."""
    memory_limit: Annotated[Size, Field(ge=0)] = 256 * 1024 * 1024
    """Bytes ("256M") one Lua runtime may hold; there is one for each receiver thread. 0: no limit."""
    suspend: Literal["auto", "explicit"] = "auto"
    """With "auto" a slow call suspends its route and the thread serves others meanwhile; with "explicit" it
    blocks, as in Kamailio, for scripts whose globals must not change under them."""
    reload: bool = True
    """Read the settings and load the script again when one of their files has changed; one with errors changes
    nothing."""


class KemiSettings(Section):
    """[kemi]: names of the Lua callbacks; "none" switches one off."""

    request_route_callback: RequestLuaName = "ksr_request_route"
    """Called for every request."""
    reply_route_callback: LuaName = "ksr_reply_route"
    """Called for every reply, if the script defines it."""
    onsend_route_callback: LuaName = "ksr_onsend_route"
    """Called for every message about to be sent, if the script defines it."""


class PoolSection(Section):
    """[pools.NAME]: threads for calls that block."""

    changeable: ClassVar[tuple[str, ...]] = ("threads", "queue", "deadline")

    threads: Threads = 8
    """Calls that run at one time."""
    queue: Queue = 1000
    """Calls that may wait for a thread; one more fails at once."""
    deadline: Deadline = 10.0
    """Seconds after which a call counts as failed, waiting time included."""

    @property
    def settings(self) -> PoolSettings:
        """As the pool takes it."""
        return PoolSettings(self.threads, self.queue, self.deadline)


# A class for each pool: what a table does not name has the default of this pool, not of all.


class SqlPoolSection(PoolSection):
    """[pools.sql]: databases have as many connections as it has threads, and its deadline."""

    changeable = ("queue",)


class HttpPoolSection(PoolSection):
    """[pools.http]: as many connections are kept as it has threads."""

    changeable = ("queue", "deadline")
    threads: Threads = 16


class LuaPoolSection(PoolSection):
    """[pools.lua]."""

    threads: Threads = 4


class DnsPoolSection(PoolSection):
    """[pools.dns]."""

    deadline: Deadline = 5.0


class ControlPoolSection(PoolSection):
    """[pools.control]."""

    threads: Threads = 4
    queue: Queue = 100


class PoolsSettings(Section):
    """[pools]: the thread pools. Each is a table with threads, queue and deadline."""

    sql: SqlPoolSection = SqlPoolSection()
    """Database queries."""
    http: HttpPoolSection = HttpPoolSection()
    """HTTP requests."""
    lua: LuaPoolSection = LuaPoolSection()
    """Lua code run beside the routes."""
    dns: DnsPoolSection = DnsPoolSection()
    """Look-ups of host names."""
    control: ControlPoolSection = ControlPoolSection()
    """RPC commands."""


class Document(Section):
    """The whole settings file but for [modules], whose tables belong to the modules."""

    server: ServerSettings = ServerSettings()
    script: ScriptSettings
    kemi: KemiSettings = KemiSettings()
    pools: PoolsSettings = PoolsSettings()
    control: ControlSection = ControlSection()
    define: Defines = {}  # noqa: RUF012 - the model copies it
    """Names for KSR.kx.ifdef and KSR.kx.get_def; true defines one without a value, false does not."""
