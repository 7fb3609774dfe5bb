"""Messages that two readers could split differently, and numbers and nestings beyond all measure, on a running server.

A message that has one reading is served, any other refused or dropped; never is a part of one taken for a message of
its own. The script is lua/default.lua, which answers an OPTIONS for the server itself with 200.
"""

import contextlib
from collections.abc import Iterator

import pytest

from tests.wire.hostile import CLOSED, NO_FLOODS, WAITS, Hostile, Outcome
from tests.wire.process import Served, wait_for

SOUND = """OPTIONS sip:{server} SIP/2.0
Via: SIP/2.0/UDP {sender}:5060;branch=z9hG4bK{branch}
From: <sip:mallory@example.com>;tag=1
To: <sip:{server}>
Call-ID: {branch}
CSeq: 1 OPTIONS
Max-Forwards: 70
Contact: <sip:mallory@{sender}>
Content-Length: 0

""".replace("\n", "\r\n")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("smuggling"), NO_FLOODS) as served:
        yield served
        assert not served.logged(" ERROR "), "".join(served.log)
        assert not served.logged("Traceback"), "".join(served.log)


@pytest.fixture(scope="module")
def hostile(server: Served) -> Iterator[Hostile]:
    with Hostile(server.address) as sender:
        sender.udp(b"\r\n\r\n")
        sender.tcp(b"")
        threads, files = server.threads(), server.files()
        yield sender
        wait_for(lambda: server.files() <= files, "connections to be closed")
        assert server.threads() == threads


def sound(hostile: Hostile, name: str) -> str:
    server = f"{hostile.server[0]}:{hostile.server[1]}"
    branch = "".join([letter if letter.isalnum() else "-" for letter in name])
    return SOUND.format(server=server, sender=hostile.address, branch=branch)


OK: Outcome = [200]
BAD: Outcome = [400]
NOTHING: Outcome = []

