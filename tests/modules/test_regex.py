from pathlib import Path
from typing import Any

import pytest

from luasip.errors import CommandError, SettingsError
from luasip.modules.regex import Regex
from tests.bench import FakeServices, context

GROUPS = """# scanners
[0]
^friendly
sip(vicious|cli)

  indented lines are no expressions
[1]
[2]
^Cisco
"""


def regex(**settings: Any) -> Regex:
    return Regex(Regex.Settings(**settings), FakeServices())


@pytest.mark.parametrize(
    ("text", "expression", "settings", "code"),
    [
        ("hello world", "o w", {}, 1),
        ("hello", "^h(?=e)", {}, 1),
        ("hello", "^e", {}, -1),
        ("Hello", "hello", {}, -1),
        ("Hello", "hello", {"pcre_caseless": 1}, 1),
        ("Hello", "(?i)hello", {}, 1),
        ("a\nb", "^b", {}, -1),
        ("a\nb", "^b", {"pcre_multiline": 1}, 1),
        ("a\nb", "a.b", {}, -1),
        ("a\nb", "a.b", {"pcre_dotall": 1}, 1),
        ("ab", "a b", {"pcre_extended": 1}, 1),
        ("aaa", "a++$", {}, 1),
        ("\xc3\xa9", r"^\w", {}, -1),
        ("", "", {}, 1),
        ("a", "(", {}, -4),
        ("a", r"a\K", {}, -4),
    ],
)
def test_match(text: str, expression: str, settings: dict[str, Any], code: int) -> None:
    assert regex(**settings).pcre_match(context(), text, expression) == code


@pytest.mark.parametrize(
    ("text", "group", "code"),
    [
        ("friendly-scanner", 0, 1),
        ("x sipcli/1", 0, 1),
        ("unfriendly", 0, -1),
        ("indented lines are no expressions", 0, -1),
        ("", 1, 1),
        ("x", 1, -1),
        ("Cisco", 2, 1),
        ("x", 3, -4),
        ("x", -1, -4),
    ],
)
def test_groups(text: str, group: int, code: int, tmp_path: Path) -> None:
    (tmp_path / "groups").write_text(GROUPS)
    module = regex(file=str(tmp_path / "groups"))
    assert module.pcre_match_group(context(), text, group) == code


def test_without_groups() -> None:
    assert regex().pcre_match_group(context(), "x", 0) == -2
    with pytest.raises(CommandError):
        regex().reload()


def test_reload(tmp_path: Path) -> None:
    file = tmp_path / "groups"
    file.write_text("[0]\nold")
    module = regex(file=str(file))
    file.write_text("[0]\n(")
    with pytest.raises(CommandError, match="group 0"):
        module.reload()
    assert module.pcre_match_group(context(), "old", 0) == 1
    file.write_text("[0]\r\nnew\r\n")
    module.reload()
    assert [module.pcre_match_group(context(), text, 0) for text in ("old", "new")] == [-1, 1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("abc\n[0]", r":1: \[0\] must come before"),
        ("# nothing", "no expressions"),
        ("[0]\na\n[1]\nb\n[2]\nc", "3 groups"),
        ("[0]\n" + "a" * 30, "group_max_size"),
    ],
)
def test_wrong_files(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "groups").write_text(text)
    with pytest.raises(SettingsError, match=problem):
        regex(file=str(tmp_path / "groups"), max_groups=2, group_max_size=20)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        regex(file="/nowhere/groups")
