"""Keeping the way through a NAT open: which registered contacts are pinged when, and with what.

Knows no socket; what it decides goes out through the services.
"""

import logging
import threading
from collections import deque
from functools import partial
from typing import Final

from luasip.errors import SipError, StorageError
from luasip.kemi.context import Listener, Services
from luasip.kemi.current import parsed_uri
from luasip.kemi.socket_text import find_listener
from luasip.kemi.transactions import OwnRequest
from luasip.modules.nathelper.addresses import parse_address
from luasip.modules.nathelper.detection import DEFAULT_PORT
from luasip.modules.nathelper.settings import NathelperSettings
from luasip.modules.usrloc import Contact, LocationTable, Usrloc
from luasip.sip.message import Response
from luasip.sip.uri import Uri
from luasip.sip.values import parse_name_addr

_log = logging.getLogger("luasip.nathelper")

_EMPTY: Final = "\0\0\0\0"
"""Four zero bytes: a datagram that every SIP element ignores."""


class Pinger:
    """Walks over all contacts once in natping_interval, a share of them each second."""

    def __init__(self, settings: NathelperSettings, services: Services, usrloc: Usrloc) -> None:
        self._settings = settings
        self._services = services
        self._usrloc = usrloc
        self._waiting: deque[Contact] = deque()
        self._second = 0
        self._share = 0
        self.enabled = True
        self._heard: dict[str, float] = {}
        """Ruid → when the contact last answered a request, or was sent the first one: seconds since the epoch."""
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Ping the contacts whose turn it is; called every second by one thread."""
        interval = self._settings.natping_interval
        if not self.enabled or interval <= 0:
            self._second = 0
            with self._lock:
                self._heard.clear()  # nobody could answer meanwhile
            return
        if self._second == 0:
            self._collect(interval)
        self._second = (self._second + 1) % interval
        number = len(self._waiting) if self._second == 0 else self._share
        for _ in range(min(number, len(self._waiting))):
            self._ping(self._waiting.popleft())

    def _collect(self, interval: int) -> None:
        now = self._services.wall_clock()
        self._waiting.clear()
        for table in self._usrloc.tables():
            try:
                silent = self._collect_from(table, now)
                for contact in silent:
                    _log.info("contact %s of %s does not answer pings: removed", contact.uri, contact.aor)
                    self._usrloc.end(table, contact)
            except StorageError as error:
                _log.error("contacts of table %s are not pinged: %s", table.name, error)
        with self._lock:
            pinged = {contact.ruid for contact in self._waiting}
            self._heard = {ruid: at for ruid, at in self._heard.items() if ruid in pinged}
        self._share = -(-len(self._waiting) // interval)

    def _collect_from(self, table: LocationTable, now: float) -> list[Contact]:
        """Queue a table's contacts; returns those that have been silent for too long instead."""
        silent: list[Contact] = []
        for _, contacts in table.snapshot():
            for contact in contacts:
                if contact.is_valid(now) and self._is_wanted(contact):
                    (silent if self._is_silent(contact, now) else self._waiting).append(contact)
        return silent

    def _is_silent(self, contact: Contact, now: float) -> bool:
        limit = self._settings.keepalive_timeout
        with self._lock:
            heard_at = self._heard.get(contact.ruid)
        return limit > 0 and heard_at is not None and max(heard_at, contact.last_modified) + limit < now

    def _is_wanted(self, contact: Contact) -> bool:
        if contact.cflags & _mask(self._settings.natping_disable_bflag):
            return False
        return not self._settings.ping_nated_only or bool(contact.cflags & self._usrloc.nat_flag)

    def _ping(self, contact: Contact) -> None:
        sip = self._wants_request(contact)
        hop = _first_hop(contact) if sip and contact.path else contact.received or contact.uri
        uri = parsed_uri(hop)
        # A stream connection needs no ping to stay, and none would open it.
        if uri is None or not uri.host or uri.scheme == "sips" or uri.transport not in ("", "udp"):
            return
        if sip:
            self._send_request(contact, hop)
        else:
            self._send_empty(contact, uri)

    def _wants_request(self, contact: Contact) -> bool:
        flag = _mask(self._settings.sipping_bflag)
        return bool(flag) and (not self._settings.ping_nated_only or bool(contact.cflags & flag))

    def _send_request(self, contact: Contact, hop: str) -> None:
        with self._lock:
            self._heard.setdefault(contact.ruid, self._services.wall_clock())
        token = self._services.random_token(8)
        socket = self._socket(contact)
        request = OwnRequest(
            method=self._settings.sipping_method,
            request_uri=contact.uri,
            from_=f"<{self._settings.sipping_from}>;tag={contact.ruid}-{token}",
            to=f"<{contact.uri}>",
            call_id=self._services.random_token(22),
            headers=f"Route: {contact.path}\r\n" if contact.path else "",
            next_hop=hop,
            socket="" if socket is None else socket.text,
        )
        self._services.transactions.send_own(request, partial(self._answered, contact.ruid))

    def _answered(self, ruid: str, status: int, response: Response | None) -> None:
        """Any answer shows that somebody is there; a status made here does not."""
        if response is not None:
            with self._lock:
                self._heard[ruid] = self._services.wall_clock()

    def _send_empty(self, contact: Contact, uri: Uri) -> None:
        host = uri.host.strip("[]")
        if parse_address(host) is not None:  # a phone behind NAT is reached by an address, never by a name
            self._services.send_raw("udp", host, uri.port or DEFAULT_PORT, _EMPTY, self._socket(contact))

    def _socket(self, contact: Contact) -> Listener | None:
        return find_listener(self._services.listeners, self._settings.force_socket or contact.socket)


def _mask(flag: int) -> int:
    return 1 << flag if flag >= 0 else 0


def _first_hop(contact: Contact) -> str:
    """URI of the first hop of a contact's Path, "" when it is malformed."""
    try:
        first = contact.path[: contact.path.find(">") + 1] or contact.path.partition(",")[0]
        return parse_name_addr(first.strip(), "Path").uri_text
    except SipError:
        return ""
