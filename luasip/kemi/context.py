"""What a KEMI function is handed (`route_context`), and the interfaces of what modules may ask of the server.

The server package implements the interfaces; they are all here because they name each other.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol

from luasip.kemi.byte_streams import ByteStreams
from luasip.kemi.declare import Export, Module
from luasip.kemi.operation import Operation
from luasip.kemi.route_context import (
    SEND_CLOSE,
    SEND_NO_CONNECT,
    Arming,
    Branch,
    RecordRoute,
    RouteContext,
    Source,
)
from luasip.kemi.transactions import Transaction, Transactions
from luasip.sip.message import Request, Response

__all__ = [
    "SEND_CLOSE",
    "SEND_NO_CONNECT",
    "Arming",
    "Branch",
    "Databases",
    "Listener",
    "LuaWorkers",
    "PvValue",
    "RecordRoute",
    "RouteContext",
    "Script",
    "Services",
    "Source",
    "Suspending",
    "Variables",
]

PvValue = str | int | None
"""What a pseudo-variable holds: text, a number, or null."""

Suspending = Generator[Operation, Any, int]
"""A suspending function that gives Lua an int."""


class Listener(Protocol):
    """A socket the server listens on (see luasip.transport.packet.Listener)."""

    @property
    def protocol(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def advertised_host(self) -> str: ...
    @property
    def advertised_port(self) -> int: ...
    @property
    def is_ipv6(self) -> bool: ...
    @property
    def text(self) -> str: ...
    @property
    def sent_by(self) -> str: ...


class Variables(Protocol):
    """Pseudo-variables by their text; implemented by luasip.kemi.pseudo_variables."""

    def get(self, ctx: RouteContext, specification: str) -> PvValue:
        """Value of one whole specification, e.g. "$(hdr(Via)[0]{s.len})"; None when null or unknown (logged)."""
        ...

    def set(self, ctx: RouteContext, specification: str, value: PvValue) -> bool:
        """Assign; None unsets. False when the variable is unknown or read-only (logged)."""
        ...

    def can_set(self, specification: str) -> bool:
        """Whether it may be assigned; the reason is logged when it may not."""
        ...

    def split_names(self, text: str) -> list[str]:
        """The specifications in a list such as "$var(a), $avp(b)". Raises SpecificationError."""
        ...

    def expand(self, ctx: RouteContext, text: str) -> str:
        """Replace every pseudo-variable in `text`; null ones become "<null>"."""
        ...


class Databases(Protocol):
    """Opened databases by Kamailio URL; implemented by luasip.storage."""

    def open(self, url: str) -> Any:
        """The shared luasip.storage.Database for `url`. Raises StorageError."""
        ...


class LuaWorkers(Protocol):
    """Threads with a Lua runtime of their own; implemented by luasip.server.lua_workers."""

    def resume(self, transaction: Transaction, callback: str, argument: str) -> bool:
        """Continue a suspended transaction there; False when the queue is full."""
        ...

    def run(
        self,
        callback: str,
        argument: str,
        attributes: dict[str, Any] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> bool:
        """Call a Lua function there on a made-up request; False when the queue is full.

        `ended` is called when the function is over, however it ended.
        """
        ...


class Script(Protocol):
    """The route script as a whole; implemented by luasip.server.scripts."""

    @property
    def paths(self) -> Sequence[str]:
        """The script and the files added to it, in the order they are run in."""
        ...

    def add(self, path: str) -> None:
        """Run one more file after the script, in the same Lua state; call it in a module's __init__."""
        ...

    def reload(self) -> str:
        """Load everything anew and swap it in. Returns "" or why the running script stays."""
        ...

    def run_chunk(self, code: str, arguments: Sequence[Any], ends_at: float) -> list[Any]:
        """The results of Lua code run on this thread, in a state of the thread's own without KSR.

        `arguments` are plain values and `...` in the code; at the monotonic instant `ends_at` it is interrupted.
        Raises ScriptError, or TimeoutError then.
        """
        ...


class Commands(Protocol):
    """The RPC commands of the server; implemented by luasip.control."""

    def call(self, document: str, pretty: bool) -> tuple[int, str, str]:
        """(code, text, answer) of a JSON-RPC document. Blocks: call it in the control pool."""
        ...


