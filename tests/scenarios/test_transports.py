"""Transport errors, TCP, IPv6, connections that get lost, large requests."""

import pytest

from luasip.transport.resolver import NextHop
from tests.scenarios.scene import Scene

RELAY = """
function ksr_request_route()
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$du", "%s")
  local code = KSR.tm.t_relay()
  KSR.info("relay " .. code)
  if code < 0 then KSR.sl.sl_reply_error() end
end
function ksr_failure() KSR.info("failed " .. KSR.tm.t_get_status_code()) end
"""


def test_unreachable_next_hop() -> None:
    """RFC 3261 §16.9: like a 503, which goes upstream as 500."""
    with Scene(RELAY % "sip:10.0.0.3:5060;transport=tcp") as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert alice.statuses() == [100, 500]
        assert scene.said == ["relay 1", "failed 503"]


def test_icmp_error_after_a_provisional_response_changes_nothing() -> None:
    with Scene(RELAY % "sip:10.0.0.3:5060") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        invite = alice.request("INVITE", "sip:bob@example.com")
        alice.send(invite)
        [received] = bob.requests()
        bob.answer(received, 180)
        scene.network.refuse("10.0.0.3", 5060)
        alice.send(alice.request("CANCEL", "sip:bob@example.com", branch="z9hG4bK-unknown"))
        scene.network.accept("10.0.0.3", 5060)
        bob.answer(received, 200)
        assert 200 in alice.statuses()


@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("sip:10.0.0.3;transport=sctp", 478),
        ("sip:[2001:db8::1]:5060", 478),
        ("tel:+49301234", 416),
        ("sip:no.such.host.invalid", 478),
    ],
)
def test_nowhere_to_go(destination: str, status: int) -> None:
    with Scene(RELAY % destination) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert alice.statuses()[-1] == status
        assert scene.said == ["relay -1"]


def test_next_address_of_a_name() -> None:
    with Scene(RELAY % "sip:multi.example.net:5060;transport=tcp") as scene:
        _resolve(scene, ["10.0.0.8", "10.0.0.3"])
        alice, bob = scene.phone("alice"), scene.phone("bob", "tcp", host="10.0.0.3")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [received] = bob.requests()
        bob.answer(received, 200)
        assert alice.statuses() == [100, 200]
        assert scene.said == ["relay 1"]


def test_all_addresses_of_a_name_fail() -> None:
    with Scene(RELAY % "sip:multi.example.net:5060;transport=tcp") as scene:
        _resolve(scene, ["10.0.0.8", "10.0.0.9"])
        alice = scene.phone("alice")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert alice.statuses() == [100, 500]


def test_failover_can_be_switched_off() -> None:
    script = (RELAY % "sip:multi.example.net:5060;transport=tcp").replace(
        "  local code", "  KSR.tm.t_set_disable_failover(1)\n  local code"
    )
    with Scene(script) as scene:
        _resolve(scene, ["10.0.0.8", "10.0.0.3"])
        alice, bob = scene.phone("alice"), scene.phone("bob", "tcp", host="10.0.0.3")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        assert bob.unread == []
        assert alice.statuses() == [100, 500]


def _resolve(scene: Scene, hosts: list[str]) -> None:
    """Let every name have these addresses."""

    def resolve(host: str, port: int, protocol: str) -> list[NextHop]:
        return [NextHop(protocol, address, port or 5060) for address in hosts]

    scene.server.stateless.next_hops.resolve = resolve


def test_tcp_response_goes_over_the_connection_it_came_by() -> None:
    with Scene(RELAY % "sip:10.0.0.3:5060") as scene:
        alice, bob = scene.phone("alice", "tcp"), scene.phone("bob")
        connection = alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [received] = bob.requests()
        assert received.vias[1].transport == "TCP"
        bob.answer(received, 200)
        assert alice.statuses() == [100, 200]
        assert {m.connection_id for m in alice.received} == {connection}


def test_tcp_connection_lost_before_the_response() -> None:
    """RFC 3261 §18.2.2: a new connection to the port in the Via."""
    with Scene(RELAY % "sip:10.0.0.3:5060") as scene:
        alice, bob = scene.phone("alice", "tcp"), scene.phone("bob")
        connection = alice.send(alice.request("INVITE", "sip:bob@example.com"))
        alice.statuses()
        scene.network.close(connection)
        bob.answer(bob.requests()[0], 200)
        assert alice.statuses() == [200]
        assert alice.received[-1].connection_id != connection


def test_tcp_caller_gone_altogether() -> None:
    with Scene(RELAY % "sip:10.0.0.3:5060") as scene:
        alice, bob = scene.phone("alice", "tcp"), scene.phone("bob")
        connection = alice.send(alice.request("INVITE", "sip:bob@example.com"))
        scene.network.close(connection)
        scene.network.refuse("10.0.0.2", 5060)
        bob.answer(bob.requests()[0], 486)
        scene.advance(1)
        assert "not sent" in scene.log.text(0)


