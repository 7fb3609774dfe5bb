"""What systemd is told: that the server is ready, reloads, stops, and, for its watchdog, that it lives.

The protocol is sd_notify(3): lines in a datagram to the socket the environment names. Without one nothing is sent.
"""

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger("luasip.control")

NOTIFY_SOCKET = "NOTIFY_SOCKET"
WATCHDOG_USEC = "WATCHDOG_USEC"
WATCHDOG_PID = "WATCHDOG_PID"


class ServiceManager:
    """The service manager that has started this process, if there is one."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get(NOTIFY_SOCKET, "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._has_failed = False
        own = environment.get(WATCHDOG_PID, "") in ("", str(os.getpid()))
        microseconds = environment.get(WATCHDOG_USEC, "")
        self.watchdog = int(microseconds) / 1e6 if own and microseconds.isdecimal() else 0.0
        """Seconds within which it wants to hear WATCHDOG=1; 0: never."""

    def tell(self, *lines: str) -> None:
        """Send assignments such as "READY=1". A failure is logged once."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as opened:
                opened.setblocking(False)
                opened.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
        except OSError as error:
            if not self._has_failed:
                self._has_failed = True
                log.error("the service manager cannot be told %s: %s", lines[0], error)
