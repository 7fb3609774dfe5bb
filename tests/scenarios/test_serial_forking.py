"""Serial forking in failure routes, and by q with t_load_contacts and t_next_contacts."""

import pytest

from luasip.sip.message import Request
from tests.scenarios.scene import Phone, Scene

SERIAL = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  KSR.maxfwd.process_maxfwd(10)
  KSR.rr.record_route()
  KSR.hdr.append("X-Request: kept\\r\\n")
  KSR.pv.sets("$avp(tried)", "bob")
  KSR.setflag(5)
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
function ksr_failure()
  KSR.info("failed " .. KSR.tm.t_get_status_code() .. " armed " .. KSR.tm.t_is_set("failure_route")
    .. " flag " .. tostring(KSR.isflagset(5)) .. " avp " .. KSR.pv.get("$avp(tried)"))
  KSR.hdr.append("X-Failure: this leg only\\r\\n")
  KSR.pv.sets("$ru", "sip:voicemail@example.com")
  KSR.pv.sets("$du", "sip:10.0.0.4:5060")
  KSR.info("relay " .. KSR.tm.t_relay())
end
"""


def call(scene: Scene) -> tuple[Phone, Phone, Phone, Request]:
    """alice, bob, carol and what bob received."""
    alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
    alice.send(alice.request("INVITE", "sip:bob@example.com"))
    return alice, bob, carol, bob.requests()[0]


def test_failure_route_forks_again() -> None:
    with Scene(SERIAL) as scene:
        alice, bob, carol, received = call(scene)
        bob.answer(received, 486, "Busy")
        assert scene.said == ["failed 486 armed -1 flag true avp bob", "relay 1"]
        [second] = carol.requests()
        assert second.request_uri == "sip:voicemail@example.com"
        assert second.max_forwards == received.max_forwards == 69
        assert [r.text for r in second.record_routes] == [r.text for r in received.record_routes]
        assert len(second.record_routes) == 1
        assert [line.value for line in second.all("x-request")] == ["kept"]
        assert [line.value for line in second.all("x-failure")] == ["this leg only"]
        carol.answer(second, 200, "OK")
        assert alice.statuses() == [100, 200]


def test_failure_route_is_disarmed_before_it_runs() -> None:
    with Scene(SERIAL) as scene:
        alice, bob, carol, received = call(scene)
        bob.answer(received, 486, "Busy")
        carol.answer(carol.requests()[0], 404, "Not Found")
        assert len(scene.said) == 2
        assert alice.statuses() == [100, 404]


def test_edits_of_one_failure_route_are_not_seen_by_the_next() -> None:
    script = SERIAL.replace('  KSR.info("relay', '  KSR.tm.t_on_failure("ksr_failure")\n  KSR.info("relay')
    with Scene(script) as scene:
        _, bob, carol, received = call(scene)
        bob.answer(received, 486, "Busy")
        carol.answer(carol.requests()[0], 404, "Not Found")
        third = carol.requests()[-1]
        assert third.method == "INVITE"
        assert [line.value for line in third.all("x-failure")] == ["this leg only"]
        assert third.max_forwards == 69
        carol.answer(third, 200, "OK")


@pytest.mark.parametrize(
    ("mode", "answers", "best"),
    [(3, (486, 404), 404), (3, (404, 486), 486), (0, (404, 486), 404), (2, (404, 486), 486)],
)
def test_failure_reply_mode(mode: int, answers: tuple[int, int], best: int) -> None:
    with Scene(SERIAL, f"[modules.tm]\nfailure_reply_mode = {mode}") as scene:
        alice, bob, carol, received = call(scene)
        bob.answer(received, answers[0])
        carol.answer(carol.requests()[0], answers[1])
        assert alice.statuses() == [100, best]


@pytest.mark.parametrize(("mode", "best"), [("n", 404), ("a", 486), ("l", 486)])
def test_t_drop_replies_goes_before_failure_reply_mode(mode: str, best: int) -> None:
    script = SERIAL.replace(
        "function ksr_failure()", f'function ksr_failure() KSR.tm.t_drop_replies("{mode}")'
    )
    with Scene(script) as scene:
        alice, bob, carol, received = call(scene)
        bob.answer(received, 404)
        carol.answer(carol.requests()[0], 486)
        assert alice.statuses() == [100, best]


def test_dropped_replies_and_nothing_else() -> None:
    """All answers forgotten and no new branch: tm has nothing left but its own 500."""
    script = SERIAL.replace(
        "function ksr_failure()", "function ksr_failure() KSR.tm.t_drop_replies_all() do return end"
    )
    with Scene(script) as scene:
        alice, bob, _, received = call(scene)
        bob.answer(received, 404)
        assert alice.statuses() == [100, 500]


def test_failure_route_answers() -> None:
    script = SERIAL.replace(
        "function ksr_failure()",
        'function ksr_failure() KSR.info("reply " .. KSR.tm.t_reply(480, "Try Later")) do return end',
    )
    with Scene(script) as scene:
        alice, bob, _, received = call(scene)
        bob.answer(received, 486, "Busy")
        answer = alice.messages[-1]
        assert (answer.status, answer.reason) == (480, "Try Later")
        assert scene.said == ["reply 1"]


def test_send_reply_in_a_failure_route_is_stateful() -> None:
    script = SERIAL.replace(
        "function ksr_failure()",
        'function ksr_failure() KSR.info("reply " .. KSR.sl.send_reply(480, "Try Later")) do return end',
    )
    with Scene(script) as scene:
        alice, bob, _, received = call(scene)
        bob.answer(received, 486, "Busy")
        scene.advance(0.6)
        assert alice.statuses() == [100, 480, 480]


def test_failed_relay_in_a_failure_route_lets_the_winner_through() -> None:
    script = SERIAL.replace("10.0.0.4:5060", "no.such.host.invalid;transport=sctp")
    with Scene(script) as scene:
        alice, bob, _, received = call(scene)
        bob.answer(received, 486, "Busy")
        assert scene.said[-1] == "relay -1"
        assert alice.statuses() == [100, 486]


def test_error_in_a_failure_route_lets_the_winner_through() -> None:
    script = SERIAL.replace("function ksr_failure()", 'function ksr_failure() error("oops")')
    with Scene(script) as scene:
        alice, bob, _, received = call(scene)
        bob.answer(received, 486, "Busy")
        assert alice.statuses() == [100, 486]
        assert "oops" in scene.log.text()


def test_failure_route_is_not_run_for_2xx() -> None:
    with Scene(SERIAL) as scene:
        _alice, bob, _, received = call(scene)
        bob.answer(received, 200, "OK")
        assert scene.said == []


def test_new_branches_of_a_failure_route_in_parallel() -> None:
    script = """
    function ksr_request_route()
      KSR.tm.t_on_failure("ksr_failure")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    function ksr_failure()
      KSR.pv.unset("$du")
      KSR.corex.append_branch_uri("sip:one@10.0.0.4")
      KSR.corex.append_branch_uri("sip:two@10.0.0.4")
      KSR.info("relay " .. KSR.tm.t_relay())
    end
    """
    with Scene(script) as scene:
        _alice, bob, carol, received = call(scene)
        bob.answer(received, 486, "Busy")
        uris = [m.request_uri for m in carol.requests()]
        assert "sip:one@10.0.0.4" in uris
        assert "sip:two@10.0.0.4" in uris


def test_a_2xx_of_the_first_leg_while_the_second_is_ringing() -> None:
    """The first leg timed out here (408); its phone answers late all the same."""
    with Scene(SERIAL, "[modules.tm]\nfr_timer = 5000") as scene:
        alice, bob, carol, received = call(scene)
        scene.advance(5.1)
        [second] = carol.requests()[:1]
        carol.answer(second, 180, "Ringing")
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [100, 180, 200]
        assert [m.method for m in carol.requests()] == ["CANCEL"]
        carol.answer(second, 487)
        assert alice.statuses() == []


BY_Q = """
function ksr_request_route()
  KSR.pv.sets("$ru", "sip:first@10.0.0.3")
  KSR.corex.append_branch_uri_q("sip:second@10.0.0.4", "0.9")
  KSR.corex.append_branch_uri_q("sip:third@10.0.0.5", "0.5")
  KSR.corex.append_branch_uri_q("sip:fourth@10.0.0.5", "0.5")
  KSR.corex.setq("1.0")
  KSR.info("load " .. KSR.tm.t_load_contacts())
  KSR.info("next " .. KSR.tm.t_next_contacts())
  KSR.tm.t_on_failure("ksr_failure")
  KSR.tm.t_relay()
