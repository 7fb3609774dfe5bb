"""What modules declare about their settings: which of them may change while the server runs."""

import ast
import dataclasses
import inspect
from pathlib import Path

import pytest

from luasip.kemi.declare import Module, module_key
from luasip.kemi.field_docs import field_documentation
from luasip.modules import MODULES
from luasip.server.settings_sections import Document

ONCE = {"__init__", "__post_init__", "start"}
"""What runs once: a setting that is read there only cannot change later."""

DECLARED = [(module, name) for module in MODULES for name in module.changeable]


def ids(found: object) -> str:
    return module_key(found) if isinstance(found, type) and issubclass(found, Module) else str(found)


def readers(module: type[Module]) -> dict[str, set[str]]:
    """Attribute → the functions of the module's files that read it, and texts with its name."""
    own = Path(inspect.getfile(module))
    files = [own] if own.parent.name == "modules" else list(own.parent.glob("*.py"))
    found: dict[str, set[str]] = {}
    for file in files:
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Attribute):
                        found.setdefault(node.attr, set()).add(function.name)
                    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                        found.setdefault(node.value, set()).add(function.name)
    return found


@pytest.mark.parametrize(("module", "name"), DECLARED, ids=ids)
def test_what_may_change_is_read_when_it_is_used(module: type[Module], name: str) -> None:
    assert name in {field.name for field in dataclasses.fields(module.Settings) if field.init}
    documentation = field_documentation(module.Settings)[name]
    assert not documentation.startswith("Accepted")
    assert not documentation.endswith("without effect.")
    assert readers(module).get(name, set()) - ONCE


def test_no_setting_is_declared_twice() -> None:
    assert [module_key(m) for m in MODULES if len(set(m.changeable)) != len(m.changeable)] == []


def test_modules_and_sections_have_names_of_their_own() -> None:
    assert {module_key(module) for module in MODULES} & set(Document.model_fields) == set()


def test_settings_are_plain_values_that_can_be_assigned() -> None:
    for module in MODULES:
        assert not module.Settings.__dataclass_params__.frozen  # type: ignore[attr-defined]
