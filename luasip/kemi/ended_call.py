"""A call that is over, as the module that tracks calls tells others of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from luasip.kemi.context import RouteContext


@dataclass(frozen=True, slots=True)
class EndedCall:
    """Times are seconds since the epoch."""

    created: float
    """When its INVITE came."""
    started: float
    """When it was answered, 0.0 when it was not."""
    ended: float
    expired: bool
    """It has timed out, and nobody was told by BYE."""
    variables: Mapping[str, str]
    """What the script has kept with it ($dlg_var)."""
    context: RouteContext
    """A run over the message that ended it, or one made up with its Call-ID, From and To."""


@runtime_checkable
class TellsOfCalls(Protocol):
    """A module that tracks calls."""

    def on_call_ended(self, told: Callable[[EndedCall], None]) -> None:
        """Tell `told` of every call that has ended, answered or not; call it before messages come."""
        ...
