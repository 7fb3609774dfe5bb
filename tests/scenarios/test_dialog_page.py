"""What docs/dialogs.md shows, with calls."""

from pathlib import Path

from luasip.modules.dialog import DialogModule
from tests.docs_blocks import ROOT, Block, blocks_of
from tests.scenarios.dialog_calls import Call, dialog_module
from tests.scenarios.scene import Scene

BLOCKS = list(blocks_of(ROOT / "docs" / "dialogs.md"))


def block(kind: str) -> Block:
    return next(found for found in BLOCKS if found.kind == kind)


def page(folder: Path) -> Scene:
    """The script of the page with its settings, the database elsewhere."""
    settings = block("toml").text.partition("[modules.dialog]")[2]
    url = "mysql://user:password@127.0.0.1/kamailio"
    assert url in settings
    return Scene(
        block("lua route").text, "[modules.dialog]" + settings.replace(url, f"sqlite:///{folder}/d.db")
    )


def test_two_calls_at_once_and_no_third(tmp_path: Path) -> None:
    with page(tmp_path) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        calls = [Call(scene, alice, bob, name).connect() for name in ("one", "two")]
        alice.send(alice.request("INVITE", f"sip:bob@{bob.host}", call_id="three"))
        assert alice.statuses() == [486]
        for call in calls:
            call.request("BYE")
        assert scene.said == [
            "dialog:start alice",
            "dialog:start alice",
            "dialog:end alice",
            "dialog:end alice",
        ]
        Call(scene, alice, bob, "four").connect().request("BYE")


def test_a_call_of_an_hour_is_ended(tmp_path: Path) -> None:
    with page(tmp_path) as scene:
        alice, bob = scene.phone("alice"), scene.phone("bob")
        Call(scene, alice, bob).connect()
        scene.advance(3599)
        assert alice.requests() == bob.requests() == []
        scene.advance(2)
        assert {request.method for phone in (alice, bob) for request in phone.requests()} == {"BYE"}


def test_the_commands_are_there(tmp_path: Path) -> None:
    named = {line.split()[2] for line in block("sh").text.splitlines()}
    assert named <= {command.name for command in DialogModule.commands()}
    with page(tmp_path) as scene:
        Call(scene, scene.phone("alice"), scene.phone("bob")).connect().request("BYE")
        assert dialog_module(scene).database_waiting() == {"waiting": 0}
