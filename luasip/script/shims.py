"""The Lua source of the functions scripts call: one for each shape of exported function.

A shim coerces its arguments as KEMI does, calls the adapter (bridge.py) and ends the call (shims.lua). Pure
text.
"""

from functools import lru_cache

from luasip.kemi.declare import Export, Module
from luasip.script.bridge import full_name, takes_any

_HEAD = """local support, bind = ...
local type, select, error = support.type, support.select, support.error
local text, integer, kind = support.text, support.integer, support.kind
local settle, too_few, pass_any, plain = support.settle, support.too_few, support.pass_any, support.plain
local make_room, memory, soft_limit = support.make_room, support.memory, support.soft_limit
local EXIT, now, find, upper = support.EXIT, support.now, support.find, support.upper
local rawget, quicken, at_once = support.rawget, support.quicken, support.at_once
"""

_FIRST_CALL = """local call, shim
call = function(...)
call = bind(number)
{quicken}return call(...)
end
"""
"""A script calls few of the functions there are: an adapter is made with the first call."""

_QUICKEN = """if quicken and rawget(module, name) == shim then
module[name] = quicken(call, shim, "{kinds}", "{ending}")
end
"""
"""With the short way (crossing.c) C takes the shim's place, unless a script has put something else there."""


@lru_cache(maxsize=16)
def functions_of(
    modules: tuple[type[Module], ...], *, limited: bool
) -> tuple[tuple[tuple[int, Export], ...], str]:
    """All functions of a state with these modules: (index of the module, export) of each, and Lua source.

    The source is a chunk `(support, bind) -> KSR, luasip`, which makes them; `bind(i)` gives the adapter of function i.
    Kept, because every runtime and every reload asks for it and a class does not change.
    """
    functions: list[tuple[int, Export]] = []
    shapes: dict[str, int] = {}
    lines = ["local tables, module = { KSR = {}, luasip = {} }"]
    for index, module in enumerate(modules):
        lines.append(f"module = tables.{module.namespace}")
        if module.name:
            lines += [f'module["{module.name}"] = {{}}', f'module = module["{module.name}"]']
        for export in module.exports():
            number = shapes.setdefault(shape(export, limited=limited), len(shapes) + 1)
            expected = signature(export, full_name(module, export.name)) + " expected"
            made_by = f'shapes[{number}]({len(functions)}, "{expected}", module, "{export.name}")'
            lines.append(f'module["{export.name}"] = {made_by}')
            functions.append((index, export))
    made = [f"shapes[{number}] = (function(...)\n{text}\nend)(...)" for text, number in shapes.items()]
    return tuple(functions), "\n".join(["local shapes = {}", *made, *lines, "return tables.KSR, tables.luasip"])


def signature(export: Export, name: str) -> str:
    """What a call looks like: "KSR.pv.get(name: str)"."""
    parameters = [f"{p.name}: {p.kind}{' (optional)' if p.optional else ''}" for p in export.parameters]
    if export.variadic:
        parameters.append("...")
    return f"{name}({', '.join(parameters)})"


def shape(export: Export, *, limited: bool) -> str:
    """Lua source of a chunk `(support, bind) -> maker` for this shape of function.

    `maker(number, expected, module, name)` gives the function module[name]; `expected` is told to who gives it too few
    arguments.

    Args:
        limited: the Lua state has a memory limit, so room is made before a string may come back.
    """
    names = [f"a{i}" for i in range(1, len(export.parameters) + 1)]
    lines = _check(export, names) + _coercions(export, names) + _at_once(export)
    if limited and export.result == "xval":
        # Amid a finalizer (__gc) Lua does not tell.
        lines.append('if (memory("count") or 0) > soft_limit then make_room() end')
    lines += _call(export, names)
    head = "..." if export.parameters or export.variadic else ""
    function = "\n".join([f"shim = function({head})", *lines, "end", "return "])
    first_call = _FIRST_CALL.format(quicken=_quicken(export))
    head = f"{_HEAD}{_tables(export)}return function(number, expected, module, name)"
    return f"{head}\n{first_call}{function}{_stand_in(export)}\nend"


