"""What the documentation shows works as it stands there, and its tables leave nothing out."""

import json
import logging
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from luasip.__main__ import _parser, main
from luasip.kemi.coverage import missing
from luasip.kemi.declare import commands_of, module_key
from luasip.kemi.field_docs import field_documentation
from luasip.kemi.operation import Operation
from luasip.kemi.reference import CHANGEABLE, show_default
from luasip.modules import MODULES
from luasip.server.control import OWN_COMMANDS
from luasip.server.settings import load_settings
from luasip.server.settings_base import Section
from luasip.server.settings_sections import Document
from tests.docs_blocks import (
    FILES,
    ROOT,
    Block,
    anchors,
    blocks,
    blocks_of,
    following,
    links,
    prose,
    rows,
    section,
)
from tests.scenarios.scene import Phone, Scene
from tests.test_layering import ALLOWED

DOCS = ROOT / "docs"
GETTING_STARTED = DOCS / "getting-started.md"
KINDS = {
    "",
    "text",
    "sh",
    "toml",
    "python",
    "lua",
    "lua route",
    "lua example",
    "lua mistakes",
    "toml mistakes",
}

SETTINGS = """
[modules.htable]
htable = ["parked=>size=8;"]
[modules.mqueue]
mqueue = ["name=letters"]
[modules.evapi]
event_callback = "ksr_evapi_event"
[modules.dialog]
profiles_with_value = "caller"
[modules.uac]
event_callback = "ksr_uac_event"
auth_realm_avp = "$avp(realm)"
auth_username_avp = "$avp(user)"
auth_password_avp = "$avp(password)"
"""


def named(found: list[Block]) -> Any:
    return pytest.mark.parametrize("block", found, ids=str)


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    found = [block for file in FILES for block in blocks_of(file)]
    assert [str(block) for block in found if block.kind not in KINDS] == []
    assert {block.kind for block in found} == KINDS


# Lua


def check(folder: Path, script: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `luasip check` says about a script."""
    (folder / "route.lua").write_text(script, encoding="utf-8")
    (folder / "luasip.toml").write_text(f'[script]\npath = "route.lua"\n{SETTINGS}')
    main(["check", "-c", str(folder / "luasip.toml")])
    return capsys.readouterr().err.replace(str(folder), "/srv/calls")


@named(blocks("lua", "lua route"))
def test_scripts_have_no_mistakes(block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, block.text, capsys) == ""


@named(blocks("lua example"))
def test_examples_have_no_mistakes(block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, f"function ksr_request_route()\n{block.text}\nend\n", capsys) == ""


@named(blocks("lua mistakes"))
def test_mistakes_are_told_as_shown(block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, block.text, capsys) == following(block).text


@named(blocks("lua", "lua route"))
def test_scripts_run(block: Block) -> None:
    with Scene(block.text, SETTINGS) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        for number, method in enumerate(["OPTIONS", "REGISTER", "INVITE", "MESSAGE"]):
            uri = "sip:10.0.0.1" if method == "REGISTER" else f"sip:bob@{bob.host}"
            alice.send(alice.request(method, uri, call_id=f"call-{number}", to="sip:bob@example.com"))
        scene.advance(40)
        assert alice.statuses()
        assert scene.log.text(logging.ERROR) == ""


def script_with(text: str, page: str = "waiting.md") -> str:
    (found,) = [b.text for b in blocks("lua route") if b.file.name == page and text in b.text]
    return found


def parked_invite(scene: Scene) -> tuple[Phone, Phone, str]:
    """A caller whose INVITE for bob waits, and bob's phone."""
    alice, bob = scene.phone("alice"), scene.phone("bob")
    invite = alice.request("INVITE", f"sip:bob@{bob.host}")
    alice.send(invite)
    scene.advance(2)
    assert (alice.statuses(), bob.requests()) == ([100], [])
    return alice, bob, invite


@pytest.mark.parametrize("page", ["waiting.md", "push.md"])
def test_the_call_waits_for_the_registration(page: str) -> None:
    with Scene(script_with("luasip.notify(", page)) as scene:
        _, bob, _ = parked_invite(scene)
        bob.send(bob.request("REGISTER", "sip:example.com", to="sip:bob@example.com", call_id="register"))
        scene.advance(0)
        assert [request.method for request in bob.requests()] == ["INVITE"]


def test_the_suspended_call_is_continued() -> None:
    with Scene(script_with("t_continue"), SETTINGS) as scene:
        _, bob, _ = parked_invite(scene)
        carol = scene.phone("carol")
        carol.send(carol.request("MESSAGE", f"sip:bob@{bob.host}", call_id="continue"))
        assert carol.statuses() == [200]
        assert [request.method for request in bob.requests()] == ["INVITE"]


def test_nobody_continues_the_suspended_call() -> None:
    with Scene(script_with("t_continue"), SETTINGS) as scene:
        alice, _, _ = parked_invite(scene)
        scene.advance(31)
        assert alice.statuses()[0] == 480


def test_another_program_says_where_the_call_goes() -> None:
    with Scene(script_with("async_relay", "evapi.md"), SETTINGS) as scene:
        program = scene.streams.client("127.0.0.1", 8448)
        scene.settle()
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("INVITE", "sip:bob@example.com"))
        question = json.loads(program.take().decode().partition(":")[2][:-1])
        assert (question["caller"], question["user"]) == ("sip:alice@example.com", "bob")
        answer = json.dumps({**question, "target": f"sip:bob@{bob.host}"}).encode()
        program.feed(b"8:nonsense,%d:%b," % (len(answer), answer))
        scene.settle()
        assert [request.request_uri for request in bob.requests()] == [f"sip:bob@{bob.host}"]
        assert "no JSON from 10.0.0.9" in scene.log.text()


