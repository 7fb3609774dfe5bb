"""async, rtimer, timer and cfgutils: work later, elsewhere, again and again, and one at a time."""

import pytest

from luasip.errors import SettingsError
from tests.scenarios.scene import Scene

ASYNC = """
function ksr_request_route()
  if KSR.is_CANCEL() then KSR.tm.t_relay() return end
  KSR.pv.sets("$avp(kept)", KSR.pv.get("$fU"))
  local user = KSR.pv.get("$rU")
  local code
  if user == "later" then code = KSR.async.route("ksr_later", "40")
  elseif user == "soon" then code = KSR.async.ms_route("ksr_later", 250)
  elseif user == "task" then code = KSR.async.task_route("ksr_later")
  elseif user == "data" then
    KSR.sl.sl_send_reply(200, "r" .. KSR.async.task_data("ksr_data", "some text"))
    return
  elseif user == "group" then code = KSR.async.task_group_route("ksr_later", "nobody")
  else code = KSR.async.route("ksr_later", 101) end
  if code < 0 then KSR.sl.send_reply(500, "code " .. code) end
end
function ksr_later(event)
  KSR.tm.t_reply(404, event .. " " .. KSR.pv.get("$avp(kept)") .. " " .. KSR.tmx.t_is_failure_route())
end
function ksr_data(event)
  KSR.info(event .. " " .. KSR.async.get_data() .. " " .. KSR.pv.get("$async(gname)") .. "\\n")
end
"""


@pytest.mark.parametrize(
    ("user", "before", "reason"),
    [
        ("later", 39, "async:timer-exec alice 1"),
        ("soon", 0.2, "async:timer-exec alice 1"),
        ("task", 0, "async:task-exec alice 1"),
    ],
)
def test_a_request_is_continued(user: str, before: float, reason: str) -> None:
    with Scene(ASYNC, "[modules.async]\nms_timer = 1\n") as scene:
        alice = scene.phone("alice")
        invite = alice.request("INVITE", f"sip:{user}@example.com")
        alice.send(invite)
        scene.advance(before)
        if before:
            assert alice.statuses() == [100]
        scene.advance(2)
        answer = alice.messages[-1]
        assert (answer.status, answer.reason) == (404, reason)
        alice.send(alice.ack(invite, answer))


@pytest.mark.parametrize("user", ["group", "too-long", "soon"])
def test_a_request_that_cannot_be_suspended_that_way(user: str) -> None:
    with Scene(ASYNC, "[modules.async]\nreturn = 0\n") as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", f"sip:{user}@example.com"))
        assert alice.next().reason == "code -1"


def test_the_return_setting() -> None:
    with Scene(ASYNC, "[modules.async]\nreturn = -7\n") as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:task@example.com"))
        assert alice.next().reason == "code -7"


def test_data_for_a_task() -> None:
    with Scene(ASYNC) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:data@example.com"))
        assert alice.next().reason == "r1"
        assert "async:task-data some text default" in scene.log.text(20)


def test_timers_do_not_overlap() -> None:
    script = """
    function ksr_request_route() end
    function ksr_slow(event) KSR.info(event .. " begins\\n") luasip.sleep(7) KSR.info("slow ends\\n") end
    function ksr_second() KSR.info("second " .. KSR.pv.get("$rtimer_worker") .. "\\n") end
    function ksr_often() KSR.info("often\\n") end
    """
    settings = """
    [modules.rtimer]
    timer = ["name=a;interval=10;mode=1;", "name=b;interval=500000u;mode=0"]
    exec = ["timer=a;route=ksr_slow", "timer=a;route=ksr_second", "timer=b;route=ksr_often"]
    """
    with Scene(script, settings) as scene:
        scene.advance(9.9)
        assert "begins" not in scene.log.text(20)
        scene.advance(25)
        text = scene.log.text(20)
        assert text.count("rtimer begins") == 2
        assert text.count("slow ends") == 2
        assert text.count("second 0") == 2
        assert text.count("often") == 69


