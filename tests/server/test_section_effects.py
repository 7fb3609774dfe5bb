"""luasip/server/section_effects.py: every setting of a section that may change reaches the part it is for."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from luasip.server.server import Server
from luasip.server.settings import load_settings
from luasip.server.settings_base import Section
from luasip.server.settings_sections import Document
from luasip.transport.tcp import StreamTransport

Probe = Callable[[Server], Any]


def pools(name: str) -> dict[tuple[str, str], tuple[str, Probe]]:
    """The settings of a pool that may change."""
    return {
        (f"pools.{name}", "threads"): ("3", lambda s: s.pools[name].settings.threads),
        (f"pools.{name}", "queue"): ("7", lambda s: s.pools[name].settings.queue),
        (f"pools.{name}", "deadline"): ("2.5", lambda s: s.pools[name].settings.deadline),
    }


def stream(server: Server) -> StreamTransport:
    (found,) = server._streams
    return found


PROBES: dict[tuple[str, str], tuple[str, Probe]] = {
    ("server", "aliases"): ('["example.org"]', lambda s: ["example.org"] * s.sockets.is_own("example.org")),
    ("server", "server_header"): ('"X"', lambda s: s.stateless.server_header),
    ("server", "udp_mtu"): ("1300", lambda s: s._next_hops.udp_mtu),
    ("server", "udp_mtu_try_proto"): ('"udp"', lambda s: "udp" if s._next_hops.udp_mtu == 0 else "tcp"),
    ("server", "reply_on_script_error"): ("503", lambda s: s.worker.reply_on_script_error),
    ("server", "stop_timeout"): ("1.5", lambda s: s.settings.server.stop_timeout),
    ("server.workers", "max_suspended"): ("9", lambda s: s.execution.max_suspended),
    ("server.tcp", "connections"): ("11", lambda s: stream(s).settings.connections),
    **{
        ("server.tcp", name): (value, lambda s, name=name: getattr(stream(s).settings.limits, name))  # type: ignore[misc]
        for name, value in {
            "connect_timeout": "1.5",
            "first_message_timeout": "2.5",
            "partial_message_timeout": "3.5",
            "write_timeout": "4.5",
            "idle_timeout": "5.5",
            "write_buffer": "5000",
        }.items()
    },
    ("server.limits", "message"): ("2048", lambda s: s.worker.limits.message),
    ("server.limits", "headers"): ("20", lambda s: s.worker.limits.headers),
    ("server.limits", "line"): ("300", lambda s: s.worker.limits.line),
    ("server.limits", "uri"): ("100", lambda s: s.worker.limits.uri),
    **{
        ("server.overload", name): (value, lambda s, name=name: getattr(s._overload.limits, name))  # type: ignore[misc]
        for name, value in {
            "late": "0.5",
            "patience": "1.5",
            "transactions": "10",
            "refusals": "11",
            "probes": "12",
        }.items()
    },
    ("server.sources", "rate"): ("5", lambda s: s._source_rates._limits.rate),
    ("server.sources", "burst"): ("6", lambda s: s._source_rates._limits.burst),
    ("server.sources", "exempt"): ("[]", lambda s: list(s._source_rates._limits.exempt)),
    ("server.dns", "cache_size"): ("1", lambda s: s._resolver._size),
    ("server.dns", "cache_time"): ("1.5", lambda s: s._resolver._keep_for),
    ("server.dns", "failure_cache_time"): ("2.5", lambda s: s._resolver._keep_failure_for),
    ("server.log", "format"): ('"json"', lambda s: s.settings.log.format),
    ("server.log", "level"): ('"dbg"', lambda s: s.settings.log.level),
    ("server.log", "levels"): ("{a = 'dbg'}", lambda s: s.settings.log.levels),
    ("server.log", "size"): ("1", lambda s: s.settings.log.size),
    ("server.log", "backups"): ("1", lambda s: s.settings.log.backups),
    ("server.log", "repeat_limit"): ("1", lambda s: s.settings.log.repeat_limit),
    ("server.log", "repeat_interval"): ("1.5", lambda s: s.settings.log.repeat_interval),
    ("script", "path"): ('"other.lua"', lambda s: s.scripts.options.path.name),
    ("script", "time_limit"): ("0.5", lambda s: s.scripts.options.time_limit),
    ("script", "memory_limit"): ("50000000", lambda s: s.scripts.options.memory_limit),
    ("script", "suspend"): ('"explicit"', lambda s: s.scripts.options.suspend),
    ("script", "reload"): ("false", lambda s: s.settings.script.reload),
    **{key: value for key, value in pools("sql").items() if key[1] == "queue"},
    **{key: value for key, value in pools("http").items() if key[1] != "threads"},
    **pools("lua"),
    **pools("dns"),
    **pools("control"),
}
"""What the file says of a setting, and where that must arrive. What the log does is tested beside it."""


def declared(path: str, section: Section) -> Iterator[tuple[str, str]]:
    """Every setting of a section, and those in it, that may change."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from declared(f"{path}.{name}" if path else name, value)
        elif name in type(section).changeable:
            yield path, name


def test_every_declaration_is_tested() -> None:
    document = Document.model_validate({"script": {"path": "route.lua"}})
    assert set(declared("", document)) == set(PROBES)


def settings_file(folder: Path, values: dict[tuple[str, str], str]) -> Path:
    """A file with these settings, and a script where it names none."""
    sections: dict[str, list[str]] = {"script": []}
    for (group, name), value in values.items():
        sections.setdefault(group, []).append(f"{name} = {value}")
    if ("script", "path") not in values:
        sections["script"].append('path = "route.lua"')
    for name in ("route.lua", "other.lua"):
        (folder / name).touch()
    file = folder / "luasip.toml"
    file.write_text("\n".join(f"[{group}]\n" + "\n".join(lines) for group, lines in sections.items()))
    return file


@pytest.mark.parametrize("key", PROBES, ids=".".join)
def test_a_changed_setting_arrives(key: tuple[str, str], tmp_path: Path) -> None:
    value, probe = PROBES[key]
    large = {("server", "udp_mtu"): "1400"} if key[1].startswith("udp_mtu_") else {}
    server = Server(load_settings(settings_file(tmp_path, large)), threads=False)
    wanted = tomllib.loads(f"value = {value}")["value"]
    assert probe(server) != wanted
    file = settings_file(tmp_path, large | {key: value})
    adopted = server.running.adopt(lambda: load_settings(file), lambda _: None)
    assert (adopted.changed, adopted.restart) == ((".".join(key),), ())
    assert probe(server) == wanted
    server.running.give_back(adopted)
    assert probe(server) != wanted
