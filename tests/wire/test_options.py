"""OPTIONS by hand over every socket, and by sipsak."""

import subprocess

import pytest

from tests.wire.peer import Peer
from tests.wire.process import Served


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_keepalive_is_answered(served: Served, host: str, protocol: str) -> None:
    with Peer((host, served.port), protocol) as peer:
        answer = peer.ask(peer.request("OPTIONS", ""))
        assert answer.status == 200
        assert answer.first("accept") is not None


def test_stream_keepalive_is_a_pong(served: Served) -> None:
    """RFC 5626 §3.5.1."""
    with Peer(served.address, "tcp") as peer:
        peer.send(b"\r\n\r\n")
        assert peer.socket.recv(10) == b"\r\n"


def test_messages_on_a_stream_may_come_in_pieces(served: Served) -> None:
    with Peer(served.address, "tcp") as peer:
        text = peer.request("OPTIONS", "") + peer.request("OPTIONS", "")
        peer.send(text[:100])
        peer.send(text[100:])
        assert [peer.receive().is_request, peer.receive().is_request] == [False, False]


def test_sipsak(served: Served) -> None:
    result = subprocess.run(
        ["sipsak", "-v", "-s", "sip:127.0.0.1", "-r", str(served.port)],
        capture_output=True,
        text=True,
        timeout=15,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "200 OK" in result.stdout


MALFORMED = [
    ("CSeq: ", "CSeq: x", "CSeq"),
    ("To: <", "To: <sip:@@", "To"),
    ("Content-Length: 0", "Content-Length: none", "Content-Length"),
    ("From: <", "From: <<", "From"),
]


@pytest.mark.parametrize(("right", "wrong", "header"), MALFORMED)
def test_malformed_request_is_answered_with_the_header_that_is_wrong(
    served: Served, right: str, wrong: str, header: str
) -> None:
    with Peer(served.address) as peer:
        answer = peer.ask(peer.request("OPTIONS", "").replace(right, wrong, 1))
        assert answer.status == 400
        assert header in answer.reason


def test_no_open_relay(served: Served) -> None:
    with Peer(served.address) as peer:
        text = peer.request("INVITE", "bob").replace(
            f"sip:bob@{peer.target} SIP", "sip:bob@elsewhere.example SIP"
        )
        answer = peer.ask(text)
        assert (answer.status, answer.reason) == (403, "Relaying Forbidden")


def test_nobody_there(served: Served) -> None:
    with Peer(served.address) as peer:
        assert peer.ask(peer.request("MESSAGE", "nobody")).status == 404
