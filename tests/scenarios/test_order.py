"""The order rule: whatever comes in whatever order, each call gets one outcome and nothing is left behind.

Hypothesis makes up what happens: responses of every class, some twice, timeouts, CANCEL, retransmissions, while
callbacks wait and go on late.
"""

from collections.abc import Sequence

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from luasip.sip.message import Request, Response
from tests.scenarios.scene import Phone, Scene

SCRIPT = """
local waits = { request = %d, branch = %d, reply = %d, onreply = %d, failure = %d, hold = %d }
local index, label
local function pause(name)
  if waits[name] > 0 then luasip.sleep(waits[name]) end
end
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  if KSR.is_ACK() then return end
  if KSR.is_OPTIONS() then
    if index then KSR.tmx.t_continue(index, label, "ksr_go_on") end
    KSR.sl.sl_send_reply(200, "OK")
    return
  end
  pause("request")
  if waits.hold > 0 and KSR.tmx.t_suspend() > 0 then
    index, label = KSR.pv.get("$T(id_index)"), KSR.pv.get("$T(id_label)")
    return
  end
  ksr_go_on()
end
function ksr_go_on()
  KSR.tm.t_on_branch("ksr_branch")
  KSR.tm.t_on_reply("ksr_onreply")
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
  KSR.corex.append_branch_uri("sip:carol@10.0.0.4")
  if KSR.tm.t_relay() < 0 then KSR.sl.sl_reply_error() end
end
function ksr_branch() pause("branch") end
function ksr_reply_route() pause("reply") end
local inside = 0
function ksr_onreply()
  if inside > 0 then KSR.err("two callbacks at once") end
  inside = inside + 1
  pause("onreply")
  inside = inside - 1
end
function ksr_failure()
  if inside > 0 then KSR.err("two callbacks at once") end
  inside = inside + 1
  pause("failure")
  KSR.pv.sets("$du", "sip:10.0.0.5:5060")
  KSR.tm.t_relay()
  pause("failure")
  inside = inside - 1
end
"""

STATUSES = (100, 180, 183, 200, 302, 404, 486, 503, 603)
Event = tuple[str, int, int]
"""(what happens, which phone, status or seconds)"""

events = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.integers(0, 2), st.sampled_from(STATUSES)),
        st.tuples(st.just("again"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("wait"), st.just(0), st.sampled_from((1, 3, 31))),
        st.tuples(st.just("cancel"), st.just(0), st.just(0)),
        st.tuples(st.just("invite"), st.just(0), st.just(0)),
        st.tuples(st.just("continue"), st.just(0), st.just(0)),
    ),
    max_size=12,
)
pauses = st.tuples(*[st.sampled_from((0, 0, 2, 40))] * 5, st.integers(0, 1))
"""How long each kind of callback waits, and whether the request is held until it is continued."""


class Caller:
    """alice, who sends an INVITE, acknowledges every final response, and may cancel."""

    def __init__(self, scene: Scene, method: str) -> None:
        self.phone = scene.phone("alice", host="10.0.0.2")
        self.text = self.phone.request(method, "sip:bob@example.com")
        self.method = method
        self._seen = 0

    def acknowledge(self) -> None:
        """Send the ACKs for what came since."""
        messages = self.phone.messages
        for message in messages[self._seen :]:
            if self.method == "INVITE" and _is_final(message, "INVITE"):
                self.phone.send(self.phone.ack(self.text, message))
        self._seen = len(messages)

    def finals(self) -> list[Response]:
        """Final responses to the request, each different one once."""
        found: dict[tuple[int, str], Response] = {}
        for message in self.phone.messages:
            if _is_final(message, self.method):
                found.setdefault((message.status, message.to.tag), message)
        return list(found.values())


def _is_final(message: Request | Response, method: str) -> bool:
    return isinstance(message, Response) and message.status >= 200 and message.cseq.method == method


