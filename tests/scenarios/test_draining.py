"""A server that is about to stop: calls it knows go on, new ones go elsewhere."""

from tests.scenarios.scene import Scene

SCRIPT = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
"""


def test_only_what_belongs_to_a_call_is_taken() -> None:
    with Scene(SCRIPT) as scene:
        alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        received = bob.requests()[0]
        scene.server.worker.draining = True
        refused = carol.request("INVITE", "sip:bob@example.com")
        carol.send(refused)
        refusal = carol.next()
        assert (refusal.status, refusal.first("retry-after").value) == (503, "5")
        carol.send(carol.ack(refused, refusal))
        bob.answer(received, 200, "OK")
        ok = alice.messages[-1]
        assert ok.status == 200
        alice.send(alice.ack(invite, ok))
        alice.send(alice.request("BYE", "sip:bob@example.com", to_tag=ok.to.tag, cseq=2))
        assert [request.method for request in bob.requests()] == ["ACK", "BYE"]
        bob.answer(next(m for m in bob.messages if m.is_request and m.method == "BYE"), 200, "OK")
        assert alice.messages[-1].status == 200
