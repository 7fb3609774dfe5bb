"""The response context: which of its branches' responses a forked request is answered with (RFC 3261 §16.7).

`on_response` answers with a mask of these bits, to be performed from the lowest to the highest:

    FORWARD        send this response upstream now; when `final_status` is 300 or more already (a 2xx that
    comes
                   late) by its Via and past the server transaction, which takes no second final response
    CANCEL         cancel every branch that has no final response (`cancel_pending`)
    ALL_FINAL      no branch is left to wait for, and no 2xx came: run the failure route, then call
                   `end_failure_route`, which says whether `best()` is to be sent
    0 (WAIT)       nothing to do

A failure route that suspends lets branches of its own answer before it ends: a second ALL_FINAL that comes
meanwhile is to be acted on when it has ended.

Branches that are added after ALL_FINAL (by a failure route) are a new serial leg; what earlier legs answered
is then discarded, as Kamailio's failure_reply_mode says.

This module must not know transactions, timers or how a response is sent.
"""

from dataclasses import dataclass
from typing import Final

from luasip.native import mypyc_attr
from luasip.sip.message import Response

WAIT: Final = 0
FORWARD: Final = 1
CANCEL: Final = 2
ALL_FINAL: Final = 4

_CLASS_PRIORITY: Final = (32000, 11000, 0, 3000, 4000, 5000, 1000)
_PREFERRED_4XX: Final = frozenset((401, 407, 415, 420, 484))
_DROP_MODES: Final = ("n", "a", "l", "")
"""failure_reply_mode 0 to 3 as the letters of t_drop_replies; "": everything, but only when a leg is
added."""


@dataclass(frozen=True, slots=True)
class ForkingSettings:
    """How responses are chosen; the defaults are Kamailio's."""

    failure_reply_mode: int = 3
    """What a failure route makes of the responses before it: 0 kept, judged together with those of the next
    leg; 1 all void, 2 those of the last leg void (whatever the route does); 3 all void if it adds
    branches."""
    aggregate_challenges: bool = False
    """A 401 or 407 sent upstream carries the challenges of every branch (Kamailio's aggregate_challenges)."""
    remap_503_500: bool = True
    """A 503 goes upstream as 500: it would say that this proxy is overloaded (RFC 3261 §16.7 step 6)."""


@mypyc_attr(acyclic=True)
class Branch:
    """One branch. status: of the newest response, 0 before any.  response: the final one received, None when
    it was made here (408 after a timeout).  leg: number of its serial leg, from 0.  cancelled:
    `cancel_pending` has named it.  dropped: a later leg made its answer void.  discarded: it does not count
    at all.
    """

    __slots__ = ("cancelled", "discarded", "dropped", "leg", "response", "status")

    def __init__(self, leg: int) -> None:
        self.leg = leg
        self.status = 0
        self.response: Response | None = None
        self.cancelled = False
        self.dropped = False
        self.discarded = False

    @property
    def pending(self) -> bool:
        """Whether its final response is still to come."""
        return self.status < 200 and not self.discarded


