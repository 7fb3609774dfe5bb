"""An address that sends too much: its messages go no further, others are served."""

import pytest

from tests.scenarios.scene import Phone, Scene

SCRIPT = 'function ksr_request_route() KSR.sl.send_reply(200, "OK") end'
LIMITED = '[server.sources]\nrate = 2\nburst = 3\nexempt = ["10.0.0.4"]\n'


def ask(phone: Phone, times: int) -> int:
    """How many OPTIONS of so many are answered."""
    for number in range(times):
        phone.send(phone.request("OPTIONS", "sip:example.com", call_id=f"{phone.scene.now}-{number}"))
    return phone.statuses().count(200)


@pytest.mark.parametrize(("settings", "answered"), [("", 10), (LIMITED, 3)])
def test_datagrams_are_dropped(settings: str, answered: int) -> None:
    with Scene(SCRIPT, settings) as scene:
        alice, bob, trunk = scene.phone("alice"), scene.phone("bob"), scene.phone("trunk")
        assert ask(alice, 10) == answered
        assert ask(bob, 3) == 3
        assert ask(trunk, 10) == 10
        dropped = 10 - answered
        assert scene.statistic("core:source_rate_dropped") == dropped
        assert scene.statistic("core:rcv_requests") == 23 - dropped
        assert scene.log.text().count("10.0.0.2 sends more than 2 messages a second") == bool(dropped)
        scene.advance(1.0)
        assert ask(alice, 2) == 2


def test_a_connection_is_closed() -> None:
    with Scene(SCRIPT, LIMITED) as scene:
        alice = scene.phone("alice", "tcp")
        assert ask(alice, 3) == 3
        assert alice.closed == []
        assert ask(alice, 1) == 0
        assert len(alice.closed) == 1
        scene.advance(1.0)
        assert ask(alice, 1) == 1
