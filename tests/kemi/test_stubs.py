"""luasip/kemi/stubs.py: the text, that it is Lua, and that the checked-in copy is fresh."""

from pathlib import Path

import pytest
from lupa.lua54 import LuaRuntime

from luasip.kemi.declare import Route
from luasip.kemi.stubs import render_stubs, routes_text
from luasip.modules import MODULES
from tests.kemi.example import Example, Top

STUBS = """\
---@meta
-- The functions of a LuaSIP route script, for editors. Written by `luasip stubs`; not to be edited or loaded.

---@class KSR
KSR = {}

---Whether it is.
---@return boolean # true when it is.
function KSR.is_it() end

---example: one of everything.
---@class KSR.example
KSR.example = {}

---Do it.
---@return integer # 1.
function KSR.example.plain() end

---Wait.
---
---First further line.
---Second further line.
---
---Allowed in: request, branch failure.
---
---May suspend the route until its result is there.
---@param end_ string|number how it ends, over two lines.
---@param seconds? integer|string how long.
---@param ... any whatever else.
---@return string|integer|nil # what came, or nothing.
function KSR.example.wait(end_, seconds, ...) end

---Leave.
---
---Ends the route.
KSR.example["not"] = function() end
"""


def test_text() -> None:
    assert render_stubs([Top, Example]) == STUBS


def test_another_namespace() -> None:
    class Other(Example):
        """other: elsewhere."""

        name = "other"
        namespace = "luasip"

    text = render_stubs([Top, Other])
    assert text.count("luasip = {}\n") == 1
    assert "function luasip.other.plain() end" in text


def test_stubs_are_lua() -> None:
    lua = LuaRuntime()
    lua.execute(render_stubs(MODULES))
    lua.execute(render_stubs([Top, Example]))
    assert lua.eval("type(KSR.example['not'])") == "function"


@pytest.mark.parametrize(
    ("routes", "text"),
    [
        (Route.ANY, "any"),
        (Route.REQUEST, "request"),
        (Route.ONREPLY | Route.BRANCH_FAILURE, "onreply, branch failure"),
    ],
)
def test_routes_text(routes: Route, text: str) -> None:
    assert routes_text(routes) == text


def test_the_checked_in_file_is_fresh() -> None:
    file = Path(__file__).parents[2] / "lua" / "ksr.gen.lua"
    assert file.read_text(encoding="utf-8") == render_stubs(MODULES), "run: luasip stubs"
