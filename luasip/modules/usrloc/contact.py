"""A registered contact, and the contacts of one address of record in their order.

A Contact that has been published is never changed: an update is another Contact with the same ruid, so a
reader needs no lock. Knows no table, database or message.
"""

from collections.abc import Iterable
from typing import Final

ALL_METHODS: Final = 0xFFFFFFFF
"""Method mask of a contact that said nothing about what it accepts."""

Q_UNSPECIFIED: Final = -1

MEMORY_ONLY: Final = 1
"""Bit of `flags`: never written to the database."""

Contacts = tuple["Contact", ...]
"""The contacts of one address of record, the one to try first in front."""


class Contact:
    """One binding (RFC 3261 §10).

    Attributes:
        aor: address of record as the table is keyed.
        ruid: identifies the contact as long as it lives, in every table and server.
        uri: the Contact URI without angle brackets.
        expires: seconds since the epoch at which it ends, 0 for never.
        q: thousandths, Q_UNSPECIFIED when there is none.
        received: where requests are to be sent instead of `uri`, "" when they are not.
        path: value of the Path vector, "" without (RFC 3327).
        flags: MEMORY_ONLY or 0. cflags: the branch flags at the time of saving.
        socket: text of the listener that received it, "udp:127.0.0.1:5060".
        methods: bit mask of the methods it accepts.
        instance: value of +sip.instance without its quotes; reg_id: 0 without (RFC 5626).
        connection_id: the stream connection it came by, -1 without.
        last_modified: seconds since the epoch.
    """

    __slots__ = (
        "aor",
        "call_id",
        "cflags",
        "connection_id",
        "cseq",
        "expires",
        "flags",
        "instance",
        "keepalive",
        "last_modified",
        "methods",
        "path",
        "q",
        "received",
        "reg_id",
        "ruid",
        "server_id",
        "socket",
        "uri",
        "user_agent",
    )

    def __init__(
        self,
        aor: str,
        ruid: str,
        uri: str,
        *,
        expires: int = 0,
        q: int = Q_UNSPECIFIED,
        call_id: str = "",
        cseq: int = 0,
        received: str = "",
        path: str = "",
        flags: int = 0,
        cflags: int = 0,
        user_agent: str = "",
        socket: str = "",
        methods: int = ALL_METHODS,
        instance: str = "",
        reg_id: int = 0,
        server_id: int = 0,
        connection_id: int = -1,
        keepalive: int = 0,
        last_modified: int = 0,
    ) -> None:
        self.aor = aor
        self.ruid = ruid
        self.uri = uri
        self.expires = expires
        self.q = q
        self.call_id = call_id
        self.cseq = cseq
        self.received = received
        self.path = path
        self.flags = flags
        self.cflags = cflags
        self.user_agent = user_agent
        self.socket = socket
        self.methods = methods
        self.instance = instance
        self.reg_id = reg_id
        self.server_id = server_id
        self.connection_id = connection_id
        self.keepalive = keepalive
        self.last_modified = last_modified

    def __repr__(self) -> str:
        return f"<Contact {self.aor} {self.uri} {self.ruid}>"

    def is_valid(self, now: float) -> bool:
        """Whether it has not expired at `now` (seconds since the epoch)."""
        return self.expires > now or self.expires == 0


def placed(contacts: Contacts, contact: Contact, newest_first: bool) -> Contacts:
    """`contacts` with `contact` in it: instead of the one with its ruid, or new.

    The order is that of falling q, the older one first among equals; with `newest_first` the last one saved
    is in front whatever its q.
    """
    others = [other for other in contacts if other.ruid != contact.ruid]
    if not others:
        return (contact,)
    if newest_first:
        return (contact, *others)
    if len(others) < len(contacts):
        index = next(i for i, other in enumerate(contacts) if other.ruid == contact.ruid)
        before, after = others[:index], others[index:]
        if all(other.q >= contact.q for other in before) and all(other.q <= contact.q for other in after):
            return (*before, contact, *after)
    index = next((i for i, other in enumerate(others) if other.q < contact.q), len(others))
    return (*others[:index], contact, *others[index:])


def ordered(contacts: Iterable[Contact], newest_first: bool) -> Contacts:
    """Contacts read from a database in the order described at `placed`."""
    if newest_first:
        return tuple(sorted(contacts, key=lambda contact: -contact.last_modified))
    return tuple(sorted(contacts, key=lambda contact: (-contact.q, contact.last_modified)))


class Change:
    """What an edit of an address of record's contacts does: the difference of two tuples."""

    __slots__ = ("deleted", "inserted", "updated")

    def __init__(self, before: Contacts, after: Contacts) -> None:
        old = {contact.ruid: contact for contact in before}
        new = {contact.ruid for contact in after}
        self.inserted = [contact for contact in after if contact.ruid not in old]
        self.updated = [c for c in after if c.ruid in old and c is not old[c.ruid]]
        self.deleted = [contact for contact in before if contact.ruid not in new]

    def __bool__(self) -> bool:
        return bool(self.inserted or self.updated or self.deleted)
