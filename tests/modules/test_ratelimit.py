"""ratelimit: queues, pipes, commands."""

from typing import Any

import pytest

from luasip.errors import CommandError, SettingsError
from luasip.kemi.coverage import missing
from luasip.modules.ratelimit import Ratelimit
from luasip.modules.ratelimit.settings import RatelimitSettings
from tests.bench import INVITE, FakeServices, context

RESPONSE = INVITE.replace("INVITE sip:bob@example.com;transport=udp SIP/2.0", "SIP/2.0 200 OK")


def ratelimit(**settings: Any) -> tuple[Ratelimit, FakeServices]:
    services = FakeServices()
    values = {
        "timer_interval": 1,
        "pipe": ["0:TAILDROP:2", "1:RED:1", "2:TAILDROP:1", "3:FEEDBACK:80", "4:NETWORK:900000000"],
        "queue": ["0:REGISTER", "2:*", "1:INVITE", "9:MESSAGE"],
    }
    module = Ratelimit(RatelimitSettings(**(values | settings)), services)
    module.start()
    return module, services


def check(module: Ratelimit, method: str, number: int = 1) -> list[int]:
    return [module.rl_check(context(INVITE.replace("INVITE", method))) for _ in range(number)]


def test_every_function_is_there() -> None:
    assert [function.name for function in missing((Ratelimit,)) if function.module == "ratelimit"] == []


def test_methods_have_pipes_of_their_own() -> None:
    module, services = ratelimit()
    assert check(module, "REGISTER", 3) == [1, 1, -1]
    assert check(module, "OPTIONS", 2) == [1, -1]
    assert check(module, "register") == [-1]
    assert check(module, "INVITE", 3) == [1, 1, 1]
    services.timers["ratelimit"]()
    assert check(module, "REGISTER") == [1]
    assert check(module, "INVITE", 6) == [-1, -1, 1, -1, -1, 1]


def test_limit_is_for_a_second() -> None:
    module, _ = ratelimit(timer_interval=10)
    assert check(module, "REGISTER", 21) == [1] * 20 + [-1]


def test_pipe_without_algorithm_lets_pass(caplog: pytest.LogCaptureFixture) -> None:
    module, _ = ratelimit()
    assert check(module, "MESSAGE") == [1]
    assert "pipe 9 has no algorithm" in caplog.text


def test_method_without_queue() -> None:
    module, _ = ratelimit(queue=["0:REGISTER"])
    assert check(module, "INVITE") == [-1]


def test_replies_count_by_the_method_they_answer() -> None:
    module, _ = ratelimit(queue=["0:INVITE"])
    assert [module.rl_check(context(RESPONSE)) for _ in range(3)] == [1, 1, -1]


@pytest.mark.parametrize(
    ("pipe", "codes"), [(0, [1, 1, -1]), (31, [-1] * 3), (32, [-1] * 3), (-1, [1, 1, 1])]
)
def test_check_pipe(pipe: int, codes: list[int]) -> None:
    module, _ = ratelimit()
    assert [module.rl_check_pipe(context(), pipe) for _ in range(3)] == codes


def test_feedback_follows_the_load() -> None:
    module, services = ratelimit()
    services.timers["ratelimit"]()
    assert module.push_load(1.0) == "ok"
    passed = [module.rl_check_pipe(context(), 3) for _ in range(100)].count(1)
    assert 0 < passed < 100


def test_network() -> None:
    module, services = ratelimit()
    services.timers["ratelimit"]()
    assert module.rl_check_pipe(context(), 4) == 1


def test_commands(caplog: pytest.LogCaptureFixture) -> None:
    module, services = ratelimit()
    check(module, "REGISTER", 3)
    assert module.get_pipes()[0] == "PIPE[0]: 2:TAILDROP 0/2 (drop rate: 0) [3]"
    services.timers["ratelimit"]()
    assert module.stats()[0] == "PIPE[0]: 3/2 (drop rate: 1)"
    assert len(module.stats()) == 32
    assert len(module.get_pipes()) == 5
    assert module.set_pipe(0, "TAILDROP", 1) == "ok"
    assert check(module, "REGISTER", 2) == [1, -1]
    assert module.get_queues()[3] == "QUEUE[3]: 9:MESSAGE"
    assert module.set_queue(3, "NOTIFY", 0) == "ok"
    assert check(module, "NOTIFY") == [-1]
    assert module.set_pid(1, 2, 3) == "ok"
    assert module.get_pid() == "ki[1.000000] kp[2.000000] kd[3.000000]"
    assert module.set_dbg(1) == "ok"
    services.timers["ratelimit"]()
    assert "counters of the pipes: 3 0 0" in caplog.text


def test_commands_refuse() -> None:
    module, _ = ratelimit()
    for call in (
        lambda: module.set_pipe(0, "LEAKY", 1),
        lambda: module.set_pipe(32, "RED", 1),
        lambda: module.set_pipe(0, "FEEDBACK", 70),
        lambda: module.set_pipe(3, "FEEDBACK", 101),
        lambda: module.set_queue(4, "INFO", 0),
        lambda: module.set_queue(0, "INFO", 32),
        lambda: module.push_load(2),
    ):
        with pytest.raises(CommandError):
            call()
    assert module.get_pipes()[0].startswith("PIPE[0]: 2:TAILDROP")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"timer_interval": 0}, "timer_interval"),
        ({"pipe": ["0:LEAKY:1"]}, "0:LEAKY:1"),
        ({"pipe": ["32:RED:1"]}, "32:RED:1"),
        ({"pipe": ["RED"]}, "modules.ratelimit.pipe"),
        ({"pipe": ["0:FEEDBACK:50", "1:FEEDBACK:60"]}, "FEEDBACK limits differ: 50, 60"),
        ({"pipe": ["0:FEEDBACK:101"]}, "101"),
        ({"queue": ["INVITE"]}, "modules.ratelimit.queue"),
        ({"queue": ["0:INVITE"] * 33}, "33 queues"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        ratelimit(**settings)
