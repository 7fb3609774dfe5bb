"""What each thread works on: the message, callback and transaction its log records name, and where its task stands.

Looked up for every step, so it is one object a thread.
"""

import contextlib
import importlib
import threading
from collections.abc import Callable
from typing import Any, Final

from luasip.sip.message import Request, Response


class Work:
    """What one thread does now; only that thread uses it."""

    __slots__ = (
        "callback",
        "depth",
        "inside",
        "message",
        "outputs",
        "runtime",
        "slot",
        "slot_of",
        "transaction",
    )

    def __init__(self) -> None:
        self.message: Request | Response | None = None
        self.callback = ""
        self.transaction: Any = None
        """Has id_index, id_label, method and call_id."""
        self.outputs: list[Callable[[], None]] | None = None
        """What the running task wants sent, None outside of tasks."""
        self.runtime: Any = None
        """The Lua runtime of the running task."""
        self.depth = 0
        """Callbacks in each other that run where Lua cannot yield."""
        self.inside = 0.0
        """Seconds spent so far in callbacks that ran inside a step of another one."""
        self.slot: Any = None
        """The slot of a receiver thread, so that it need not be looked up."""
        self.slot_of: object = None
        """The Worker that gave it."""

    def bind(self, message: Request | Response | None, callback: str, transaction: Any) -> None:
        """Say what the thread works on from now on; every record it logs carries it."""
        self.message = message
        self.callback = callback
        self.transaction = transaction


Own = Callable[[Callable[[], Work]], Work]
"""What gives each thread its own, made when the thread first asks."""

_local: Final = threading.local()


def _from_local(make: Callable[[], Work]) -> Work:
    found: Work | None = getattr(_local, "work", None)
    if found is None:
        found = _local.work = make()
    return found


def _way() -> Own:
    """By own.c where that was built: it takes a fifth of the time."""
    with contextlib.suppress(ImportError):
        own: Own = importlib.import_module("luasip.own").own
        return own
    return _from_local


_own: Final = _way()


def work() -> Work:
    """The one of this thread."""
    return _own(Work)


def unbind() -> None:
    """This thread works on nothing any more."""
    work().bind(None, "", None)
