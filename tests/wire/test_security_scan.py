"""SIPVicious against the default configuration with passwords: no version, no user, no password of 10,000 words.

A phone that knows its password goes on working. scripts/security_scan does more of it and prints a report.
"""

from pathlib import Path

import pytest

from security import probes, tools
from security.phone import LegitimatePhone
from security.scan import Attack, Result, attack, judge, word_lists
from security.target import WORDS, Counters, configurations, make_users, password_of, running, words

AT_ONCE = 4


@pytest.mark.timeout(300)
def test_default_configuration_tells_nothing_and_lets_nobody_in(tmp_path: Path) -> None:
    make_users(tmp_path)
    [default] = [one for one in configurations(tmp_path) if one.name == "default"]
    with running(default, tmp_path) as target, LegitimatePhone(target) as phone:
        assert probes.versions(probes.identities(target)) == []
        assert probes.told_apart(target) == []
        assert probes.relayed(target) == []
        assert tools.svmap(target, tools.ORDINARY).rows == []
        counters = Counters(target)
        made = attack(target, tools.DISGUISED, tmp_path, 200.0, counters, AT_ONCE)
        counters.close()
    assert made.servers == ["LuaSIP"]
    assert made.users == {"REGISTER": [], "INVITE": [], "OPTIONS": []}
    assert made.password == ""
    assert made.guesses + made.refused > WORDS * 0.75  # the list was tried; a busy machine loses some
    assert made.guesses <= 40
    assert phone.failures == []
    assert phone.successes > 5


def test_tools_are_for_this_machine_only() -> None:
    with pytest.raises(ValueError, match=r"192\.0\.2\.1"):
        tools.Target("192.0.2.1", 5060)


def test_word_list(tmp_path: Path) -> None:
    assert len(words()) == len(set(words())) == WORDS
    assert password_of("1007") in words()
    assert password_of("1004") not in words()
    shares = [file.read_text().split() for file in word_lists(tmp_path, 3)]
    assert sorted(word for share in shares for word in share) == sorted(words())


def test_verdicts() -> None:
    good = Result("default", "", phone={"tries": 9, "successes": 9}, identities=["Server: LuaSIP"])
    good.attacks = [Attack(tools.ORDINARY), Attack(tools.DISGUISED, ["LuaSIP"], guesses=20, seconds=10.0)]
    assert judge(good, is_private=False) == []
    assert good.as_json()["attacks"][1]["guesses_per_second"] == 2.0
    bad = Result(
        "default",
        "",
        [Attack(tools.ORDINARY, ["LuaSIP 0.1"], {"REGISTER": ["1002"]}, "secret", 10.0, 5000)],
        ["Server: LuaSIP/0.1.0 (Python)"],
        ["INVITE from a stranger"],
        ["rings"],
        (1.0, 9.0),
        ["INVITE"],
        {"tries": 9, "successes": 8},
    )
    assert len(judge(bad, is_private=True)) == 11
    assert len(judge(bad, is_private=False)) == 10
