"""luasip/kemi/reference.py and field_docs.py: pages made from declarations."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from luasip.kemi.declare import Module, command
from luasip.kemi.field_docs import field_documentation
from luasip.kemi.reference import (
    CHANGEABLE_TEXT,
    SettingRow,
    render_commands_page,
    render_module,
    render_pages,
    render_sections,
    show_default,
    show_type,
)
from luasip.modules import MODULES
from tests.kemi.example import Example, Top

EXAMPLE_PAGE = """\
# KSR.example

example: one of everything.

More about it, with a | in it.

Needs the modules tm; they are loaded with it.

## Settings

In `[modules.example]`.

| setting | type | default | meaning |
|---|---|---|---|
| `limit` | integer | `5` | Greatest value (seconds), over two lines, with a \\|. |
| `names` | list of strings | `[]` | Repeatable. |
| `mode` | "a" or "b" | `"a"` |  |
| `url` | string | none |  |
| `active` | true or false | `true` |  |

## Functions

### plain

`KSR.example.plain()`

Context: any.

Do it.

Returns integer: 1.

### wait

`KSR.example.wait(end, seconds?, ...)`

Context: request, branch failure.

Wait.

First further line.
Second further line.

May suspend the route until its result is there.

- `end` (string): how it ends, over two lines.
- `seconds` (integer, optional): how long.
- `...`: whatever else.

Returns string, integer or nil: what came, or nothing.

### not

`KSR.example.not()`

Context: any.

Leave.

Ends the route.

Returns nothing.

## Variables

| variable | | meaning |
|---|---|---|
| `$ex` | read, write | The value \\| of it. |
| `$example` | read | The value \\| of it. |

## Commands

### example.show

`example.show key`

Show one entry.

- `key`: which.

Returns the entry.
"""


def test_a_whole_page() -> None:
    assert render_module(Example) == EXAMPLE_PAGE


def test_pages_and_index() -> None:
    pages = render_pages([Top, Example])
    assert sorted(pages) == ["README.md", "core.md", "example.md"]
    assert pages["core.md"].startswith("# KSR\n")
    assert "| [KSR.example](example.md) | example: one of everything. | 3 |  |\n" in pages["README.md"]


def test_every_module_has_a_page() -> None:
    assert len(render_pages(MODULES)) == len(MODULES) + 1


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name or "core")
def test_every_setting_is_documented(module: type[Module]) -> None:
    fields = getattr(module.Settings, "__dataclass_fields__", {})
    assert set(fields) <= set(field_documentation(module.Settings))


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (str, "string"),
        (Any, "any"),
        (list[str], "list of strings"),
        (tuple[int, ...], "list of integers"),
        (dict[str, int], "table of integers"),
        (dict[str, Literal["a", "b"]], "table of strings"),
        (list[Annotated[str, "checked"]], "list of strings"),
        (Annotated[int, "checked"], "integer"),
        (Literal["a", 1], '"a" or 1'),
        (int | str, "integer or string"),
        (str | None, "string"),
        (object, "table"),
    ],
)
def test_types(hint: Any, text: str) -> None:
    assert show_type(hint) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "`true`"),
        (3, "`3`"),
        ("a", '`"a"`'),
        (["a", 1], '`["a", 1]`'),
        ((), "`[]`"),
        ({"a": False}, "`{a = false}`"),
    ],
)
def test_defaults(value: object, text: str) -> None:
    assert show_default(value) == text


def test_sections() -> None:
    page = render_sections(
        [
            (
                "[a]",
                "Text.",
                [
                    SettingRow("b", "string", "none", "What."),
                    SettingRow("d", "string", "none", "That.", changeable=True),
                ],
            ),
            ("[c]", "More.", []),
        ]
    )
    assert page == (
        f"# Settings file\n\n{CHANGEABLE_TEXT}\n\n## [a]\n\nText.\n\n"
        "| setting | type | default | meaning |\n|---|---|---|---|\n"
        "| `b` | string | none | What. |\n| `d` ↻ | string | none | That. |\n\n## [c]\n\nMore.\n"
    )


def test_field_documentation_is_inherited() -> None:
    @dataclass
    class Base:
        first: int = 1
        """The first."""
        second: int = 2
        """The second."""

    @dataclass
    class Derived(Base):
        second: int = 3
        """Another second."""
        third: int = 4

    assert field_documentation(Derived) == {"first": "The first.", "second": "Another second."}


def test_no_source() -> None:
    made = type("Made", (), {"__annotations__": {"a": int}})
    with pytest.raises(TypeError, match="Made: no source"):
        field_documentation(made)


def test_the_page_of_commands() -> None:
    class Own:
        @command("own.stop")
        def stop(self, now: int = 0) -> None:
            """Stop.

            Args:
                now: how.
            """

    page = render_commands_page([Own], [Example])
    assert "| [example.show](example.md#exampleshow) | Show one entry. | example |" in page
    assert "| [own.stop](#ownstop) | Stop. | the server |" in page
    assert "### own.stop\n\n`own.stop [now]`\n\nStop.\n\n- `now`: how.\n" in page
