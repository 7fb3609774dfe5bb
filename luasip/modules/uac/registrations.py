"""Registering at other servers: what is due, the REGISTERs, and what follows from their answers.

Only state changes happen under the lock; requests leave when it is released. Knows no database.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from luasip.errors import SipError
from luasip.kemi.context import Services
from luasip.kemi.current import uri_of
from luasip.kemi.socket_text import find_listener
from luasip.kemi.transactions import OwnRequest
from luasip.modules.uac.account import AUTHENTICATING, DISABLED, INITIALIZED, ONGOING, ONLINE, Registration
from luasip.modules.uac.challenges import CHALLENGES, answer, is_stale
from luasip.modules.uac.own_request import FIRST_CSEQ
from luasip.modules.uac.registration_table import RegistrationTable
from luasip.modules.uac.settings import Credential, UacSettings
from luasip.sip.grammar import is_number
from luasip.sip.message import Response
from luasip.sip.values import bounded_int

_log = logging.getLogger("luasip.uac")

_HIGHEST_CSEQ: Final = 2**31 - 10
_MARGIN: Final = 3
"""Seconds beyond the timer's interval within which what ends is renewed, as in Kamailio."""


_LONGEST_ATTEMPT: Final = 300
"""Seconds after which an attempt is taken for lost: each of its requests ends after about 32 s by itself."""

_PORTION: Final = 50
_PAUSE: Final = 0.1
"""Many REGISTERs leave in portions with a pause between them, so that the other timers are not held up."""


