"""Finding the contact that a REGISTER is about among those its address of record has.

Knows usrloc's matching modes and the CSeq rule of RFC 3261 §10.3 item 7; no table, message or clock.
"""

import enum

from luasip.modules.usrloc.contact import Contact, Contacts


class MatchingMode(enum.IntEnum):
    """Kamailio's matching_mode."""

    CONTACT = 0
    CONTACT_CALL_ID = 1
    CONTACT_PATH = 2
    CALL_ID = 3


class Match(enum.Enum):
    """What `match` found."""

    FOUND = enum.auto()
    NOT_FOUND = enum.auto()
    OUT_OF_ORDER = enum.auto()
    """Same Call-ID with a CSeq that is not higher."""
    RETRANSMISSION = enum.auto()
    """Same Call-ID and CSeq as a moment ago: to be answered like the original."""


def match(
    contacts: Contacts, contact: Contact, mode: MatchingMode, cseq_delay: int
) -> tuple[Match, Contact | None]:
    """The registered contact `contact` would replace; an instance decides before the matching mode.

    `contact.last_modified` is the present; a CSeq seen within `cseq_delay` seconds before is a
    retransmission.
    """
    found = _find(contacts, contact, mode)
    if found is None:
        return Match.NOT_FOUND, None
    if found.call_id == contact.call_id:
        if contact.cseq < found.cseq:
            return Match.OUT_OF_ORDER, found
        if contact.cseq == found.cseq:
            recent = found.last_modified + cseq_delay > contact.last_modified
            return Match.RETRANSMISSION if recent else Match.OUT_OF_ORDER, found
    return Match.FOUND, found


def bare_instance(instance: str) -> str:
    """The URN without the angle brackets phones write around it."""
    return instance[1:-1] if instance.startswith("<") and instance.endswith(">") else instance


def _find(contacts: Contacts, contact: Contact, mode: MatchingMode) -> Contact | None:
    if contact.instance:
        wanted = bare_instance(contact.instance)
        for other in contacts:
            if other.reg_id == contact.reg_id and bare_instance(other.instance) == wanted:
                return other
        return None
    for other in contacts:
        if _matches(other, contact, mode):
            return other
    return None


def _matches(other: Contact, contact: Contact, mode: MatchingMode) -> bool:
    if mode is MatchingMode.CALL_ID:
        return other.call_id == contact.call_id
    if other.uri != contact.uri:
        return False
    if mode is MatchingMode.CONTACT_CALL_ID:
        return other.call_id == contact.call_id
    if mode is MatchingMode.CONTACT_PATH and contact.path:
        return other.path == contact.path
    return True
