"""A UDP socket whose datagrams are received, and sent, several at one time where datagrams.c was built.

Between two datagrams the system's code and data push a message's out of the processor's caches. Those that wait are
therefore taken together, and what they lead to is sent together.
"""

import contextlib
import importlib
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Final

from luasip.errors import TransportError
from luasip.transport.address import socket_address

MAX_DATAGRAM: Final = 65535
SO_TIMESTAMPNS: Final = 35
"""Linux's socket option and control message for when a datagram came (socket(7)); Python has no name for it."""
TIMESPEC: Final = struct.Struct("ll")
ANCILLARY: Final = socket.CMSG_SPACE(TIMESPEC.size)
LONGEST_AGE: Final = 60.0
"""Seconds beyond which it is the clock that has jumped."""
NO_LITERAL: Final = -1
"""In place of an errno: datagrams.c reads the usual addresses only."""

Received = tuple[bytes, str, int, float]
"""A datagram, the host and the port it came from, and the seconds it has waited in the system's buffer."""
Datagram = tuple[bytes, str, int]
"""What is sent: data, IP literal, port."""
Failure = tuple[int, Exception]
"""The place of a datagram that was not sent, and why: OSError, or TransportError for no address."""


class DatagramSocket:
    """One that is bound. `receive` is for one thread, the rest for any."""

    __slots__ = ("_fileno", "opened")

    def __init__(self, opened: socket.socket) -> None:
        """`opened` blocks, and has SO_TIMESTAMPNS set if ages are to be known."""
        self.opened = opened
        self._fileno = opened.fileno  # asked each time: -1 once it is closed

    def receive(self, flags: int) -> list[Received]:
        """Datagrams that wait, at least one; OSError, EAGAIN when none came for as long as the socket waits.

        With MSG_DONTWAIT in `flags` it does not wait. A socket that was shut down gives a datagram without a host.
        """
        if _receive is not None:
            return _receive(self._fileno(), flags)
        data, ancillary, _, source = self.opened.recvmsg(MAX_DATAGRAM, ANCILLARY, flags)
        return [(data, source[0], source[1], age_of(ancillary)) if source else (data, "", 0, 0.0)]

    def send(self, datagrams: list[Datagram]) -> list[Failure]:
        """Send what the system takes now; returns those it did not take."""
        if _send is None:
            return _failures(self._send_one(datagram) for datagram in datagrams)
        failed = _send(self._fileno(), tuple(datagrams))
        return [] if not failed else self._failed(datagrams, dict(failed))

    def _failed(self, datagrams: list[Datagram], codes: dict[int, int]) -> list[Failure]:
        """Those with a code: an errno, or NO_LITERAL, which has not been tried."""
        failures: list[Failure] = []
        for place, code in codes.items():
            error = self._send_one(datagrams[place]) if code == NO_LITERAL else OSError(code, os.strerror(code))
            if error is not None:
                failures.append((place, error))
        return failures

    def _send_one(self, datagram: Datagram) -> Exception | None:
        data, host, port = datagram
        try:
            self.opened.sendto(data, socket.MSG_DONTWAIT, socket_address(host, port))
        except (OSError, TransportError) as error:
            return error
        return None


def age_of(ancillary: Sequence[tuple[int, int, bytes]]) -> float:
    """Seconds since the system took the datagram with these control messages; 0.0 when they do not say."""
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(content) == TIMESPEC.size:
            seconds, nanoseconds = TIMESPEC.unpack(content)
            age = time.time() - seconds - nanoseconds * 1e-9
            return age if 0.0 < age < LONGEST_AGE else 0.0
    return 0.0


def _failures(errors: Iterable[Exception | None]) -> list[Failure]:
    return [(place, error) for place, error in enumerate(errors) if error is not None]


def _together() -> ModuleType | None:
    with contextlib.suppress(ImportError):  # not built
        return importlib.import_module("luasip.transport.datagrams")
    return None


_TOGETHER: Final = _together()
_receive: Final[Callable[[int, int], list[Received]] | None] = getattr(_TOGETHER, "receive", None)
_send: Final[Callable[[int, tuple[Datagram, ...]], list[tuple[int, int]]] | None] = getattr(_TOGETHER, "send", None)
