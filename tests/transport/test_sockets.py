import errno
import socket

import pytest

from luasip.errors import TransportError
from luasip.transport.packet import Listener
from luasip.transport.sockets import bind_failure, error_name, family_of


def test_family_of() -> None:
    assert family_of(Listener("udp", "::1", 1)) == socket.AF_INET6
    assert family_of(Listener("udp", "127.0.0.1", 1)) == socket.AF_INET


def test_bind_failure_names_the_listener() -> None:
    failure = bind_failure(
        Listener("udp", "127.0.0.1", 5060), OSError(errno.EADDRINUSE, "Address already in use")
    )
    assert str(failure) == "udp:127.0.0.1:5060: address already in use"


@pytest.mark.parametrize(
    ("error", "name"),
    [(OSError(errno.EMSGSIZE, "x"), "EMSGSIZE"), (OSError("x"), "other"), (TransportError("x"), "refused")],
)
def test_error_name(error: Exception, name: str) -> None:
    assert error_name(error) == name