# name → what is exchanged in the sound message, for what, the outcome over UDP, over TCP
CASES: dict[str, tuple[str, str, Outcome, Outcome]] = {
    "as it is": ("Max", "Max", OK, OK),
    # White space and line ends.
    "space before colon": ("From:", "From :", OK, OK),
    "tab and spaces before colon": ("Content-Length:", "Content-Length \t :", OK, OK),
    "space inside a name": ("From:", "Fr om:", BAD, BAD),
    "vertical tab before colon": ("From:", "From\x0b:", BAD, BAD),
    "no-break space before colon": ("From:", "From\xa0:", BAD, BAD),
    "no-break space before a name": ("From:", "\xa0From:", BAD, BAD),
    "fold before colon": ("From:", "From\r\n :", BAD, BAD),
    "folded number": ("Content-Length: 0", "Content-Length:\r\n 0", OK, OK),
    "number folded in two": ("Content-Length: 0", "Content-Length: 0\r\n 0", BAD, CLOSED),
    "first header folded": ("Via:", " Via:", NOTHING, NOTHING),
    "folds of white space only": ("Max-Forwards: 70", "Max-Forwards: 70\r\n \r\n\t \r\n ", OK, OK),
    "no name": ("From:", ":", BAD, BAD),
    "no colon": ("From:", "From", BAD, BAD),
    "NUL in a name": ("From:", "Fr\0om:", BAD, BAD),
    "NUL behind a name": ("From:", "From\0:", BAD, BAD),
    "NUL in a value": ("tag=1", "tag=\0", BAD, BAD),
    "NUL line": ("Max-Forwards", "\0\r\nMax-Forwards", BAD, BAD),
    "bare LF between headers": ("Max-Forwards: 70\r\n", "Max-Forwards: 70\n", BAD, BAD),
    "bare LF hides a header": ("Max-Forwards: 70", "Max-Forwards: 70\nContent-Length: 9", BAD, BAD),
    "bare CR between headers": ("Max-Forwards: 70\r\n", "Max-Forwards: 70\r", BAD, BAD),
    "CR CR LF": ("Max-Forwards: 70\r\n", "Max-Forwards: 70\r\r\n", BAD, BAD),
    "LF CR": ("Max-Forwards: 70\r\n", "Max-Forwards: 70\n\r", BAD, BAD),
    "bare LF ends the start line": (" SIP/2.0\r\n", " SIP/2.0\n", NOTHING, CLOSED),
    "bare CR ends the start line": (" SIP/2.0\r\n", " SIP/2.0\r", NOTHING, NOTHING),
    "bare LF in the start line": (" SIP/2.0\r\n", "\n SIP/2.0\r\n", NOTHING, CLOSED),
    "escaped line end in a URI": ("mallory@", "m%0d%0aX:%20y%0d%0a%0d%0a@", OK, OK),
    # Headers given twice.
    "From twice": ("To:", "From: <sip:other@example.com>;tag=2\r\nTo:", BAD, BAD),
    "From and f": ("To:", "f: <sip:mallory@example.com>;tag=1\r\nTo:", BAD, BAD),
    "To and t": ("To:", "t: <sip:other@example.com>\r\nTo:", BAD, BAD),
    "Call-ID and i": ("To:", "i: other\r\nTo:", BAD, BAD),
    "CSeq in two spellings": ("To:", "cSEQ: 1 OPTIONS\r\nTo:", BAD, BAD),
    "Max-Forwards twice": ("To:", "Max-Forwards: 0\r\nTo:", BAD, BAD),
    "two tags": ("tag=1", "tag=1;tag=2", BAD, BAD),
    "two branches": (";branch=", ";branch=z9hG4bKother;branch=", BAD, BAD),
    "underscore for hyphen": ("Max-Forwards", "Content_Length: 7\r\nMax-Forwards", OK, OK),
    "percent for letter": ("Max-Forwards", "Content-%4Cength: 7\r\nMax-Forwards", OK, OK),
    # Content-Length.
    "same length twice": ("Content-Length: 0", "Content-Length: 0\r\nl: 0", BAD, BAD),
    "two lengths": ("Content-Length: 0", "Content-Length: 0\r\nl: 9", BAD, CLOSED),
    "two lengths, larger first": ("Content-Length: 0", "l: 9\r\nContent-Length: 0", BAD, CLOSED),
    "list of lengths": ("Content-Length: 0", "Content-Length: 0, 0", BAD, CLOSED),
    "length with plus": ("Content-Length: 0", "Content-Length: +0", BAD, CLOSED),
    "negative length": ("Content-Length: 0", "Content-Length: -1", BAD, CLOSED),
    "hexadecimal length": ("Content-Length: 0", "Content-Length: 0x0", BAD, CLOSED),
    "length with underscore": ("Content-Length: 0", "Content-Length: 0_0", BAD, CLOSED),
    "superscript length": ("Content-Length: 0", "Content-Length: \xb2", BAD, CLOSED),
    "length with parameter": ("Content-Length: 0", "Content-Length: 0;x", BAD, CLOSED),
    "empty length": ("Content-Length: 0", "Content-Length:", BAD, CLOSED),
    "zeros": ("Content-Length: 0", "Content-Length: " + "0" * 4000, OK, OK),
    "huge length": ("Content-Length: 0", "Content-Length: " + "9" * 4000, BAD, CLOSED),
    "length beyond 32 bits": ("Content-Length: 0", "Content-Length: 4294967296", BAD, CLOSED),
    "length beyond the limit": ("Content-Length: 0", "Content-Length: 65536", BAD, CLOSED),
    "length too long": ("Content-Length: 0", "Content-Length: 5000", BAD, WAITS),
    "no length": ("Content-Length: 0\r\n", "", OK, CLOSED),
    # Numbers.
    "CSeq at the limit": ("CSeq: 1", "CSeq: 4294967295", OK, OK),
    "CSeq beyond": ("CSeq: 1", "CSeq: 4294967296", BAD, BAD),
    "negative CSeq": ("CSeq: 1", "CSeq: -1", BAD, BAD),
    "CSeq of a kilobyte": ("CSeq: 1", "CSeq: " + "1" * 1024, BAD, BAD),
    "CSeq without number": ("CSeq: 1 ", "CSeq: ", BAD, BAD),
    "Max-Forwards at the limit": ("Forwards: 70", "Forwards: 255", OK, OK),
    "Max-Forwards beyond": ("Forwards: 70", "Forwards: 256", BAD, BAD),
    "Max-Forwards of a kilobyte": ("Forwards: 70", "Forwards: " + "7" * 1024, BAD, BAD),
    "port beyond in Via": (":5060;", ":65536;", BAD, BAD),
    "port of a kilobyte in Via": (":5060;", ":" + "5" * 1024 + ";", BAD, BAD),
    "port beyond in the Request-URI": (" SIP/2.0\r\n", "1111 SIP/2.0\r\n", BAD, BAD),
    "rport with a value": (":5060;", ":5060;rport=99999;", OK, OK),
    "received of somebody else": (":5060;", ":5060;received=192.0.2.1;", OK, OK),
    "status of a request line": ("OPTIONS sip", "SIP/2.0 200 sip", NOTHING, NOTHING),
    # Nesting, counts.
    "nested comments": ("Max-", f"Server: {'(' * 4000}{')' * 3999}\r\nMax-", OK, OK),
    "nested brackets": ("<sip:mallory@", "<" * 4000 + "<sip:mallory@", BAD, BAD),
    "brackets in a display name": ("Contact: ", f"Contact: \"{'<' * 4000}\" ", OK, OK),
    "quotes": ("From: ", f"From: {chr(34) * 4000} ", BAD, BAD),
    "backslashes": ("From: ", f"From: \"{chr(92) * 4000}\" ", OK, OK),
    "open quote": ("From: ", f"From: \"{chr(92) * 4001}\" ", BAD, BAD),
    "many parameters": (";branch=", f"{''.join([f';p{n}' for n in range(1300)])};branch=", OK, OK),
    "one parameter many times": (";branch=", f"{';p' * 2500};branch=", OK, OK),
    "many contacts": ("Contact: ", "Contact: " + "<sip:x>," * 900, OK, OK),
    "many commas": ("Contact: ", "Contact: " + "," * 4000, OK, OK),
    "many Vias": ("From:", "Via: " + ",".join(["SIP/2.0/UDP h"] * 500) + "\r\nFrom:", OK, OK),
    "many headers": ("From:", "X:\r\n" * 240 + "From:", OK, OK),
    "too many headers": ("From:", "X:\r\n" * 260 + "From:", BAD, BAD),
    "many folds": ("From:", "X:" + "\r\n " * 2000 + "\r\nFrom:", OK, OK),
    "header too long": ("From:", f"X: {'x' * 8192}\r\nFrom:", BAD, BAD),
    "Request-URI too long": (" SIP/2.0\r\n", f";x={'x' * 2048} SIP/2.0\r\n", [414], [414]),
    "method of a kilobyte": ("OPTIONS sip", f"{'O' * 1024} sip", BAD, BAD),
}