class Services(Protocol):
    """What modules may ask of the server. Every method may be called from any thread."""

    variables: Variables
    databases: Databases
    transactions: Transactions
    script: Script
    commands: Commands
    byte_streams: ByteStreams
    modules: Sequence[Module]
    """The loaded modules; complete when Module.start is called."""
    defines: dict[str, str]
    """[define] of the settings."""
    server_header: str
    user_agent: str

    @property
    def listeners(self) -> Sequence[Listener]:
        """The sockets listened on, in the order of the settings."""
        ...

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def wall_clock(self) -> float:
        """Seconds since the epoch."""
        ...

    def random_token(self, length: int = 16) -> str:
        """Unguessable text of `length` characters from [0-9a-z]."""
        ...

    def is_myself(self, host: str, port: int = 0, protocol: str = "") -> bool:
        """Whether host (an IP, v6 with or without brackets, or a name) is ours; port 0 and protocol "" match any."""
        ...

    def register_own(self, check: Callable[[str], bool]) -> None:
        """Count the hosts for which `check(host)` holds as ours, whatever the port; call it in Module.start."""
        ...

    def reply(
        self, ctx: RouteContext, status: int, reason: str, *, stateless: bool = False, to_tag: str = ""
    ) -> int:
        """Answer ctx.request with its reply_headers and reply_body; stateful when it has a transaction.

        Returns 1, or -1 (ACK, no request, final reply sent already).
        """
        ...

    def forward_stateless(self, ctx: RouteContext, uri: str = "") -> bool:
        """Forward the message without a transaction to `uri`, or where its Request-URI and $du say."""
        ...

    def send_raw(
        self, protocol: str, host: str, port: int, data: str, send_socket: Listener | None = None
    ) -> bool:
        """Send wire text to an IP address as it is, from `send_socket` or the first socket that fits."""
        ...

    def send_to_uri(
        self, ctx: RouteContext, uri: str, data: str, send_socket: Listener | None = None
    ) -> Suspending:
        """Send wire text as it is to where a URI leads. 1, or -1 when it leads nowhere."""
        ...

    def take_http(
        self,
        callback: str,
        event: str,
        admit: Callable[[RouteContext], bool],
        ended: Callable[[RouteContext], None],
    ) -> None:
        """Run a Lua event callback for every HTTP request that comes over a SIP stream connection and is admitted.

        `ended` is told when the callback, and every wait in it, is over. Call it before messages come.
        """
        ...

    def send_back(self, source: Source, data: str, *, close: bool = False) -> bool:
        """Send wire text over the connection something came by, and close it after that. False for a datagram."""
        ...

    def add_connection_alias(self, connection_id: int, port: int) -> bool:
        """Use this open connection for its peer's address with `port` too. False when it refuses."""
        ...

    def find_function(self, name: str) -> tuple[Export, Callable[..., Any]] | None:
        """The exported function of a loaded module by its name alone, or by "module.name".

        The first loaded module wins; None when there is none.
        """
        ...

    def has_callback(self, name: str) -> bool:
        """Whether the script has a global function `name`."""
        ...

    def run_in_pool(
        self,
        pool: str,
        function: Callable[[], Any],
        done: Callable[[Any], None],
        deadline: float | None = None,
    ) -> bool:
        """Run the blocking `function()` on a bounded pool without waiting for it; False when the pool is full.

        `done` gets its result on the timer thread, or the exception it raised, or TIMED_OUT after `deadline`
        seconds (None: the pool's own).
        """
        ...

    def pool_threads(self, pool: str) -> int:
        """How many threads a pool has."""
        ...

    def pool_deadline(self, pool: str) -> float:
        """Seconds a call on a pool may take, waiting included, when it names no deadline."""
        ...

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Run a short `action` once on the timer thread."""
        ...

    def lua_workers(self, name: str, threads: int) -> LuaWorkers:
        """A group of Lua threads, running until the server stops; call it in Module.start."""
        ...

    def grant(self, key: str, value: Any) -> None:
        """Like notify for one waiter; when it does not wait yet, it is woken as soon as it does."""
        ...

    def every(self, seconds: float | Callable[[], float], action: Callable[[], None], name: str) -> None:
        """Run `action` again and again on the housekeeping thread, from server start to stop.

        Args:
            seconds: from the end of one run to the next; a function is asked before each.
            action: what is run.
            name: of it, for people.
        """
        ...

    def on_connection_closed(self, action: Callable[[int], None]) -> None:
        """Tell `action` the connection_id of every stream connection that closes, from any thread."""
        ...

    def on_filtered_ack(self, action: Callable[[Request], None]) -> None:
        """Tell `action` every ACK for a stateless reply; no route sees it. Call it before messages come."""
        ...

    def close_connection(self, connection_id: int) -> bool:
        """Close a stream connection. False when there is none with this id."""
        ...

    def run_event(
        self,
        callback: str,
        event: str,
        message: Request | Response | None = None,
        attributes: dict[str, Any] | None = None,
        source: Source | None = None,
    ) -> None:
        """Run a Lua event callback soon, on a made-up request when `message` is None.

        `attributes` are put into the context's own; `source` is where the message came from, None for here.
        """
        ...

    def spawn(self, ctx: RouteContext, name: str) -> None:
        """Run a Lua function soon, beside this route, over the same message and without its transaction."""
        ...

    def notify(self, key: str, value: Any) -> int:
        """Wake everything that waits for Event(key); returns how many."""
        ...

    def count(self, name: str, amount: int = 1) -> None:
        """Add to the statistic `group:name`."""
        ...

    def statistic(self, name: str) -> int | None:
        """Value of the statistic `group:name`, or `name` in any group; None when unknown."""
        ...

    def all_statistics(self) -> dict[str, int]:
        """Every statistic by its full name, `group:name`."""
        ...

    def addresses_of(self, host: str) -> list[str]:
        """IP literals of a host name, best first. Blocks: call it in the dns pool. Raises TransportError."""
        ...

    def name_of(self, address: str) -> str:
        """Host name of an IP literal. Blocks: call it in the dns pool. Raises TransportError."""
        ...

    def dns_records(self, name: str, kind: str) -> list[dict[str, str | int]]:
        """The "SRV" or "NAPTR" records of a name, in no order. Blocks: call it in the dns pool. Raises TransportError.

        SRV: priority, weight, port, target. NAPTR: order, pref, flags, services, regex, replace.
        """
        ...
