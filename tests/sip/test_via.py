import pytest

from luasip.sip.values import parse_via
from luasip.sip.via import received_via, via_target

RECEIVED = [
    # Via, source host, source port, force_rport, expected
    ("SIP/2.0/UDP 1.2.3.4:5060;branch=x", "1.2.3.4", 5060, False, "SIP/2.0/UDP 1.2.3.4:5060;branch=x"),
    ("SIP/2.0/UDP h;branch=x", "1.2.3.4", 5060, False, "SIP/2.0/UDP h;branch=x;received=1.2.3.4"),
    (
        "SIP/2.0/UDP h;rport;branch=x",
        "1.2.3.4",
        99,
        False,
        "SIP/2.0/UDP h;rport=99;branch=x;received=1.2.3.4",
    ),
    ("SIP/2.0/UDP 1.2.3.4;rport", "1.2.3.4", 99, False, "SIP/2.0/UDP 1.2.3.4;rport=99;received=1.2.3.4"),
    (
        "SIP/2.0/UDP h;RPORT=1;Received=9.9.9.9",
        "1.2.3.4",
        99,
        False,
        "SIP/2.0/UDP h;rport=99;received=1.2.3.4",
    ),
    ("SIP/2.0/UDP 1.2.3.4;received=9.9.9.9", "1.2.3.4", 99, False, "SIP/2.0/UDP 1.2.3.4"),
    ("SIP/2.0/UDP h", "1.2.3.4", 99, True, "SIP/2.0/UDP h;rport=99;received=1.2.3.4"),
    ("SIP/2.0/UDP h ;x", "1.2.3.4", 99, False, "SIP/2.0/UDP h ;x;received=1.2.3.4"),
    ("SIP/2.0/UDP [2001:db8::1]", "2001:db8:0::1", 99, False, "SIP/2.0/UDP [2001:db8::1]"),
    ("SIP/2.0/UDP [2001:db8::1]", "2001:db8::2", 99, False, "SIP/2.0/UDP [2001:db8::1];received=2001:db8::2"),
    (
        'SIP/2.0/UDP h;x="a;rport;b";rport',
        "1.2.3.4",
        9,
        False,
        'SIP/2.0/UDP h;x="a;rport;b";rport=9;received=1.2.3.4',
    ),
]


@pytest.mark.parametrize(("text", "host", "port", "force", "expected"), RECEIVED)
def test_received_via(text: str, host: str, port: int, force: bool, expected: str) -> None:
    result = received_via(parse_via(text), host, port, force)
    assert result == expected
    assert parse_via(result).received in ("", host)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SIP/2.0/UDP h", ("h", None)),
        ("SIP/2.0/UDP [::1]:5", ("::1", 5)),
        ("SIP/2.0/UDP h:5;received=1.2.3.4", ("1.2.3.4", 5)),
        ("SIP/2.0/UDP h:5;received=1.2.3.4;rport=99", ("1.2.3.4", 99)),
        ("SIP/2.0/UDP h:5;received=[::1];rport=99", ("::1", 99)),
        ("SIP/2.0/UDP h:5;received=1.2.3.4;rport", ("1.2.3.4", 5)),
        ("SIP/2.0/UDP h:5;received=1.2.3.4;rport=99999", ("1.2.3.4", 5)),
        ("SIP/2.0/UDP h:5;received=1.2.3.4;rport=0", ("1.2.3.4", 5)),
        ("SIP/2.0/UDP h:5;rport=99", ("h", 5)),
        ("SIP/2.0/UDP h:5;received=1.2.3.4;rport=99;maddr=224.2.0.1", ("224.2.0.1", 5)),
    ],
)
def test_via_target(text: str, expected: tuple[str, int | None]) -> None:
    assert via_target(parse_via(text)) == expected
