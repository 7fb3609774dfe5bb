"""The table of registrations at other servers: finding, adding and removing accounts, and what is counted of them."""

import logging
import random
import threading
from collections.abc import Sequence
from typing import Final

from luasip.kemi.context import Services
from luasip.modules.uac.account import DISABLED, ONLINE, Account, Registration
from luasip.modules.uac.settings import UacSettings

_log = logging.getLogger("luasip.uac")

FILTERS: Final = ("l_uuid", "l_username", "r_username", "auth_username")


class RegistrationTable:
    """Accounts by l_uuid. Every public method may be called from any thread; the others need the lock held."""

    def __init__(self, settings: UacSettings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._lock = threading.Lock()
        self._by_uuid: dict[str, Registration] = {}

    def all(self) -> list[Registration]:
        """Every registration, in the order they were added."""
        with self._lock:
            return list(self._by_uuid.values())

    def find(self, l_uuid: str) -> Registration | None:
        """The registration of an account by its l_uuid."""
        with self._lock:
            return self._by_uuid.get(l_uuid)

    def find_user(self, user: str, domain: str = "") -> Registration | None:
        """The first one of a local user, and of the domain unless it is ""."""
        with self._lock:
            for registration in self._by_uuid.values():
                account = registration.account
                if account.l_username == user and domain in ("", account.l_domain):
                    return registration
        return None

    def find_by(self, attribute: str, value: str) -> Registration | None:
        """The first one with this value of one of FILTERS. ValueError for another attribute."""
        if attribute not in FILTERS:
            raise ValueError(f"{attribute!r} is none of {', '.join(FILTERS)}")
        with self._lock:
            found = (one for one in self._by_uuid.values() if getattr(one.account, attribute) == value)
            return next(found, None)

    def load(self, accounts: Sequence[Account]) -> None:
        """Make these the accounts there are; registrations of those that have not changed stay as they are."""
        usable = {account.l_uuid: account for account in accounts if self._is_usable(account)}
        with self._lock:
            gone = [uuid for uuid in self._by_uuid if uuid not in usable]
            for uuid in gone:
                self._remove(uuid)
            for account in usable.values():
                self._put(account, keep=True)

    def put(self, account: Account) -> bool:
        """Add an account or exchange it; it is registered at the timer's next look. False when it cannot be used."""
        if not self._is_usable(account):
            return False
        with self._lock:
            self._put(account)
        return True

    def remove(self, l_uuid: str) -> bool:
        """Forget an account; the other server is not told. False when there is none."""
        with self._lock:
            return self._remove(l_uuid)

    def switch(self, registration: Registration, enabled: bool) -> None:
        """Enable or disable one; it takes effect at the timer's next look. The other server is not told."""
        with self._lock:
            self._set(registration, 0 if enabled else DISABLED, DISABLED)
            registration.due_at = self._services.now()

    def _is_usable(self, account: Account) -> bool:
        problem = account.problem()
        if problem:
            _log.error("account %s is not registered: %s", account.l_uuid or "without l_uuid", problem)
        return not problem

    def _put(self, account: Account, keep: bool = False) -> None:
        now = self._services.now()
        there = self._by_uuid.get(account.l_uuid)
        if there is None:
            registration = Registration(account, now, self._delay(account))
            self._by_uuid[account.l_uuid] = registration
            self._services.count("uac:regtotal")
            if registration.flags & DISABLED:
                self._services.count("uac:regdisabled")
        elif not keep or there.account != account:
            before = there.flags
            there.renew(account, now)
            self._count_change(before, there.flags)

    def _remove(self, l_uuid: str) -> bool:
        registration = self._by_uuid.pop(l_uuid, None)
        if registration is None:
            return False
        registration.number += 1
        self._services.count("uac:regtotal", -1)
        self._count_change(registration.flags, 0)
        return True

    def _delay(self, account: Account) -> float:
        if account.reg_delay or self._settings.reg_random_delay <= 0:
            return float(account.reg_delay)
        return random.uniform(0, self._settings.reg_random_delay)

    def _set(self, registration: Registration, flags: int, of: int) -> None:
        """Give the flags `of` the values in `flags`."""
        before = registration.flags
        registration.flags = before & ~of | flags
        self._count_change(before, registration.flags)

    def _count_change(self, before: int, after: int) -> None:
        for flag, name in ((ONLINE, "uac:regactive"), (DISABLED, "uac:regdisabled")):
            change = bool(after & flag) - bool(before & flag)
            if change:
                self._services.count(name, change)
