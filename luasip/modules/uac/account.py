"""An account at another server, as a row of Kamailio's uacreg table has it, and what its registration is at now."""

import string
from dataclasses import dataclass
from typing import Final

DISABLED: Final = 1
ONGOING: Final = 2
ONLINE: Final = 4
AUTHENTICATING: Final = 8
INITIALIZED: Final = 16

HA1_LENGTHS: Final = (32, 64)
"""Of MD5 and of the SHA-256 family, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who registers where. The fields are the columns of uacreg; expires and reg_delay are seconds."""

    l_uuid: str
    l_username: str
    l_domain: str
    r_username: str
    r_domain: str
    realm: str
    """Realm the password is for, "" for any."""
    auth_username: str
    auth_password: str
    auth_ha1: str
    """H(A1); goes before auth_password."""
    auth_proxy: str
    """URI the requests are sent to, "" for r_domain."""
    expires: int
    flags: int
    """1: disabled from the start."""
    reg_delay: int
    contact_addr: str
    """In place of the setting reg_contact_addr, "" for that."""
    socket: str

    @property
    def registrar_uri(self) -> str:
        """Request-URI of its REGISTER."""
        return f"sip:{self.r_domain}"

    @property
    def address_of_record(self) -> str:
        """From and To of its REGISTER."""
        return f"sip:{self.r_username}@{self.r_domain}"

    @property
    def local_uri(self) -> str:
        """The local user its calls are for."""
        return f"sip:{self.l_username}@{self.l_domain}"

    def problem(self) -> str:
        """Why it cannot be registered, "" when it can."""
        empty = [name for name in ("l_uuid", "r_username", "r_domain") if not getattr(self, name)]
        if empty:
            return f"{', '.join(empty)} empty"
        texts = (self.l_uuid, self.r_username, self.r_domain, self.auth_proxy, self.contact_addr)
        if "@" in self.l_uuid or any(set(text) & set('\r\n <>"') for text in texts):
            return "a character no URI may have"
        if not self.auth_password and not self.auth_ha1:
            return "no auth_password and no auth_ha1"
        if self.auth_ha1 and (len(self.auth_ha1) not in HA1_LENGTHS or self.auth_ha1.strip(string.hexdigits)):
            return "auth_ha1 is no H(A1) in hexadecimal"
        return ""


class Registration:
    """One account's registration. Guarded by the lock of Registrations; instants are monotonic seconds."""

    __slots__ = (
        "account",
        "begun_at",
        "call_id",
        "challenges",
        "cseq",
        "delay",
        "due_at",
        "expires",
        "flags",
        "from_tag",
        "is_longer",
        "loaded_at",
        "number",
        "valid_until",
    )

    def __init__(self, account: Account, now: float, delay: float) -> None:
        self.account = account
        self.flags = account.flags & DISABLED
        self.expires = account.expires
        """Seconds asked for; a 423 makes them more."""
        self.loaded_at = now
        self.delay = delay
        """Seconds before it is registered for the first time."""
        self.due_at = now
        """When it is to be registered next: the end of its registration, or the next try."""
        self.valid_until = 0.0
        """End of the last successful registration."""
        self.begun_at = 0.0
        self.number = 0
        """Counts the attempts, so that an answer to an earlier one changes nothing."""
        self.call_id = ""
        self.from_tag = ""
        self.cseq = 0
        """Of the last request of this attempt, 0 after a failure."""
        self.challenges = 0
        """How often this attempt was challenged."""
        self.is_longer = False
        """This attempt asks for the longer time a 423 wanted."""

    def is_valid(self, now: float) -> bool:
        """Whether the registrar has the Contact at the moment."""
        return bool(self.flags & ONLINE) and now < self.valid_until

    def renew(self, account: Account, now: float) -> None:
        """Take over changed values; it is due at once, an attempt under way goes on to no effect."""
        self.account = account
        self.expires = account.expires
        self.flags = account.flags & DISABLED | self.flags & (ONLINE | INITIALIZED)
        self.due_at = now
        self.number += 1
