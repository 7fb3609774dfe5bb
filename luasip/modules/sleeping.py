"""luasip.sleep: the body of the method, for mypyc to compile."""

from typing import Any, Final

from luasip.errors import MisuseError
from luasip.kemi.operation import Once, Sleep
from luasip.kemi.route_context import RouteContext

LONGEST_WAIT: Final = 86400.0


def sleep(module: Any, ctx: RouteContext, seconds: Any) -> Any:
    """Wait, while other messages are handled."""
    return Once(Sleep(seconds_of("luasip.sleep", seconds)))


def seconds_of(name: str, value: Any) -> float:
    """What a script gave the function `name` for a time to wait. Raises MisuseError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_WAIT:
        raise MisuseError(f"{name}: seconds must be a number from 0 to {LONGEST_WAIT:g}, not {value!r}")
    return float(value)
