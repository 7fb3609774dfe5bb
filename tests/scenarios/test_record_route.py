"""Dialogs through Record-Route and Route: single, double, loose and strict (RFC 3261 §16.4, §16.6, §16.12)."""

import pytest

from luasip.sip.message import Request, Response
from tests.scenarios.scene import Phone, Scene

SCRIPT = """
function ksr_request_route()
  if KSR.siputils.has_totag() > 0 then
    local code = KSR.rr.loose_route()
    KSR.info(KSR.kx.get_method() .. " loose " .. code .. " du " .. tostring(KSR.pv.get("$du")) .. " "
      .. (KSR.rr.is_direction("downstream") > 0 and "down" or "up"))
    if code > 0 or KSR.is_ACK() then KSR.tm.t_relay() return end
    KSR.sl.sl_send_reply(404, "Not Here")
    return
  end
  KSR.rr.record_route()
  KSR.pv.sets("$du", "sip:10.0.0.3:5060%s")
  KSR.tm.t_relay()
end
"""
UDP = SCRIPT % ""
TCP = SCRIPT % ";transport=tcp"


def set_up(scene: Scene, alice: Phone, bob: Phone) -> tuple[Request, Response]:
    """A call answered and acknowledged: the INVITE bob received and the 200 alice received."""
    invite = alice.request("INVITE", "sip:bob@example.com")
    alice.send(invite)
    [received] = bob.requests()
    bob.answer(received, 200, "OK")
    ok = alice.messages[-1]
    alice.send(alice.ack(invite, ok, ok.contacts[0].uri_text))
    [ack] = bob.requests()
    assert ack.method == "ACK"
    assert ack.routes == []
    return received, ok


def in_dialog(phone: Phone, method: str, target: str, routes: list[str], **fields: object) -> str:
    """A request of an established call with its route set."""
    return phone.request(method, target, *[f"Route: {route}" for route in routes], cseq=2, **fields)


def test_single_record_route() -> None:
    with Scene(UDP) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        received, ok = set_up(scene, alice, bob)
        assert [r.text for r in received.record_routes] == ["<sip:10.0.0.1:5060;lr;ftag=alice-tag>"]
        routes = [r.text for r in ok.record_routes]
        alice.send(in_dialog(alice, "BYE", bob.uri, routes, to_tag="bob-to"))
        [bye] = bob.requests()
        assert (bye.method, bye.request_uri, bye.routes) == ("BYE", bob.uri, [])
        assert bye.record_routes == []
        bob.answer(bye, 200, "OK")
        assert alice.statuses()[-1] == 200
        assert scene.said[-1] == "BYE loose 1 du nil down"


def test_request_of_the_callee() -> None:
    with Scene(UDP) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        received, _ = set_up(scene, alice, bob)
        alice.statuses()
        routes = [r.text for r in received.record_routes]
        bob.send(
            in_dialog(
                bob, "BYE", alice.uri, routes, call_id=received.call_id, from_tag="bob-to", to_tag="alice-tag"
            )
        )
        [bye] = alice.requests()
        assert bye.request_uri == alice.uri
        alice.answer(bye, 200, "OK")
        assert bob.statuses() == [200]
        assert scene.said[-1] == "BYE loose 1 du nil up"


def test_re_invite_with_its_ack() -> None:
    with Scene(UDP) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        _, ok = set_up(scene, alice, bob)
        routes = [r.text for r in ok.record_routes]
        again = in_dialog(alice, "INVITE", bob.uri, routes, to_tag="bob-to")
        alice.send(again)
        [received] = bob.requests()
        assert received.method == "INVITE"
        bob.answer(received, 200, "OK")
        assert alice.messages[-1].cseq.number == 2
        alice.send(in_dialog(alice, "ACK", bob.uri, routes, to_tag="bob-to"))
        assert [m.method for m in bob.requests()] == ["ACK"]


