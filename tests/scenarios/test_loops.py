"""Loops, spirals and Max-Forwards (RFC 3261 §16.3, RFC 5393)."""

from tests.scenarios.scene import Scene

TO_BOB = """
function ksr_request_route()
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  local code = KSR.tm.t_relay()
  KSR.info("relay " .. code)
  if code < 0 then KSR.sl.sl_reply_error() end
end
"""


def test_a_loop_is_answered_with_482() -> None:
    with Scene(TO_BOB) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [received] = bob.requests()
        head, _, rest = received.text.partition("\r\n")
        bob.send(f"{head}\r\nVia: SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bKbob\r\n{rest}")
        assert scene.said == ["relay 1", "relay -1"]
        assert bob.statuses() == [482]
        bob.answer(received, 482)


def test_a_request_to_ourselves_ends_as_a_loop() -> None:
    with Scene(TO_BOB.replace("10.0.0.3", "10.0.0.1")) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert alice.statuses() == [482]
        assert scene.said == ["relay 1", "relay -1"]


def test_a_spiral_is_no_loop() -> None:
    """It comes back with another Request-URI."""
    script = """
    function ksr_request_route()
      KSR.info("route " .. KSR.pv.get("$rU"))
      if KSR.pv.get("$rU") == "bob" then
        KSR.pv.sets("$rU", "robert")
        KSR.pv.sets("$du", "sip:10.0.0.1:5060")
      else
        KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      end
      if KSR.tm.t_relay() < 0 then KSR.sl.sl_reply_error() end
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        assert scene.said == ["route bob", "route robert"]
        assert [via.host for via in received.vias] == ["10.0.0.1", "10.0.0.1", "10.0.0.2"]
        assert received.max_forwards == 68
        bob.answer(received, 200, "OK")
        answer = alice.messages[-1]
        assert (answer.status, len(answer.vias)) == (200, 1)


def test_max_forwards_is_counted_down() -> None:
    with Scene(TO_BOB) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", max_forwards=5))
        [received] = bob.requests()
        assert received.max_forwards == 4
        bob.answer(received, 200)


def test_max_forwards_of_zero_is_answered_with_483() -> None:
    with Scene(TO_BOB) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", max_forwards=0))
        assert alice.statuses() == [483]
        assert bob.unread == []


def test_max_forwards_is_added() -> None:
    with Scene(TO_BOB) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", max_forwards=None))
        [received] = bob.requests()
        assert received.max_forwards == 70
        bob.answer(received, 200)


def test_process_maxfwd_counts_once() -> None:
    script = TO_BOB.replace("  local", '  KSR.info("maxfwd " .. KSR.maxfwd.process_maxfwd(10))\n  local')
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", max_forwards=5))
        [received] = bob.requests()
        assert received.max_forwards == 4
        bob.answer(received, 200)
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", max_forwards=None, cseq=2))
        [received] = bob.requests()
        assert received.max_forwards == 10
        bob.answer(received, 200)
        assert scene.said == ["maxfwd 1", "relay 1", "maxfwd 2", "relay 1"]
