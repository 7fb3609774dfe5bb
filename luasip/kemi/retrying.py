"""When to try again what has failed, for everything that keeps its work until a service is back."""

from typing import Final

_DOUBLED: Final = 32
"""How often the pause doubles at most. A service may be away for days: the number must stay one a float can hold."""


def pause_after(failures: int, first: float, longest: float) -> float:
    """Seconds until the next try after so many failures in a row: `first`, twice that …, up to `longest`."""
    return min(first * 2.0 ** min(failures - 1, _DOUBLED), longest)
