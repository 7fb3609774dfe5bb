"""Reference pages in Markdown, made from the modules' declarations: functions, settings, variables, commands.

Text in, text out; writing the files is the command line's business.
"""

import dataclasses
import re
import types
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from luasip.kemi.coverage import kamailio_functions, missing
from luasip.kemi.declare import Command, Export, Module, VariableExport, commands_of, module_key
from luasip.kemi.field_docs import field_documentation
from luasip.kemi.stubs import first_line, remarks, routes_text, table_name, variadic_documentation

CHANGEABLE = "↻"
"""The mark of settings that change while the server runs."""

CHANGEABLE_TEXT = f"{CHANGEABLE}: changes while the server runs, with a reload; the others take a start."

_TYPES = {str: "string", Path: "string", int: "integer", float: "number", bool: "true or false", Any: "any"}
_KINDS = {"str": "string", "int": "integer", "any": "any"}
_RESULTS = {"int": "integer", "bool": "true or false", "none": "nothing", "xval": "string, integer or nil"}


def render_pages(modules: Sequence[type[Module]]) -> dict[str, str]:
    """Every page by file name; "README.md" is the index."""
    pages = {f"{module_key(module)}.md": render_module(module) for module in modules}
    pages["README.md"] = render_index(modules)
    return pages


def render_index(modules: Sequence[type[Module]]) -> str:
    """The list of modules with how much of Kamailio's interface each has."""
    absent = [function.module for function in missing(modules)]
    lines = ["# Reference", "", "| module | what it is | functions | of Kamailio's |", "|---|---|---|---|"]
    for module in modules:
        key = module_key(module)
        total = sum(function.module == key for function in kamailio_functions().values())
        share = f"{total - absent.count(key)} of {total}" if total and module.namespace == "KSR" else ""
        link, summary = f"[{table_name(module)}]({key}.md)", _cell(first_line(module))
        lines.append(f"| {link} | {summary} | {len(module.exports())} | {share} |")
    lines += ["", "[Settings file](settings.md), [RPC commands](commands.md)", ""]
    return "\n".join(lines)


def render_module(module: type[Module]) -> str:
    """One module's page."""
    lines = [f"# {table_name(module)}", "", _prose(module.__doc__ or ""), ""]
    if module.uses:
        lines += [f"Needs the modules {', '.join(module.uses)}; they are loaded with it.", ""]
    if rows := list(setting_rows(module.Settings, module.changeable)):
        where = f"In `[modules.{module_key(module)}]`." + (f" {CHANGEABLE_TEXT}" if module.changeable else "")
        lines += ["## Settings", "", where, "", *_setting_table(rows), ""]
    if exports := module.exports():
        lines += ["## Functions", ""]
        for export in exports:
            lines += _function(table_name(module), export)
    if variables := module.variables():
        lines += ["## Variables", "", *_variable_table(variables), ""]
    if commands := module.commands():
        lines += ["## Commands", ""]
        for command in commands:
            lines += _command(command)
    return "\n".join(lines)


def render_commands_page(own: Sequence[type], modules: Sequence[type[Module]]) -> str:
    """The page of all RPC commands: those of the classes `own` in full, those of the modules with links."""
    lines = ["# RPC commands", "", "| command | what it does | of |", "|---|---|---|"]
    rows = [(command, "the server", f"#{_anchor(command)}") for cls in own for command in commands_of(cls)]
    for module in modules:
        key = module_key(module)
        rows += [(command, key, f"{key}.md#{_anchor(command)}") for command in module.commands()]
    for command, owner, link in sorted(rows, key=lambda row: row[0].name):
        lines.append(f"| [{command.name}]({link}) | {_cell(command.documentation.summary)} | {owner} |")
    lines += ["", "## Commands of the server", ""]
    for command in sorted((command for cls in own for command in commands_of(cls)), key=lambda one: one.name):
        lines += _command(command)
    return "\n".join(lines)


def _anchor(command: Command) -> str:
    """What Markdown makes of the heading."""
    return command.name.lower().replace(".", "")


