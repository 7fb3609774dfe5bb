"""The message being routed and everything pending on it: what a KEMI function is handed.

A RouteContext lives as long as one callback run. It holds no socket, thread or Lua; what leaves it are the pending
edits, the targets and the calls made on `services`, which the server package implements. Made for every message,
so that it stands apart from the interfaces of `context`, which mypyc cannot compile.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from luasip.kemi.declare import Route
from luasip.kemi.lists import ValueLists
from luasip.native import mypyc_attr
from luasip.sip.edits import Edits
from luasip.sip.message import Request, Response

if TYPE_CHECKING:  # they name RouteContext in turn
    from luasip.kemi.context import Listener, Services
    from luasip.kemi.transactions import Transaction

SEND_NO_CONNECT: Final = 1
SEND_CLOSE: Final = 2


@mypyc_attr(acyclic=True)
class Source:
    """Where a message came from. `host` is an IP literal without brackets; connection_id is 0 for datagrams."""

    __slots__ = ("connection_id", "host", "listener", "number", "port", "received_at")

    def __init__(
        self,
        host: str,
        port: int,
        listener: "Listener",
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


@mypyc_attr(acyclic=True)
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

    def equals(self, other: "Branch") -> bool:
        """Whether all is the same."""
        return (
            self.uri == other.uri
            and self.destination_uri == other.destination_uri
            and self.q == other.q
            and self.flags == other.flags
            and self.path == other.path
            and self.protocol == other.protocol
            and self.send_socket is other.send_socket
            and self.instance == other.instance
            and self.reg_id == other.reg_id
            and self.ruid == other.ruid
            and self.location_user_agent == other.location_user_agent
        )


@mypyc_attr(acyclic=True)
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


@mypyc_attr(acyclic=True)
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
        "_arming",
        "_attributes",
        "_branches",
        "_edits",
        "_lists",
        "_message",
        "_reply_headers",
        "advertised",
        "at_end",
        "branch_index",
        "dropped",
        "event",
        "flags",
        "forward_send_flags",
        "hops_counted",
        "last_error",
        "local_rport",
        "made_transaction",
        "on_response",
        "record_route",
        "reply_body",
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
        *,
        edits: Edits | None = None,
        target: Branch | None = None,
        lists: ValueLists | None = None,
        arming: Arming | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> None:
        """What is left out begins empty."""
        self.route = route
        self._message: Request | Response | None = message
        self.source = source
        self.services = services
        self.script_variables = {} if script_variables is None else script_variables
        """$var(…): they belong to the Lua runtime, not to the message."""
        self._edits = edits
        if target is None:
            target = Branch(message.request_uri if isinstance(message, Request) else "")
        self.target = target
        """The first destination: its uri is the current Request-URI ($ru), destination_uri is $du."""
        self._branches: list[Branch] | None = None
        self.flags = 0
        """Message flags 0..31 as a bit mask; they travel with the transaction."""
        self.xflags = 0
        """corex's extra flags 0..63 as a bit mask."""
        self._lists = lists
        self._arming = arming
        self.on_response: tuple[Callable[[RouteContext], None], ...] = ()
        """Told of each response to the branches made from here on, with its context, before the callback of t_on_reply:
        what takes back in responses what a module changed in the request."""
        self.transaction: Transaction | None = None
        self.made_transaction = False
        """The transaction was made in this run."""
        self.branch_index = -1
        """Index of the branch this callback is about ($T_branch_idx), -1 when none."""
        self.winner: Response | None = None
        """In a failure route the reply that won, None when it was made locally (408)."""
        self.dropped = False
        self._reply_headers: list[str] | None = None
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
        self.hops_counted = False
        """Max-Forwards of the request is as it is to leave already."""
        self._attributes = attributes

    @property
    def message(self) -> Request | Response:
        """The message; once it was put away it is the transaction's request, which is read again."""
        message = self._message
        if message is None:
            assert self.transaction is not None
            message = self._message = self.transaction.request
        return message

    @message.setter
    def message(self, message: Request | Response) -> None:
        self._message = message

    @property
    def edits(self) -> Edits:
        """Pending header and body edits over message.text."""
        edits = self._edits
        if edits is None:
            edits = self._edits = Edits()
        return edits

    @edits.setter
    def edits(self, edits: Edits) -> None:
        self._edits = edits

    @property
    def edits_if_any(self) -> Edits | None:
        """The same, None while nobody has asked for them; to be read only."""
        return self._edits

    @property
    def lists(self) -> ValueLists:
        """AVPs and XAVPs; the transaction's own once there is one."""
        lists = self._lists
        if lists is None:
            lists = self._lists = ValueLists()
        return lists

    @lists.setter
    def lists(self, lists: ValueLists) -> None:
        self._lists = lists

    @property
    def arming(self) -> Arming:
        """What the script has armed; the transaction's own once there is one."""
        arming = self._arming
        if arming is None:
            arming = self._arming = Arming()
        return arming

    @arming.setter
    def arming(self, arming: Arming) -> None:
        self._arming = arming

    @property
    def attributes(self) -> dict[str, Any]:
        """What modules keep for this run only, keyed "module.what"."""
        attributes = self._attributes
        if attributes is None:
            attributes = self._attributes = {}
        return attributes

    @attributes.setter
    def attributes(self, attributes: dict[str, Any]) -> None:
        self._attributes = attributes

    @property
    def attributes_if_any(self) -> dict[str, Any] | None:
        """The same, None while nobody has asked for them; to be read only."""
        return self._attributes

    def noted(self, name: str) -> Any:
        """The attribute of this name, None when there is none."""
        attributes = self._attributes
        return None if attributes is None else attributes.get(name)

    @property
    def branches(self) -> list[Branch]:
        """Further destinations, from append_branch or lookup."""
        branches = self._branches
        if branches is None:
            branches = self._branches = []
        return branches

    @branches.setter
    def branches(self, branches: list[Branch]) -> None:
        self._branches = branches

    @property
    def reply_headers(self) -> list[str]:
        """Header lines (with CRLF) for locally generated replies: append_to_reply."""
        lines = self._reply_headers
        if lines is None:
            lines = self._reply_headers = []
        return lines

    @reply_headers.setter
    def reply_headers(self, lines: list[str]) -> None:
        self._reply_headers = lines

    def put_away(self, request: Request) -> bool:
        """Hold the transaction's request no longer; False when the message is another one."""
        if self._message is not request:
            return False
        self._message = None
        return True

    @property
    def request(self) -> Request:
        """The message when it is a request; in failure and branch routes always. Raises TypeError on a reply."""
        message = self.message
        if not isinstance(message, Request):
            raise TypeError("the message is a reply")
        return message

    @property
    def is_request(self) -> bool:
        """True for a request."""
        return isinstance(self.message, Request)