@pytest.mark.parametrize("name", CASES)
def test_datagram(hostile: Hostile, name: str) -> None:
    old, new, expected, _ = CASES[name]
    text = sound(hostile, name)
    assert old in text
    assert hostile.udp(text.replace(old, new, 1).encode("latin-1")) == expected


@pytest.mark.parametrize("name", CASES)
def test_stream(hostile: Hostile, name: str) -> None:
    old, new, _, expected = CASES[name]
    text = sound(hostile, f"tcp {name}")
    assert hostile.tcp(text.replace(old, new, 1).encode("latin-1")) == expected
    assert hostile.udp(b"\r\n\r\n") == []


def answers(data: bytes) -> list[tuple[bytes, bytes]]:
    """Status and Call-ID of each response in what came over a stream."""
    found = []
    for head in data.split(b"\r\n\r\n")[:-1]:
        call_id = next(line for line in head.split(b"\r\n") if line.startswith(b"Call-ID: "))
        found.append((head[8:11], call_id[9:]))
    return found


def exchange(hostile: Hostile, *pieces: bytes, until: int) -> list[tuple[bytes, bytes]]:
    """Send pieces on one connection, a segment each, and read `until` responses, or fewer when it is closed."""
    with hostile.connect() as opened:
        received = b""
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                opened.sendall(piece)
            while len(answers(received)) < until:
                more = opened.recv(65535)
                if not more:
                    break
                received += more
        return answers(received)


def test_a_message_byte_by_byte(hostile: Hostile) -> None:
    data = sound(hostile, "slowly").encode()
    pieces = [data[index : index + 1] for index in range(len(data))]
    assert exchange(hostile, *pieces, until=1) == [(b"200", b"slowly")]


def test_messages_in_one_segment(hostile: Hostile) -> None:
    data = "".join([sound(hostile, f"one-of-{number}") for number in range(100)]).encode()
    expected = [(b"200", f"one-of-{number}".encode()) for number in range(100)]
    assert exchange(hostile, data, until=100) == expected


def test_keep_alives_between_messages(hostile: Hostile) -> None:
    data = ("\r\n" * 1001).join([sound(hostile, "before"), sound(hostile, "after")]).encode()
    with hostile.connect() as opened:
        opened.sendall(data)
        received = b""
        while b"after" not in received:
            received += opened.recv(65535)
        assert received.replace(b"\r\n\r\n\r\n", b"\r\n\r\n").count(b"SIP/2.0 200") == 2


def test_a_body_is_no_message(hostile: Hostile) -> None:
    hidden = sound(hostile, "hidden")
    outer = sound(hostile, "outer").replace("Content-Length: 0", f"Content-Length: {len(hidden)}") + hidden
    last = sound(hostile, "last")
    assert exchange(hostile, (outer + last).encode(), until=2) == [(b"200", b"outer"), (b"200", b"last")]
    assert hostile.udp(outer.encode()) == [200]


def test_what_follows_the_message_in_a_datagram_is_nothing(hostile: Hostile) -> None:
    assert hostile.udp((sound(hostile, "first") + sound(hostile, "second")).encode()) == [200]


def test_a_short_body_makes_the_rest_a_message(hostile: Hostile) -> None:
    """What a lenient reader would take for a part of the body is a request of its own, and malformed."""
    data = sound(hostile, "short").replace("Content-Length: 0", "Content-Length: 3") + "abcdef"
    data += sound(hostile, "behind")
    found = exchange(hostile, data.encode(), until=2)
    assert found[0] == (b"200", b"short")
    assert found[1][0] == b"400"


def test_headers_without_end_close_the_connection(hostile: Hostile) -> None:
    start = sound(hostile, "endless").removesuffix("\r\n")
    assert exchange(hostile, start.encode(), *[b"X: y\r\n" * 1000] * 12, until=1) == []


def test_a_line_without_end_closes_the_connection(hostile: Hostile) -> None:
    assert exchange(hostile, *[b"OPTIONS " * 1000] * 12, until=1) == []