end
function ksr_failure()
  local code = KSR.tm.t_next_contacts()
  KSR.info("next " .. code)
  if code < 0 then return end
  KSR.tm.t_on_failure("ksr_failure")
  KSR.tm.t_relay()
end
"""


def test_by_q() -> None:
    script = BY_Q.replace(
        '  KSR.corex.setq("1.0")\n', '  KSR.corex.append_branch_uri_q("sip:first@10.0.0.3", "1.0")\n'
    )
    script = script.replace(
        'KSR.pv.sets("$ru", "sip:first@10.0.0.3")', 'KSR.pv.sets("$ru", "sip:last@10.0.0.3")'
    )
    with Scene(script, '[modules.tm]\ncontacts_avp = "tm_contacts"') as scene:
        alice, bob, carol, first = call(scene)
        dave = scene.phone("dave")
        assert first.request_uri == "sip:first@10.0.0.3"
        assert carol.requests() == []
        bob.answer(first, 486)
        [second] = carol.requests()
        assert second.request_uri == "sip:second@10.0.0.4"
        carol.answer(second, 480)
        third, fourth = dave.requests()
        assert {third.request_uri, fourth.request_uri} == {"sip:third@10.0.0.5", "sip:fourth@10.0.0.5"}
        dave.answer(third, 404)
        dave.answer(fourth, 404)
        last = next(m for m in bob.requests() if m.method == "INVITE")
        assert last.request_uri == "sip:last@10.0.0.3"
        bob.answer(last, 410)
        assert scene.said == ["load 1", "next 1", "next 1", "next 1", "next 1", "next -2"]
        assert alice.statuses() == [100, 410]


def test_contacts_need_their_setting() -> None:
    script = """
    function ksr_request_route()
      KSR.info(KSR.tm.t_load_contacts() .. " " .. KSR.tm.t_next_contacts() .. " " .. KSR.tm.t_next_contact_flow()
        .. " " .. KSR.tm.ki_t_load_contacts_mode(1))
      KSR.sl.sl_send_reply(404, "No")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert scene.said == ["-1 -1 -1 -1"]