def _quicken(export: Export) -> str:
    """The statement that puts C in the shim's place, "" for what only Lua can do or does without Python."""
    kinds = "".join([parameter.kind[0] for parameter in export.parameters])
    optional = any(parameter.optional for parameter in export.parameters)
    if optional or takes_any(export) or _at_once(export):
        return ""
    endings = {"none": "n", "xval": "s"}
    ending = "e" if export.exits else endings.get(export.result, "v")
    return _QUICKEN.format(kinds=kinds, ending=ending)


def _check(export: Export, names: list[str]) -> list[str]:
    if not names:
        return []
    lines = [f"local {', '.join(names)} = ..."]
    required = sum(not parameter.optional for parameter in export.parameters)
    if required:
        count = 'select("#", ...)'
        lines.append(f"if a{required} == nil and {count} < {required} then too_few(expected, {count}) end")
    return lines


def _coercions(export: Export, names: list[str]) -> list[str]:
    lines = []
    for parameter, name in zip(export.parameters, names, strict=True):
        given = f"{name} ~= nil and " if parameter.optional else ""
        if parameter.kind == "str":
            lines.append(f'if {given}type({name}) ~= "string" then {name} = text({name}) end')
        elif parameter.kind == "int":
            fits = f'kind({name}) == "integer" and {name} >= -2147483648 and {name} <= 2147483647'
            lines.append(f"if {given}not ({fits}) then {name} = integer({name}) end")
    return lines


def _at_once(export: Export) -> list[str]:
    """Answers Lua has without Python, for calls made in a callback."""
    if export.true_for:
        return [f'if now.method then return now.method == "{export.true_for}" end']
    if export.letters:
        found = "letter ~= nil and find(upper(a1), letter, 1, true) ~= nil"
        return ["local letter = letters[now.method]", f"if now.method then return {found} end"]
    if export.only_exits:
        return ["if now.method then error(EXIT, 0) end"]
    if export.level:
        return [f"if now.level > {export.level} then return 0 end"]
    return []


def _stand_in(export: Export) -> str:
    """The function a maker gives: the shim, or with the short way C which answers as at once as the shim does."""
    methods, kind = "", ""
    if export.true_for:
        methods, kind = f"-{export.true_for} ", "m"
    elif export.letters:
        methods, kind = "".join([f"{letter}{method} " for method, letter in export.letters]), "l"
    elif export.only_exits:
        kind = "x"
    elif export.level:
        kind = "q"
    if not kind:
        return "shim"
    required = sum(not parameter.optional for parameter in export.parameters)
    return f'at_once and at_once(shim, "{kind}", "{methods}", {export.level}, {required}) or shim'


def _tables(export: Export) -> str:
    """Constants of the function."""
    if not export.letters:
        return ""
    entries = ", ".join([f'{method} = "{letter}"' for method, letter in export.letters])
    return f"local letters = {{ {entries} }}\n"


def _call(export: Export, names: list[str]) -> list[str]:
    arguments = ", ".join(names)
    if export.variadic:
        count = f'select("#", ...) - {len(names)}'
        rest = f"select({len(names) + 1}, ...)" if names else "..."
        arguments = ", ".join([f"({count} > 0 and {count} or 0) + {len(names)}", *names, rest])
    called = f"pass_any(call, {arguments})" if export.variadic else f"call({arguments})"
    lines = [f"local value, code = {called}"]
    if takes_any(export) and not export.variadic:
        # Not by pass_any when nothing is to be encoded: its frame would double the stack of a coroutine that waits.
        anything = [name for name, p in zip(names, export.parameters, strict=True) if p.kind == "any"]
        are_plain = " and ".join([f"plain[type({name})]" for name in anything])
        lines = [
            "local value, code",
            f"if {are_plain} then value, code = call(false, {arguments})",
            f"else value, code = pass_any(call, {len(names)}, {arguments}) end",
        ]
    if export.exits:
        return [*lines, "if code and settle(value, code) == false then return false end", "error(EXIT, 0)"]
    if export.result == "none":
        result = "0" if names or export.variadic else "false"
        return [*lines, f"if code and settle(value, code) == false then return false end return {result}"]
    return [*lines, "if code then return settle(value, code) end return value"]
