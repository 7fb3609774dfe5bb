"""luasip.server.advice: what to do about errors of the operating system."""

import errno
import os

import pytest

from luasip.errors import ScriptError, SettingsError, StorageError, TransportError
from luasip.server.advice import advice


def raised(error: Exception, cause: OSError, *, hidden: bool = False) -> Exception:
    """`error` as it is when it was raised for `cause`; `hidden`: "from None"."""
    error.__context__ = cause
    error.__cause__ = None if hidden else cause
    return error


def system_error(number: int, file: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), file)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (raised(TransportError("udp:…"), system_error(errno.EADDRINUSE)), "ss -lntup"),
        (raised(TransportError("udp:…"), system_error(errno.EADDRINUSE), hidden=True), "ss -lntup"),
        (raised(TransportError("udp:…"), system_error(errno.EACCES)), "CAP_NET_BIND_SERVICE"),
        (raised(TransportError("udp:…"), system_error(errno.EADDRNOTAVAIL)), "ip address"),
        (system_error(errno.EACCES, "/etc/x"), "namei -l"),
        (raised(SettingsError(["…"]), system_error(errno.EACCES, "/etc/x")), "may not"),
        (system_error(errno.ENOSPC, "/var/x"), "df -h"),
        (ScriptError("cannot open /etc/x.lua: Permission denied"), "namei -l"),
    ],
)
def test_what_to_do(error: Exception, text: str) -> None:
    (line,) = advice(error)
    assert text in line
    assert "{" not in line


@pytest.mark.parametrize(
    "error", [StorageError("x"), OSError("x"), system_error(errno.ENOENT, "/x"), system_error(errno.EIO)]
)
def test_nothing_to_add(error: Exception) -> None:
    assert advice(error) == []


def test_errors_in_a_circle() -> None:
    one, other = ValueError(), ValueError()
    one.__context__, other.__context__ = other, one
    assert advice(one) == []
