"""What is kept of transactions that ring, and of those answered a while ago."""

import sys

import pytest

from luasip.kemi.context import RouteContext
from luasip.kemi.declare import Route
from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

RELAY = """
function ksr_request_route()
  KSR.info("route " .. KSR.pv.get("$rm"))
  if KSR.is_CANCEL() then
    if KSR.tm.t_check_trans() > 0 then KSR.tm.t_relay() end
    return
  end
  KSR.rr.record_route()
  KSR.hdr.append("X-Ours: 1\\r\\n")
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
"""


def call(scene: Scene) -> tuple[Phone, Phone, str, Request]:
    """An INVITE that was answered 200."""
    alice, bob = scene.phone("alice"), scene.phone("bob")
    invite = alice.request("INVITE", "sip:bob@example.com")
    alice.send(invite)
    [received] = bob.requests()
    bob.answer(received, 200, "OK")
    _, ok = alice.next(), alice.next()
    alice.send(alice.ack(invite, ok))
    assert [request.method for request in bob.requests()] == ["ACK"]
    return alice, bob, invite, received


def held(scene: Scene) -> tuple[int, int]:
    """How many transactions are whole, and of how many only the answer is kept."""
    layer = scene.server.layer
    return len(layer.table), len(layer.answered)


def test_an_answered_request_that_comes_again_gets_its_answer_without_a_transaction() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        message = alice.request("MESSAGE", "sip:bob@example.com")
        alice.send(message)
        [received] = bob.requests()
        bob.answer(received, 202, "Accepted")
        assert alice.next().status == 202
        assert held(scene) == (0, 1)
        assert scene.statistic("tm:answered") == 1
        bob.answer(received, 202, "Accepted")
        assert alice.statuses() == []
        for _ in range(2):
            alice.send(message)
            assert alice.statuses() == [202]
        assert bob.requests() == []
        assert scene.said == ["route MESSAGE"]
        scene.advance(6)
        assert held(scene) == (0, 0)
        alice.send(message)
        assert scene.said == ["route MESSAGE"] * 2
        bob.answer(bob.requests()[0], 202)


def test_a_request_whose_twin_was_answered_just_before_it_got_a_transaction_gets_none() -> None:
    """As when two threads take the same request at the same time."""
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        message = alice.request("MESSAGE", "sip:bob@example.com")
        alice.send(message)
        [transaction] = scene.server.layer.table.all()
        bob.answer(bob.requests()[0], 202, "Accepted")
        assert alice.next().status == 202
        layer = scene.server.layer
        twin = RouteContext(
            Route.REQUEST, transaction.request, transaction.source, scene.server.services
        )
        made, is_new = layer.create(twin, transaction.slot)
        assert (is_new, twin.transaction, held(scene)) == (False, None, (0, 1))
        assert layer.absorb(made, twin.request)
        assert (alice.statuses(), bob.requests()) == ([], [])


def test_nothing_holds_what_was_put_aside() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        [transaction] = scene.server.layer.table.all()
        bob.answer(bob.requests()[0], 202, "Accepted")
        assert held(scene) == (0, 1)
        assert transaction.timer_entry is None
        assert sys.getrefcount(transaction) == 2  # the variable's and the argument's


def test_an_answered_and_acknowledged_invite_is_absorbed_in_silence() -> None:
    with Scene(RELAY) as scene:
        alice, bob, invite, _ = call(scene)
        scene.advance(2)
        assert held(scene) == (0, 1)
        alice.send(invite)
        assert alice.statuses() == []
        assert bob.requests() == []


def test_a_cancel_that_comes_long_after_the_answer_is_told_so() -> None:
    with Scene(RELAY) as scene:
        alice, bob, invite, _ = call(scene)
        scene.advance(2)
        alice.send(alice.cancel(invite))
        assert alice.statuses() == [200]
        assert bob.requests() == []
        assert scene.said == ["route INVITE", "route ACK"]


def test_a_2xx_repeated_long_after_the_first_still_reaches_the_caller() -> None:
    with Scene(RELAY) as scene:
        alice, bob, _, received = call(scene)
        scene.advance(2)
        bob.answer(received, 200, "OK")
        late = alice.next()
        assert (late.status, len(late.vias)) == (200, 1)


def test_the_ack_goes_its_way_whenever_it_comes() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        bob.answer(bob.requests()[0], 200, "OK")
        _, ok = alice.next(), alice.next()
        scene.advance(2)
        assert held(scene) == (1, 0)  # observers are told of the ACK
        alice.send(alice.ack(invite, ok))
        assert [request.method for request in bob.requests()] == ["ACK"]


@pytest.mark.parametrize("status", [404, 486])
def test_a_failed_invite_stays_whole_for_as_long_as_it_may_have_to_be_acknowledged(status: int) -> None:
    with Scene(RELAY + "function ksr_failure() end") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        bob.answer(received, status)
        _, failed = alice.next(), alice.next()
        [ack] = bob.requests()
        assert ack.method == "ACK"
        alice.send(alice.ack(invite, failed))
        scene.advance(3)
        assert held(scene) == (1, 0)
        bob.answer(received, status)
        assert [request.method for request in bob.requests()] == ["ACK"]
        assert alice.statuses() == []


