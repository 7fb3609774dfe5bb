"""A stand-in for the server, for tests of one KEMI module at a time: no thread, no socket, a clock one sets."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from luasip.errors import TransportError
from luasip.kemi.context import RouteContext, Source
from luasip.kemi.declare import Export, Module, Route
from luasip.kemi.operation import Call, Operation
from luasip.sip.message import Request, Response
from luasip.sip.parser import parse_message

INVITE = (
    "INVITE sip:bob@example.com;transport=udp SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bKone;rport\r\n"
    "Max-Forwards: 70\r\n"
    'From: "Alice A." <sip:alice@example.com>;tag=from1\r\n'
    "To: Bob <sip:bob@example.com>\r\n"
    "Call-ID: call1@127.0.0.2\r\n"
    "CSeq: 7 INVITE\r\n"
    "Contact: <sip:alice@127.0.0.2:5070>\r\n"
    "User-Agent: phone/1.0\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: 5\r\n"
    "\r\n"
    "v=0\r\n"
)


@dataclass(frozen=True)
class FakeListener:
    """A listening socket by its properties."""

    protocol: str = "udp"
    host: str = "127.0.0.1"
    port: int = 5060
    advertised_host: str = ""
    advertised_port: int = 0
    is_ipv6: bool = False

    @property
    def text(self) -> str:
        return f"{self.protocol}:{self.host}:{self.port}"

    @property
    def sent_by(self) -> str:
        return f"{self.advertised_host or self.host}:{self.advertised_port or self.port}"


@dataclass
class FakeServices:
    """Services that record what was asked of them."""

    variables: Any = None
    databases: Any = None
    transactions: Any = None
    script: Any = None
    commands: Any = None
    byte_streams: Any = None
    listeners: list[FakeListener] = field(default_factory=lambda: [FakeListener(), FakeListener("tcp")])
    defines: dict[str, str] = field(default_factory=dict)
    server_header: str = "LuaSIP"
    user_agent: str = "LuaSIP"
    clock: float = 1000.0
    epoch: float = 1_700_000_000.0
    replies: list[tuple[int, str, str]] = field(default_factory=list)
    """(status, reason, reply headers joined) of every reply sent."""
    forwarded: list[str] = field(default_factory=list)
    sent_back: list[tuple[str, bool]] = field(default_factory=list)
    """(data, whether the connection is closed then) of what was sent over the connection a message came by."""
    http_taken: list[tuple[Any, ...]] = field(default_factory=list)
    """The arguments of each take_http."""
    events: list[tuple[str, str]] = field(default_factory=list)
    event_attributes: list[dict[str, Any]] = field(default_factory=list)
    """The attributes given with each of `events`."""
    close_listeners: list[Callable[[int], None]] = field(default_factory=list)
    """What on_connection_closed was given; a test calls them."""
    closed_connections: list[int] = field(default_factory=list)
    timers: dict[str, Callable[[], None]] = field(default_factory=dict)
    """Periodic actions by name; a test calls them."""
    counters: dict[str, int] = field(default_factory=dict)
    aliases: list[tuple[int, int]] = field(default_factory=list)
    """(connection, port) of every connection alias asked for."""
    modules: list[Module] = field(default_factory=list)
    """Modules whose functions find_function finds."""
    pool_is_full: bool = False
    """run_in_pool refuses."""
    filtered_ack_told: list[Callable[[Request], None]] = field(default_factory=list)
    granted: dict[str, Any] = field(default_factory=dict)
    domains: tuple[str, ...] = ("example.com",)
    own_checks: list[Callable[[str], bool]] = field(default_factory=list)
    hosts: dict[str, list[str]] = field(default_factory=dict)
    """Addresses by host name, for addresses_of and name_of."""
    records: dict[tuple[str, str], list[dict[str, str | int]]] = field(default_factory=dict)
    """DNS records by name and kind."""
    _tokens: int = 0

    def now(self) -> float:
        return self.clock

    def wall_clock(self) -> float:
        return self.epoch + self.clock - 1000.0

    def random_token(self, length: int = 16) -> str:
        self._tokens += 1
        return str(self._tokens).zfill(length)

    def register_own(self, check: Callable[[str], bool]) -> None:
        self.own_checks.append(check)

    def is_myself(self, host: str, port: int = 0, protocol: str = "") -> bool:
        if host.lower() in self.domains or any(check(host) for check in self.own_checks):
            return True
        return any(
            host.strip("[]") == s.host and port in (0, s.port) and protocol in ("", s.protocol)
            for s in self.listeners
        )

    def reply(
        self, ctx: RouteContext, status: int, reason: str, *, stateless: bool = False, to_tag: str = ""
    ) -> int:
        self.replies.append((status, reason, "".join(ctx.reply_headers)))
        return 1

    def forward_stateless(self, ctx: RouteContext, uri: str = "") -> bool:
        self.forwarded.append(uri)
        return True

    def send_raw(self, protocol: str, host: str, port: int, data: str, send_socket: Any = None) -> bool:
        origin = "" if send_socket is None else f" {send_socket.text}"
        self.forwarded.append(f"{protocol}:{host}:{port} {data}{origin}")
        return True

    def send_to_uri(
        self, ctx: RouteContext, uri: str, data: str, send_socket: Any = None
    ) -> Generator[Operation, Any, int]:
        self.forwarded.append(f"{uri} {data}" if send_socket is None else f"{uri} {data} {send_socket.text}")
        yield from ()
        return 1

    def take_http(
        self,
        callback: str,
        event: str,
        admit: Callable[[RouteContext], bool],
        ended: Callable[[RouteContext], None],
    ) -> None:
        self.http_taken.append((callback, event, admit, ended))

    def send_back(self, source: Source, data: str, *, close: bool = False) -> bool:
        self.sent_back.append((data, close))
        return source.connection_id != 0

    def add_connection_alias(self, connection_id: int, port: int) -> bool:
        self.aliases.append((connection_id, port))
        return True

    def find_function(self, name: str) -> tuple[Export, Callable[..., Any]] | None:
        for module in self.modules:
            for export in type(module).exports():
                if name in (export.name, f"{export.module}.{export.name}"):
                    return export, getattr(module, export.attribute)
        return None

    def has_callback(self, name: str) -> bool:
        return name.startswith("ksr_")

    def run_in_pool(
        self,
        pool: str,
        function: Callable[[], Any],
        done: Callable[[Any], None],
        deadline: float | None = None,
    ) -> bool:
        if self.pool_is_full:
            return False
        done(perform(Call(pool, function)))
        return True

    def pool_threads(self, pool: str) -> int:
        return 2

    def pool_deadline(self, pool: str) -> float:
        return 10.0

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self.timers[f"after {seconds:g}"] = action

    def lua_workers(self, name: str, threads: int) -> Any:
        raise AssertionError(f"this test has no Lua workers ({name})")

    def grant(self, key: str, value: Any) -> None:
        self.granted[key] = value

    def every(self, seconds: float | Callable[[], float], action: Callable[[], None], name: str) -> None:
        self.timers[name] = action

    def on_connection_closed(self, action: Callable[[int], None]) -> None:
        self.close_listeners.append(action)

    def on_filtered_ack(self, action: Callable[[Request], None]) -> None:
        self.filtered_ack_told.append(action)

    def close_connection(self, connection_id: int) -> bool:
        self.closed_connections.append(connection_id)
        return True

    def run_event(
        self,
        callback: str,
        event: str,
        message: Request | Response | None = None,
        attributes: dict[str, Any] | None = None,
        source: Source | None = None,
    ) -> None:
        self.events.append((callback, event))
        self.event_attributes.append(attributes or {})

    def spawn(self, ctx: RouteContext, name: str) -> None:
        self.events.append((name, "spawn"))

    def notify(self, key: str, value: Any) -> int:
        return 0

    def count(self, name: str, amount: int = 1) -> None:
        self.counters[name] = self.counters.get(name, 0) + amount

    def statistic(self, name: str) -> int | None:
        return self.counters.get(name)

    def all_statistics(self) -> dict[str, int]:
        return dict(self.counters)

    def addresses_of(self, host: str) -> list[str]:
        if host not in self.hosts:
            raise TransportError(f"{host!r} has no address")
        return self.hosts[host]

    def name_of(self, address: str) -> str:
        for name, addresses in self.hosts.items():
            if address in addresses:
                return name
        raise TransportError(f"{address!r} has no name")

    def dns_records(self, name: str, kind: str) -> list[dict[str, str | int]]:
        if name == "nowhere.example":
            raise TransportError("no server answers")
        return self.records.get((name, kind), [])


def context(
    text: str = INVITE, services: FakeServices | None = None, route: Route = Route.REQUEST, **source: Any
) -> RouteContext:
    """A context over the message `text`, as if it came from 127.0.0.2:5070 (override host=, port=)."""
    services = services or FakeServices()
    origin = Source(source.get("host", "127.0.0.2"), source.get("port", 5070), services.listeners[0])
    return RouteContext(route, parse_message(text), origin, services)


def settle(answer: Any, perform: Callable[[Operation], Any] | None = None) -> Any:
    """The value of a suspending function: its generator is run with `perform` carrying out each Operation."""
    if not hasattr(answer, "send"):
        return answer
    result: Any = None
    try:
        while True:
            operation = answer.send(result)
            assert perform is not None, f"unexpected suspension: {operation}"
            result = perform(operation)
    except StopIteration as stop:
        return stop.value


def perform(operation: Operation) -> Any:
    """Carry out a Call at once, as an idle pool would: for settle()."""
    assert isinstance(operation, Call)
    try:
        return operation.function()
    except Exception as error:  # noqa: BLE001 (as a pool gives it)
        return error


def exported(module: Module) -> dict[str, Callable[..., Any]]:
    """Exported functions by name, bound to `module`."""
    return {export.name: getattr(module, export.attribute) for export in type(module).exports()}
