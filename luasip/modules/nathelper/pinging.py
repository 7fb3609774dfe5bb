"""Keeping the way through a NAT open: which registered contacts are pinged when, and with what.

Knows no socket; what it decides goes out through the services.
"""

import logging
from collections import deque
from typing import Final

from luasip.errors import SipError, StorageError
from luasip.kemi.context import Listener, Services
from luasip.kemi.current import parsed_uri
from luasip.kemi.socket_text import find_listener
from luasip.modules.nathelper.addresses import parse_address
from luasip.modules.nathelper.detection import DEFAULT_PORT
from luasip.modules.nathelper.settings import NathelperSettings
from luasip.modules.usrloc import Contact, Usrloc
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

    def tick(self) -> None:
        """Ping the contacts whose turn it is; called every second by one thread."""
        if not self.enabled:
            return
        if self._second == 0:
            self._collect()
        self._second = (self._second + 1) % self._settings.natping_interval
        number = len(self._waiting) if self._second == 0 else self._share
        for _ in range(min(number, len(self._waiting))):
            self._ping(self._waiting.popleft())

    def _collect(self) -> None:
        now = self._services.wall_clock()
        self._waiting.clear()
        for table in self._usrloc.tables():
            try:
                for _, contacts in table.snapshot():
                    self._waiting.extend(c for c in contacts if c.is_valid(now) and self._is_wanted(c))
            except StorageError as error:
                _log.error("contacts of table %s are not pinged: %s", table.name, error)
        self._share = -(-len(self._waiting) // self._settings.natping_interval)

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
        route = f"Route: {contact.path}\r\n" if contact.path else ""
        token = self._services.random_token(8)
        headers = f"From: <{self._settings.sipping_from}>;tag={contact.ruid}-{token}\r\nTo: <{contact.uri}>\r\n{route}"
        socket = self._socket(contact)
        self._services.transactions.send_request(
            self._settings.sipping_method,
            contact.uri,
            hop,
            headers,
            "",
            "" if socket is None else socket.text,
        )

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
