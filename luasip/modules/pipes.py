"""Pipes: how many requests may pass in an interval, by Kamailio's four algorithms; shared by ratelimit and pipelimit.

Knows no message, no clock and no lock; the module that has the pipes calls `Pipe.swap` once each interval.
"""

import enum
import math
from dataclasses import dataclass
from typing import Final

from luasip.errors import CommandError

_SPREAD: Final = 37
"""Has no divisor in common with 100: the counter times this, modulo 100, meets every number once in 100 requests."""


class Algorithm(enum.IntEnum):
    """How a pipe decides; the numbers are Kamailio's."""

    NOP = 0
    """None chosen yet."""
    RED = 1
    """Of every n requests one passes, n being how many times the limit the last interval was over it."""
    TAILDROP = 2
    """The first so many in an interval."""
    FEEDBACK = 3
    """A share that keeps the processors' load at the limit, in percent."""
    NETWORK = 4
    """All or none: as long as no more bytes than the limit wait to be read."""


def algorithm_named(name: str) -> Algorithm | None:
    """The algorithm with this name, None when there is none."""
    return Algorithm.__members__.get(name)


class Controller:
    """A PID controller: which share of requests to drop so that the load stays at `setpoint`.

    Loads are from 0.0 to 1.0, the drop rate is percent.
    """

    def __init__(self) -> None:
        self.setpoint = 0.0
        self.proportional = 0.0
        self.integral = -25.0
        self.derivative = 0.0
        self.load = 0.0
        self.drop_rate = 0
        self._sum = 0.0
        self._last = 0.0

    def update(self, load: float) -> None:
        """A new load was measured."""
        self.load = min(max(load, 0.0), 1.0) if math.isfinite(load) else 0.0
        error = self.setpoint - self.load
        # Idle time does not add up: it cannot be made good by dropping less than nothing.
        if self._sum < 0 or error < 0:
            self._sum += error
        output = (
            self.proportional * error + self.integral * self._sum + self.derivative * (error - self._last)
        )
        self._last = error
        self.drop_rate = int(output) if output > 0 else 0

    def shown(self) -> str:
        """The three parameters as Kamailio prints them."""
        return f"ki[{self.integral:f}] kp[{self.proportional:f}] kd[{self.derivative:f}]"

    def tune(self, integral: float, proportional: float, derivative: float) -> None:
        """Set the three parameters. Raises CommandError for what is not finite."""
        if not all(math.isfinite(value) for value in (integral, proportional, derivative)):
            raise CommandError(400, "Value out of range")
        self.integral, self.proportional, self.derivative = integral, proportional, derivative

    def push(self, load: float) -> None:
        """A load given from outside. Raises CommandError when it is not from 0.0 to 1.0."""
        if not 0.0 <= load <= 1.0:
            raise CommandError(400, "Value out of range")
        self.update(load)


@dataclass(slots=True)
class Pipe:
    """One limit with its counter."""

    algorithm: Algorithm = Algorithm.NOP
    limit: int = 0
    """Requests, percent of load or bytes waiting, as the algorithm wants it."""
    counter: int = 0
    """Requests in this interval."""
    last_counter: int = 0
    load: int = 0
    """How many times over the limit the last interval was; for NETWORK 1 too much, -1 not."""
    unused: int = 0
    """Intervals without a request."""

    def push(self, allowed: int, drop_rate: int) -> bool:
        """Count a request: whether it may pass. `allowed` is the limit of an interval for TAILDROP."""
        self.counter += 1
        if self.algorithm is Algorithm.TAILDROP:
            return self.counter <= allowed
        if self.algorithm is Algorithm.RED:
            return self.load == 0 or self.counter % self.load == 0
        if self.algorithm is Algorithm.FEEDBACK:
            return self.counter * _SPREAD % 100 >= drop_rate
        if self.algorithm is Algorithm.NETWORK:
            return self.load <= 0
        return True

    def swap(self, allowed: int, waiting: int) -> None:
        """An interval is over; `waiting` bytes were not yet read."""
        if self.algorithm is Algorithm.NETWORK:
            self.load = 1 if waiting > self.limit else -1
        elif allowed > 0:
            self.load = self.counter // allowed
        self.unused = 0 if self.counter else self.unused + 1
        self.last_counter = self.counter
        self.counter = 0

    def reset(self) -> None:
        """Forget what was counted."""
        self.counter = self.last_counter = self.load = self.unused = 0
