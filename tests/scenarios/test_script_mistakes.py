"""What a script author is told without asking: mistakes at start and at reload."""

from tests.scenarios.scene import Scene

GOOD = "function ksr_request_route()\n  KSR.sl.sl_send_reply(200, 'OK')\nend\n"
BAD = "function ksr_request_route()\n  KSR.tm.t_rely()\n  KSR.tm.t_on_failure('nobody')\nend\n"


def test_mistakes_are_told_at_start() -> None:
    with Scene(BAD) as scene:
        told = scene.log.text()
        assert "route.lua:2: " in told
        assert "t_relay" in told
        assert "route.lua:3: " in told
        assert "nobody" in told


def test_mistakes_are_told_at_reload() -> None:
    with Scene(GOOD) as scene:
        assert scene.log.text() == ""
        scene.script.write_text(BAD, encoding="utf-8")
        assert scene.server.reload() == ""
        assert "t_relay" in scene.log.text()


def test_a_script_that_cannot_be_loaded_leaves_the_old_one() -> None:
    with Scene(GOOD) as scene:
        scene.script.write_text("function ksr_request_route(\n", encoding="utf-8")
        assert "route.lua:2: " in scene.server.reload()
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        assert alice.statuses() == [200]
        scene.script.write_text(GOOD.replace("200", "202"), encoding="utf-8")
        assert scene.server.reload() == ""
        alice.send(alice.request("OPTIONS", "sip:example.com", cseq=2))
        assert alice.statuses() == [202]
