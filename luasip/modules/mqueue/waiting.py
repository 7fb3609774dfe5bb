"""luasip.queue: waiting for the next item of a queue, and taking items until they are dealt with."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from luasip.errors import MisuseError
from luasip.kemi.context import RouteContext, Services
from luasip.kemi.declare import Module, function
from luasip.kemi.operation import TIMED_OUT, Event, Operation
from luasip.modules.mqueue.queue import ItemQueue

LONGEST_WAIT = 86400.0

_Found = TypeVar("_Found")


class Queue(Module):
    """luasip.queue: waiting for items of the queues of mqueue."""

    name = "queue"
    namespace = "luasip"

    def __init__(self, settings: Module.Settings, services: Services) -> None:
        self.queues: dict[str, ItemQueue] = {}
        """The queues by name; the module mqueue fills it before messages come."""
        self._services = services

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
        queue = self._queue("get", name)
        seconds = _seconds("get", "timeout", timeout)
        if not seconds:
            return queue.fetch()
        return (yield from self._wait(queue, seconds, queue.fetch_or_wait(), queue.fetch_handed))

    @function(suspends=True)
    def take(self, ctx: RouteContext, name: str, timeout: Any, keep: Any) -> Generator[Operation, Any, Any]:
        """Take the oldest item of a queue until it is dealt with, waiting for one as `get`.

        `local key, value, receipt = luasip.queue.take("records", 5, 60)`

        The item is gone when `luasip.queue.done` is called with the receipt. It is back in the queue after
        `luasip.queue.give_back`, when `keep` seconds are over, and, in a durable queue, when the server starts again.

        Args:
            name: a queue of the settings of mqueue.
            timeout: seconds to wait at most, fractions allowed, up to a day; 0 does not wait.
            keep: seconds for which nobody else gets the item, up to a day.
        Returns: the item's key, its value and a receipt; nil when none came in time.
        """
        queue = self._queue("take", name)
        seconds, kept = _seconds("take", "timeout", timeout), _seconds("take", "keep", keep)
        if not seconds:
            found = queue.take(kept)
        else:
            found = yield from self._wait(
                queue, seconds, queue.take_or_wait(kept), lambda ticket: queue.take_handed(ticket, kept)
            )
        if found is None:
            return None
        number, key, value = found
        return key, value, number

    @function()
    def done(self, ctx: RouteContext, name: str, receipt: int) -> bool:
        """Remove an item that was taken: it is dealt with.

        Args:
            name: the queue.
            receipt: what `take` returned.
        Returns: false when the item is not taken any more, because it was too late.
        """
        return self._queue("done", name).done(receipt)

    @function()
    def give_back(self, ctx: RouteContext, name: str, receipt: int) -> bool:
        """Put an item that was taken back to the front of its queue.

        Args:
            name: the queue.
            receipt: what `take` returned.
        Returns: false when the item is not taken any more.
        """
        ticket = self._queue("give_back", name).give_back(receipt)
        if ticket:
            self._services.grant(ticket, True)
        return ticket is not None

    def _queue(self, function_name: str, name: str) -> ItemQueue:
        queue = self.queues.get(name)
        if queue is None:
            known = ", ".join(sorted(self.queues)) or "none"
            raise MisuseError(f"luasip.queue.{function_name}: there is no queue {name!r}; there are: {known}")
        return queue

    def _wait(
        self,
        queue: ItemQueue,
        seconds: float,
        found: _Found | str,
        handed: Callable[[str], _Found | None],
    ) -> Generator[Operation, Any, _Found | None]:
        """What was found at once, or is handed over in time."""
        if not isinstance(found, str):
            return found
        try:
            woken = yield Event(found, seconds)
        except GeneratorExit:
            # The route is gone: what was handed to it in this very moment belongs to the others.
            ticket = queue.leave(found)
            if ticket:
                self._services.grant(ticket, True)
            raise
        item = handed(found)
        if item is not None and woken is TIMED_OUT:
            yield Event(
                found, 1.0
            )  # handed over as the wait ended: the wake-up is under way and must not stay
        return item


def _seconds(function_name: str, parameter: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_WAIT:
        raise MisuseError(
            f"luasip.queue.{function_name}: {parameter} must be a number from 0 to {LONGEST_WAIT:g}, not {value!r}"
        )
    return float(value)
