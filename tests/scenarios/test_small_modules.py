"""Modules of a few functions, called from a script on a running server."""

from pathlib import Path

import pytest

from tests.scenarios.scene import Scene

CASES = [
    (
        'reply(KSR.statistics.update_stat("calls", 2) .. " " .. KSR.pv.get("$stat(calls)"))',
        '[modules.statistics]\nvariable = "calls"',
        "1 2",
    ),
    (
        'KSR.counters.inc("g.own") reply(KSR.counters.add("g.own", 2) .. " " .. KSR.pv.get("$stat(g:own)"))',
        '[modules.counters]\nscript_counter = ["g.own counted here"]',
        "1 3",
    ),
    ('reply(KSR.statistics.update_stat("none", 2))', "", "-1"),
    ('reply(KSR.kex.setdebug(3) .. " " .. KSR.get_debug() .. KSR.kex.resetdebug())', "", "1 31"),
    ('reply(KSR.regex.pcre_match(KSR.kx.get_ruser(), "^b(?=o)"))', "", "1"),
    (
        "reply(#KSR.uuid.get() .. #KSR.uuid.rget() .. #KSR.uuid.tget() .. #KSR.pv.get('$uuid(r)'))",
        "",
        "36363636",
    ),
    ('reply(KSR.ipops.ip_is_in_subnet(KSR.kx.get_srcip(), "192.0.2.0/24,10.0.0.0/8"))', "", "1"),
    (
        'KSR.ipops.detailed_ip_type("$si", "$var(k)") reply(KSR.ipops.detailed_ip_type("10.0.0.2", "$var(k)") .. '
        'KSR.pv.get("$var(k)"))',
        "",
        "1PRIVATE",
    ),
    (
        'reply(KSR.ipops.dns_query("localhost", "a") .. KSR.ipops.is_ip(KSR.pv.get("$dns(a=>addr)")))',
        "",
        "11",
    ),
]


@pytest.mark.parametrize(("body", "settings", "expected"), CASES, ids=[expected for _, _, expected in CASES])
def test_a_script_calls(body: str, settings: str, expected: str) -> None:
    script = f"""
    local function reply(text) KSR.sl.send_reply(200, tostring(text)) end
    function ksr_request_route() {body} end
    """
    with Scene(script, settings) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com"))
        assert [message.reason for message in alice.unread] == [expected], scene.log.text()


def test_groups_of_expressions(tmp_path: Path) -> None:
    (tmp_path / "scanners").write_text("[0]\n^friendly\nsipvicious\n")
    script = """
    function ksr_request_route()
      if KSR.regex.pcre_match_group(KSR.pv.gete("$ua"), 0) > 0 then return end
      KSR.sl.sl_send_reply(200, "OK")
    end
    """
    with Scene(script, f'[modules.regex]\nfile = "{tmp_path}/scanners"') as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:bob@example.com", "User-Agent: friendly-scanner"))
        assert alice.unread == []
        alice.send(alice.request("OPTIONS", "sip:bob@example.com", "User-Agent: phone"))
        assert alice.statuses() == [200]