def test_only_some_clients_are_told() -> None:
    with Scene(script_with("set_tag", "evapi.md"), SETTINGS) as scene:
        near = scene.streams.client("127.0.0.1", 8448, "127.0.0.1")
        far = scene.streams.client("127.0.0.1", 8448, "192.0.2.1")
        scene.settle()
        assert (near.is_open, far.is_open) == (True, False)
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", f"sip:bob@{bob.host}"))
        assert near.take() == b"15:request MESSAGE,"


MESSAGES = [
    ("KSR.sl.send_replly(200, 'OK')", "(there is no KSR.sl.send_replly, did you mean KSR.sl.send_reply?)"),
    ("KSR.sl.send_reply(200)", "KSR.sl.send_reply(code: int, reason: str) expected, got 1 argument"),
    ("local user = 'x' .. KSR.kx.get_du()", "attempt to call a nil value"),
    ("local user = 'x' .. KSR.kx.get_duri()", "attempt to concatenate a nil value"),
    ("hits = 1", "new global 'hits' in a route: routes share globals, make it local"),
    ("KSR.pv.get('$foo')", "pseudo-variable '$foo': unknown pseudo-variable"),
    (
        "string.gsub('a', 'a', function() luasip.sleep(0) end)",
        "luasip.sleep cannot suspend here: it blocks the thread",
    ),
    ("KSR.tm.t_newtran()", "the script ended without relaying or answering"),
]
"""What a route does, and what the log then says."""


@pytest.mark.parametrize(("line", "message"), MESSAGES, ids=[line for line, _ in MESSAGES])
def test_common_mistakes_are_logged_as_told(line: str, message: str) -> None:
    with Scene(f"function ksr_request_route() {line} end") as scene:
        alice = scene.phone("alice")
        alice.send(alice.request("MESSAGE", "sip:bob@example.com"))
        assert message in scene.log.text()
    assert message in GETTING_STARTED.read_text(encoding="utf-8")


def test_variables_have_the_types_told() -> None:
    table = section(DOCS / "scripts.md", "Variables and their types").split("| variable | lives |")[0]
    integers, texts = [
        " ".join(f"'{name}'," for row in rows(table) for name in re.findall(r"`(\$[\w()]+)`", row[column]))
        for column in (0, 1)
    ]
    assert "$sp" in integers
    assert "$cs" in texts
    script = f"""
    local function look(names, wanted)
        for _, name in ipairs(names) do
            local value = KSR.pv.get(name)
            if value ~= nil and math.type(value) ~= wanted then KSR.err(name .. " is " .. type(value)) end
        end
    end
    function ksr_request_route()
        look({{{integers}}}, "integer")
        look({{{texts}}}, nil)
        KSR.tm.t_relay()
    end
    function ksr_reply_route()
        look({{{integers}}}, "integer")
        look({{{texts}}}, nil)
    end
    """
    with Scene(script) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        alice.send(alice.request("MESSAGE", f"sip:bob@{bob.host}:5060"))
        bob.answer(bob.requests()[0], 200)
        assert alice.statuses() == [200]
        assert scene.log.text(logging.ERROR) == ""


# Settings


@named(blocks("toml"))
def test_settings_load(block: Block, tmp_path: Path) -> None:
    for name in ("route.lua", "lua/default.lua"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "luasip.toml").write_text(block.text, encoding="utf-8")
    load_settings(tmp_path / "luasip.toml")


@named(blocks("toml mistakes"))
def test_mistakes_in_settings_are_told_as_shown(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "luasip.toml").write_text(block.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "-c", "luasip.toml"]) == 1
    assert capsys.readouterr().err.replace(str(tmp_path), "/srv/calls") == following(block).text


def sections(
    path: str, kind: type[Section], default: Section | None
) -> Iterator[tuple[str, type[Section], dict[str, str]]]:
    """Every section below `path` with the defaults of its settings."""
    defaults: dict[str, str] = {}
    for name, field in kind.model_fields.items():
        value = field.default if default is None else getattr(default, name)
        if isinstance(value, Section):
            yield from sections(f"{path}.{name}", type(value), value)
        else:
            defaults[name] = "required" if field.is_required() else show_default(value)
    yield path, kind, defaults


ALL_KINDS = [
    found
    for name, field in Document.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    for found in sections(name, field.annotation, None if field.is_required() else field.default)
]
ALL_SECTIONS = [(path, defaults) for path, _, defaults in ALL_KINDS]


