"""A finished call leaves nothing behind, not even for the cycle collector."""

import gc
from collections import Counter

from tests.scenarios.scene import Scene

SCRIPT = """
function ksr_request_route()
  KSR.tm.t_on_branch("ksr_branch")
  KSR.tm.t_on_reply("ksr_onreply")
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
function ksr_branch() luasip.sleep(0.1) end
function ksr_onreply() luasip.sleep(0.1) end
function ksr_failure()
  KSR.pv.sets("$du", "sip:10.0.0.4:5060")
  KSR.tm.t_relay()
  luasip.sleep(0.1)
end
"""


def count() -> dict[str, int]:
    """How many objects there are of the kinds a call is made of."""
    kinds = Counter(type(each).__name__ for each in gc.get_objects())
    return {name: kinds[name] for name in ("Transaction", "ClientBranch", "RouteContext", "Task", "LuaFrame")}


def test_nothing_is_left_of_finished_calls() -> None:
    with Scene(SCRIPT) as scene:
        alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
        gc.collect()
        gc.disable()
        before = count()
        try:
            for number in range(5):
                invite = alice.request("INVITE", "sip:bob@example.com", call_id=f"call-{number}")
                alice.send(invite)
                scene.advance(0.2)
                received = bob.requests()[-1]
                bob.answer(received, 180)
                bob.answer(received, 486)
                scene.advance(1)
                carol.answer(carol.requests()[-1], 404)
                scene.advance(1)
                alice.send(alice.ack(invite, alice.messages[-1]))
            received = None
            scene.advance(100)
            after = count()
        finally:
            gc.enable()
        assert after == before
        assert scene.server.scripts.slots[0].runtime.suspended == 0
