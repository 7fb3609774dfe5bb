"""luasip/kemi/declare.py: what is read from a module's methods, and what is refused."""

from collections.abc import Generator
from typing import Any

import pytest

from luasip.kemi.context import PvValue, RouteContext
from luasip.kemi.declare import Module, Parameter, Route, function, variable, variable_setter
from luasip.kemi.operation import Operation
from tests.kemi.example import Example, Top


def exports_of(**methods: Any) -> list[Any]:
    return type("Made", (Module,), {"name": "made", **methods}).exports()


def test_exports_in_order() -> None:
    assert [export.name for export in Example.exports()] == ["plain", "wait", "not"]
    plain, wait, leave = Example.exports()
    assert (plain.module, plain.attribute, plain.result) == ("example", "plain", "int")
    assert plain.routes == Route.ANY
    assert (plain.suspends, plain.exits, plain.variadic, plain.parameters) == (False, False, False, ())
    assert wait.routes == Route.REQUEST | Route.BRANCH_FAILURE
    assert (wait.result, wait.suspends, wait.variadic) == ("xval", True, True)
    assert wait.parameters == (
        Parameter("end", "str", "how it ends, over two lines."),
        Parameter("seconds", "int", "how long.", optional=True),
    )
    assert (leave.attribute, leave.result, leave.exits) == ("leave", "none", True)
    assert Top.exports()[0].module == ""


def test_route_any_is_every_route() -> None:
    combined = Route(0)
    for route in Route:
        combined |= route
    assert combined == Route.ANY


@pytest.mark.parametrize(
    ("annotation", "result"),
    [
        (int, "int"),
        (bool, "bool"),
        (None, "none"),
        (PvValue, "xval"),
        (str | None, "xval"),
        (dict[str, int], "xval"),
        (Generator[Operation, Any, int], "int"),
        (Generator[Operation, Any, bool], "bool"),
        (Generator[Operation, Any, None], "none"),
        (Generator[Operation, Any, PvValue], "xval"),
        (int | Generator[Operation, Any, int], "int"),
        (bool | Generator[Operation, Any, bool], "bool"),
        (int | Generator[Operation, Any, PvValue], "xval"),
    ],
)
def test_result(annotation: Any, result: str) -> None:
    def method(self: Any, ctx: RouteContext) -> Any:
        """Do.

        Returns: it.
        """

    method.__annotations__["return"] = annotation
    (export,) = exports_of(method=function()(method))
    assert export.result == result


def test_variables() -> None:
    first, second = Example.variables()
    assert (first.name, first.getter, first.setter) == ("ex", "read", "write")
    assert (second.name, second.getter, second.setter) == ("example", "read", None)
    assert first.documentation == "The value | of it."


def test_commands() -> None:
    (show,) = Example.commands()
    assert (show.name, show.attribute, show.usage) == ("example.show", "show", "example.show key")
    assert [(one.name, one.kind, one.optional) for one in show.parameters] == [("key", "str", False)]
    assert show.documentation.parameters == {"key": "which."}
    assert show.documentation.returns == "the entry."


def test_an_overriding_method_replaces_the_inherited_one() -> None:
    class Base(Module):
        name = "base"

        @function()
        def first(self, ctx: RouteContext) -> None:
            """Base."""

        @function()
        def second(self, ctx: RouteContext) -> None:
            """Second."""

    class Derived(Base):
        @function()
        def first(self, ctx: RouteContext) -> None:
            """Derived."""

    assert [(e.name, e.documentation.summary) for e in Derived.exports()] == [
        ("first", "Derived."),
        ("second", "Second."),
    ]


def no_documentation(self: Any, ctx: RouteContext) -> None: ...


def no_returns(self: Any, ctx: RouteContext) -> int:
    """Do."""
    return 1


def no_parameter_documentation(self: Any, ctx: RouteContext, key: str) -> None:
    """Do."""


def no_variadic_documentation(self: Any, ctx: RouteContext, *rest: str) -> None:
    """Do."""


def unknown_parameter(self: Any, ctx: RouteContext) -> None:
    """Do.

    Args:
        key: gone.
    """


def unknown_beside_variadic(self: Any, ctx: RouteContext, *rest: str) -> None:
    """Do.

    Args:
        rest: the others.
        key: gone.
    """


def wrong_kind(self: Any, ctx: RouteContext, key: float) -> None:
    """Do.

    Args:
        key: a number.
    """


def no_annotation(self: Any, ctx: RouteContext, key) -> None:  # type: ignore[no-untyped-def]
    """Do.

    Args:
        key: something.
    """


def no_result_annotation(self: Any, ctx: RouteContext):  # type: ignore[no-untyped-def]
    """Do."""


def keyword_only(self: Any, ctx: RouteContext, *, key: str) -> None:
    """Do.

    Args:
        key: cannot be given from Lua.
    """


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (no_documentation, r"Made\.method: no docstring"),
        (no_returns, r"Made\.method: the docstring has no 'Returns:'"),
        (no_parameter_documentation, r"Made\.method: parameter 'key' is not documented under 'Args:'"),
        (no_variadic_documentation, r"Made\.method: parameter 'rest' is not documented"),
        (unknown_parameter, r"Made\.method: 'Args:' documents unknown parameters \['key'\]"),
        (unknown_beside_variadic, r"Made\.method: 'Args:' documents unknown parameters \['key'\]"),
        (wrong_kind, r"Made\.method: parameter 'key' must be str, int or Any"),
        (no_annotation, r"Made\.method: parameter 'key' must be str, int or Any"),
        (no_result_annotation, r"Made\.method: the result has no annotation"),
        (keyword_only, r"Made\.method: parameter 'key' cannot be given from Lua"),
    ],
)
def test_refused(method: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        exports_of(method=function()(method))


def test_a_setter_needs_a_reader() -> None:
    class Made(Module):
        @variable_setter("a", "b")
        def write(self, ctx: RouteContext, inner: str, index: None, value: str) -> bool:
            return True

    with pytest.raises(TypeError, match=r"Made: setter without reader for \$a, \$b"):
        Made.variables()


def test_a_variable_needs_documentation() -> None:
    class Made(Module):
        @variable("a")
        def read(self, ctx: RouteContext, inner: str, index: None) -> str:
            return ""

    with pytest.raises(TypeError, match=r"Made\.read: \$a has no documentation"):
        Made.variables()


def test_one_name_twice_is_refused() -> None:
    class Made(Module):
        name = "made"

        @function()
        def first(self, ctx: RouteContext) -> None:
            """First."""

        @function(name="first")
        def second(self, ctx: RouteContext) -> None:
            """Second."""

    with pytest.raises(TypeError, match=r"Made: 'first' is exported twice"):
        Made.exports()
