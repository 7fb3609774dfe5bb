"""What a task has to send when it waits or ends."""

import logging
from collections.abc import Callable

from luasip.server.sockets import Sockets
from luasip.transport.packet import Destination, ErrorCallback

log = logging.getLogger("luasip.script")


class Sending:
    """An output (Execution.send): wire text on its way."""

    __slots__ = ("_destination", "_on_error", "_sockets", "_text")

    def __init__(
        self, sockets: Sockets, text: str, destination: Destination, on_error: ErrorCallback | None = None
    ) -> None:
        self._sockets = sockets
        self._text = text
        self._destination = destination
        self._on_error = on_error

    def __call__(self) -> None:
        self._sockets.send(self._text, self._destination, self._on_error)


def send_all(outputs: list[Callable[[], None]]) -> None:
    """Send in order what was collected."""
    for output in outputs:
        try:
            output()
        except BaseException:  # the worker loop: the task must go on, whatever could not be sent
            log.exception("an output failed")
