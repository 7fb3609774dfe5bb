"""What a task has to send when it waits or ends."""

import logging
from abc import abstractmethod
from collections.abc import Callable

from luasip.server.sockets import Sockets
from luasip.transport.packet import Destination

log = logging.getLogger("luasip.script")


class Sending:
    """An output (Execution.send): wire text on its way."""

    __slots__ = ("_destination", "_sockets", "_text")

    def __init__(self, sockets: Sockets, text: str, destination: Destination) -> None:
        self._sockets = sockets
        self._text = text
        self._destination = destination

    def __call__(self, error: Exception | None = None) -> None:
        self._sockets.send(self._text, self._destination)


class WatchedSending(Sending):
    """One that is called with the error when it could not be sent: an object for that alone would be one more."""

    __slots__ = ()

    def __call__(self, error: Exception | None = None) -> None:
        if error is None:
            self._sockets.send(self._text, self._destination, self)
        else:
            self.failed(error)

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """It could not be sent."""


def send_all(outputs: list[Callable[[], None]]) -> None:
    """Send in order what was collected."""
    for output in outputs:
        try:
            output()
        except BaseException:  # the worker loop: the task must go on, whatever could not be sent
            log.exception("an output failed")
