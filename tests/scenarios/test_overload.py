"""A server with too much to do: what has begun goes on, what begins is refused, monitors are answered."""

from luasip.transport.packet import Packet
from tests.scenarios.scene import Scene

SCRIPT = """
function ksr_request_route()
  if KSR.is_OPTIONS() then KSR.sl.send_reply(200, "OK") return end
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  KSR.tm.t_relay()
end
"""


def test_full_transaction_table() -> None:
    with Scene(SCRIPT, "[server.overload]\ntransactions = 2\nrefusals = 1\n") as scene:
        alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", call_id="other"))
        received = bob.requests()
        refused = carol.request("INVITE", "sip:bob@example.com")
        carol.send(refused)
        refusal = carol.next()
        assert (refusal.status, refusal.first("retry-after").value) == (503, "5")
        carol.send(carol.ack(refused, refusal))
        carol.send(carol.request("MESSAGE", "sip:bob@example.com", call_id="one too many"))
        assert carol.statuses() == []
        carol.send(carol.request("OPTIONS", "sip:example.com", call_id="probe"))
        assert carol.statuses() == [200]
        assert (scene.statistic("core:overload_refused"), scene.statistic("core:overload_dropped")) == (1, 1)
        assert scene.log.text().count("overload: ") == 1
        # A retransmission, responses, the ACK and the BYE pass.
        alice.send(invite)
        bob.answer(received[0], 200, "OK")
        ok = alice.messages[-1]
        assert ok.status == 200
        alice.send(alice.ack(invite, ok))
        alice.send(alice.request("BYE", "sip:bob@example.com", to_tag=ok.to.tag, cseq=2))
        assert [request.method for request in bob.requests()] == ["ACK", "BYE"]
        scene.advance(60)
        carol.send(carol.request("MESSAGE", "sip:bob@example.com", call_id="later"))
        assert [request.method for request in bob.requests()][-1:] == ["MESSAGE"]


def test_messages_that_come_late() -> None:
    with Scene(SCRIPT) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        listener = scene.server.sockets.listeners[0]

        def take(call_id: str, waited: float) -> list[str]:
            text = alice.request("MESSAGE", "sip:bob@example.com", call_id=call_id)
            packet = Packet(text.encode(), alice.host, alice.port, listener, 0, scene.now - waited)
            scene.server.worker.handle(packet)
            scene.settle()
            return [request.call_id for request in bob.requests()]

        assert take("a", 0.3) == ["a"]
        scene.advance(0.2)
        assert take("b", 0.3) == ["b"]
        scene.advance(0.2)
        assert take("c", 0.0) == ["c"]
        assert take("d", 0.3) == ["d"]
        scene.advance(0.4)
        assert take("e", 0.3)[-1:] == ["e"]
        scene.advance(0.2)
        alice.statuses()
        assert all(name in take(name, 0.3) for name in ("f1", "f2", "f3"))  # who asks for little is served
        assert "f4" not in take("f4", 0.3)
        assert 503 in alice.statuses()
        assert take("g", 0.0)[-1:] == ["g"]
