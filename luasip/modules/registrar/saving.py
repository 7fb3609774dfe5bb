"""What a registration does to the contacts of its address of record (RFC 3261 §10.3).

`Saving.edit` is handed to LocationTable.change: it sees the contacts there are and gives those there shall
be, or raises RegistrationRefused, and then nothing changes. Knows no message.
"""

from luasip.modules.registrar.refusal import Refusal, RegistrationRefused
from luasip.modules.registrar.registration import SAVE_REPLACE, Registration
from luasip.modules.usrloc import Contact, Usrloc
from luasip.modules.usrloc.contact import Contacts, placed
from luasip.modules.usrloc.matching import Match, bare_instance

INSERTED = 1
UPDATED = 2
DELETED = 3


class Saving:
    """One registration on its way into a table.

    Attributes:
        outcome: what save returns: the last contact was 1 inserted, 2 updated, 3 deleted (1 when
            nothing was done).
        present: the contacts as they were found; those a refusal shows.
    """

    __slots__ = ("_registration", "_touched", "_usrloc", "outcome", "present")

    def __init__(self, registration: Registration, usrloc: Usrloc) -> None:
        self._registration = registration
        self._usrloc = usrloc
        self._touched: set[str] = set()
        self.outcome = INSERTED
        self.present: Contacts = ()

    def edit(self, contacts: Contacts) -> Contacts:
        """The contacts after the registration."""
        self.present = contacts
        if self._registration.star:
            self.outcome = DELETED
            return ()
        registration = self._registration
        replace = bool(registration.flags & SAVE_REPLACE) and bool(contacts)
        if registration.max_contacts > 0 and not replace:
            self._check_number(contacts)
        result = contacts
        for contact in registration.contacts:
            result, final = self._apply(result, contact, replace)
            if final:
                break
        return result

    def _apply(self, contacts: Contacts, contact: Contact, replace: bool) -> tuple[Contacts, bool]:
        """One contact's effect; the second value ends the registration, as it allows one contact only."""
        found_how, found = self._match(contacts, contact)
        if found_how is Match.OUT_OF_ORDER:
            raise RegistrationRefused(Refusal.CSEQ)
        if found_how is Match.RETRANSMISSION:
            return contacts, replace and contact.expires != 0
        if found is None:
            if contact.expires == 0:
                return contacts, False
            return self._put(contacts, contact, INSERTED, replace)
        if contact.expires == 0:
            self.outcome = DELETED
            return tuple(other for other in contacts if other is not found), False
        contact.ruid = found.ruid
        if contact.instance and contact.call_id != found.call_id and found.ruid not in self._touched:
            return self._put(_without_instance(contacts, found), contact, UPDATED, replace)[0], True
        return self._put(contacts, contact, UPDATED, replace)

    def _put(
        self, contacts: Contacts, contact: Contact, outcome: int, replace: bool
    ) -> tuple[Contacts, bool]:
        self.outcome = outcome
        self._touched.add(contact.ruid)
        if replace:
            return (contact,), True
        return placed(contacts, contact, bool(self._usrloc.settings.desc_time_order)), False

    def _match(self, contacts: Contacts, contact: Contact) -> tuple[Match, Contact | None]:
        how, found = self._usrloc.match(contacts, contact)
        # The same contact twice in one REGISTER has the same CSeq and is no retransmission.
        if how is Match.RETRANSMISSION and found is not None and found.ruid in self._touched:
            return Match.FOUND, found
        return how, found

    def _check_number(self, contacts: Contacts) -> None:
        """Refuse more contacts than an address of record may have; removals are counted off."""
        number = sum(contact.is_valid(self._registration.now) for contact in contacts)
        for contact in self._registration.contacts:
            how, _ = self._usrloc.match(contacts, contact)
            if how is Match.NOT_FOUND and contact.expires:
                number += 1
            elif how is Match.FOUND and not contact.expires:
                number -= 1
        if number > self._registration.max_contacts:
            raise RegistrationRefused(Refusal.TOO_MANY)


def _without_instance(contacts: Contacts, found: Contact) -> Contacts:
    """A phone that starts anew has a new Call-ID; its other flows are gone (RFC 5626 §6)."""
    instance = bare_instance(found.instance)
    return tuple(c for c in contacts if c is found or bare_instance(c.instance) != instance)