class Callee:
    """A phone that answers as told, and CANCEL with 200 and 487 unless it has answered."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.final = 0
        self.last = 0
        self._cancelled = False

    def request(self, method: str) -> Request | None:
        """The first request of this method it received."""
        return next((m for m in self.phone.messages if isinstance(m, Request) and m.method == method), None)

    def answer(self, method: str, status: int) -> None:
        """Answer the request; not with a second final answer, and not when the caller must have given up."""
        request = self.request(method)
        if request is None or (self.final and status != self.final):
            return
        if not self.last and self.phone.scene.now > self.phone.received[0].sent_at + 32:
            return
        self.last = status
        self.final = status if status >= 200 else 0
        self.phone.answer(request, status, to_tag=f"{self.phone.name}-{status}" if status >= 300 else "")

    def obey(self) -> None:
        """Answer a CANCEL that has come."""
        cancel = self.request("CANCEL")
        if cancel is not None and not self._cancelled:
            self._cancelled = True
            self.phone.answer(cancel, 200)
            self.answer("INVITE", 487)


def play(
    method: str, waits: Sequence[int], happenings: Sequence[Event]
) -> tuple[Scene, Caller, list[Callee]]:
    """Let it all happen, then let time pass."""
    with Scene(SCRIPT % tuple(waits), "[modules.tm]\nfr_timer = 20000\nfr_inv_timer = 60000") as scene:
        caller = Caller(scene, method)
        callees = [
            Callee(scene.phone(name, host=f"10.0.0.{number}"))
            for number, name in ((3, "bob"), (4, "carol"), (5, "dave"))
        ]
        other = scene.phone("erin", host="10.0.0.9")
        caller.phone.send(caller.text)
        for what, which, number in happenings:
            if what == "answer":
                callees[which].answer(method, number)
            elif what == "again" and callees[which].last:
                callees[which].answer(method, callees[which].last)
            elif what == "wait":
                scene.advance(number)
            elif what == "continue":
                other.send(other.request("OPTIONS", "sip:example.com", call_id=f"erin-{scene.now}"))
            elif what == "cancel" and method == "INVITE":
                caller.phone.send(caller.phone.cancel(caller.text))
            elif what == "invite" and scene.now < 1032 and not caller.finals():
                caller.phone.send(caller.text)
            caller.acknowledge()
            for callee in callees:
                callee.obey()
        for _ in range(40):
            scene.advance(10)
            caller.acknowledge()
            for callee in callees:
                callee.obey()
        assert "two callbacks at once" not in scene.log.text()
    return scene, caller, callees


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(waits=pauses, happenings=events)
@example(
    waits=(0, 0, 0, 0, 40, 0),
    happenings=[("answer", 0, 486), ("answer", 1, 404), ("wait", 0, 1), ("cancel", 0, 0)],
)
@example(waits=(0, 0, 40, 0, 0, 0), happenings=[("answer", 0, 200), ("wait", 0, 31)])
@example(waits=(2, 2, 2, 2, 2, 0), happenings=[("cancel", 0, 0), ("wait", 0, 31), ("answer", 0, 200)])
@example(waits=(0, 2, 0, 0, 0, 1), happenings=[("continue", 0, 0), ("wait", 0, 3), ("answer", 0, 200)])
@example(waits=(2, 0, 0, 0, 0, 1), happenings=[("cancel", 0, 0), ("wait", 0, 3), ("continue", 0, 0)])
@example(waits=(0, 0, 0, 0, 0, 1), happenings=[("wait", 0, 31), ("continue", 0, 0), ("continue", 0, 0)])
def test_every_invite_gets_its_outcome(waits: tuple[int, ...], happenings: list[Event]) -> None:
    _, caller, callees = play("INVITE", waits, happenings)
    finals = caller.finals()
    failures = [m for m in finals if m.status >= 300]
    assert len(failures) <= 1, [m.status for m in failures]
    assert finals, "no final response"
    successes = {m.to.tag for m in finals if m.status < 300}
    answered = {f"{callee.phone.name}-to" for callee in callees if callee.final == 200}
    assert successes == answered


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(waits=pauses, happenings=events)
def test_every_other_request_gets_one_outcome(waits: tuple[int, ...], happenings: list[Event]) -> None:
    _, caller, _ = play("MESSAGE", waits, happenings)
    assert len(caller.finals()) <= 1
