"""The torture messages of RFC 4475 and RFC 5118 against a running server, each over UDP and TCP.

After each message the server must answer an OPTIONS, and at the end it has lost no thread and logged no error. The
script is lua/default.lua, but it says 480 where it would forward a request, so that nothing leaves this machine.
"""

from collections.abc import Iterator

import pytest

from tests.sip.rfc4475_messages import MESSAGES as RFC4475
from tests.sip.rfc5118_messages import MESSAGES as RFC5118
from tests.wire.hostile import CLOSED, WAITS, Hostile, victim
from tests.wire.process import Served


@pytest.fixture(scope="module", params=["udp", "tcp"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, protocol: str) -> Iterator[Served]:
    """One for each protocol: a registrar takes the same REGISTER only once."""
    served = victim(tmp_path_factory.mktemp(protocol))
    with served:
        yield served
        assert not served.logged(" ERROR "), "".join(served.log)
        assert not served.logged("Traceback"), "".join(served.log)


@pytest.fixture(scope="module")
def hostile(server: Served) -> Iterator[Hostile]:
    with Hostile(server.address) as sender:
        sender.udp(b"\r\n\r\n")
        sender.tcp(b"")
        threads = server.threads()
        yield sender
        assert server.threads() == threads


REACHED = {404, 480}
"""Taken as sound: nobody is registered, or it would be forwarded to who is."""
BAD = {400}
SILENT: set[int] = set()

ANSWERS = {
    # RFC 4475 §3.1.1, well formed. esc02 is no REGISTER. intmeth is no method of a registrar's.
    "wsinv": REACHED,
    "intmeth": REACHED,
    "esc01": REACHED,
    "escnull": {200},
    "esc02": {403},
    "lwsdisp": REACHED,
    "longreq": REACHED,
    "dblreq": {200},
    "semiuri": REACHED,
    "transports": REACHED,
    "mpart01": {403},
    "unreason": SILENT,
    "noreason": SILENT,
    # §3.1.2, malformed. escruri: its escaped headers must not be obeyed; 400 and ignoring them are both right.
    "badinv01": BAD,
    "clerr": BAD,
    "ncl": BAD,
    "scalar02": BAD,
    "scalarlg": SILENT,
    "quotbal": BAD,
    "ltgtruri": BAD,
    "lwsruri": BAD,
    "lwsstart": BAD,
    "trws": BAD,
    "escruri": {400, *REACHED},
    "baddate": REACHED,
    "regbadct": BAD,
    "badaspec": BAD,
    "baddn": BAD,
    "badvers": {505},
    "mismatch01": BAD,
    "mismatch02": {400, 501},
    "bigcode": SILENT,
    # §3.2 and §3.3, transaction and application. bcast is addressed to the broadcast address behind a foreign Via.
    "badbranch": {400, *REACHED},
    "insuf": BAD,
    "unkscm": {416},
    "novelsc": {416},
    "unksm2": {400, 403, 404},
    "bext01": {420},
    "invut": REACHED,
    "regaut01": {200},
    "multi01": BAD,
    "mcl01": BAD,
    "bcast": SILENT,
    "zeromf": {483},
    "cparam01": {200},
    "cparam02": {200},
    "regescrt": {200},
    "sdp01": REACHED,
    "inv2543": REACHED,
    # RFC 5118 §4: all but the second are sound; port-ambiguous names an address of somebody else.
    "ipv6-good": {200},
    "ipv6-bad": BAD,
    "port-ambiguous": {403},
    "port-unambiguous": {200},
    "via-received-param-with-delim": {200},
    "via-received-param-no-delim": {200},
    "ipv6-in-sdp": REACHED,
    "mult-ip-in-header": {403, 481},
    "mult-ip-in-sdp": REACHED,
    "ipv4-mapped-ipv6": REACHED,
    "ipv6-bug-abnf-3-colons": {403},
}

# Where a stream needs another outcome: nobody can tell where these messages end, but for clerr, whose end is awaited,
# and dblreq, whose second request is a message of its own.
ON_A_STREAM = {"ncl": CLOSED, "mcl01": CLOSED, "inv2543": CLOSED, "clerr": WAITS}

MESSAGES = RFC4475 | RFC5118


def test_each_message_has_its_answer() -> None:
    assert sorted(ANSWERS) == sorted(MESSAGES)


@pytest.mark.parametrize("name", ANSWERS)
def test_message(hostile: Hostile, protocol: str, name: str) -> None:
    data = MESSAGES[name].encode("latin-1")
    outcome = hostile.udp(data) if protocol == "udp" else hostile.tcp(data)
    if protocol == "tcp" and name in ON_A_STREAM:
        assert outcome == ON_A_STREAM[name]
    elif protocol == "tcp" and name == "dblreq":
        assert outcome in ([200, 404], [200, 480])
    elif ANSWERS[name]:
        assert len(outcome) == 1
        assert outcome[0] in ANSWERS[name]
    else:
        assert outcome == []
    assert hostile.udp(b"\r\n\r\n") == []
