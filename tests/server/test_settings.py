"""luasip/server/settings*.py: what is accepted, and that every mistake is reported at once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from luasip.errors import SettingsError
from luasip.kemi.declare import Module, module_key
from luasip.modules import MODULES as real_modules
from luasip.server.settings import Settings, load_settings, script_settings_only
from luasip.server.settings_sections import LogSettings, MessageLimits, PoolSection, TcpSettings, UdpSection
from luasip.server.settings_values import alias_of, listener_of
from luasip.sip.parser import Limits
from luasip.transport.connection import ConnectionLimits
from luasip.transport.packet import Listener
from luasip.transport.tcp import StreamSettings
from luasip.transport.udp import UdpSettings


class Core(Module):
    name = ""


class Tm(Module):
    name = "tm"

    @dataclass
    class Settings:
        fr_timer: Annotated[int, Field(ge=0)] = 30000
        auto_inv_100: int = 1
        reason: str = "Trying"


class Htable(Module):
    name = "htable"

    @dataclass
    class Settings:
        htable: list[str] = field(default_factory=list)
        db_url: str = ""

        def __post_init__(self) -> None:
            for entry in self.htable:
                if "=>" not in entry:
                    raise ValueError(f"htable: no '=>' in {entry!r}")


class Auth(Module):
    name = "auth"


class AuthDb(Module):
    name = "auth_db"
    uses = ("auth",)


class Needy(Module):
    name = "needy"

    @dataclass
    class Settings:
        address: str


MODULES = (Core, Tm, Htable, Auth, AuthDb)


def load(folder: Path, text: str, modules: tuple[type[Module], ...] = MODULES) -> Settings:
    """The settings in `text`, which gets a [script] table unless it has one."""
    (folder / "route.lua").write_text("")
    if "[script]" not in text:
        text += '\n[script]\npath = "route.lua"\n'
    (folder / "luasip.toml").write_text(text, encoding="utf-8")
    return load_settings(folder / "luasip.toml", modules)


def problems(folder: Path, text: str, modules: tuple[type[Module], ...] = MODULES) -> list[str]:
    """The problems found in `text`, without the file name each must start with."""
    with pytest.raises(SettingsError) as caught:
        load(folder, text, modules)
    start = f"{folder / 'luasip.toml'}: "
    assert all(problem.startswith(start) for problem in caught.value.problems)
    return [problem.removeprefix(start) for problem in caught.value.problems]


def test_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, "")
    assert settings.file == tmp_path / "luasip.toml"
    assert settings.script.path == tmp_path / "route.lua"
    assert [listener.text for listener in settings.server.listeners] == [
        "udp:127.0.0.1:5060",
        "tcp:127.0.0.1:5060",
    ]
    assert settings.server.server_header == settings.server.user_agent == "LuaSIP"
    assert (settings.server.reply_on_script_error, settings.server.directory, settings.log.file) == (
        500,
        "",
        "",
    )
    assert sorted(settings.pools) == ["control", "dns", "http", "lua", "sql"]
    assert settings.kemi.onsend_route_callback == "ksr_onsend_route"


def test_defaults_are_those_of_the_packages_below() -> None:
    tcp, stream = TcpSettings(), StreamSettings()
    assert (tcp.connections, tcp.backlog) == (stream.connections, stream.backlog)
    assert ConnectionLimits(**tcp.model_dump(exclude={"connections", "backlog"})) == ConnectionLimits()
    assert Limits(**MessageLimits().model_dump()) == Limits()
    assert UdpSettings(1, **UdpSection().model_dump()) == UdpSettings()
    assert LogSettings().level == "info"
    assert PoolSection().settings.threads == 8


def test_every_section_is_read(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    settings = load(
        tmp_path,
        """
        [server]
        listen = ["udp:10.0.0.1:5060 advertise 203.0.113.5:5070", "tcp:[::1]:5060"]
        advertise = "sip.example.com"
        aliases = ["Example.com", "udp:example.org:5080"]
        receivers = 2
        directory = "var"
        user_agent = ""
        server_header = "Wärter"
        [server.tcp]
        connections = 7
        write_buffer = "8K"
        [server.limits]
        message = "1M"
        [server.log]
        file = "var/../luasip.log"
        size = "2M"
        levels = { "luasip.sip" = "dbg" }
        [script]
        path = "route.lua"
        memory_limit = "64M"
        time_limit = 2
        [kemi]
        reply_route_callback = "none"
        [pools.sql]
        threads = 3
        [define]
        WITH_NAT = true
        WITH_TLS = false
        PORT = 5060
        NAME = "Å"
        """,
    )
    server = settings.server
    assert server.listeners == (
        Listener("udp", "10.0.0.1", 5060, "203.0.113.5", 5070),
        Listener("tcp", "::1", 5060, "sip.example.com"),
    )
    assert server.parsed_aliases == (("", "example.com", 0), ("udp", "example.org", 5080))
    assert server.directory == str(tmp_path / "var")
    assert (server.user_agent, server.server_header) == ("", "W\xc3\xa4rter")
    assert server.stream_settings.connections == 7
    assert server.stream_settings.limits.write_buffer == 8192
    assert server.message_limits.message == server.stream_settings.messages.message == 1024 * 1024
    assert server.udp_settings.receivers == 2
    assert (settings.log.file, settings.log.size) == (str(tmp_path / "luasip.log"), 2 * 1024 * 1024)
    assert settings.log.levels == {"luasip.sip": "dbg"}
    assert (settings.script.memory_limit, settings.script.time_limit) == (64 * 1024 * 1024, 2.0)
    assert settings.kemi.reply_route_callback == "none"
    assert (settings.pools["sql"].threads, settings.pools["http"].threads) == (3, 16)
    assert settings.define == {"WITH_NAT": "", "PORT": "5060", "NAME": "\xc3\x85"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[server]\nlissten = ["a"]', "server.lissten: unknown setting, did you mean 'listen'?; allowed: "),
        ("[serve]", "serve: unknown setting, did you mean 'server'?; allowed: control, define, kemi, "),
        (
            '[server]\nreceivers = "many"',
            "server.receivers: wrong type ('many'); allowed: an integer from 1 to 64",
        ),
        ("[server]\nreceivers = 0", "server.receivers: too small (0); allowed: an integer from 1 to 64"),
        ("[server]\nreceivers = 1.5", "server.receivers: wrong type (1.5); allowed: an integer from 1 to 64"),
        ("[server]\nlisten = []", "server.listen: empty ([]); allowed: at least one entry"),
        ('[server]\nlisten = ["udp:127.0.0.1"]', "server.listen[0]: no port ('udp:127.0.0.1'); allowed: "),
        (
            '[server]\nlisten = ["udp:1.1.1.1:5060 adv x"]',
            "server.listen[0]: not understood ('udp:1.1.1.1:5060 adv x'); ",
        ),
        (
            '[server]\nlisten = ["udp:1.1.1.1:1", "udp:1.1.1.1:1"]',
            "server.listen: an entry is written twice (['udp:1.1.1.1:1', 'udp:1.1.1.1:1']); ",
        ),
        (
            '[server]\nlisten = "udp:1.1.1.1:1"',
            "server.listen: wrong type ('udp:1.1.1.1:1'); allowed: a list, each ",
        ),
        (
            '[server]\nadvertise = "h:port"',
            "server.advertise: 'h:port': 'port' is not a port number ('h:port')",
        ),
        ('[server]\naliases = ["a b"]', "server.aliases[0]: not a host name ('a b'); allowed: "),
        ('[server]\nserver_header = "a\\r\\nb"', "server.server_header: control characters "),
        (
            "[server]\nstop_timeout = nan",
            "server.stop_timeout: not a finite number (nan); allowed: a number from 0",
        ),
        ("[server]\nreply_on_script_error = 200", "server.reply_on_script_error: not a final failure "),
        ('[server]\ndirectory = "gone"', "server.directory: no such folder ('gone'); allowed: "),
        (
            '[server.log]\nlevel = "loud"',
            "server.log.level: unknown value ('loud'); allowed: 'dbg', 'debug', ",
        ),
        ('[server.log]\nlevels = { a = "x" }', "server.log.levels.a: unknown value ('x'); allowed: 'dbg'"),
        ('[server.log]\nsize = "10X"', "server.log.size: not a size ('10X'); allowed: a number of bytes"),
        (
            '[server.log]\nstderr = "perhaps"',
            "server.log.stderr: wrong type ('perhaps'); allowed: true or false",
        ),
        (
            "[server.limits]\nmessage = 3",
            "server.limits.message: too small (3); allowed: an integer from 1024 to 67108864",
        ),
        ("server = 3", "server: wrong type (3); allowed: a table"),
        ("[script]", "script.path: missing; allowed: a string"),
        ('[script]\npath = "gone.lua"', "script.path: no such file ('gone.lua'); allowed: a file"),
        (
            '[script]\npath = "route.lua"\nlua = "lua9"',
            "script.lua: unknown value ('lua9'); allowed: 'lua51', ",
        ),
        ('[kemi]\nrequest_route_callback = "none"', "kemi.request_route_callback: the request route cannot "),
        ('[kemi]\nreply_route_callback = "a b"', "kemi.reply_route_callback: not the name of a Lua "),
        ("[define]\nA = [1]", "define.A: wrong type ([1]); allowed: a string, a number, true"),
        ('[define]\n"a b" = 1', "define: 'a b' is not a name"),
        ("[pools.sqx]", "pools.sqx: unknown setting, did you mean 'sql'?; allowed: control, dns, http, lua, sql"),
        ("[pools.sql]\nthreads = 0", "pools.sql.threads: too small (0); allowed: an integer from 1 to 1000"),
        ("modules = 3", "modules: wrong type (3); allowed: a table"),
        ("modules.tm = 3", "modules.tm: wrong type (3); allowed: a table of its settings"),
        ("[modules.tmm]", "modules.tmm: no such module, did you mean 'tm'?; allowed: load, auth, "),
        ('[modules]\nload = "tm"', "modules.load: wrong type ('tm'); allowed: a list of module names"),
        (
            '[modules]\nload = ["tmx"]',
            "modules.load[0]: no such module, did you mean 'tm'? ('tmx'); allowed: auth, ",
        ),
        ("[modules]\nload = [3]", "modules.load[0]: no such module (3); allowed: auth, "),
        (
            "[modules.tm]\nfr_time = 1",
            "modules.tm.fr_time: unknown setting, did you mean 'fr_timer'?; allowed: auto_inv_100, ",
        ),
        ('[modules.tm]\nfr_timer = "soon"', "modules.tm.fr_timer: wrong type ('soon'); "),
        (
            "[modules.tm]\nfr_timer = -1",
            "modules.tm.fr_timer: too small (-1); allowed: an integer not below 0",
        ),
        ("[modules.tm]\nreason = 5", "modules.tm.reason: wrong type (5); allowed: a string"),
        ("[modules.htable]\nhtable = [3]", "modules.htable.htable[0]: wrong type (3); allowed: a string"),
        ('[modules.htable]\nhtable = ["a"]', "modules.htable: htable: no '=>' in 'a'"),
    ],
)
def test_one_mistake(tmp_path: Path, text: str, expected: str) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_three_mistakes_are_three_problems(tmp_path: Path) -> None:
    found = problems(
        tmp_path, '[server]\nreceivers = "x"\n[modules.tm]\nfr_timer = -1\n[script]\npath = "gone.lua"'
    )
    assert sorted(problem.partition(":")[0] for problem in found) == [
        "modules.tm.fr_timer",
        "script.path",
        "server.receivers",
    ]


def test_no_script_table(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("")
    with pytest.raises(SettingsError, match="script: missing; allowed: a table"):
        load_settings(tmp_path / "a.toml", MODULES)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[server\n", "not TOML: .*line 1"),
        (b'a = "\xff"\n', "byte 5 is not UTF-8"),
        (None, "cannot be read: No such file"),
    ],
)
def test_unreadable_file(tmp_path: Path, content: bytes | None, expected: str) -> None:
    if content is not None:
        (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=f"a.toml: {expected}"):
        load_settings(tmp_path / "a.toml", MODULES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["core", "tm", "htable"]),
        ("[modules]\nload = []", ["core"]),
        ('[modules]\nload = ["htable"]', ["core", "htable"]),
        ('[modules]\nload = ["htable"]\n[modules.tm]', ["core", "tm", "htable"]),
        ("[modules.auth]", ["core", "tm", "htable", "auth"]),
        ("[modules]\nload = []\n[modules.auth_db]", ["core", "auth", "auth_db"]),
    ],
)
def test_which_modules_are_loaded(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert [module.key for module in load(tmp_path, text).modules] == expected


def test_module_settings(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[modules.tm]\nfr_timer = 5000\nauto_inv_100 = false\n[modules.htable]\nhtable = "ipban=>size=8;"',
    )
    tm, htable = settings.module("tm"), settings.module("htable")
    assert tm is not None
    assert htable is not None
    assert tm.type is Tm
    assert tm.settings == Tm.Settings(fr_timer=5000, auto_inv_100=0)
    assert htable.settings == Htable.Settings(htable=["ipban=>size=8;"])
    assert settings.module("auth") is None


def test_a_setting_without_default_is_needed(tmp_path: Path) -> None:
    assert problems(tmp_path, "", (Needy,)) == ["modules.needy.address: missing; this module needs it"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("example.com", ("", "example.com", 0)),
        ("TCP:Example.COM:5061", ("tcp", "example.com", 5061)),
        ("[2001:db8::1]:5060", ("", "2001:db8::1", 5060)),
        ("192.0.2.1:5060", ("", "192.0.2.1", 5060)),
    ],
)
def test_aliases(text: str, expected: tuple[str, str, int]) -> None:
    assert alias_of(text) == expected


def test_own_advertise_wins() -> None:
    assert listener_of("udp:10.0.0.1:5060 advertise a.example", "b.example").advertised_host == "a.example"
    assert listener_of("udp:10.0.0.1:5060", "b.example:5080").sent_by == "b.example:5080"


@pytest.mark.parametrize(
    ("text", "lua"),
    [
        ('[script]\npath = "route.lua"', "lua54"),
        ('[script]\npath = "route.lua"\nlua = "lua51"', "lua51"),
        ('[script]\npath = "route.lua"\nlua = "lua9"\n[serve]', "lua54"),
        ('[script]\npath = "gone.lua"', None),
        ("[script]\npath = 3", None),
        ("script = 3", None),
        ("", None),
        ("[script", None),
        ('[script]\npath = "route.lua"\nlua = 3', "lua54"),
    ],
)
def test_the_script_of_a_faulty_file(tmp_path: Path, text: str, lua: str | None) -> None:
    (tmp_path / "route.lua").write_text("")
    (tmp_path / "a.toml").write_text(text)
    settings = script_settings_only(tmp_path / "a.toml", MODULES)
    if lua is None:
        assert settings is None
    else:
        assert settings is not None
        assert (settings.script.path, settings.script.lua) == (tmp_path / "route.lua", lua)
        assert [module.key for module in settings.modules] == ["core", "tm", "htable", "auth", "auth_db"]


def test_modules_come_after_those_they_use() -> None:
    seen: set[str] = set()
    for module in real_modules:
        assert set(module.uses) <= seen, module.__name__
        seen.add(module_key(module))