@pytest.mark.parametrize(("path", "defaults"), ALL_SECTIONS, ids=[path for path, _ in ALL_SECTIONS])
def test_every_setting_is_in_the_table(path: str, defaults: dict[str, str]) -> None:
    found = rows(section(DOCS / "settings.md", f"[{path}]"))
    shown = {row[0].removesuffix(CHANGEABLE).strip("` "): row[1].strip("`") for row in found}
    assert shown == {name: default.strip("`") for name, default in defaults.items()}


@pytest.mark.parametrize(("path", "kind"), [(path, kind) for path, kind, _ in ALL_KINDS])
def test_settings_that_change_are_marked(path: str, kind: type[Section]) -> None:
    table = rows(section(DOCS / "settings.md", f"[{path}]"))
    assert [row[0] for row in table if CHANGEABLE in row[0]] == [
        f"`{name}` {CHANGEABLE}" for name in kind.model_fields if name in kind.changeable
    ]


def test_settings_of_modules_that_change_are_listed() -> None:
    table = rows(section(DOCS / "settings.md", "Settings of modules that change while the server runs"))
    assert {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in table} == {
        module_key(module): [name.rstrip("_") for name in module.changeable]
        for module in MODULES
        if module.changeable
    }


def test_every_module_is_named() -> None:
    shown = [row[0].strip("`") for row in rows(section(DOCS / "settings.md", "[modules]"))]
    assert sorted(shown) == sorted(module_key(module) for module in MODULES)


# Commands and links


def commands() -> list[tuple[str, str]]:
    """(place, what follows `luasip`) of every command shown."""
    found = [(str(block), line.strip()) for block in blocks("sh") for line in block.text.splitlines()]
    for file in FILES:
        name = str(file.relative_to(ROOT))
        found += [
            (name, text) for text in re.findall(r"`((?:luasip|scripts/serve) [a-z-][^`]*)`", prose(file))
        ]
    return [
        (place, text.partition(" ")[2])
        for place, text in found
        if text.startswith(("luasip", "scripts/serve"))
    ]


def is_understood(command: str) -> bool:
    """Whether the command line takes it; without a subcommand it is scripts/serve's `run`."""
    words = shlex.split(command)
    if not words or words[0].startswith("-c"):
        words.insert(0, "run")
    try:
        _parser().parse_args(words)
    except SystemExit as ended:
        return ended.code == 0
    return True


def test_commands_exist() -> None:
    found = commands()
    assert len(found) > 5
    assert [(place, command) for place, command in found if not is_understood(command)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file: Path) -> None:
    wrong: list[str] = []
    for link in links(file):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        place = (file.parent / target).resolve() if target else file
        if not place.exists() or (anchor and anchor not in anchors(place)):
            wrong.append(link)
    assert wrong == []


def test_every_page_can_be_found() -> None:
    index = {(DOCS / link).resolve() for link in links(DOCS / "README.md")}
    assert set(FILES) - index - {ROOT / "README.md", DOCS / "README.md"} == set()


# What must be complete


def test_the_import_table_is_the_one_that_is_tested() -> None:
    table = rows(section(DOCS / "architecture.md", "Who may import whom"))
    shown = {row[0].strip("`"): set(filter(None, row[2].split(", "))) for row in table}
    there = {file.stem for file in (ROOT / "luasip").iterdir()}
    known = {name: allowed & there for name, allowed in ALLOWED.items() if name in there}
    assert shown == known


def test_every_operation_is_explained() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert [kind.__name__ for kind in get_args(Operation) if f"`{kind.__name__}`" not in text] == []


def test_every_missing_function_has_a_reason() -> None:
    text = section(DOCS / "compatibility.md", "Functions that are not there")
    absent = [f"{function.module}.{function.name}" for function in missing(MODULES)]
    assert [name for name in absent if not re.search(rf"\b{name.partition('.')[2]}`", text)] == []


def test_every_missing_command_has_a_reason() -> None:
    there = {command.name for owner in (*OWN_COMMANDS, *MODULES) for command in commands_of(owner)}
    kamailio = set((ROOT / "tests/kamailio_commands.txt").read_text("ascii").split())
    table = rows(section(DOCS / "compatibility.md", "Commands that are not there"))
    assert {name for row in table for name in re.findall(r"`([\w.]+)`", row[0])} == kamailio - there


def test_every_setting_without_effect_is_listed() -> None:
    table = rows(section(DOCS / "compatibility.md", "Settings accepted without effect"))
    shown = {(row[0], name) for row in table for name in re.findall(r"`(\w+)`", row[1])}
    accepted = {
        (module_key(module), name)
        for module in MODULES
        for name, text in field_documentation(module.Settings).items()
        if text.startswith("Accepted") or text.endswith("without effect.")
    }
    assert accepted - shown == set()
    known = {module_key(module): set(field_documentation(module.Settings)) for module in MODULES}
    assert {(module, name) for module, name in shown if name not in known[module]} == {
        ("htable", "dmqreplicate")
    }
