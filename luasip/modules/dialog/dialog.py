"""One dialog: its two legs, its state, and what the script keeps with it.

Plain data, guarded by the lock of the DialogTable it is in. Instants ending in `_at` are monotonic, the others are
seconds since the epoch.
"""

import enum
from dataclasses import dataclass, field
from typing import Final

from luasip.kemi.context import Source

SEND_BYE: Final = 1
KEEP_ALIVE_CALLER: Final = 2
KEEP_ALIVE_CALLEE: Final = 4
NO_TIMEOUT_RESET: Final = 8
"""Dialog.properties: Kamailio's bits, as they stand in the database."""


class State(enum.IntEnum):
    """Kamailio's states of a dialog."""

    UNCONFIRMED = 1
    EARLY = 2
    UNACKNOWLEDGED = 3
    """Answered with 2xx, whose ACK is missing."""
    CONFIRMED = 4
    DELETED = 5


class Direction(enum.IntEnum):
    """Which way a request goes, by Kamailio's numbers."""

    DOWNSTREAM = 1
    """From the caller to the callee."""
    UPSTREAM = 2


class Side(enum.Enum):
    """The ends of a call, by their names in scripts."""

    CALLER = "caller"
    CALLEE = "callee"

    @property
    def other(self) -> "Side":
        """The other end."""
        return Side.CALLEE if self is Side.CALLER else Side.CALLER


@dataclass(slots=True)
class Leg:
    """One end as it is reached from here."""

    tag: str = ""
    contact: str = ""
    """URI of its Contact, which requests to it are addressed to."""
    route_set: str = ""
    """Values for Route headers on the way to it, separated by commas."""
    cseq: int = 0
    """The newest CSeq number it has used, or we in its name."""
    socket: str = ""
    """Listener.text of the socket it is reached by."""


@dataclass(slots=True, eq=False)
class Dialog:
    """See the module's docstring."""

    entry: int
    number: int
    """With `entry` the dialog's identity: Kamailio's h_entry and h_id."""
    call_id: str
    from_uri: str
    to_uri: str
    request_uri: str
    caller: Leg
    callee: Leg = field(default_factory=Leg)
    state: State = State.UNCONFIRMED
    invite_cseq: int = 0
    """CSeq number of the INVITE that began it."""
    lifetime: int = 0
    """Seconds it may last."""
    created: float = 0.0
    started: float = 0.0
    """When it was answered, 0.0 before."""
    ended: float = 0.0
    started_at: float = 0.0
    ended_at: float = 0.0
    timeout_at: float = 0.0
    """When it times out, 0.0 as long as it is not answered."""
    due_at: float = 0.0
    """When something is to be done about it."""
    queued_at: float = 0.0
    """The instant its entry among the deadlines has."""
    script_flags: int = 0
    properties: int = 0
    timeout_route: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    profiles: list[tuple[str, str]] = field(default_factory=list)
    """(profile, value) of each membership, "" for a profile without values."""
    byes: set[Side] = field(default_factory=set)
    """The ends that were sent a BYE from here."""
    keep_alive_at: float = 0.0
    keep_alive_failures: dict[Side, int] = field(default_factory=dict)
    callee_source: Source | None = None
    """Where the newest response to the first INVITE came from."""
    stored: bool = False
    """A row of the database may tell of it."""

    @property
    def identity(self) -> tuple[int, int]:
        """(h_entry, h_id)."""
        return self.entry, self.number

    @property
    def is_answered(self) -> bool:
        """Whether both ends are in the call."""
        return self.state in (State.UNACKNOWLEDGED, State.CONFIRMED)

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.state is not State.DELETED

    def leg(self, side: Side) -> Leg:
        """The leg of one end."""
        return self.caller if side is Side.CALLER else self.callee

    def uri(self, side: Side) -> str:
        """The address of one end: the URI of From or To."""
        return self.from_uri if side is Side.CALLER else self.to_uri

    def duration(self, now: float) -> int:
        """Seconds since it was answered, until its end; 0 before."""
        if not self.started:
            return 0
        return int((self.ended_at or now) - self.started_at)

    def direction_of(self, from_tag: str, to_tag: str) -> Direction | None:
        """Which way a message with these tags goes, None when it is of another dialog.

        As long as the dialog is not answered the callee's tag is not settled: several may ring.
        """
        caller, callee = self.caller.tag, self.callee.tag
        settled = callee if self.state > State.EARLY else ""
        if from_tag == caller and (not to_tag or not settled or to_tag == settled):
            return Direction.DOWNSTREAM
        if to_tag == caller and from_tag and (not settled or from_tag == settled):
            return Direction.UPSTREAM
        return None