def _function(table: str, export: Export) -> list[str]:
    names = [parameter.name + ("?" if parameter.optional else "") for parameter in export.parameters]
    if export.variadic:
        names.append("...")
    documentation = export.documentation
    lines = [f"### {export.name}", "", f"`{table}.{export.name}({', '.join(names)})`", ""]
    lines += [f"Context: {routes_text(export.routes)}.", "", documentation.summary, ""]
    if documentation.description:
        lines += [documentation.description, ""]
    lines += [*(remark for remark in remarks(export) if not remark.startswith("Allowed in")), ""]
    for parameter in export.parameters:
        optional = ", optional" if parameter.optional else ""
        lines.append(f"- `{parameter.name}` ({_KINDS[parameter.kind]}{optional}): {parameter.documentation}")
    if export.variadic:
        lines.append(f"- `...`: {variadic_documentation(export)}")
    returns = f"Returns {_RESULTS[export.result]}"
    lines += ["", f"{returns}: {documentation.returns}" if documentation.returns else f"{returns}.", ""]
    return _without_double_blanks(lines)


def _variable_table(variables: Iterable[VariableExport]) -> list[str]:
    lines = ["| variable | | meaning |", "|---|---|---|"]
    for variable in variables:
        access = "read, write" if variable.setter else "read"
        lines.append(f"| `${variable.name}` | {access} | {_cell(variable.documentation)} |")
    return lines


def _command(command: Command) -> list[str]:
    documentation = command.documentation
    lines = [f"### {command.name}", "", f"`{command.usage}`", ""]
    lines += [documentation.summary, "", documentation.description, ""]
    lines += [f"- `{name}`: {text}" for name, text in documentation.parameters.items()]
    lines += ["", f"Returns {documentation.returns}" if documentation.returns else "", ""]
    return _without_double_blanks(lines)


@dataclasses.dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as the table shows it."""

    name: str
    type: str
    default: str
    documentation: str
    changeable: bool = False
    """It may change while the server runs."""


def setting_rows(settings: type, changeable: Sequence[str] = ()) -> Iterator[SettingRow]:
    """The settings of a module's Settings dataclass; those in `changeable` are marked."""
    documentation = field_documentation(settings)
    hints = get_type_hints(settings, include_extras=True)
    for field in dataclasses.fields(settings):
        if not field.init:
            continue
        if field.default_factory is not dataclasses.MISSING:
            default = show_default(field.default_factory())
        else:
            default = "required" if field.default is dataclasses.MISSING else show_default(field.default)
        # A modparam that is a Python keyword has an underscore behind it in the dataclass.
        name = field.name.rstrip("_")
        yield SettingRow(
            name,
            show_type(hints[field.name]),
            default,
            documentation.get(field.name, ""),
            field.name in changeable,
        )


def _setting_table(rows: Iterable[SettingRow]) -> list[str]:
    lines = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    for row in rows:
        mark = f" {CHANGEABLE}" if row.changeable else ""
        cells = (f"`{row.name}`{mark}", row.type, row.default, row.documentation)
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return lines


def render_sections(sections: Iterable[tuple[str, str, Sequence[SettingRow]]]) -> str:
    """The page about the settings file: (heading, text, rows) for each table of it."""
    lines = ["# Settings file", "", CHANGEABLE_TEXT, ""]
    for heading, text, rows in sections:
        lines += [f"## {heading}", "", _prose(text), "", *(_setting_table(rows) if rows else []), ""]
    return "\n".join(_without_double_blanks(lines))


def show_type(hint: Any) -> str:
    """An annotation in words: list[str] is "list of strings"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return show_type(arguments[0])
    if origin is Literal:
        return " or ".join(f'"{value}"' if isinstance(value, str) else str(value) for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(show_type(argument) for argument in arguments if argument is not type(None))
    if origin in (list, tuple):
        return f"list of {_plural(arguments[0])}"
    if origin is dict:
        return f"table of {_plural(arguments[1])}"
    return _TYPES.get(hint, "table")


def _plural(hint: Any) -> str:
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return "strings" if get_origin(hint) is Literal else f"{show_type(hint)}s"


def show_default(value: Any) -> str:
    """A default as it would be written in TOML, as code; "none" for None."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, list | tuple):
        return "`[" + ", ".join(show_default(item).strip("`") for item in value) + "]`"
    if isinstance(value, dict):
        entries = (f"{key} = {show_default(item).strip('`')}" for key, item in value.items())
        return "`{" + ", ".join(entries) + "}`"
    return f"`{value}`"


def _cell(text: str) -> str:
    """One line that breaks no table."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def _prose(text: str) -> str:
    lines = text.strip().splitlines()
    return "\n".join(line.strip() for line in lines)


def _without_double_blanks(lines: list[str]) -> list[str]:
    return [line for index, line in enumerate(lines) if line or index == 0 or lines[index - 1]]