@mypyc_attr(acyclic=True)
class ResponseContext:
    """All branches of one request. Indices are positions in `branches` and never change.

    invite: whether the request is an INVITE.  cancelled: the caller has cancelled it.  final_status: of the
    final response sent upstream, 0 before it.  disable_6xx: a 6xx is like any other failure
    (t_set_disable_6xx).
    """

    __slots__ = (
        "_drop",
        "_got_6xx",
        "_leg_over",
        "branches",
        "cancelled",
        "disable_6xx",
        "final_status",
        "invite",
        "leg",
        "settings",
    )

    def __init__(self, invite: bool, settings: ForkingSettings) -> None:
        self.invite = invite
        self.settings = settings
        self.branches: list[Branch] = []
        self.leg = 0
        self.final_status = 0
        self.cancelled = False
        self.disable_6xx = False
        self._got_6xx = False
        self._leg_over = False
        self._drop = ""

    @property
    def may_fork(self) -> bool:
        """Whether branches may be added: not after a final response, after a 6xx while others are pending, or
        when cancelled (§16.7 step 5)."""
        return not self.final_status and not self.cancelled and not self._got_6xx

    def add_branch(self) -> int:
        """A branch is about to be sent; its index. The first after ALL_FINAL begins a new leg."""
        if self._leg_over:
            self._forget(self._drop_mode())
            self.leg += 1
            self._leg_over = False
            self._drop = ""
        self.branches.append(Branch(self.leg))
        return len(self.branches) - 1

    def drop_replies(self, mode: str) -> None:
        """What the failure route that runs now forgets instead of failure_reply_mode (t_drop_replies): "n"
        nothing, "a" every response so far, "l" those of the last leg. Other modes are taken for "a"."""
        self._drop = mode if mode in ("n", "l") else "a"

    def end_failure_route(self) -> int:
        """The failure route has ended. ALL_FINAL: send `best()`, or 500 when that is -1. WAIT: it has sent a
        final response, or has added branches that are pending."""
        if self.final_status or self.pending():
            return WAIT
        if self._leg_over and self._drop_mode():
            self._forget(self._drop_mode())
        self._drop = ""
        return ALL_FINAL

    def _drop_mode(self) -> str:
        return self._drop or _DROP_MODES[self.settings.failure_reply_mode]

    def _forget(self, mode: str) -> None:
        for branch in self.branches:
            if mode == "":
                branch.dropped = True
            elif mode == "a" or (mode == "l" and branch.leg == self.leg):
                branch.discarded = True

    def discard_branch(self, index: int) -> int:
        """This branch counts no longer, whatever it answers: it could not be sent, or only held a place for a
        suspended request. ALL_FINAL when it was the last one waited for and another one has failed (inside a
        failure route ask `end_failure_route` instead), else WAIT."""
        branch = self.branches[index]
        if not branch.pending:
            return WAIT
        branch.discarded = True
        if self.final_status or self.best() < 0 or self.pending():
            return WAIT
        self._leg_over = True
        self._got_6xx = False
        return ALL_FINAL

    def on_response(self, index: int, status: int, response: Response | None = None) -> int:
        """A branch has answered. response: None when the status is made here (408, 503).

        Returns the mask of the module docstring.
        """
        branch = self.branches[index]
        if status < 200:
            return self._provisional(branch, status)
        if status < 300:
            return self._success(branch, status, response)
        if not branch.pending:
            return WAIT
        branch.status = status
        branch.response = response
        if self.final_status:
            return WAIT
        if self.pending():
            return self._global_failure() if status >= 600 else WAIT
        self._leg_over = True
        self._got_6xx = False  # a failure route may fork again, as in Kamailio
        return ALL_FINAL

    def _global_failure(self) -> int:
        """A 6xx while others are pending: cancel them, once, and wait for their 487 (§16.7 step 5)."""
        if self._got_6xx or self.disable_6xx:
            return WAIT
        self._got_6xx = True
        return CANCEL

    def _provisional(self, branch: Branch, status: int) -> int:
        if not branch.pending:
            return WAIT
        branch.status = status
        # 100 is hop by hop (§16.7 step 5); a non-INVITE request gets no other 1xx (RFC 4320 §4.1).
        return FORWARD if status > 100 and self.invite and not self.final_status else WAIT

    def _success(self, branch: Branch, status: int, response: Response | None) -> int:
        """Every 2xx to an INVITE goes upstream, also after another final response and after a local 408
        (§16.7 step 5); for another request the first one, and nothing after it."""
        if not self.invite and (self.final_status or not branch.pending):
            return WAIT
        branch.status = status
        branch.response = response
        branch.dropped = branch.discarded = False
        self.final_status = self.final_status or status
        return FORWARD | CANCEL if self.pending() else FORWARD

    def pending(self) -> list[int]:
        """The branches whose final response is still to come."""
        return [index for index, branch in enumerate(self.branches) if branch.pending]

    def cancel_pending(self) -> list[int]:
        """The pending branches not cancelled yet, now marked so: cancel each one's client transaction."""
        indices = [index for index in self.pending() if not self.branches[index].cancelled]
        for index in indices:
            self.branches[index].cancelled = True
        return indices

    def cancel(self) -> list[int]:
        """The caller has sent CANCEL: no more forking; the branches to cancel."""
        self.cancelled = True
        return self.cancel_pending()

    def sent_final(self, status: int) -> None:
        """A final response was sent upstream (the best one, or the script's own)."""
        if not self.final_status:
            self.final_status = status

    def best(self) -> int:
        """Index of the branch whose final response wins, -1 when none counts (§16.7 step 6).

        6xx before the lowest class; in 4xx 401, 407, 415, 420 and 484 first; then the lower status; then the
        branch that was added first, as Kamailio picks. Dropped responses count when no other does: the new
        leg could not be sent.
        """
        best = self._lowest(False)
        return best if best >= 0 else self._lowest(True)

    def _lowest(self, dropped: bool) -> int:
        best = -1
        lowest = _CLASS_PRIORITY[0]
        for index, branch in enumerate(self.branches):
            if branch.discarded or branch.dropped is not dropped or branch.status < 200:
                continue
            rank = priority(branch.status)
            if rank < lowest:
                best, lowest = index, rank
        return best

    def upstream_status(self, status: int) -> int:
        """The status to send upstream when a branch with `status` wins."""
        return 500 if status == 503 and self.settings.remap_503_500 else status

    def challenges(self, winner: int) -> str:
        """Header lines to add to the 401 or 407 of branch `winner`: the other branches' WWW-Authenticate and
        Proxy-Authenticate, byte for byte, each line once (§16.7 step 7). "" when nothing is to be added."""
        if not self.settings.aggregate_challenges or self.branches[winner].status not in (401, 407):
            return ""
        own = self.branches[winner].response
        seen = set() if own is None else set(_challenge_lines(own))
        lines: list[str] = []
        for branch in self.branches:
            response = branch.response
            if response is None or branch.discarded or branch.dropped or branch.status not in (401, 407):
                continue
            for line in _challenge_lines(response):
                if line not in seen:
                    seen.add(line)
                    lines.append(line)
        return "".join(lines)


def priority(status: int) -> int:
    """Kamailio's rank of a final status: the lowest is sent upstream."""
    if not 100 <= status < 700:
        return 10000 + status
    rank = _CLASS_PRIORITY[status // 100] + status % 100
    return rank + 100 if status // 100 == 4 and status not in _PREFERRED_4XX else rank


def _challenge_lines(response: Response) -> list[str]:
    lines = [*response.all("www-authenticate"), *response.all("proxy-authenticate")]
    return [response.text[line.start : line.end] for line in lines]
