"""The answer to a REGISTER: status and header lines in Kamailio's form.

Knows no table and sends nothing.
"""

from typing import Final

from luasip.modules.registrar.refusal import Refusal, RegistrationRefused
from luasip.modules.registrar.registration import has_option
from luasip.modules.registrar.settings import RegistrarSettings
from luasip.modules.usrloc import Contact
from luasip.modules.usrloc.contact import Contacts
from luasip.modules.usrloc.dump import aor_hash
from luasip.modules.usrloc.matching import bare_instance
from luasip.sip.message import Message

CRLF: Final = "\r\n"


class Answer:
    """A reply that is ready: `status`, `reason` and header lines, each with its CRLF."""

    __slots__ = ("headers", "reason", "status")

    def __init__(self, status: int, reason: str, headers: list[str]) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers


class AnswerWriter:
    """Writes answers by the settings."""

    def __init__(self, settings: RegistrarSettings) -> None:
        self._settings = settings

    def accepted(self, message: Message, contacts: Contacts, host: str, path: str, now: int) -> Answer:
        """200 with the contacts that are valid at `now`; `host` is the domain of GRUUs."""
        headers = self.contact_header(message, contacts, host, now)
        mode = self._settings.path_mode
        if path and mode and (mode == 2 or has_option(message, "supported", "path")):
            headers.append(f"Path: {path}{CRLF}")
        headers += self._outbound_headers(message)
        return Answer(200, "OK", headers)

    def refused(
        self, refused: RegistrationRefused, message: Message, contacts: Contacts, host: str, now: int
    ) -> Answer:
        """The error with its P-Registrar-Error and what belongs to it."""
        settings = self._settings
        headers = self.contact_header(message, contacts, host, now)
        match refused.refusal:
            case Refusal.INTERVAL:
                headers.append(f"Min-Expires: {settings.min_expires}{CRLF}")
            case Refusal.PATH_UNSUPPORTED:
                headers.append(f"Unsupported: path{CRLF}")
            case Refusal.OUTBOUND_REQUIRED:
                headers.append(f"Unsupported: outbound{CRLF}")
            case Refusal.OUTBOUND_UNSUPPORTED:
                headers += [f"Require: outbound{CRLF}", f"Supported: outbound{CRLF}"]
        headers.append(f"P-Registrar-Error: {refused.text}{CRLF}")
        if refused.status >= 500 and settings.retry_after:
            headers.append(f"Retry-After: {settings.retry_after}{CRLF}")
        return Answer(refused.status, refused.reason, headers)

    def contact_header(self, message: Message, contacts: Contacts, host: str, now: int) -> list[str]:
        """One Contact header line with every valid contact; none when there is none."""
        valid = [contact for contact in contacts if contact.is_valid(now)]
        if not valid:
            return []
        gruu = bool(self._settings.gruu_enabled) and has_option(message, "supported", "gruu")
        values = [self._contact(contact, host, now, gruu) for contact in valid]
        return [f"Contact: {', '.join(values)}{CRLF}"]

    def _contact(self, contact: Contact, host: str, now: int, gruu: bool) -> str:
        parts = [f"<{contact.uri}>"]
        if contact.q >= 0:
            parts.append(f"q={q_text(contact.q)}")
        parts.append(f"expires={max(contact.expires - now, 0)}")
        if self._settings.received_param and contact.received:
            parts.append(f'{self._settings.received_param}="{contact.received}"')
        if contact.instance:
            if gruu:
                user, at, domain = contact.aor.rpartition("@")
                owner = f"{user}@{domain}" if at else f"{contact.aor}@{host}"
                parts.append(f'pub-gruu="sip:{owner};gr={bare_instance(contact.instance)}"')
                parts.append(f'temp-gruu="sip:{contact.ruid}-{aor_hash(contact.aor):x}@{host};gr"')
            parts.append(f'+sip.instance="{contact.instance}"')
        if contact.reg_id > 0:
            parts.append(f"reg-id={contact.reg_id}")
        return ";".join(parts)

    def _outbound_headers(self, message: Message) -> list[str]:
        mode = self._settings.outbound_mode
        if mode == 0:
            return []
        supported = f"Supported: outbound{CRLF}"
        asked = has_option(message, "require", "outbound") or has_option(message, "supported", "outbound")
        if mode == 1 and not asked:
            return [supported]
        headers = [f"Require: outbound{CRLF}", supported]
        if self._settings.flow_timer > 0:
            headers.append(f"Flow-Timer: {self._settings.flow_timer}{CRLF}")
        return headers


def q_text(q: int) -> str:
    """Thousandths as a qvalue: "1", "0", "0.7"."""
    return f"{q / 1000:.3f}".rstrip("0").rstrip(".")
