"""Hints added to Lua's messages."""

from pathlib import Path

import pytest

from luasip.script.explain import Names, explain, nearest_name, whole_file_names
from tests.script.fakes import KNOWN, Core, Ender, Proxy

NOT_LOADED = "module kx is not loaded: add it to [modules] load"
NO_EXI = "there is no KSR.x.exi, did you mean KSR.x.exit?"
NAMES = Names([Core(), Proxy(), Ender()], KNOWN)


@pytest.mark.parametrize(
    ("message", "line", "hint"),
    [
        ("attempt to index a nil value (field 'kx')", "KSR.kx.x()", NOT_LOADED),
        ("attempt to index field 'kx' (a nil value)", "", NOT_LOADED),
        ("attempt to index a nil value (field 'tmm')", "KSR.tmm.t_relay()", "did you mean KSR.tm?"),
        ("attempt to index a nil value (field 'tmm')", "other.tmm.x()", ""),
        ("attempt to call a nil value (field 'exi')", "KSR.x.exi()", NO_EXI),
        ("attempt to call a nil value (method 'exi')", "KSR.x:exi()", NO_EXI),
        ("attempt to call a nil value (field 'zzz')", "KSR.x.zzz()", "there is no KSR.x.zzz"),
        ("attempt to call a nil value (field 'exi')", "my.exi()", ""),
        ("attempt to call a table value (field 'tm')", "KSR.tm()", "KSR.tm is a module: call one of its functions"),
        ("attempt to call a table value (field 'my')", "KSR.my()", ""),
        ("attempt to compare number with nil", "", ""),
    ],
)
def test_hints(message: str, line: str, hint: str) -> None:
    text = f"r.lua:2: {message}"
    assert explain(text, NAMES, {"r.lua": f"\n{line}\n"}) == (f"{text} ({hint})" if hint else text)


def test_a_line_that_is_gone() -> None:
    text = "r.lua:9: attempt to call a nil value (field 't_rely')"
    assert explain(text, NAMES, {"r.lua": ""}) == explain(text, NAMES, {}) == text


def test_nearest_name_prefers_the_same_beginning() -> None:
    assert nearest_name("t_rely", ["t_reply", "t_relay"]) == "t_relay"
    assert nearest_name("t_rely", ["t_relay", "t_reply"]) == "t_relay"
    assert nearest_name("abc", ["xyz"]) == ""


def test_whole_file_names() -> None:
    path = Path("/" + "long/" * 20 + "route.lua")
    cut = "..." + str(path)[-56:]
    assert whole_file_names(f"{cut}:1: x\n\t{cut}:2: in", [path]) == f"{path}:1: x\n\t{path}:2: in"
    assert whole_file_names(f"{cut}:1: x", []) == f"{cut}:1: x"
