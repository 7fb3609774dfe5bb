"""htable on a running server: its events, iterators, locks and databases, as scripts use them."""

from pathlib import Path

import pytest

from luasip.server.services import ServerServices
from luasip.storage import Databases
from tests.scenarios.scene import Scene


@pytest.fixture(autouse=True)
def _virtual_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items end by the date, which moves with the scene here."""
    monkeypatch.setattr(ServerServices, "wall_clock", lambda services: 1_800_000_000.0 + services.now())


EVENTS = """
[modules.htable]
htable = ["a=>size=4;autoexpire=30;", "b=>size=4;"]
timer_interval = 5
event_callback = "ksr_htable_event"
"""


def test_expired_items_are_told_of() -> None:
    script = """
    function ksr_request_route()
      KSR.htable.sht_sets("a", "text", "one")
      KSR.pv.seti("$sht(a=>number)", 2)
      KSR.pv.seti("$shtex(a=>number)", 60)
      KSR.htable.sht_sets("b", "for ever", "x")
      KSR.sl.sl_send_reply(200, "OK")
    end
    function ksr_htable_event(event)
      KSR.info(event .. " " .. KSR.pv.gete("$shtrecord(key)") .. "=" .. KSR.pv.gete("$shtrecord(value)") .. " "
        .. KSR.htable.sht_is_null("a", "text"))
    end
    """
    with Scene(script, EVENTS) as scene:
        scene.settle()
        assert scene.said == ["htable:mod-init = 1"]
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        scene.advance(29)
        assert scene.said[1:] == []
        scene.advance(6)
        assert scene.said[1:] == ["htable:expired:a text=one 1"]
        scene.advance(40)
        assert scene.said[2:] == ["htable:expired:a number=2 1"]


def test_an_expired_event_may_write_the_item_anew() -> None:
    script = """
    function ksr_request_route()
      KSR.htable.sht_setxs("a", "ping", "0", 10)
      KSR.sl.sl_send_reply(200, "OK")
    end
    function ksr_htable_event(event)
      local count = tonumber(KSR.pv.get("$shtrecord(value)"))
      if count and count < 3 then KSR.htable.sht_setxs("a", "ping", tostring(count + 1), 10) end
    end
    """
    with Scene(script, EVENTS) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        scene.advance(100)
        [htable] = [module for module in scene.server.modules if module.name == "htable"]
        assert htable.table("a").items() == []  # type: ignore[attr-defined]


def test_iterating_as_scripts_do() -> None:
    script = """
    function ksr_request_route()
      for number = 1, 5 do KSR.htable.sht_seti("b", "key" .. number, number) end
      local found = {}
      KSR.htable.sht_iterator_start("it", "b")
      while KSR.htable.sht_iterator_next("it") > 0 do
        local key, value = KSR.pv.get("$shtitkey(it)"), KSR.pv.get("$shtitval(it)")
        if value % 2 == 0 then KSR.htable.sht_iterator_seti("it", value * 10) end
        found[#found + 1] = key .. "=" .. value
      end
      KSR.htable.sht_iterator_end("it")
      table.sort(found)
      KSR.sl.sl_send_reply(200, table.concat(found, " ") .. " " .. KSR.pv.get("$sht(b=>key4)"))
    end
    """
    with Scene(script, EVENTS) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:example.com"))
        assert alice.next().reason == "key1=1 key2=2 key3=3 key4=4 key5=5 40"


def test_a_lock_is_waited_for() -> None:
    script = """
    function ksr_request_route()
      KSR.htable.sht_lock("b", "sum")
      local before = KSR.htable.sht_get("b", "sum") or 0
      luasip.sleep(1)
      KSR.htable.sht_seti("b", "sum", before + 1)
      KSR.htable.sht_unlock("b", "sum")
      KSR.sl.send_reply(200, KSR.htable.sht_get("b", "sum"))
    end
    """
    with Scene(script, EVENTS) as scene:
        alice = scene.phone("alice")
        for number in range(5):
            alice.send(alice.request("MESSAGE", "sip:example.com", call_id=f"call-{number}"))
        scene.advance(5.5)
        final = [message.reason for message in alice.messages if message.status >= 200]
        assert sorted(final) == ["1", "2", "3", "4", "5"]


def test_rows_are_loaded_and_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tables.db"
    settings = f"""
    [modules.htable]
    htable = ["rates=>size=4;dbtable=rates;dbmode=1;", "fixed=>size=4;dbtable=fixed;initval=7;"]
    db_url = "{url}"
    """
    script = """
    function ksr_request_route()
      local rates, fixed = KSR.htable.sht_get("rates", "gold"), KSR.htable.sht_get("fixed", "gold")
      KSR.htable.sht_seti("rates", "gold", (rates or 0) + 1)
      KSR.htable.sht_seti("fixed", "gold", 100)
      KSR.sl.sl_send_reply(200, tostring(rates) .. " " .. fixed)
    end
    """
    for expected in ("nil 7", "1 7", "2 7"):
        with Scene(script, settings) as scene:
            alice = scene.phone("alice")
            alice.send(alice.request("OPTIONS", "sip:example.com"))
            assert alice.next().reason == expected
    database = Databases().open(url)
    assert database.execute("select key_name, value_type, key_value from rates").rows == [("gold", 1, "3")]
    assert database.execute("select count(*) from fixed").rows == [(0,)]
