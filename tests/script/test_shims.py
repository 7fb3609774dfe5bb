"""The Lua text of shims."""

import pytest

from luasip.script.shims import functions_of, shape, signature
from tests.script.fakes import Core, Ender, Proxy, Values

EXPORTS = {export.name: export for cls in (Core, Proxy, Ender, Values) for export in cls.exports()}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("is_INVITE", "f()"),
        ("t_reply", "f(code: int, reason: str)"),
        ("maybe", "f(name: str, limit: int (optional))"),
        ("modf", "f(name: str, ...)"),
        ("put", "f(value: any)"),
    ],
)
def test_signature(name: str, text: str) -> None:
    assert signature(EXPORTS[name], "f") == text


def test_functions_of_one_shape_share_their_text() -> None:
    assert shape(EXPORTS["is_INVITE"], limited=True) == shape(EXPORTS["t_relay"], limited=True)
    assert shape(EXPORTS["t_reply"], limited=True) != shape(EXPORTS["t_relay"], limited=True)
    assert shape(EXPORTS["exit"], limited=True) != shape(EXPORTS["drop"], limited=True)  # which asks Python


@pytest.mark.parametrize("name", EXPORTS)
def test_only_results_that_may_be_text_make_room(name: str) -> None:
    makes_room = "then make_room() end" in shape(EXPORTS[name], limited=True)
    assert makes_room == (EXPORTS[name].result == "xval")
    assert "then make_room() end" not in shape(EXPORTS[name], limited=False)


def test_a_function_without_parameters_looks_at_no_arguments() -> None:
    text = shape(EXPORTS["is_INVITE"], limited=False)
    assert "shim = function()\n" in text
    assert "too_few(expected" not in text


def test_all_functions_of_a_state_are_one_chunk() -> None:
    functions, source = functions_of((Core, Ender), limited=False)
    assert [(index, export.name) for index, export in functions][:4] == [
        (0, "info"),
        (0, "touch"),
        (0, "is_INVITE"),
        (1, "exit"),
    ]
    assert source.count("shapes[1] = ") == 1
    assert functions_of((Core, Ender), limited=False)[1] is source
