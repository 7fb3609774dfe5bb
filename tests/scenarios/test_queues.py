"""Queues between routes, and waiting for their items."""

from pathlib import Path

from tests.scenarios.scene import Scene

DRAINED = """
function ksr_request_route()
  KSR.mqueue.mq_add("calls", KSR.kx.get_callid(), KSR.kx.get_method())
  KSR.sl.sl_send_reply(200, "OK")
end
function ksr_drain()
  while KSR.mqueue.mq_fetch("calls") > 0 do
    KSR.info(KSR.pv.get("$mqk(calls)") .. " " .. KSR.mqueue.mqv_get("calls"))
  end
end
"""
TIMER = """
[modules.mqueue]
mqueue = "name=calls;size=2"
[modules.rtimer]
timer = "name=drain;interval=1;mode=1;"
exec = "timer=drain;route=ksr_drain"
"""
WAITING = """
function ksr_request_route()
  if KSR.is_method("MESSAGE") then
    KSR.mqueue.mq_add("calls", "key", KSR.kx.get_callid())
    return KSR.sl.sl_send_reply(200, "OK")
  end
  local key, value = luasip.queue.get("calls", 5)
  KSR.sl.send_reply(key and 200 or 404, tostring(value))
end
"""


def test_a_timer_drains_a_queue() -> None:
    with Scene(DRAINED, TIMER) as scene:
        alice = scene.phone("alice")
        for number in range(3):
            alice.send(alice.request("OPTIONS", "sip:bob@example.com", call_id=f"c{number}"))
        scene.advance(1.5)
        assert scene.said == ["c1 OPTIONS", "c2 OPTIONS"]
        assert scene.statistic("mqueue:dropped") == 1


def test_a_route_waits_for_an_item() -> None:
    with Scene(WAITING, '[modules.mqueue]\nmqueue = "name=calls"') as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("SUBSCRIBE", "sip:bob@example.com", call_id="waits"))
        scene.advance(2)
        assert alice.unread == []
        bob.send(bob.request("MESSAGE", "sip:bob@example.com", call_id="item"))
        answer = alice.unread[-1]
        assert (answer.status, answer.reason) == (200, "item")


def test_no_item_comes() -> None:
    with Scene(WAITING, '[modules.mqueue]\nmqueue = "name=calls"') as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("SUBSCRIBE", "sip:bob@example.com"))
        scene.advance(5.1)
        assert alice.statuses()[-1] == 404


def test_a_queue_outlives_the_server(tmp_path: Path) -> None:
    settings = f'[modules.mqueue]\nmqueue = "name=calls;dbmode=1"\ndb_url = "sqlite:///{tmp_path}/queues.db"'
    with Scene(WAITING, settings) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", call_id="kept"))
    with Scene(WAITING, settings) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("SUBSCRIBE", "sip:bob@example.com"))
        assert alice.unread[-1].reason == "kept"
