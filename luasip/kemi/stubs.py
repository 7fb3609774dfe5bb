"""Editor stubs: the whole KSR table as LuaLS / EmmyLua annotations, made from the modules' declarations.

The text depends on the declarations alone, so a checked-in copy can be compared. Knows no Lua runtime.
"""

import re
from collections.abc import Iterable, Iterator

from luasip.kemi.declare import Export, Module, Parameter, Route

HEAD = """\
---@meta
-- The functions of a LuaSIP route script, for editors. Written by `luasip stubs`; not to be edited or loaded.

---@class KSR
KSR = {}
"""

_KEYWORD = re.compile(
    "and|break|do|else|elseif|end|false|for|function|goto|if|in|local|nil|not|or|repeat|return|then"
    "|true|until|while"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER_TYPES = {"str": "string|number", "int": "integer|string", "any": "any"}
_RESULT_TYPES = {"int": "integer", "bool": "boolean", "xval": "string|integer|nil"}


def render_stubs(modules: Iterable[type[Module]]) -> str:
    """The stub file for `modules`, in their order."""
    parts = [HEAD]
    declared = {"KSR"}
    for module in modules:
        if module.namespace not in declared:
            declared.add(module.namespace)
            parts.append(f"---@class {module.namespace}\n{module.namespace} = {{}}\n")
        parts.extend(_module(module))
    return "\n".join(parts)


def _module(module: type[Module]) -> Iterator[str]:
    table = table_name(module)
    if module.name:
        yield _comment(first_line(module)) + f"---@class {table}\n{table} = {{}}\n"
    for export in module.exports():
        yield _function(table, export)


def table_name(module: type[Module]) -> str:
    """The Lua table the module's functions are in: "KSR.tm", "KSR" for the core."""
    return f"{module.namespace}.{module.name}" if module.name else module.namespace


def first_line(module: type[Module]) -> str:
    """What the module is, in one line."""
    return (module.__doc__ or module.name).strip().splitlines()[0]


def _function(table: str, export: Export) -> str:
    lines = [_comment(export.documentation.summary)]
    if export.documentation.description:
        lines.append("---\n" + _comment(export.documentation.description))
    lines.extend("---\n" + _comment(remark) for remark in remarks(export))
    names = [_parameter(parameter) for parameter in export.parameters]
    for parameter, name in zip(export.parameters, names, strict=True):
        mark = "?" if parameter.optional else ""
        kind = _PARAMETER_TYPES[parameter.kind]
        lines.append(f"---@param {name}{mark} {kind} {parameter.documentation}".rstrip() + "\n")
    if export.variadic:
        names.append("...")
        lines.append(f"---@param ... any {variadic_documentation(export)}".rstrip() + "\n")
    if export.result in _RESULT_TYPES:
        lines.append(f"---@return {_RESULT_TYPES[export.result]} # {export.documentation.returns}\n")
    return "".join(lines) + _definition(table, export.name, ", ".join(names))


def _definition(table: str, name: str, parameters: str) -> str:
    if _KEYWORD.fullmatch(name) or not _NAME.fullmatch(name):
        return f'{table}["{name}"] = function({parameters}) end\n'
    return f"function {table}.{name}({parameters}) end\n"


def _parameter(parameter: Parameter) -> str:
    return parameter.name + "_" if _KEYWORD.fullmatch(parameter.name) else parameter.name


def variadic_documentation(export: Export) -> str:
    """What the further arguments of a variadic function are."""
    named = {parameter.name for parameter in export.parameters}
    return " ".join(text for name, text in export.documentation.parameters.items() if name not in named)


def remarks(export: Export) -> list[str]:
    """Sentences on how a call behaves: where it is allowed, whether it waits or ends the route."""
    found: list[str] = []
    if export.routes != Route.ANY:
        found.append(f"Allowed in: {routes_text(export.routes)}.")
    if export.suspends:
        found.append("May suspend the route until its result is there.")
    if export.exits:
        found.append("Ends the route.")
    return found


def routes_text(routes: Route) -> str:
    """The callbacks of a mask, e.g. "request, branch failure"."""
    if routes == Route.ANY:
        return "any"
    names = [str(route.name) for route in Route if route & routes]
    return ", ".join(name.lower().replace("_", " ") for name in names)


def _comment(text: str) -> str:
    return "".join(f"---{line}".rstrip() + "\n" for line in text.splitlines())
