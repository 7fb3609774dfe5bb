"""What a registration does to the contacts of its address of record (RFC 3261 §10.3).

`Saving.edit` is handed to LocationTable.change: it sees the contacts there are and gives those there shall
be, or raises RegistrationRefused, and then nothing changes. Knows no message.
"""

from typing import Final

from luasip.modules.registrar.refusal import Refusal, RegistrationRefused
from luasip.modules.registrar.registration import SAVE_REPLACE, Registration
from luasip.modules.usrloc import Usrloc
from luasip.modules.usrloc.contact import Contact, Contacts, placed
from luasip.modules.usrloc.matching import CURRENT, OUT_OF_ORDER, RETRANSMISSION, Matching, bare_instance
from luasip.modules.usrloc.table import LocationTable

INSERTED: Final = 1
UPDATED: Final = 2
DELETED: Final = 3
LISTED: Final = 4


class Saving:
    """One registration on its way into a table.

    Attributes:
        registration: what the REGISTER asks for.
        outcome: what save returns: the last contact was 1 inserted, 2 updated, 3 deleted (1 when
            nothing was done); 4 when the REGISTER only asks.
        present: the contacts as they were found; those a refusal shows.
    """

    __slots__ = ("_matching", "_table", "_usrloc", "outcome", "present", "registration")

    def __init__(self, registration: Registration, table: LocationTable, usrloc: Usrloc) -> None:
        self.registration = registration
        self._table = table
        self._usrloc = usrloc
        self._matching: Matching = usrloc.matching
        self.outcome = INSERTED if registration.star or registration.contacts else LISTED
        self.present: Contacts = ()

    @property
    def blocks(self) -> bool:
        """Whether `carry_out` waits for the database."""
        return self._table.reads_block if self.outcome == LISTED else self._table.writes_block

    def carry_out(self) -> Contacts:
        """The contacts there are afterwards. Raises RegistrationRefused, StorageError."""
        aor = self.registration.aor
        return self._table.contacts(aor) if self.outcome == LISTED else self._table.change(aor, self.edit)

    def edit(self, contacts: Contacts) -> Contacts:
        """The contacts after the registration."""
        self.present = contacts
        registration = self.registration
        if registration.star:
            self.outcome = DELETED
            return ()
        replace = registration.flags & SAVE_REPLACE != 0 and len(contacts) > 0
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
        found = self._matching.find(contacts, contact)
        if found is None:
            if contact.expires == 0:
                return contacts, False
            contact.ruid = self._usrloc.new_ruid()
            return self._put(contacts, contact, INSERTED, replace)
        current = self._order(found, contact)
        if current == OUT_OF_ORDER:
            raise RegistrationRefused(Refusal.CSEQ)
        if current == RETRANSMISSION:
            return contacts, replace and contact.expires != 0
        if contact.expires == 0:
            self.outcome = DELETED
            return tuple(other for other in contacts if other is not found), False
        contact.ruid = found.ruid
        if contact.instance and contact.call_id != found.call_id:
            return self._put(_without_instance(contacts, found), contact, UPDATED, replace)[0], True
        return self._put(contacts, contact, UPDATED, replace)

    def _put(
        self, contacts: Contacts, contact: Contact, outcome: int, replace: bool
    ) -> tuple[Contacts, bool]:
        self.outcome = outcome
        if replace:
            return (contact,), True
        return placed(contacts, contact, self._table.newest_first), False

    def _order(self, found: Contact, contact: Contact) -> int:
        """What `contact` is to `found`."""
        how = self._matching.order(found, contact)
        if how == RETRANSMISSION:
            # The same contact twice in one REGISTER has the same CSeq and is no retransmission.
            for other in self.registration.contacts:
                if other is found:
                    return CURRENT
        return how

    def _check_number(self, contacts: Contacts) -> None:
        """Refuse more contacts than an address of record may have; removals are counted off."""
        number = 0
        for contact in contacts:
            if contact.is_valid(self.registration.now):
                number += 1
        for contact in self.registration.contacts:
            found = self._matching.find(contacts, contact)
            if found is None:
                if contact.expires:
                    number += 1
            elif not contact.expires and self._matching.order(found, contact) == CURRENT:
                number -= 1
        if number > self.registration.max_contacts:
            raise RegistrationRefused(Refusal.TOO_MANY)


def _without_instance(contacts: Contacts, found: Contact) -> Contacts:
    """A phone that starts anew has a new Call-ID; its other flows are gone (RFC 5626 §6)."""
    instance = bare_instance(found.instance)
    return tuple(c for c in contacts if c is found or bare_instance(c.instance) != instance)
