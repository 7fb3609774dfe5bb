"""What to do about an error of the operating system that keeps the server from starting."""

import errno
import getpass
import os
from collections.abc import Iterator


def advice(error: BaseException) -> list[str]:
    """Lines for people; none when there is nothing to add to what the error says."""
    cause = next((one for one in _chain(error) if isinstance(one, OSError)), None)
    if cause is not None:
        found = (_FOR_FILES if cause.filename else _FOR_SOCKETS).get(cause.errno or 0, "")
    else:  # Lua, which opens the script, gives the text only
        found = _FOR_FILES[errno.EACCES] if str(error).endswith(os.strerror(errno.EACCES)) else ""
    return [f"  {found.format(user=_user())}"] if found else []


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name
        return str(os.geteuid())


_FOR_SOCKETS = {
    errno.EADDRINUSE: "Another program has this port, perhaps this server itself: `ss -lntup` shows which;"
    " server.listen and [control] choose others.",
    errno.EADDRNOTAVAIL: "No interface of this machine has this address: `ip address` shows which there are;"
    " 0.0.0.0 and [::] stand for all.",
    errno.EACCES: "Ports below 1024 are for root and for programs with the capability CAP_NET_BIND_SERVICE:"
    " conf/luasip.service gives it; started as root, server.user names whom to become.",
    errno.EMFILE: "There are no file descriptors left: `ulimit -n` or the unit's LimitNOFILE allows more.",
}

_FOR_FILES = {
    errno.EACCES: "User {user} may not: `ls -l` and `namei -l` show the permissions of the file"
    " and of the folders above it.",
    errno.EISDIR: "This is a folder; a file is wanted.",
    errno.ENOSPC: "The disk is full: `df -h` shows which.",
    errno.EROFS: "The disk can only be read: under systemd, ReadWritePaths of the unit names what can be written.",
}
