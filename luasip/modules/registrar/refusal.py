"""Why a REGISTER is refused: the status of the answer and what P-Registrar-Error says.

Statuses and texts are Kamailio's.
"""

import enum

from luasip.errors import SipError

_REASONS = {
    400: "Bad Request",
    420: "Bad Extension",
    421: "Extension Required",
    423: "Interval Too Brief",
    439: "First Hop Lacks Outbound Support",
    500: "Server Internal Error",
    503: "Service Unavailable",
}


class Refusal(enum.Enum):
    """(status, text)."""

    STORAGE = (500, "usrloc_contact_update failed")
    CSEQ = (400, "Invalid CSeq number")
    NO_USER = (400, "No username in To URI")
    AOR_LENGTH = (500, "Address Of Record too long")
    AOR_PARSE = (400, "Error while parsing AOR")
    Q = (400, "Invalid q param in contact")
    PARSE = (400, "Message parse error")
    TO_MISSING = (400, "To header not found")
    CALL_ID_MISSING = (400, "Call-ID header not found")
    CSEQ_MISSING = (400, "CSeq header not found")
    EXPIRES_PARSE = (400, "Expires parse error")
    CONTACT_PARSE = (400, "Contact parse error")
    STAR_EXPIRES = (400, "* used in contact and expires is not zero")
    STAR_CONTACTS = (400, "* used in contact and more than 1 contact")
    TOO_MANY = (503, "Too many registered contacts")
    CONTACT_LENGTH = (400, "Contact/received too long")
    PATH_PARSE = (400, "Path parse error")
    PATH_UNSUPPORTED = (420, "No support for found Path indicated")
    OUTBOUND_UNSUPPORTED = (421, "No support for Outbound indicated")
    OUTBOUND_REQUIRED = (420, "No support for Outbound on server")
    OUTBOUND_EDGE = (439, "No support for Outbound on edge proxy")
    REG_ID = (400, "Invalid Reg-Id number")
    INTERVAL = (423, "Interval too brief")


class RegistrationRefused(SipError):
    """A REGISTER that is not accepted, and why."""

    def __init__(self, refusal: Refusal) -> None:
        status, text = refusal.value
        super().__init__(_REASONS[status], status)
        self.refusal = refusal
        self.text = text
