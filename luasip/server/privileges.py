"""Becoming another user: what root is needed for, the sockets, is done before; what is given up cannot be had again.

Linux only in the part about capabilities. Knows no settings file.
"""

import contextlib
import ctypes
import grp
import logging
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from luasip.errors import SettingsError

log = logging.getLogger("luasip.server")

_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAPABILITY_VERSION_3: Final = 0x20080522
_MOST_CAPABILITIES: Final = 64
_OTHERS: Final = 0o007


@dataclass(frozen=True, slots=True)
class Account:
    """Whom to become."""

    name: str
    user: int
    group: int


def account_of(user: str, group: str) -> Account | None:
    """The account that server.user and server.group name, None when both are "". Raises SettingsError."""
    if not user and not group:
        return None
    try:
        entry = pwd.getpwnam(user) if user else pwd.getpwuid(os.geteuid())
    except KeyError:
        raise SettingsError([f"server.user: there is no user {user or os.geteuid()!r}"]) from None
    try:
        number = grp.getgrnam(group).gr_gid if group else entry.pw_gid
    except KeyError:
        raise SettingsError([f"server.group: there is no group {group!r}"]) from None
    account = Account(entry.pw_name, entry.pw_uid, number)
    if os.geteuid() != 0 and (account.user, account.group) != (os.geteuid(), os.getegid()):
        raise SettingsError(
            [f"server.user: only root can become {entry.pw_name!r}; this is user {os.geteuid()}"]
        )
    return account


@contextlib.contextmanager
def acting_as(account: Account | None) -> Iterator[None]:
    """Make files as the account's, and come back. Every thread is concerned."""
    if account is None or os.geteuid() != 0:
        yield
        return
    group = os.getegid()
    os.setegid(account.group)
    os.seteuid(account.user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def shield_files() -> None:
    """Files made from now on are not for others: databases hold hashes of passwords, logs tell who called whom."""
    os.umask(os.umask(0) | _OTHERS)


def give_up(account: Account | None) -> None:
    """Become the account for good, without any capability. Raises OSError, or SettingsError when root can be had again.

    Without an account root is warned, and another user only loses its capabilities: they were for binding.
    """
    if account is None:
        if os.geteuid() == 0:
            log.warning("running as root: name a user in server.user")
        else:
            _drop_capabilities()
        return
    if os.geteuid() == 0:
        _check_readable(account)
        _empty_bounding_set()
        os.initgroups(account.name, account.group)
        os.setresgid(account.group, account.group, account.group)
        os.setresuid(account.user, account.user, account.user)
    _drop_capabilities()
    _library().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if account.user != 0 and _may_be_root():
        raise SettingsError([f"server.user: the rights of root could not be given up for {account.name!r}"])
    log.info("running as user %s", account.name)


def _check_readable(account: Account) -> None:
    """Parts of Python and of LuaSIP are loaded when they are needed first. Raises SettingsError."""
    with acting_as(account):
        for file in (os.__file__, __file__):
            try:
                with open(file, "rb"):
                    pass
            except OSError as error:
                raise SettingsError(
                    [f"server.user: {account.name!r} may not read {file}: {error.strerror}"]
                ) from None


def _may_be_root() -> bool:
    try:
        os.setuid(0)
    except OSError:
        return False
    return True


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _empty_bounding_set() -> None:
    """No program started from here can gain a capability by its file."""
    library = _library()
    for number in range(_MOST_CAPABILITIES):
        if library.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            return


def _drop_capabilities() -> None:
    """Those of this thread and of the threads it starts: ambient, inheritable, permitted and effective."""
    library = _library()
    library.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if library.capset(header, nothing) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"capabilities cannot be dropped: {os.strerror(error)}")
