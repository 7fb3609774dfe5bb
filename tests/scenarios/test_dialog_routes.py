"""Record-Route and Route of a dialog, edits and Max-Forwards, as they are on the wire (RFC 3261 §16.12)."""

from tests.scenarios.scene import Scene

SCRIPT = """
function ksr_request_route()
  if KSR.maxfwd.process_maxfwd(10) < 0 then KSR.sl.send_reply(483, "Too Many Hops"); return end
  if KSR.sanity.sanity_check("17895", 7) < 0 then return end
  if KSR.siputils.has_totag() > 0 then
    if KSR.rr.loose_route() > 0 then
      if KSR.rr.check_route_param("nat=yes") > 0 then KSR.hdr.append("X-Nat: yes\\r\\n") end
      if KSR.rr.is_direction("upstream") > 0 then KSR.hdr.append("X-Direction: upstream\\r\\n") end
      KSR.tm.t_relay()
    else
      KSR.sl.send_reply(404, "Not here")
    end
    return
  end
  KSR.rr.add_rr_param(";nat=yes")
  KSR.rr.record_route()
  KSR.hdr.append("X-Added: 1\\r\\n")
  KSR.textopsx.msg_apply_changes()
  if KSR.hdr.is_present("X-Added") > 0 then KSR.textops.subst("/X-Added: 1/X-Changed: 2/") end
  KSR.pv.sets("$du", "sip:10.0.0.3:5060" .. NEXT_TRANSPORT)
  KSR.tm.t_relay()
end
"""


def test_requests_of_a_dialog_follow_the_record_route() -> None:
    with Scene('NEXT_TRANSPORT = ""\n' + SCRIPT) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        [record_route] = received.record_routes
        assert set(record_route.uri.params) == {"lr", "ftag", "nat"}
        assert received.max_forwards == 69
        assert received.first("x-changed") is not None
        assert received.first("x-added") is None
        bob.answer(received, 200, "OK")
        ok = alice.next()
        while ok.status < 200:
            ok = alice.next()
        alice.send(alice.ack(invite, ok, bob.uri))
        [ack] = bob.requests()
        assert ack.method == "ACK"
        assert ack.routes == []
        assert ack.first("x-nat") is not None
        assert ack.first("x-direction") is None


def test_the_record_route_is_double_where_the_transport_changes() -> None:
    with Scene('NEXT_TRANSPORT = ";transport=tcp"\n' + SCRIPT) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob", protocol="tcp")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        outer, inner = received.record_routes
        assert (outer.uri.transport, inner.uri.transport) == ("tcp", "")
        assert "r2" in outer.uri.params
        assert "r2" in inner.uri.params
        bob.answer(received, 200, "OK")
        ok = alice.next()
        while ok.status < 200:
            ok = alice.next()
        alice.send(alice.ack(invite, ok, bob.uri))
        [ack] = bob.requests()
        assert ack.routes == []
        assert ack.first("x-nat") is not None


def test_a_request_in_a_dialog_without_route_is_not_ours() -> None:
    with Scene('NEXT_TRANSPORT = ""\n' + SCRIPT) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("BYE", "sip:bob@10.0.0.3", to_tag="x"))
        assert alice.next().status == 404
