import pytest

from luasip.transport.packet import Destination, Listener, bracketed


@pytest.mark.parametrize(
    ("listener", "text", "sent_by", "is_ipv6"),
    [
        (Listener("udp", "127.0.0.1", 5060), "udp:127.0.0.1:5060", "127.0.0.1:5060", False),
        (Listener("tcp", "::1", 5070), "tcp:[::1]:5070", "[::1]:5070", True),
        (
            Listener("udp", "10.0.0.1", 5060, "sip.example.com"),
            "udp:10.0.0.1:5060",
            "sip.example.com:5060",
            False,
        ),
        (
            Listener("udp", "10.0.0.1", 5060, "2001:db8::1", 7000),
            "udp:10.0.0.1:5060",
            "[2001:db8::1]:7000",
            False,
        ),
    ],
)
def test_listener_texts(listener: Listener, text: str, sent_by: str, is_ipv6: bool) -> None:
    assert (listener.text, listener.sent_by, listener.is_ipv6) == (text, sent_by, is_ipv6)


def test_equal_listeners_are_one_key() -> None:
    assert {Listener("udp", "::1", 1): 1}[Listener("udp", "::1", 1)] == 1


def test_destination_may_connect_unless_told_not_to() -> None:
    destination = Destination("tcp", "127.0.0.1", 5060)
    assert destination.may_connect
    assert not destination.close_after


@pytest.mark.parametrize(
    ("host", "shown"), [("::1", "[::1]"), ("[::1]", "[::1]"), ("127.0.0.1", "127.0.0.1")]
)
def test_bracketed(host: str, shown: str) -> None:
    assert bracketed(host) == shown
