"""luasip/control/registry.py and system_commands.py: arguments, results, errors, what commands tell of themselves."""

from typing import Any

import pytest

from luasip.control.registry import Registry
from luasip.errors import CommandError
from tests.control.example import Example, registry

GOOD: list[tuple[str, Any, Any]] = [
    ("example.add", [1], 11),
    ("example.add", [1, 2], 3),
    ("example.add", ["1", "2"], 3),
    ("example.add", [1.0, True], 2),
    ("example.add", {"first": 1}, 11),
    ("example.add", {"second": 5, "first": 1}, 6),
    ("example.echo", ["a"], ["a"]),
    ("example.echo", ["a", 5, 2.0, 2.5], ["a", "5", "2", "2.5"]),
    ("example.echo", {"text": "a", "more": ["b", "c"]}, ["a", "b", "c"]),
    ("example.echo", {"text": "a", "more": "b"}, ["a", "b"]),
    ("example.any", [{"deep": [1]}], {"deep": [1]}),
    ("example.half", ["3"], 1.5),
    ("example.nothing", [], None),
    ("example.nothing", {}, None),
]


@pytest.mark.parametrize(("name", "arguments", "result"), GOOD)
def test_results(name: str, arguments: Any, result: Any) -> None:
    assert registry().call(name, arguments) == result


BAD: list[tuple[str, Any, int, str]] = [
    ("example.ad", [], -32601, "Method Not Found: example.ad, did you mean example.add?"),
    ("zzz", [], -32601, "Method Not Found: zzz"),
    ("example.add", [], -32602, "first is missing; usage: example.add first [second]"),
    ("example.add", [1, 2, 3], -32602, "1 arguments too many"),
    ("example.add", ["one"], -32602, "first must be an integer, not 'one'"),
    ("example.add", [1.5], -32602, "first must be an integer, not 1.5"),
    ("example.add", [float("inf")], -32602, "first must be an integer"),
    ("example.add", [[1]], -32602, "first must be an integer"),
    ("example.add", [None], -32602, "first must be an integer"),
    ("example.add", {"second": 1}, -32602, "first is missing"),
    ("example.add", {"first": 1, "third": 1}, -32602, "no parameter 'third'"),
    ("example.echo", [{}], -32602, "text must be text"),
    ("example.half", ["x"], -32602, "value must be a number, not 'x'"),
    ("example.refuse", [404], 404, "No such thing"),
    ("example.fail", [], 500, "example.fail: internal error: ZeroDivisionError('oops')"),
    ("example.store", [], 500, "example.store: the database is away"),
]


@pytest.mark.parametrize(("name", "arguments", "code", "message"), BAD)
def test_errors(name: str, arguments: Any, code: int, message: str) -> None:
    with pytest.raises(CommandError) as error:
        registry().call(name, arguments)
    assert error.value.code == code
    assert message in error.value.message


def test_a_name_is_given_once() -> None:
    with pytest.raises(TypeError, match=r"two commands are named example\.add"):
        Registry([Example(), Example()])


def test_what_commands_there_are() -> None:
    found = registry()
    names = found.call("system.listMethods")
    assert names == sorted(names)
    assert {"example.add", "system.methodHelp"} <= set(names)
    described = {one["name"]: one for one in found.call("system.describe")}
    assert described["example.add"] == {
        "name": "example.add",
        "usage": "example.add first [second]",
        "help": "Add two numbers.",
    }


def test_help() -> None:
    assert registry().call("system.methodHelp", ["example.add"]) == (
        "example.add first [second]\n\nAdd two numbers.\n  first: one number.\n  second: the other.\nReturns their sum."
    )
    with pytest.raises(CommandError, match="command not found"):
        registry().call("system.methodHelp", ["none"])


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("example.add", [["any", "int"], ["any", "int", "int"]]),
        ("example.echo", [["any", "string"], ["any", "string", "string"]]),
        ("example.half", [["any", "double"]]),
        ("example.nothing", [["any"]]),
    ],
)
def test_signatures(name: str, signature: list[list[str]]) -> None:
    assert registry().call("system.methodSignature", [name]) == signature