def test_no_new_connection_when_the_script_says_so() -> None:
    script = (RELAY % "sip:10.0.0.3:5060").replace(
        "  KSR.tm.t_on", "  KSR.set_reply_no_connect()\n  KSR.tm.t_on"
    )
    with Scene(script) as scene:
        alice, bob = scene.phone("alice", "tcp"), scene.phone("bob")
        connection = alice.send(alice.request("INVITE", "sip:bob@example.com"))
        alice.statuses()
        scene.network.close(connection)
        bob.answer(bob.requests()[0], 200)
        assert alice.statuses() == []


def test_one_connection_is_used_for_several_requests() -> None:
    with Scene(RELAY % "sip:10.0.0.3:5060;transport=tcp") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob", "tcp")
        for number in range(1, 4):
            alice.send(alice.request("MESSAGE", "sip:bob@example.com", cseq=number))
        received = bob.requests()
        assert len({m.connection_id for m in bob.received}) == 1
        for request in received:
            bob.answer(request, 200)
        assert alice.statuses() == [200, 200, 200]


def test_ipv6() -> None:
    listen = ("udp:[2001:db8::1]:5060", "tcp:[2001:db8::1]:5060")
    with Scene(RELAY % "sip:[2001:db8::3]:5060", listen=listen) as scene:
        alice = scene.phone("alice", host="2001:db8::2")
        bob = scene.phone("bob", host="2001:db8::3")
        alice.send(alice.request("INVITE", "sip:bob@example.com"), "udp:[2001:db8::1]:5060")
        [received] = bob.requests()
        assert received.top_via.text.startswith("SIP/2.0/UDP [2001:db8::1]:5060;branch=")
        bob.answer(received, 200)
        assert alice.statuses() == [100, 200]


def test_from_ipv4_to_ipv6() -> None:
    listen = ("udp:10.0.0.1:5060", "udp:[2001:db8::1]:5060")
    with Scene(RELAY % "sip:[2001:db8::3]:5060", listen=listen) as scene:
        alice = scene.phone("alice")
        bob = scene.phone("bob", host="2001:db8::3")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [received] = bob.requests()
        assert received.top_via.host == "[2001:db8::1]"
        bob.answer(received, 200)
        assert alice.statuses() == [100, 200]


@pytest.mark.parametrize(("size", "protocol"), [(1000, "udp"), (1400, "tcp")])
def test_large_requests_go_by_tcp(size: int, protocol: str) -> None:
    with Scene(RELAY % "sip:10.0.0.3:5060", server="udp_mtu = 1300") as scene:
        alice = scene.phone("alice")
        bobs = {name: scene.phone("bob", name, host="10.0.0.3") for name in ("udp", "tcp")}
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", body="x" * (size - 400)))
        [received] = bobs[protocol].requests()
        assert received.top_via.transport == protocol.upper()
        bobs[protocol].answer(received, 200)
        assert alice.statuses() == [200]


def test_large_request_falls_back_to_udp() -> None:
    """RFC 3261 §18.1.1: when the peer does not take TCP."""
    with Scene(RELAY % "sip:10.0.0.3:5060", server="udp_mtu = 1300") as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com", body="x" * 1500))
        [received] = bob.requests()
        assert received.top_via.transport == "UDP"
        bob.answer(received, 200)
        assert alice.statuses() == [200]


@pytest.mark.parametrize(
    ("call", "protocol", "port"),
    [
        ('t_relay_to_proto("tcp")', "tcp", 5060),
        ('t_relay_to_proto_addr("tcp", "10.0.0.3", 5062)', "tcp", 5062),
        ('t_relay_to_proto_addr("udp", "10.0.0.3", 0)', "udp", 5060),
        ('t_relay_to_proxy("tcp:10.0.0.3:5062")', "tcp", 5062),
        ('t_relay_to_proxy("10.0.0.3")', "udp", 5060),
        ('t_relay_to_proxy_flags("udp:10.0.0.3:5062", 1)', "udp", 5062),
        ("t_relay_to_flags(1)", "udp", 5060),
    ],
)
def test_relaying_to_a_place(call: str, protocol: str, port: int) -> None:
    script = f"""
    function ksr_request_route()
      KSR.pv.sets("$du", "sip:10.0.0.3")
      KSR.info("relay " .. KSR.tm.{call})
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob", protocol, host="10.0.0.3", port=port)
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        [received] = bob.requests()
        assert received.request_uri == "sip:bob@example.com"
        bob.answer(received, 200)
        assert scene.said == ["relay 1"]
        assert alice.statuses() == ([200] if "flags" in call else [100, 200])


def test_unreadable_proxy() -> None:
    codes = 'KSR.tm.t_relay_to_proxy("") .. " " .. KSR.tm.t_relay_to_proxy("tcp:")'
    script = f"function ksr_request_route() KSR.info({codes}) end"
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert scene.said == ["-1 -1"]