def test_an_own_2xx_that_waits_for_its_ack_stays_whole() -> None:
    with Scene('function ksr_request_route() KSR.tm.t_newtran() KSR.tm.t_reply(200, "OK") end') as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.advance(3)
        assert held(scene) == (1, 0)
        assert alice.statuses().count(200) > 1


def test_what_rings_is_kept_as_text_and_a_failure_route_reads_it_again() -> None:
    script = (
        RELAY
        + """
function ksr_failure()
  KSR.info(KSR.pv.get("$hdr(X-Asked)") .. " " .. KSR.pv.get("$T_rpl($rs)") .. " " .. KSR.pv.get("$si"))
  KSR.pv.sets("$ru", "sip:desk@10.0.0.4")
  KSR.pv.sets("$du", "")
  KSR.tm.t_relay()
end
"""
    )
    with Scene(script) as scene:
        alice, bob, desk = scene.phone("alice"), scene.phone("bob"), scene.phone("desk", host="10.0.0.4")
        alice.send(alice.request("INVITE", "sip:bob@example.com", "X-Asked: yes"))
        [received] = bob.requests()
        bob.answer(received, 180, "Ringing")
        [transaction] = scene.server.layer.table.all()
        assert (transaction._request, transaction.branches[0]._response) == (None, None)
        assert (transaction.branches[0].response, transaction.branches[0].replied) == (None, True)
        assert transaction.branches[0].target is transaction.target
        scene.advance(20)
        bob.answer(received, 486, "Busy Here")
        assert scene.said[1:] == ["yes 486 10.0.0.2"]
        again = next(request for request in desk.requests() if request.method == "INVITE")
        assert again.request_uri == "sip:desk@10.0.0.4"
        assert again.first("x-ours") is not None
        assert "10.0.0.1" in again.record_routes[0].text
        desk.answer(again, 200, "OK")
        assert alice.statuses() == [100, 180, 200]


def test_what_the_script_holds_is_kept_as_text_too() -> None:
    script = """
function ksr_request_route()
  KSR.tm.t_newtran()
  KSR.setflag(3)
  KSR.tmx.t_suspend()
end
function ksr_go_on()
  KSR.info(KSR.pv.get("$hdr(X-Asked)") .. " " .. tostring(KSR.isflagset(3)))
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
"""
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com", "X-Asked: yes"))
        [transaction] = scene.server.layer.table.all()
        assert transaction._request is None
        assert scene.server.services.transactions.resume(transaction, "ksr_go_on", "") == 1
        scene.settle()
        assert scene.said == ["yes true"]
        bob.answer(bob.requests()[0], 200, "OK")
        assert alice.statuses()[-1] == 200


WAITS = """
function ksr_request_route()
  %s
  KSR.force_rport()
  luasip.sleep(2)
  luasip.wait("never", 2)
  KSR.info(KSR.pv.get("$hdr(X-Asked)") .. " " .. KSR.pv.get("$ct") .. " " .. KSR.pv.get("$si"))
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
"""


def test_a_route_that_waits_long_keeps_text_too() -> None:
    with Scene(WAITS % "") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com", "X-Asked: yes"))
        [transaction] = scene.server.layer.table.all()
        for _ in range(2):
            assert transaction._request is None
            assert transaction.template._message is None
            scene.advance(2)
        [said] = scene.said
        assert said.startswith("yes <sip:alice@")
        [received] = bob.requests()
        assert received.vias[1].rport == "5060"
        bob.answer(received, 200, "OK")
        assert alice.statuses()[-1] == 200


def test_a_route_that_waits_keeps_a_contact_it_has_rewritten() -> None:
    with Scene(WAITS % "KSR.nathelper.fix_nated_contact()", '[modules]\nload = ["tm", "pv", "nathelper"]') as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(
            alice.request("INVITE", "sip:bob@example.com", "X-Asked: yes").replace(
                "Contact: <sip:alice@10.0.0.2", "Contact: <sip:alice@192.168.1.1"
            )
        )
        scene.advance(4)
        [received] = bob.requests()
        assert received.contacts[0].uri.host == "10.0.0.2"
        [transaction] = scene.server.layer.table.all()
        assert transaction.request.contacts[0].uri.host == "10.0.0.2"
        bob.answer(received, 200, "OK")


def test_what_a_callback_applied_to_a_failure_reaches_the_caller() -> None:
    script = """
function ksr_request_route()
  KSR.tm.t_on_reply("ksr_onreply")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
function ksr_onreply()
  KSR.hdr.append("X-Applied: 1\\r\\n")
  KSR.textopsx.msg_apply_changes()
end
"""
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        bob.answer(bob.requests()[0], 486, "Busy Here")
        _, busy = alice.next(), alice.next()
        assert (busy.status, len(busy.all("x-applied"))) == (486, 1)
        alice.send(alice.ack(invite, busy))
