"""Who may import whom: the table of docs/architecture.md, read from the sources by ast.

Imports under TYPE_CHECKING count like any other.
"""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "luasip"

ALLOWED = {
    "errors": set(),
    "lock": set(),
    "native": set(),
    "sip": {"errors", "native"},
    "transaction": {"errors", "native", "sip"},
    "proxy": {"errors", "native", "sip", "transaction"},
    "transport": {"errors", "lock", "native", "sip"},
    "storage": {"errors"},
    "kemi": {"errors", "native", "sip", "transaction", "proxy"},
    "script": {"errors", "lock", "native", "sip", "transaction", "proxy", "kemi"},
    "control": {"errors", "sip", "transaction", "proxy", "kemi"},
    "modules": {"errors", "lock", "sip", "transaction", "proxy", "kemi", "storage"},
    "server": {
        *{"errors", "lock", "native", "sip", "transaction", "proxy", "transport", "storage", "kemi", "script"},
        *{"control", "modules"},
    },
    "__main__": {"errors", "kemi", "control", "modules", "script", "server"},
}
"""Package → the packages of luasip it may import, besides itself."""

PURE = ("sip", "transaction", "proxy", "errors")
"""These are handed time, chance and addresses; they take nothing from the machine."""

OWNERS = {
    "socket": {"transport", "control"},
    **{name: {"transport"} for name in ("ssl", "selectors")},
    "select": {"transport", "storage"},  # storage looks whether a database has hung up
    "librt": {"lock", "sip"},
    "lupa": {"script"},
    "sqlalchemy": {"storage", "modules"},
    "pydantic": {"server"},
    "asyncio": {"transport", "control"},
    "starlette": {"control", "server"},
    "argcomplete": {"__main__"},
    "prometheus_client": {"server", "modules"},
    **{name: {"control"} for name in ("uvicorn", "defusedxml", "rich")},
    **{
        name: set(ALLOWED) - set(PURE)
        for name in ("threading", "time", "logging", "random", "secrets", "concurrent", "queue", "os")
    },
}
"""Library → the packages that may import it."""


@dataclass(frozen=True)
class Import:
    """One import: the file, its line, the module imported, and whether only type checkers see it."""

    file: str
    line: int
    name: str
    for_types: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: imports {self.name}"


def package_of(file: Path) -> str:
    return file.relative_to(ROOT).with_suffix("").parts[0]


def imports_of(file: Path) -> Iterator[Import]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    shown = str(file.relative_to(ROOT.parent))
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{shown}:{node.lineno}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            yield Import(shown, node.lineno, name, id(node) in for_types)


FILES = sorted(file for file in ROOT.rglob("*.py") if file != ROOT / "__init__.py")
IMPORTS = [(package_of(file), found) for file in FILES for found in imports_of(file)]


def inner_package(name: str) -> str:
    """ "sip" for "luasip.sip.uri.Uri", "" for what is not ours or the package itself (its version)."""
    parts = name.split(".")
    known = len(parts) > 1 and parts[0] == "luasip" and parts[1] in ALLOWED
    return parts[1] if known else ""


def test_every_package_is_in_the_table() -> None:
    assert {package_of(file) for file in FILES} <= set(ALLOWED)


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_imports_look_down_only(package: str) -> None:
    wrong = [
        str(found)
        for importer, found in IMPORTS
        if importer == package and inner_package(found.name) not in {"", package, *ALLOWED[package]}
    ]
    assert wrong == []


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_libraries_have_owners(library: str) -> None:
    wrong = [
        str(found)
        for importer, found in IMPORTS
        if found.name.split(".")[0] == library and importer not in OWNERS[library]
    ]
    assert wrong == []


def kemi_module_of(name: str) -> str:
    """ "tm" for "luasip.modules.tm.settings.Settings", "" for what is no module's, as a reader several share."""
    parts = name.split(".")
    inside = parts[:2] == ["luasip", "modules"] and len(parts) > 2
    return parts[2] if inside and declares_a_module(parts[2]) else ""


@functools.lru_cache
def files_of(module: str) -> tuple[Path, ...]:
    place = ROOT / "modules" / module
    return tuple(sorted(place.rglob("*.py"))) if place.is_dir() else (place.with_suffix(".py"),)


@functools.lru_cache
def classes_of(module: str) -> tuple[ast.ClassDef, ...]:
    return tuple(
        node
        for file in files_of(module)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )


def declares_a_module(name: str) -> bool:
    return any(
        isinstance(base, ast.Name) and base.id == "Module"
        for found in classes_of(name)
        for base in found.bases
    )


def test_a_module_knows_another_only_as_a_constructor_argument() -> None:
    """A module may import from another one that it names in `uses`, which is what it is handed."""
    wrong: list[str] = []
    for file in FILES:
        if package_of(file) != "modules" or file == ROOT / "modules" / "__init__.py":
            continue
        own = file.relative_to(ROOT / "modules").with_suffix("").parts[0]
        wrong += [
            str(found)
            for found in imports_of(file)
            if kemi_module_of(found.name) not in {"", own, *uses_of(own)}
        ]
    assert wrong == []


def uses_of(module: str) -> set[str]:
    """The strings in the `uses = (…)` of a module's classes."""
    return {name for found in classes_of(module) for name in uses_in(found)}


def uses_in(definition: ast.ClassDef) -> Iterator[str]:
    for node in definition.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "uses" for target in targets):
            for constant in ast.walk(node):
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    yield constant.value


def test_the_checks_see_something() -> None:
    assert len(IMPORTS) > 300
    assert any(inner_package(found.name) == "sip" for _, found in IMPORTS)
    assert any(found.for_types for _, found in IMPORTS)
