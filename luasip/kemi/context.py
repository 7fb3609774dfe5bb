"""What a KEMI function is handed: the message being routed and everything pending on it.

A RouteContext lives as long as one callback run. It holds no socket, thread or Lua; what leaves it are the pending
edits, the targets and the calls made on `services`, which the server package implements.

Longer than most files: a context and the services it leads to name each other, so that both stand here.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol

from luasip.kemi.declare import Export, Module, Route
from luasip.kemi.lists import ValueLists
from luasip.kemi.operation import Operation
from luasip.kemi.transactions import Transaction, Transactions
from luasip.sip.edits import Edits
from luasip.sip.message import Request, Response

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


class Source:
    """Where a message came from. `host` is an IP literal without brackets; connection_id is 0 for datagrams."""

    __slots__ = ("connection_id", "host", "listener", "number", "port", "received_at")

    def __init__(
        self,
        host: str,
        port: int,
        listener: Listener,
        connection_id: int = 0,
        received_at: float = 0.0,
        number: int = 0,
    ) -> None:
        self.host = host
        self.port = port
        self.listener = listener
        self.connection_id = connection_id
        self.received_at = received_at
        self.number = number
        """Counts the messages received ($mi); 0 for messages made here."""


class Branch:
    """One destination of the request: Kamailio's branch before it is sent."""

    __slots__ = (
        "destination_uri",
        "flags",
        "instance",
        "location_user_agent",
        "path",
        "protocol",
        "q",
        "reg_id",
        "ruid",
        "send_socket",
        "uri",
    )

    def __init__(self, uri: str, destination_uri: str = "", q: float | None = None, flags: int = 0) -> None:
        self.uri = uri
        self.destination_uri = destination_uri
        """Next hop URI ($du), "" when the Request-URI decides."""
        self.q = q
        """0.0 to 1.0, None when unspecified."""
        self.flags = flags
        self.path = ""
        """Value of the Path vector, which becomes Route headers (RFC 3327)."""
        self.send_socket: Listener | None = None
        self.protocol = ""
        """Outbound protocol forced by the script ("udp", "tcp" …), "" when free."""
        self.instance = ""
        self.reg_id = 0
        self.ruid = ""
        self.location_user_agent = ""

    def copy(self) -> "Branch":
        """An independent copy."""
        other = Branch(self.uri, self.destination_uri, self.q, self.flags)
        other.path, other.protocol, other.send_socket = self.path, self.protocol, self.send_socket
        other.instance, other.reg_id, other.ruid = self.instance, self.reg_id, self.ruid
        other.location_user_agent = self.location_user_agent
        return other


class Arming:
    """Names of the Lua functions armed by t_on_*; "" when none."""

    __slots__ = ("on_branch", "on_branch_failure", "on_failure", "on_reply")

    def __init__(self) -> None:
        self.on_branch = ""
        self.on_reply = ""
        self.on_failure = ""
        self.on_branch_failure = ""

    def copy(self) -> "Arming":
        """An independent copy."""
        other = Arming()
        other.on_branch, other.on_reply = self.on_branch, self.on_reply
        other.on_failure, other.on_branch_failure = self.on_failure, self.on_branch_failure
        return other


class RecordRoute:
    """A Record-Route asked for by the rr module; written when the message leaves, when the sockets are known.

    `presets` are literal URIs' host parts given by record_route_preset; otherwise the server's own addresses are
    used, twice (r2=on) when the message leaves by another socket than it came in.
    """

    __slots__ = ("advertised", "double", "full_lr", "parameters", "presets", "user")

    def __init__(self, parameters: str = "", presets: tuple[str, ...] = (), advertised: str = "") -> None:
        self.parameters = parameters
        """Text to put after the URI's own parameters and ;lr, each with its ';'."""
        self.presets = presets
        self.advertised = advertised
        self.user = ""
        self.double = 1
        """A second one for the other side: 0 never, 1 where the sockets differ, 2 always."""
        self.full_lr = False
        """Write ";lr=on" in place of ";lr" (enable_full_lr)."""


