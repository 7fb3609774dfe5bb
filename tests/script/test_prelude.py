"""What scripts find besides Lua's own libraries."""

from pathlib import Path

import pytest

from luasip.errors import ScriptError
from tests.script.fakes import Bench

FLAVOURS = ["lua51", "lua52", "lua53", "lua54", "lua55", "luajit21"]


@pytest.mark.parametrize("lua", FLAVOURS)
def test_names_of_lua_5_1(tmp_path: Path, lua: str) -> None:
    bench = Bench(
        tmp_path,
        """function ksr_request_route()
        assert(select("#", unpack({1, 2, 3})) == 3 and table.unpack({5}) == 5 and table.pack(1, nil).n == 2)
        assert(loadstring("return 7")() == 7)
        assert(table.getn({1, 2}) == 2 and table.maxn({[3] = 1, x = 1}) == 3)
        assert(math.pow(2, 10) == 1024 and math.mod(7, 4) == 3 and math.log10(1000) > 2.99)
        assert(math.ldexp(1, 3) == 8 and math.cosh(0) == 1 and math.sinh(0) == 0 and math.tanh(0) == 0)
        local seen = 0
        table.foreach({a = 1, b = 2}, function(k, v) seen = seen + v end)
        assert(seen == 3 and table.foreachi({4, 5}, function(i, v) if v == 5 then return i end end) == 2)
        for word in string.gfind("a b", "%w") do seen = seen + 1 end
        assert(seen == 5)
        assert(io.open and os.getenv and os.time() and debug.traceback() and package.loaded and package.loaders)
        end""",
        lua=lua,
    )
    bench.run()


@pytest.mark.parametrize("lua", FLAVOURS)
def test_print_goes_to_the_log(tmp_path: Path, lua: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    Bench(tmp_path, 'print("a\\255", 1, nil, true) print()', lua=lua)
    assert caplog.messages == ["a\xff\t1\tnil\ttrue", ""]


@pytest.mark.parametrize("lua", FLAVOURS)
def test_require_reads_from_the_scripts_folder(tmp_path: Path, lua: str) -> None:
    (tmp_path / "lib").mkdir()
    mark = "" if lua == "lua51" else "\xef\xbb\xbf"
    (tmp_path / "lib" / "one.lua").write_text(f"{mark}return {{name = ...}}", "latin-1")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "init.lua").write_text("return 2")
    (tmp_path / "data.lua").write_text("return 3")
    bench = Bench(
        tmp_path,
        f"""local one, two = require "lib.one", require("two")
        assert(one == require "lib.one" and one.name == "lib.one" and two == 2)
        assert(dofile("{tmp_path}/data.lua") == 3)
        function ksr_request_route() KSR.info(loadfile("{tmp_path}/two/init.lua")()) end""",
        lua=lua,
    )
    assert bench.run() == ["2"]
    assert bench.runtime.files == {
        bench.path,
        tmp_path / "lib" / "one.lua",
        tmp_path / "two" / "init.lua",
        tmp_path / "data.lua",
    }


def test_a_module_with_a_syntax_error(tmp_path: Path) -> None:
    (tmp_path / "bad.lua").write_text("\nx = = 1")
    with pytest.raises(ScriptError, match=r"route\.lua:1: error loading module 'bad'[\s\S]*bad\.lua:2: unexpected"):
        Bench(tmp_path, 'require "bad"')


def test_a_module_that_is_not_there_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ScriptError) as caught:
        Bench(tmp_path, 'require "lib.none"')
    assert f"no file '{tmp_path}/lib/none.lua'" in caught.value.message


@pytest.mark.parametrize("lua", FLAVOURS)
def test_os_exit_raises(tmp_path: Path, lua: str) -> None:
    with pytest.raises(ScriptError, match=r"route\.lua:1: os\.exit would end the whole server"):
        Bench(tmp_path, "os.exit(0)", lua=lua)


def test_a_script_with_a_shebang(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "#!/usr/bin/lua\nfunction ksr_request_route() KSR.tm.misused() end")
    assert ":2: " in bench.fail()