def test_timers_can_be_switched() -> None:
    script = """
    function ksr_request_route()
      local code = KSR.timer.timer_enable(KSR.pv.get("$rU"), KSR.is_REGISTER() and 1 or 0)
      KSR.sl.sl_send_reply(200, "c" .. code)
    end
    function ksr_tick(event) KSR.info("tick " .. event .. "\\n") end
    """
    settings = '[modules.timer]\ndeclare_timer = ["t=ksr_tick,1000,slow,disable"]\n'
    with Scene(script, settings) as scene:
        alice = scene.phone("alice")
        scene.advance(5)
        assert "tick" not in scene.log.text(20)
        alice.send(alice.request("REGISTER", "sip:t@example.com"))
        scene.advance(3.5)
        assert scene.log.text(20).count("tick timer") == 3
        alice.send(alice.request("OPTIONS", "sip:t@example.com"))
        scene.advance(5)
        assert scene.log.text(20).count("tick timer") == 3
        alice.send(alice.request("OPTIONS", "sip:u@example.com", cseq=2))
        assert [m.reason for m in alice.messages] == ["c1", "c1", "c-1"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ('[modules.rtimer]\nexec = ["timer=x;route=f"]', "no timer 'x'"),
        ('[modules.rtimer]\ntimer = ["name=x;interval=fast"]', "interval 'fast'"),
        ('[modules.rtimer]\ntimer = ["nam=x"]', "'nam' is not one of"),
        ('[modules.timer]\ndeclare_timer = ["x"]', "declare_timer: 'x'"),
    ],
)
def test_bad_settings_are_named(settings: str, named: str) -> None:
    with pytest.raises(SettingsError, match="modules") as raised:
        Scene("function ksr_request_route() end", settings)
    assert named in str(raised.value)


LOCKS = """
function ksr_request_route()
  local user = KSR.pv.get("$fU")
  if KSR.is_OPTIONS() then KSR.sl.sl_send_reply(200, "try " .. KSR.cfgutils.trylock("key")) return end
  local code = KSR.cfgutils.lock("key")
  KSR.info(user .. " has it " .. code .. "\\n")
  KSR.cfgutils.sleep(2)
  if user ~= "forgetful" then KSR.cfgutils.unlock("key") end
  KSR.sl.send_reply(200, user)
end
"""


def test_a_lock_is_waited_for_in_order() -> None:
    with Scene(LOCKS, "[modules.cfgutils]\nlock_set_size = 4\n") as scene:
        phones = [scene.phone(name) for name in ("forgetful", "bob", "carol")]
        for phone in phones:
            phone.send(phone.request("MESSAGE", "sip:x@example.com"))
        dave = scene.phone("dave")
        dave.send(dave.request("OPTIONS", "sip:x@example.com"))
        assert dave.next().reason == "try -1"
        answered = []
        for _ in range(3):
            scene.advance(2.1)
            answered.append([200 in [m.status for m in phone.messages] for phone in phones])
        assert answered == [[True, False, False], [True, True, False], [True, True, True]]
        assert "still held" in scene.log.text()
        assert scene.log.text(20).index("bob has it 1") < scene.log.text(20).index("carol has it 1")


def test_without_locks() -> None:
    with Scene(LOCKS) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:x@example.com"))
        assert "has it -1" in scene.log.text(20)


def test_chance_and_other_helps() -> None:
    script = """
    function ksr_again() KSR.info("again\\n") end
    function ksr_request_route()
      local c = KSR.cfgutils
      local answer = {c.rand_get_prob(), c.rand_set_prob(100), c.rand_event(), c.rand_set_prob(0), c.rand_event(),
        c.rand_set_prob(101), c.rand_reset_prob(), c.rand_get_prob(), c.check_route_exists("ksr_again"),
        c.check_route_exists("nobody"), c.route_if_exists("ksr_again"), c.route_if_exists("nobody"),
        c.core_hash("sip:a@b", "x", 2), c.usleep(10)}
      KSR.sl.send_reply(200, table.concat(answer, " "))
    end
    """
    with Scene(script) as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("OPTIONS", "sip:x@example.com"))
        scene.advance(1)
        assert alice.next().reason == "10 1 1 1 -1 -1 1 10 1 -1 1 -1 3 1"
        assert "again" in scene.log.text(20)