def test_double_record_route_between_udp_and_tcp() -> None:
    with Scene(TCP) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob", "tcp")
        received, ok = set_up(scene, alice, bob)
        assert [set(r.uri.params) for r in received.record_routes] == [
            {"transport", "r2", "lr", "ftag"},
            {"r2", "lr", "ftag"},
        ]
        routes = [r.text for r in reversed(ok.record_routes)]
        alice.send(in_dialog(alice, "INFO", bob.uri, routes, to_tag="bob-to"))
        [info] = bob.requests()
        assert info.routes == []
        assert info.top_via.transport == "TCP"
        bob.answer(info, 200, "OK")
        bob.send(
            in_dialog(
                bob,
                "BYE",
                alice.uri,
                [r.text for r in received.record_routes],
                call_id=received.call_id,
                from_tag="bob-to",
                to_tag="alice-tag",
            )
        )
        bye = alice.requests()[-1]
        assert (bye.method, bye.routes, bye.top_via.transport) == ("BYE", [], "UDP")
        alice.answer(bye, 200, "OK")


def test_next_route_is_the_next_hop() -> None:
    with Scene(UDP) as scene:
        alice, carol = scene.phone("alice"), scene.phone("carol", host="10.0.0.7")
        alice.send(
            in_dialog(
                alice,
                "BYE",
                "sip:bob@10.0.0.3",
                ["<sip:10.0.0.1;lr>, <sip:10.0.0.7;lr>", "<sip:10.0.0.8;lr>"],
                to_tag="bob-to",
            )
        )
        [bye] = carol.requests()
        assert bye.request_uri == "sip:bob@10.0.0.3"
        assert [r.uri_text for r in bye.routes] == ["sip:10.0.0.7;lr", "sip:10.0.0.8;lr"]
        carol.answer(bye, 200, "OK")


def test_next_hop_is_a_strict_router() -> None:
    """RFC 3261 §16.6 step 6: its URI becomes the Request-URI, the old one the last Route."""
    with Scene(UDP) as scene:
        alice, carol = scene.phone("alice"), scene.phone("carol", host="10.0.0.7")
        alice.send(
            in_dialog(
                alice,
                "BYE",
                "sip:bob@10.0.0.3",
                ["<sip:10.0.0.1;lr>", "<sip:10.0.0.7>", "<sip:10.0.0.8;lr>"],
                to_tag="bob-to",
            )
        )
        [bye] = carol.requests()
        assert bye.request_uri == "sip:10.0.0.7"
        assert [r.uri_text for r in bye.routes] == ["sip:10.0.0.8;lr", "sip:bob@10.0.0.3"]
        carol.answer(bye, 200, "OK")


def test_a_strict_router_sent_it() -> None:
    """RFC 3261 §16.4: our own Record-Route is in the Request-URI, the real one is the last Route."""
    with Scene(UDP) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob", host="10.0.0.3")
        alice.send(in_dialog(alice, "BYE", "sip:10.0.0.1:5060;lr", [f"<{bob.uri}>"], to_tag="bob-to"))
        [bye] = bob.requests()
        assert (bye.request_uri, bye.routes) == (bob.uri, [])
        bob.answer(bye, 200, "OK")


@pytest.mark.parametrize("route", ["", "Route: <sip:10.0.0.1;lr"])
def test_in_dialog_request_without_a_usable_route(route: str) -> None:
    with Scene(UDP) as scene:
        alice = scene.phone("alice")
        headers = [route] if route else []
        alice.send(alice.request("BYE", "sip:bob@10.0.0.3", *headers, to_tag="bob-to"))
        assert alice.next().status in (400, 404)


def test_record_route_in_each_branch_of_a_fork() -> None:
    script = """
    function ksr_request_route()
      KSR.rr.record_route()
      KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
      KSR.corex.append_branch_uri("sip:bob@10.0.0.4;transport=tcp")
      KSR.tm.t_on_branch("ksr_branch")
      KSR.tm.t_relay()
    end
    function ksr_branch() KSR.rr.add_rr_param(";leg=" .. KSR.pv.get("$T_branch_idx")) end
    """
    with Scene(script) as scene:
        alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol", "tcp")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [one], [two] = bob.requests(), carol.requests()
        assert [r.uri.params.get("leg") for r in one.record_routes] == ["0"]
        assert [r.uri.params.get("leg") for r in two.record_routes] == ["1", "1"]
        bob.answer(one, 404)
        carol.answer(two, 404)
        assert alice.statuses() == [100, 404]
