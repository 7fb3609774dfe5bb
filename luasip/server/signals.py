"""What signals ask of the server, handed to the main thread.

A signal's handler runs in the middle of whatever the main thread does just then, so it must not take a lock that this
thread may hold: `Event.set` in a handler waits for ever when it interrupts `Event.clear`. `SimpleQueue.put` may be
called anywhere.
"""

import signal
from collections.abc import Iterable
from queue import Empty, SimpleQueue

__all__ = ["RELOAD", "STOP", "Signals"]

RELOAD = signal.SIGHUP
STOP = signal.SIGTERM


class Signals:
    """Any thread may ask, and a handler too; one thread waits."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[int] = SimpleQueue()

    def listen(self) -> None:
        """Take SIGTERM, SIGINT and SIGHUP from now on; only the main thread may."""
        for number, meaning in ((signal.SIGTERM, STOP), (signal.SIGINT, STOP), (signal.SIGHUP, RELOAD)):
            signal.signal(number, lambda *_, meaning=meaning: self.ask(meaning))

    def ask(self, meaning: int) -> None:
        """Let the server do what RELOAD or STOP means."""
        self._asked.put(meaning)

    def wait(self, timeout: float) -> Iterable[int]:
        """What was asked for, each once however often it was; nothing after `timeout` seconds without."""
        try:
            asked = {self._asked.get(timeout=timeout)}
        except Empty:
            return ()
        # What comes meanwhile is for the next time: a storm of signals must not keep the thread here.
        asked.update(self._asked.get_nowait() for _ in range(self._asked.qsize()))
        return asked