class Registrations(RegistrationTable):
    """The table of registrations, kept registered."""

    def __init__(self, settings: UacSettings, services: Services) -> None:
        super().__init__(settings, services)
        self.active = bool(settings.reg_active)

    def look(self) -> None:
        """Register and renew what is due; called every reg_timer_interval seconds."""
        now = self._services.now()
        with self._lock:
            for registration in self._by_uuid.values():
                if registration.flags & ONLINE and not registration.is_valid(now):
                    self._set(registration, 0, ONLINE)
            due = [one for one in self._by_uuid.values() if self._is_due(one, now)]
            attempts = [_Attempt(one, self._begin(one, now)) for one in due]
        for start in range(0, len(attempts), _PORTION):
            portion = attempts[start : start + _PORTION]
            if start:
                self._services.after(start / _PORTION * _PAUSE, partial(self._send_current, portion))
            else:
                self._send_current(portion)

    def _send_current(self, attempts: Sequence["_Attempt"]) -> None:
        """Send those that nothing has ended meanwhile, such as a changed account."""
        with self._lock:
            current = [one for one in attempts if one.number == one.registration.number]
        for attempt in current:
            self._send(attempt)

    def unregister(self, registration: Registration) -> None:
        """Disable one and tell its registrar so (Expires: 0)."""
        with self._lock:
            self._set(registration, DISABLED, DISABLED)
            attempt = _Attempt(registration, self._begin(registration, self._services.now(), 0))
        self._send(attempt)

    def _is_due(self, registration: Registration, now: float) -> bool:
        if not self.active or registration.flags & DISABLED or registration.expires <= 0:
            return False
        if registration.flags & ONGOING and now < registration.begun_at + _LONGEST_ATTEMPT:
            return False
        if not registration.flags & INITIALIZED and now < registration.loaded_at + registration.delay:
            return False
        return registration.due_at <= now + self._settings.reg_timer_interval + _MARGIN

    def _begin(self, registration: Registration, now: float, expires: int = -1) -> OwnRequest:
        """The first request of a new attempt. The lock is held."""
        may_continue = (
            self._settings.reg_keep_callid
            and registration.flags & ONLINE
            and 0 < registration.cseq < _HIGHEST_CSEQ
        )
        if not may_continue:
            registration.call_id = self._services.random_token(20)
            registration.cseq = FIRST_CSEQ - 1
        registration.from_tag = self._services.random_token(12)
        registration.cseq += 1
        registration.number += 1
        registration.begun_at = registration.due_at = now
        registration.challenges = 0
        registration.is_longer = False
        self._set(registration, ONGOING | INITIALIZED, ONGOING | AUTHENTICATING)
        return self._request(registration, registration.expires if expires < 0 else expires)

    def _request(self, registration: Registration, expires: int) -> OwnRequest:
        account = registration.account
        contact = account.contact_addr or self._settings.reg_contact_addr
        listener = find_listener(self._services.listeners, account.socket or self._settings.default_socket)
        headers = f"Contact: <sip:{account.l_uuid}@{contact}>\r\nExpires: {expires}\r\n"
        if self._services.user_agent:
            headers += f"User-Agent: {self._services.user_agent}\r\n"
        return OwnRequest(
            method="REGISTER",
            request_uri=account.registrar_uri,
            from_=f"<{account.address_of_record}>;tag={registration.from_tag}",
            to=f"<{account.address_of_record}>",
            call_id=registration.call_id,
            cseq=registration.cseq,
            headers=headers,
            next_hop=account.auth_proxy,
            socket="" if listener is None else listener.text,
        )

    def _send(self, attempt: "_Attempt") -> None:
        def completed(status: int, response: Response | None) -> None:
            self._completed(attempt, status, response)

        if self._services.transactions.send_own(attempt.request, completed) < 0:
            completed(400, None)

    # Answers

    def _completed(self, attempt: "_Attempt", status: int, response: Response | None) -> None:
        registration = attempt.registration
        with self._lock:
            if registration.number != attempt.number:
                return
            request = self._following(registration, attempt.request, status, response)
            following = None if request is None else _Attempt(registration, request)
        if following is not None:
            self._send(following)

    def _following(
        self, registration: Registration, sent: OwnRequest, status: int, response: Response | None
    ) -> OwnRequest | None:
        """The attempt's next request, None when it is over. The lock is held."""
        if response is None:
            self._fail(registration, f"no answer ({status})")
        elif 200 <= status < 300:
            self._succeed(registration, response)
        elif status in CHALLENGES:
            return self._authenticated(registration, sent, response)
        elif status == 423:
            return self._longer(registration, response)
        else:
            self._fail(registration, f"answered {status} {response.reason}")
        return None

    def _succeed(self, registration: Registration, response: Response) -> None:
        """The seconds count from the first request of the attempt, which is on the safe side."""
        seconds = _granted(response, registration.account.l_uuid)
        self._set(registration, ONLINE if seconds else 0, ONLINE | ONGOING | AUTHENTICATING)
        registration.due_at = registration.valid_until = registration.begun_at + seconds
        if not seconds and not registration.flags & DISABLED:
            _log.warning("account %s: its Contact is not in the answer", registration.account.l_uuid)

    def _authenticated(
        self, registration: Registration, sent: OwnRequest, response: Response
    ) -> OwnRequest | None:
        """The request again with credentials; once, and once more when the nonce was too old (RFC 7616 §3.3)."""
        account = registration.account
        registration.challenges += 1
        if registration.challenges > 1 and (registration.challenges > 2 or not is_stale(response)):
            self._fail(registration, "its credentials are refused")
            return None
        username = account.auth_username or account.r_username
        credential = Credential(username, account.realm, account.auth_ha1 or account.auth_password)
        header = answer(
            response,
            lambda realm: credential if account.realm in ("", realm) else None,
            method=sent.method,
            uri=sent.request_uri,
            cnonce=self._services.random_token(16),
            is_ha1=bool(account.auth_ha1),
        )
        if not header:
            self._fail(registration, "no challenge that its realm and password can answer")
            return None
        registration.cseq += 1
        self._set(registration, AUTHENTICATING, AUTHENTICATING)
        lines = [line for line in sent.headers.splitlines(keepends=True) if "Authorization:" not in line]
        return replace(sent, cseq=registration.cseq, headers="".join(lines) + header)

    def _longer(self, registration: Registration, response: Response) -> OwnRequest | None:
        """423 Interval Too Brief: ask for Min-Expires (RFC 3261 §10.3), at once the first time."""
        line = response.first("min-expires")
        text = "" if line is None else line.value
        least = bounded_int(text) if is_number(text) else registration.expires * 2
        if registration.flags & DISABLED or registration.is_longer or least <= registration.expires:
            self._fail(registration, "no time is long enough for its registrar")
            return None
        registration.expires = least
        request = self._begin(registration, self._services.now())
        registration.is_longer = True
        return request

    def _fail(self, registration: Registration, why: str) -> None:
        retry = self._settings.reg_retry_interval
        registration.due_at = self._services.now() + retry
        registration.cseq = 0
        self._set(registration, 0 if retry else DISABLED, ONLINE | ONGOING | AUTHENTICATING)
        if not retry:
            self._set(registration, DISABLED, DISABLED)
        _log.error(
            "account %s is not registered: %s; %s",
            registration.account.l_uuid,
            why,
            f"next try in about {retry} s" if retry else "it is disabled",
        )


class _Attempt:
    """A request of an attempt to register; made under the lock."""

    __slots__ = ("number", "registration", "request")

    def __init__(self, registration: Registration, request: OwnRequest) -> None:
        self.registration = registration
        self.number = registration.number
        self.request = request


def _granted(response: Response, l_uuid: str) -> int:
    """Seconds the Contact of ours is registered for, 0 when it is not in the answer."""
    try:
        header = response.expires or 0
        for contact in response.contacts:
            uri = uri_of(contact)
            if uri is not None and uri.user == l_uuid:
                return header if contact.expires is None else contact.expires
    except SipError:
        pass
    return 0
