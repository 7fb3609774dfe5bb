"""luasip/control/client/rendering.py: what a terminal shows."""

import io
from typing import Any

import pytest
from rich.console import Console

from luasip.control.client.rendering import as_json, rendered


def shown(value: Any) -> str:
    """The lines a terminal of 100 columns shows, without trailing blanks."""
    out = io.StringIO()
    Console(file=out, width=100, force_terminal=False).print(rendered(value))
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (5, "5"),
        (["a", 1, 2.5, True, None], "a\n1\n2.5\nyes"),
        ({"now": "today", "uptime": 3}, "now     today\nuptime  3"),
        ([{"name": "a", "size": 1}, {"name": "bb", "size": 22}], "name  size\na        1\nbb      22"),
        ([{"socket": {"proto": "udp"}}, {"socket": {"proto": "tcp"}}], "proto\nudp\ntcp"),
        ({"AoR": "bob", "Contacts": [{"a": 1}]}, "AoR: bob\nContacts\n└── a\n    1"),
        ([[1, [2]]], "0\n├── 1\n└── 1\n    └── 2"),
    ],
)
def test_shapes(value: Any, expected: str) -> None:
    assert shown(value) == expected


def test_wide_rows_become_a_tree() -> None:
    wide = {f"field{number}": number for number in range(20)}
    assert shown([wide]).splitlines()[:2] == ["0", "├── field0: 0"]


def test_rows_wider_than_the_terminal_become_blocks() -> None:
    rows = [{"at": "today", "ok": False, "error": "x" * 90, "changed": []}, {"at": "then", "changed": ["a", "b"]}]
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=False).print(rendered(rows, 80))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert lines == [
        "at     today",
        "ok     no",
        f"error  {'x' * 73}",
        f"       {'x' * 17}",
        "",
        "at       then",
        "changed  a, b",
        "",
    ]


def test_text_of_peers_does_not_command_the_terminal() -> None:
    agent = "phone\x1b]0;owned\x07 [red]x[/red] \x9b2J"
    assert shown(agent) == "phone\\x1b]0;owned\\x07 [red]x[/red] \\x9b2J"
    assert "\x1b" not in shown([{"User-Agent": agent, agent: 1}])
    assert "\x1b" not in shown({"deep": [{"a": [agent]}], agent: agent})


def test_json() -> None:
    assert as_json({"ä": [1]}) == '{\n  "ä": [\n    1\n  ]\n}'
