"""Finding the contact that a REGISTER is about among those its address of record has.

Knows usrloc's matching modes and the CSeq rule of RFC 3261 §10.3 item 7; no table, message or clock.
"""

from typing import Final

from luasip.modules.usrloc.contact import Contact, Contacts
from luasip.modules.usrloc.settings import UsrlocSettings

# Kamailio's matching_mode; 0 is the contact's URI alone.
CONTACT_CALL_ID: Final = 1
CONTACT_PATH: Final = 2
CALL_ID: Final = 3

# What a contact that is registered is to one that was found; numbers, as enumerations are slow to compile against.
CURRENT: Final = 1
OUT_OF_ORDER: Final = 2
"""Same Call-ID with a CSeq that is not higher."""
RETRANSMISSION: Final = 3
"""Same Call-ID and CSeq as a moment ago: to be answered like the original."""


class Matching:
    """What the settings say about which contact is which."""

    __slots__ = ("_mode", "_settings")

    def __init__(self, settings: UsrlocSettings) -> None:
        self._mode = settings.matching_mode
        self._settings = settings

    def find(self, contacts: Contacts, contact: Contact) -> Contact | None:
        """The registered contact `contact` would replace; an instance decides before the matching mode."""
        if contact.instance:
            wanted = bare_instance(contact.instance)
            for other in contacts:
                if other.reg_id == contact.reg_id and bare_instance(other.instance) == wanted:
                    return other
            return None
        for other in contacts:
            if _matches(other, contact, self._mode):
                return other
        return None

    def order(self, found: Contact, contact: Contact) -> int:
        """Whether `contact` may replace `found`: CURRENT, OUT_OF_ORDER or RETRANSMISSION.

        `contact.last_modified` is the present; a CSeq seen within `cseq_delay` seconds before is a
        retransmission.
        """
        if found.call_id != contact.call_id or contact.cseq > found.cseq:
            return CURRENT
        same = contact.cseq == found.cseq
        recent = same and found.last_modified + self._settings.cseq_delay > contact.last_modified
        return RETRANSMISSION if recent else OUT_OF_ORDER


def bare_instance(instance: str) -> str:
    """The URN without the angle brackets phones write around it."""
    return instance[1:-1] if instance.startswith("<") and instance.endswith(">") else instance


def _matches(other: Contact, contact: Contact, mode: int) -> bool:
    if mode == CALL_ID:
        return other.call_id == contact.call_id
    if other.uri != contact.uri:
        return False
    if mode == CONTACT_CALL_ID:
        return other.call_id == contact.call_id
    if mode == CONTACT_PATH and contact.path:
        return other.path == contact.path
    return True
