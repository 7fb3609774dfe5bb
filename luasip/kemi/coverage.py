"""How much of Kamailio's KEMI interface is there, and whether what is there has its shape.

`kamailio_functions.tsv` lists every function Kamailio exports: module ("core" for KSR itself), function,
result type and parameter types. Knows nothing of how a function works.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

from luasip.kemi.declare import Export, Module, module_key


@dataclass(frozen=True, slots=True)
class KamailioFunction:
    """One function Kamailio exports; `module` is "core" for KSR itself."""

    module: str
    name: str
    result: str
    """"int", "bool", "none" or "xval"."""
    parameters: tuple[str, ...]
    """"str", "int", "long" or "str*" (any number)."""


@functools.lru_cache(maxsize=1)
def kamailio_functions() -> dict[tuple[str, str], KamailioFunction]:
    """Every function by (module, name)."""
    text = resources.files("luasip.kemi").joinpath("kamailio_functions.tsv").read_text(encoding="utf-8")
    found: dict[tuple[str, str], KamailioFunction] = {}
    for line in text.splitlines()[1:]:
        module, name, result, parameters = line.split("\t")
        types = tuple(parameters.split(",")) if parameters else ()
        found[module, name] = KamailioFunction(module, name, result, types)
    return found


def missing(modules: Iterable[type[Module]]) -> list[KamailioFunction]:
    """What Kamailio has in these modules and they do not."""
    loaded = [module for module in modules if module.namespace == "KSR"]
    keys = {module_key(module) for module in loaded}
    present = {(module_key(module), export.name) for module in loaded for export in module.exports()}
    return [
        function
        for key, function in kamailio_functions().items()
        if function.module in keys and key not in present
    ]


def differences(modules: Iterable[type[Module]]) -> list[str]:
    """Where an exported function is not what Kamailio has under its name, a line each."""
    found: list[str] = []
    for module in modules:
        if module.namespace != "KSR":
            continue
        for export in module.exports():
            function = kamailio_functions().get((module_key(module), export.name))
            if function is None:
                found.append(f"KSR.{export.module}.{export.name}: Kamailio has no such function")
            else:
                found.extend(_different(export, function))
    return found


def _different(export: Export, function: KamailioFunction) -> list[str]:
    where = f"KSR.{export.module}.{export.name}"
    found: list[str] = []
    if export.result != function.result:
        found.append(f"{where}: the result is {export.result}, Kamailio's is {function.result}")
    expected = tuple("int" if kind == "long" else kind for kind in function.parameters)
    if export.variadic:
        return found
    kinds = tuple(parameter.kind for parameter in export.parameters)
    same = len(kinds) == len(expected)
    if not same or any(kind not in (other, "any") for kind, other in zip(kinds, expected, strict=True)):
        ours, theirs = ", ".join(kinds), ", ".join(expected)
        found.append(f"{where}: the parameters are ({ours}), Kamailio's are ({theirs})")
    return found
