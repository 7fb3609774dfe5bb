"""ACK: for a 2xx end to end, for a failure hop by hop, for a stateless answer absorbed (RFC 3261 §17.1.1.3, §16)."""

from tests.scenarios.scene import Scene

RELAY = """
function ksr_request_route()
  KSR.info("route " .. KSR.kx.get_method())
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  if KSR.is_ACK() then
    KSR.info("check " .. KSR.tm.t_check_trans() .. " relay " .. KSR.tm.t_relay())
    return
  end
  if KSR.tm.t_relay() < 0 then KSR.sl.sl_reply_error() end
end
"""


def test_ack_for_2xx_is_forwarded_statelessly() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        bob.answer(received, 200, "OK")
        ack = alice.ack(invite, alice.messages[-1])
        alice.send(ack)
        alice.send(ack)
        assert scene.said[1:] == ["route ACK", "check 1 relay 1"] * 2
        first, second = bob.requests()
        assert (first.method, first.max_forwards, len(first.vias)) == ("ACK", 69, 2)
        assert first.top_via.branch == second.top_via.branch != received.top_via.branch
        assert len(scene.server.layer.table) == 1


def test_ack_without_any_transaction_goes_to_the_script() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("ACK", "sip:bob@example.com", to_tag="x"))
        assert scene.said == ["route ACK", "check -1 relay 1"]
        assert [m.method for m in bob.requests()] == ["ACK"]
        assert alice.unread == []


def test_ack_for_failure_is_absorbed() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        bob.answer(bob.requests()[0], 486, "Busy")
        bob.requests()
        ack = alice.ack(invite, alice.messages[-1])
        alice.send(ack)
        alice.send(ack)
        assert scene.said == ["route INVITE"]
        assert bob.requests() == []


def test_the_ack_we_make() -> None:
    """RFC 3261 §17.1.1.3: Via and Route of the INVITE as sent, To of the response."""
    script = """
    function ksr_request_route()
      KSR.hdr.append("Route: <sip:10.0.0.3;lr>\\r\\n")
      KSR.pv.sets("$ru", "sip:robert@10.0.0.9")
      KSR.pv.sets("$du", "sip:10.0.0.3:5060")
      KSR.tm.t_relay()
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com", cseq=77))
        [received] = bob.requests()
        bob.answer(received, 404, "Not Found", to_tag="gone")
        [ack] = bob.requests()
        assert ack.request_uri == "sip:robert@10.0.0.9"
        assert [via.text for via in ack.vias] == [received.top_via.text]
        assert [route.text for route in ack.routes] == ["<sip:10.0.0.3;lr>"]
        assert (ack.cseq.number, ack.cseq.method, ack.to.tag) == (77, "ACK", "gone")
        assert (ack.from_.tag, ack.call_id) == (received.from_.tag, received.call_id)


def test_ack_for_a_stateless_answer_is_absorbed() -> None:
    script = """
    function ksr_request_route()
      KSR.info("route " .. KSR.kx.get_method())
      KSR.sl.sl_send_reply(404, "Not Here")
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        answer = alice.next()
        assert answer.to.tag
        alice.send(alice.ack(invite, answer))
        assert scene.said == ["route INVITE"]
        assert alice.unread == []


def test_ack_is_never_answered() -> None:
    script = """
    function ksr_request_route()
      local codes = { KSR.sl.sl_send_reply(200, "OK"), KSR.sl.send_reply(200, "OK"), KSR.tm.t_reply(200, "OK"),
        KSR.tm.t_newtran(), KSR.tm.t_send_reply(200, "OK") }
      KSR.info(table.concat(codes, " "))
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("ACK", "sip:bob@example.com", to_tag="x"))
        assert scene.said == ["-1 -1 -1 -1 -1"]
        assert alice.unread == []


def test_ack_before_any_final_response_changes_nothing() -> None:
    with Scene(RELAY) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com", branch="z9hG4bKone")
        alice.send(invite)
        [received] = bob.requests()
        alice.send(alice.request("ACK", "sip:bob@example.com", branch="z9hG4bKone", to_tag="x"))
        assert bob.requests() == []
        bob.answer(received, 486, "Busy")
        assert alice.statuses() == [100, 486]
