"""The answer to a REGISTER: status and header lines in Kamailio's form.

Knows no table and sends nothing.
"""

from typing import Final

from luasip.modules.registrar.refusal import Refusal, RegistrationRefused
from luasip.modules.registrar.registration import Registration, has_option
from luasip.modules.registrar.settings import RegistrarSettings
from luasip.modules.usrloc.contact import Contact, Contacts
from luasip.modules.usrloc.dump import aor_hash
from luasip.modules.usrloc.matching import bare_instance
from luasip.sip.message import Message
from luasip.sip.uri import parse_uri

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

    __slots__ = ("_settings",)

    def __init__(self, settings: RegistrarSettings) -> None:
        self._settings = settings

    def accepted(self, message: Message, registration: Registration, contacts: Contacts) -> Answer:
        """200 with those of the contacts that are valid."""
        headers = self._contact_header(message, registration, contacts)
        path = registration.path
        if path:
            mode = self._settings.path_mode
            if mode and (mode == 2 or has_option(message, "supported", "path")):
                headers.append(f"Path: {path}{CRLF}")
        self._add_outbound_headers(message, headers)
        return Answer(200, "OK", headers)

    def refused(
        self, refused: RegistrationRefused, message: Message, registration: Registration, contacts: Contacts
    ) -> Answer:
        """The error with its P-Registrar-Error and what belongs to it."""
        settings = self._settings
        headers = self._contact_header(message, registration, contacts)
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

    def _contact_header(self, message: Message, registration: Registration, contacts: Contacts) -> list[str]:
        """One Contact header line with every valid contact; none when there is none."""
        now = registration.now
        valid = [contact for contact in contacts if contact.is_valid(now)]
        if not valid:
            return []
        gruu = (
            any(contact.instance != "" for contact in valid)
            and bool(self._settings.gruu_enabled)
            and has_option(message, "supported", "gruu")
        )
        values = [self._contact(contact, registration, gruu) for contact in valid]
        return [f"Contact: {', '.join(values)}{CRLF}"]

    def _contact(self, contact: Contact, registration: Registration, gruu: bool) -> str:
        text = f"<{contact.uri}>"
        if contact.q >= 0:
            text += f";q={q_text(contact.q)}"
        text += f";expires={max(contact.expires - registration.now, 0)}"
        if contact.received and self._settings.received_param:
            text += f';{self._settings.received_param}="{contact.received}"'
        if contact.instance:
            if gruu:
                text += _gruus(contact, parse_uri(registration.owner).host)
            text += f';+sip.instance="{contact.instance}"'
        if contact.reg_id > 0:
            text += f";reg-id={contact.reg_id}"
        return text

    def _add_outbound_headers(self, message: Message, headers: list[str]) -> None:
        mode = self._settings.outbound_mode
        if mode == 0:
            return
        supported = f"Supported: outbound{CRLF}"
        asked = has_option(message, "require", "outbound") or has_option(message, "supported", "outbound")
        if mode == 1 and not asked:
            headers.append(supported)
            return
        headers += [f"Require: outbound{CRLF}", supported]
        if self._settings.flow_timer > 0:
            headers.append(f"Flow-Timer: {self._settings.flow_timer}{CRLF}")


def _gruus(contact: Contact, host: str) -> str:
    """Parameters with the GRUUs of a contact that has an instance (RFC 5627); `host` is their domain."""
    aor = contact.aor
    public = aor if "@" in aor else f"{aor}@{host}"
    temporary = f"{contact.ruid}-{aor_hash(aor):x}@{host}"
    return f';pub-gruu="sip:{public};gr={bare_instance(contact.instance)}";temp-gruu="sip:{temporary};gr"'


def q_text(q: int) -> str:
    """Thousandths as a qvalue: "1", "0", "0.7"."""
    return f"{q / 1000:.3f}".rstrip("0").rstrip(".")