class RouteContext:
    """One run of a callback over one message."""

    __slots__ = (
        "advertised",
        "arming",
        "at_end",
        "attributes",
        "branch_index",
        "branches",
        "dropped",
        "edits",
        "event",
        "flags",
        "forward_send_flags",
        "last_error",
        "lists",
        "local_rport",
        "message",
        "on_response",
        "record_route",
        "reply_body",
        "reply_headers",
        "reply_send_flags",
        "route",
        "rport_forced",
        "runs",
        "script_variables",
        "services",
        "source",
        "target",
        "transaction",
        "winner",
        "xflags",
    )

    def __init__(
        self,
        route: Route,
        message: Request | Response,
        source: Source,
        services: "Services",
        script_variables: dict[str, str | int] | None = None,
    ) -> None:
        self.route = route
        self.message = message
        self.source = source
        self.services = services
        self.script_variables = {} if script_variables is None else script_variables
        """$var(…): they belong to the Lua runtime, not to the message."""
        self.edits = Edits()
        """Pending header and body edits over message.text."""
        self.target = Branch(message.request_uri if isinstance(message, Request) else "")
        """The first destination: its uri is the current Request-URI ($ru), destination_uri is $du."""
        self.branches: list[Branch] = []
        """Further destinations, from append_branch or lookup."""
        self.flags = 0
        """Message flags 0..31 as a bit mask; they travel with the transaction."""
        self.xflags = 0
        """corex's extra flags 0..63 as a bit mask."""
        self.lists = ValueLists()
        """AVPs and XAVPs; the transaction's own once there is one."""
        self.arming = Arming()
        self.on_response: tuple[Callable[["RouteContext"], None], ...] = ()
        """Told of each response to the branches made from here on, with its context, before the callback of t_on_reply:
        what takes back in responses what a module changed in the request."""
        self.transaction: Transaction | None = None
        self.branch_index = -1
        """Index of the branch this callback is about ($T_branch_idx), -1 when none."""
        self.winner: Response | None = None
        """In a failure route the reply that won, None when it was made locally (408)."""
        self.dropped = False
        self.reply_headers: list[str] = []
        """Header lines (with CRLF) for locally generated replies: append_to_reply."""
        self.reply_body: tuple[str, str] | None = None
        """(body, content type) for locally generated replies: set_reply_body."""
        self.record_route: RecordRoute | None = None
        self.advertised: tuple[str, int] | None = None
        """Address and port for Via and Record-Route of this message (set_advertised_address), port 0: unchanged."""
        self.rport_forced = False
        self.local_rport = False
        """Add ;rport to our own Via (add_local_rport)."""
        self.reply_send_flags = 0
        """SEND_NO_CONNECT | SEND_CLOSE for replies."""
        self.forward_send_flags = 0
        """SEND_NO_CONNECT | SEND_CLOSE for the forwarded request."""
        self.last_error: tuple[int, str] | None = None
        """(status, reason) of the last internal failure: what sl_reply_error answers."""
        self.at_end: list[Callable[[], None]] | None = None
        """What is to be done when this run of the callback is over, however it ends."""
        self.runs = 0
        """How many Lua callbacks run with this context now: those it calls, like KSR.app_lua.run, share it."""
        self.event = ""
        """Name of the event in an event callback."""
        self.attributes: dict[str, Any] = {}
        """What modules keep for this run only, keyed "module.what"."""

    @property
    def request(self) -> Request:
        """The message when it is a request; in failure and branch routes always. Raises TypeError on a reply."""
        if not isinstance(self.message, Request):
            raise TypeError("the message is a reply")
        return self.message

    @property
    def is_request(self) -> bool:
        """True for a request."""
        return isinstance(self.message, Request)


SEND_NO_CONNECT = 1
SEND_CLOSE = 2


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


class Services(Protocol):
    """What modules may ask of the server. Every method may be called from any thread."""

    variables: Variables
    databases: Databases
    transactions: Transactions
    script: Script
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

    def every(self, seconds: float, action: Callable[[], None], name: str) -> None:
        """Run `action` again and again on the housekeeping thread, from server start to stop."""
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
    ) -> None:
        """Run a Lua event callback soon, on a made-up request when `message` is None.

        `attributes` are put into the context's own.
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
