"""script.suspend = "explicit": nothing suspends by itself, callbacks inside t_relay run on the spot."""

import pytest

from tests.scenarios.scene import Scene

EXPLICIT = 'suspend = "explicit"'
SCRIPT = """
function ksr_request_route()
  KSR.tm.t_on_branch("ksr_branch")
  KSR.tm.t_on_reply("ksr_onreply")
  KSR.tm.t_on_failure("ksr_failure")
  KSR.pv.sets("$ru", "sip:bob@10.0.0.3")
  KSR.corex.append_branch_uri("sip:bob@10.0.0.4")
  KSR.info("relay " .. KSR.tm.t_relay())
end
function ksr_branch() %s KSR.hdr.append("X-Branch: 1\\r\\n") end
function ksr_onsend_route() KSR.info("send") end
function ksr_onreply() KSR.info("onreply " .. KSR.kx.get_status()) end
function ksr_failure() KSR.info("failed") end
"""


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_callbacks_inside_t_relay(method: str) -> None:
    with Scene(SCRIPT % "", EXPLICIT) as scene:
        alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
        alice.send(alice.request(method, "sip:bob@example.com"))
        for phone in (bob, carol):
            [received] = phone.requests()
            assert received.first("x-branch").value == "1"
            phone.answer(received, 404)
        assert scene.said == ["send", "send", "relay 1", "onreply 404", "onreply 404", "failed"]
        assert alice.statuses()[-1] == 404


def test_error_and_exit_inside_t_relay() -> None:
    """The error of one branch callback is logged; the branch goes out as it is, and so does t_relay's caller go on."""
    script = SCRIPT % 'if KSR.pv.get("$T_branch_idx") == 0 then error("oops") else KSR.x.exit() end'
    with Scene(script, EXPLICIT) as scene:
        alice, bob, carol = scene.phone("alice"), scene.phone("bob"), scene.phone("carol")
        for number in range(1, 4):
            alice.send(alice.request("MESSAGE", "sip:bob@example.com", cseq=number))
            for phone in (bob, carol):
                phone.answer(phone.requests()[0], 200)
            assert alice.statuses() == [200]
        assert scene.said.count("relay 1") == 3
        assert "oops" in scene.log.text()


def test_drop_inside_t_relay() -> None:
    with Scene(SCRIPT % 'if KSR.pv.get("$T_branch_idx") == 0 then KSR.x.drop() end', EXPLICIT) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert scene.said == ["relay -1"]
        assert bob.unread == []