SUSPENDING = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
function ksr_failure()
  KSR.info("first " .. KSR.tm.t_get_status_code())
  KSR.tm.t_on_failure("ksr_second")
  KSR.pv.sets("$du", "sip:10.0.0.4:5060")
  KSR.info("relay " .. KSR.tm.t_relay())
  luasip.sleep(10)
  KSR.info("end of first")
end
function ksr_second() KSR.info("second " .. KSR.tm.t_get_status_code()) end
"""


def test_failure_route_that_waits_after_forking() -> None:
    """The new branch fails meanwhile: that is acted on when the failure route has ended."""
    with Scene(SUSPENDING) as scene:
        alice, bob, carol, received = call(scene)
        bob.answer(received, 486)
        carol.answer(carol.requests()[0], 404)
        assert alice.statuses() == [100]
        scene.advance(11)
        assert scene.said == ["first 486", "relay 1", "end of first", "second 404"]
        assert alice.statuses()[:1] == [404]


def test_new_branch_answers_while_the_failure_route_waits() -> None:
    with Scene(SUSPENDING) as scene:
        alice, bob, carol, received = call(scene)
        bob.answer(received, 486)
        [second] = carol.requests()
        carol.answer(second, 180)
        carol.answer(second, 200)
        scene.advance(11)
        assert alice.statuses() == [100, 180, 200]


def test_failure_route_that_waits_longer_than_any_timer() -> None:
    """What came meanwhile is not lost to timer B of the branch."""
    with Scene(SUSPENDING.replace("sleep(10)", "sleep(40)")) as scene:
        alice, bob, carol, received = call(scene)
        bob.answer(received, 486)
        [second] = carol.requests()
        carol.answer(second, 200)
        scene.advance(41)
        assert alice.statuses() == [100, 200]
