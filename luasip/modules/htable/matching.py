"""The ways htable's functions select names and values. Knows no table."""

from collections.abc import Callable
from typing import Final

from luasip.errors import PatternError
from luasip.kemi.posix_regex import compile_posix
from luasip.modules.htable.table import Scalar

Test = Callable[[str], bool]

_PREFIXES: Final = {"~~": "re", "~%": "ew", "%~": "sw", "==": "eq", "eq": "int", "**": "all"}


def text_test(operator: str, wanted: str) -> Test | None:
    """The test an operator makes: eq, ne, sw (starts with), ew (ends with), in (contains), re (POSIX, case
    ignored).

    None when there is no such operator, nothing is wanted or the expression is wrong.
    """
    if not wanted:
        return None
    match operator:
        case "eq":
            return lambda text: text == wanted
        case "ne":
            return lambda text: text != wanted
        case "sw":
            return lambda text: text.startswith(wanted)
        case "ew":
            return lambda text: text.endswith(wanted)
        case "in":
            return lambda text: wanted in text
        case "re":
            try:
                pattern = compile_posix(wanted, "in")
            except PatternError:
                return None
            return lambda text: pattern.search(text) is not None
    return None


def count_test(expression: str, by_value: bool) -> Callable[[str, Scalar], bool] | None:
    """The test of $shtcn and $shtcv: `~~regex`, `~%end`, `%~start`, `==text`, `eqnumber`, `**`, or a regex
    alone.

    None when nothing can match.
    """
    operator = _PREFIXES.get(expression[:2], "")
    wanted = expression[2:] if operator else expression
    if operator == "all":
        return lambda _key, _value: True
    if operator == "int":
        return _number_test(wanted) if by_value else None
    test = text_test(operator or "re", wanted)
    if test is None:
        return None
    return selecting(test, by_value)


def selecting(test: Test, by_value: bool) -> Callable[[str, Scalar], bool]:
    """A test of an item by its name, or by its value, which must be text then."""
    if by_value:
        return lambda _key, value: isinstance(value, str) and test(value)
    return lambda key, _value: test(key)


def _number_test(wanted: str) -> Callable[[str, Scalar], bool]:
    try:
        number = int(wanted)
    except ValueError:
        number = 0
    return lambda _key, value: isinstance(value, int) and value == number
