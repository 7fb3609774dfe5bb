"""The reference page about the settings file, made from the sections and the docstrings under fields."""

from collections.abc import Iterator, Sequence
from typing import get_type_hints

from luasip.kemi.field_docs import field_documentation
from luasip.kemi.reference import SettingRow, render_sections, show_default, show_type
from luasip.server.settings_base import Section
from luasip.server.settings_modules import ALWAYS_LOADED, NOT_BY_DEFAULT
from luasip.server.settings_sections import Document

MODULES_TEXT = f"""\
Which KEMI modules are there, and their settings. `load = ["tm", "sl"]` chooses modules; without it every
module is loaded but {", ".join(sorted(NOT_BY_DEFAULT))},
whose mere presence changes what scripts do. {", ".join(sorted(ALWAYS_LOADED))} and the functions of `luasip` are
always there.

A table `[modules.NAME]` holds the settings of a module under Kamailio's names, in Kamailio's units, and loads
it. A setting that may be repeated in Kamailio is a list. A module that is not loaded is nil in `KSR`.
"""


DEFINE_TEXT = """\
NAME = VALUE for `KSR.kx.ifdef` and `KSR.kx.get_def`. A value is a string or a number; true defines a name
without a value, false does not define it. All of them change with a reload.
"""


def render_settings_page() -> str:
    """The page in Markdown."""
    sections: list[tuple[str, str, Sequence[SettingRow]]] = []
    for name, field in Document.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            default = None if field.is_required() else field.default
            sections.extend(_sections(name, field.annotation, default))
    return render_sections([*sections, ("[define]", DEFINE_TEXT, []), ("[modules]", MODULES_TEXT, [])])


def _sections(
    path: str, section: type[Section], default: Section | None, text: str = ""
) -> Iterator[tuple[str, str, Sequence[SettingRow]]]:
    """(heading, text, rows) of a section and those in it; `default` is what holds when the file has none."""
    documentation = field_documentation(section)
    hints = get_type_hints(section, include_extras=True)
    inner: list[tuple[str, type[Section], Section, str]] = []
    rows: list[SettingRow] = []
    for name, field in section.model_fields.items():
        value = field.default if default is None else getattr(default, name)
        if isinstance(value, Section):
            inner.append((f"{path}.{name}", type(value), value, documentation.get(name, "")))
        else:
            shown = "required" if field.is_required() else show_default(value)
            rows.append(
                SettingRow(
                    name,
                    show_type(hints[name]),
                    shown,
                    documentation.get(name, ""),
                    name in section.changeable,
                )
            )
    text = text or (section.__doc__ or "").partition(": ")[2].strip()
    yield f"[{path}]", text[:1].upper() + text[1:], rows
    for arguments in inner:
        yield from _sections(*arguments)
