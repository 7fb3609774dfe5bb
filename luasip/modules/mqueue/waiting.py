"""luasip.queue: waiting for the next item of a queue."""

from collections.abc import Generator
from typing import Any

from luasip.errors import MisuseError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.operation import TIMED_OUT, Event, Operation
from luasip.modules.mqueue.queue import ItemQueue

LONGEST_WAIT = 86400.0


class Queue(Module):
    """luasip.queue: waiting for items of the queues of mqueue."""

    name = "queue"
    namespace = "luasip"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self.queues: dict[str, ItemQueue] = {}
        """The queues by name; the module mqueue fills it before messages come."""

    @function(suspends=True)
    def get(self, ctx: RouteContext, name: str, timeout: Any) -> Generator[Operation, Any, Any]:
        """Take the oldest item of a queue, waiting for one while other messages are handled.

        `local key, value = luasip.queue.get("calls", 5)`

        Routes that wait are served in the order in which they came.

        Args:
            name: a queue of the settings of mqueue.
            timeout: seconds to wait at most, fractions allowed, up to a day; 0 does not wait.
        Returns: the item's key and its value; nil when none came in time.
        """
        queue = self.queues.get(name)
        if queue is None:
            known = ", ".join(sorted(self.queues)) or "none"
            raise MisuseError(f"luasip.queue.get: there is no queue {name!r}; there are: {known}")
        seconds = _seconds(timeout)
        if not seconds:
            return queue.fetch()
        found = queue.fetch_or_wait()
        if not isinstance(found, str):
            return found
        try:
            woken = yield Event(found, seconds)
        except GeneratorExit:
            # The route is gone: what was handed to it in this very moment belongs to the others.
            lost = queue.end_wait(found)
            if lost is not None:
                queue.put_back(lost)
            raise
        item = queue.end_wait(found)
        if item is not None and woken is TIMED_OUT:
            yield Event(
                found, 1.0
            )  # handed over as the wait ended: the wake-up is under way and must not stay
        return item


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_WAIT:
        raise MisuseError(
            f"luasip.queue.get: timeout must be a number from 0 to {LONGEST_WAIT:g}, not {value!r}"
        )
    return float(value)
