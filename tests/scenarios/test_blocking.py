"""Where a route cannot be suspended, or shall not be: the call holds its thread and still gives its answer."""

import pytest

from tests.scenarios.scene import Scene

SCRIPT = """
function ksr_branch()
  %s
  KSR.hdr.append("X-Branch: 1\\r\\n")
end
function ksr_request_route()
  KSR.tm.t_on_branch("ksr_branch")
  KSR.pv.sets("$du", "sip:10.0.0.3:5060")
  local text = ("x"):gsub("x", function() return tostring(KSR.tm.t_relay()) end)
  KSR.info("relay " .. text .. "\\n")
end
"""


@pytest.mark.parametrize("suspend", ["auto", "explicit"])
@pytest.mark.parametrize("wait", ["", "KSR.cfgutils.usleep(1000)"], ids=["at once", "after a wait"])
def test_relay_inside_a_gsub_callback(suspend: str, wait: str) -> None:
    """A branch callback that waits has t_relay wait; one that does not holds nothing up."""
    with Scene(SCRIPT % wait, f'suspend = "{suspend}"\n') as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        [received] = bob.requests()
        assert received.first("x-branch") is not None
        bob.answer(received, 200, "OK")
        assert alice.statuses() == [200]
        assert "relay 1" in scene.log.text(20)
        assert ("cannot suspend here" in scene.log.text()) == (suspend == "auto" and wait != "")


def test_explicit_mode_does_not_interleave_routes() -> None:
    script = """
    function ksr_request_route()
      user = KSR.pv.get("$fU")
      KSR.cfgutils.usleep(1000)
      KSR.sl.send_reply(200, user)
    end
    """
    with Scene(script, 'suspend = "explicit"\n') as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        assert alice.next().reason == "alice"
